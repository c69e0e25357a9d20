import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { cleanText } from "../../base/text.ts";
import { isSame, itemAt } from "../../core/model-item.ts";
import { RowMaker } from "../../core/model-rows.ts";
import { openRoom, roomLines } from "../../core/model-select.ts";
import type { Draft, Item, Model, RoomState } from "../../core/model-state.ts";
import { Composer, type ComposerHandle } from "./composer.tsx";
import { askToSend, useDropping } from "./dropping.tsx";
import { OfferedLine } from "./file-card.tsx";
import { RoomsDialog, Search } from "./later.tsx";
import type { MessageHands } from "./message-actions.ts";
import { useNews } from "./news.ts";
import { obey } from "./orders.tsx";
import { usePage, useTexts, WIDE_PX } from "./page-context.tsx";
import { People } from "./people.tsx";
import { RoomHead } from "./room-head.tsx";
import { Rooms } from "./rooms.tsx";
import { useShortcuts } from "./shortcuts.tsx";
import { Timeline } from "./timeline.tsx";
import { offsetMinutes } from "./times.ts";
import { Transfers } from "./transfers.tsx";

/** What stands beside the timeline: at the right, or over it where there is no room. */
export type Side = "people" | "search" | undefined;

const NO_ITEMS: readonly Item[] = [];

function shownItems(room: RoomState | undefined): readonly Item[] {
  return (room?.jump ?? room?.tail)?.items ?? NO_ITEMS;
}

function useHands(model: Model, isOperator: boolean, goTo: (seq: number) => void) {
  const { chat } = usePage();
  const composer = useRef<ComposerHandle>(null);
  const room = openRoom(model);
  const { me, open: target = "" } = model;
  const moderates = room?.moderates === true || isOperator;
  const hands: MessageHands = useMemo(
    () => ({
      me,
      target,
      moderates,
      reply: (item) => composer.current?.reply(item),
      edit: (item) => composer.current?.edit(item),
      react: (item, sign) => chat.react(item, sign),
      goTo,
    }),
    [chat, me, target, moderates, goTo],
  );
  return { hands, composer };
}

interface MainProps {
  readonly model: Model;
  readonly target: string;
  readonly isOperator: boolean;
  readonly jumps: number;
  readonly onJump: (target: string, seq: number) => void;
  readonly onOpen: (target: string) => void;
  readonly onSearch: (text: string) => void;
}

/** The timeline of what is open, and where one writes. */
function Conversation(props: MainProps) {
  const { model, target, isOperator, jumps, onJump, onOpen, onSearch } = props;
  const page = usePage();
  const { chat, texts } = page;
  const [maker] = useState(() => new RowMaker());
  const room = openRoom(model);
  const rows = maker.rowsOf(model, offsetMinutes);
  const goTo = useCallback((seq: number) => onJump(target, seq), [onJump, target]);
  const { hands, composer } = useHands(model, isOperator, goTo);
  const { isOver, props: dropProps } = useDropping((dropped) => askToSend(page, target, dropped));
  const itemOf = useCallback(
    (seq: number) => itemAt(shownItems(openRoom(chat.model)), seq),
    [chat],
  );
  const lastOwn = useCallback(
    () =>
      openRoom(chat.model)?.tail.items.findLast(
        ({ isMine, kind, state }) => isMine && kind === "text" && state === "whole",
      ),
    [chat],
  );
  const onOrder = useCallback(
    (text: string, draft: Draft) =>
      obey(page, { target, open: onOpen, search: onSearch }, text, draft),
    [page, target, onOpen, onSearch],
  );
  const onFiles = useCallback(
    (files: readonly File[], isAsked: boolean) => {
      if (!isAsked) return chat.upload(target, files);
      askToSend(
        page,
        target,
        files.map((file) => ({ file, handle: undefined })),
      );
    },
    [chat, page, target],
  );
  const ignored = target.startsWith("@") && model.ignored.has(target.slice(1).toLowerCase());
  return (
    <div className="conversation" {...dropProps}>
      <Timeline key={room?.id ?? target} rows={rows} hands={hands} jumps={jumps} />
      {ignored ? <p className="hint">{texts.ignoredHere(cleanText(target))}</p> : null}
      {(room?.offered ?? []).map(({ file, from, name }) =>
        // One's own stands among the transfers.
        isSame(from, model.me) ? null : <OfferedLine key={file} from={from} name={name} />,
      )}
      <Transfers />
      <Composer
        key={target}
        ref={composer}
        target={target}
        itemOf={itemOf}
        lastOwn={lastOwn}
        onOrder={onOrder}
        onFiles={onFiles}
      />
      {isOver ? <div className="drop-over">{texts.dropHere(cleanText(target))}</div> : null}
    </div>
  );
}

interface NothingProps {
  readonly hasRooms: boolean;
  readonly onOpen: (target: string) => void;
}

/** No room is open: the ways into one, since the list of rooms may be a drawer that is shut. */
function Nothing({ hasRooms, onOpen }: NothingProps) {
  const { texts, show } = usePage();
  return (
    <div className="nothing">
      <p>{hasRooms ? texts.nothingOpen : texts.noRooms}</p>
      <button
        type="button"
        className="button"
        onClick={() => show((close) => <RoomsDialog onClose={close} onOpen={onOpen} />)}
      >
        {texts.browseRooms}
      </button>
    </div>
  );
}

export interface ChatPageProps {
  readonly model: Model;
  readonly isOperator: boolean;
  readonly onOffice: () => void;
}

/** What is shown beside the words, and the ways to other places. */
function usePlaces() {
  const { chat, settings, change } = usePage();
  const { showsPeople } = settings;
  const [isDrawer, setDrawer] = useState(false);
  const [side, setSide] = useState<Side>(
    showsPeople && innerWidth >= WIDE_PX ? "people" : undefined,
  );
  const [jumps, setJumps] = useState(0);
  const onOpen = useCallback(
    (to: string) => {
      chat.open(to);
      setDrawer(false);
      requestAnimationFrame(() => {
        const field = document.querySelector<HTMLElement>(".composer textarea");
        // Who has begun to write elsewhere meanwhile goes on there.
        if (document.activeElement?.matches("input, select, dialog *") === true) return;
        if (matchMedia("(hover: hover)").matches) field?.focus();
      });
    },
    [chat],
  );
  const onJump = useCallback(
    (to: string, seq: number) => {
      chat.jump(to, seq);
      setJumps((n) => n + 1);
      if (innerWidth < WIDE_PX) setSide(undefined);
    },
    [chat],
  );
  const onSearch = useCallback(
    (text: string) => {
      const here = chat.model.open;
      if (text !== "") chat.search({ text, ...(here === undefined ? {} : { target: here }) });
      setSide("search");
      setDrawer(false);
    },
    [chat],
  );
  const closeSide = useCallback(() => {
    if (side === "people") change({ showsPeople: false });
    if (side === "search") chat.search(undefined);
    const isBack = side === "search" && showsPeople && innerWidth >= WIDE_PX;
    setSide(isBack ? "people" : undefined);
  }, [chat, change, side, showsPeople]);
  const togglePeople = () => {
    if (side === "people") return closeSide();
    setSide("people");
    change({ showsPeople: true });
  };
  return { isDrawer, setDrawer, side, jumps, onOpen, onJump, onSearch, closeSide, togglePeople };
}

interface RightProps {
  readonly side: Side;
  readonly model: Model;
  readonly onClose: () => void;
  readonly onJump: (target: string, seq: number) => void;
}

function RightSide({ side, model, onClose, onJump }: RightProps) {
  const texts = useTexts();
  const { open, me = "" } = model;
  const room = openRoom(model);
  if (side === "search") {
    return (
      <aside className="side side-right" aria-label={texts.search}>
        <Search open={open} onClose={onClose} onJump={onJump} />
      </aside>
    );
  }
  if (side !== "people" || room === undefined) return null;
  return (
    <aside className="side side-right" aria-label={texts.people}>
      <People room={room} me={me} onClose={onClose} />
    </aside>
  );
}

function useTitle(calls: number, target: string | undefined): void {
  useEffect(() => {
    const place = target === undefined ? "chat" : cleanText(target);
    document.title = calls > 0 ? `(${calls}) ${place}` : place;
  }, [calls, target]);
}

/** Rooms at the left, words in the middle, people at the right; drawers where it is narrow. */
export function ChatPage({ model, isOperator, onOffice }: ChatPageProps) {
  const { texts } = usePage();
  const places = usePlaces();
  const { isDrawer, setDrawer, side, jumps, onOpen, onJump, onSearch, closeSide } = places;
  const { me = "", open: target } = model;
  const room = openRoom(model);
  const lines = roomLines(model);
  const search = useCallback(() => onSearch(""), [onSearch]);
  useNews(room, me);
  useShortcuts({ lines, onOpen, onSearch, isDrawer, side, closeSide, closeDrawer: setDrawer });
  useFirstRoom(model, onOpen);
  useTitle(lines.calls, target);
  const isSide = side === "search" || (side === "people" && room !== undefined);
  const ways = { isOperator, onOpen, onSearch };
  return (
    <div className={isDrawer ? "chat has-drawer" : "chat"} data-side={isSide ? side : "none"}>
      <a className="skip" href="#messages">
        {texts.skipToMessages}
      </a>
      <aside className="side side-rooms" aria-label={texts.rooms}>
        <Rooms
          lines={lines}
          me={me}
          isOperator={isOperator}
          onOpen={onOpen}
          onOffice={onOffice}
          onSearch={search}
        />
      </aside>
      <button
        type="button"
        className="shade"
        aria-label={texts.close}
        onClick={() => (isDrawer ? setDrawer(false) : closeSide())}
      />
      <main className="main" id="messages" tabIndex={-1}>
        <RoomHead
          room={room}
          target={target}
          side={side}
          unread={lines.unread}
          onDrawer={() => setDrawer(true)}
          onPeople={places.togglePeople}
          onSearch={search}
        />
        {target === undefined ? (
          <Nothing hasRooms={model.rooms.size > 0} onOpen={onOpen} />
        ) : (
          <Conversation model={model} target={target} jumps={jumps} onJump={onJump} {...ways} />
        )}
      </main>
      <RightSide side={side} model={model} onClose={closeSide} onJump={onJump} />
    </div>
  );
}

/** Whoever comes in sees the lobby, or the first room there is. */
function useFirstRoom(model: Model, onOpen: (target: string) => void): void {
  const { open, isCaughtUp, rooms } = model;
  const isChosen = useRef(false);
  useEffect(() => {
    if (isChosen.current || open !== undefined) return;
    const all = [...rooms.values()].filter(({ kind }) => kind === "room");
    const first = all.find(({ name }) => isSame(name, "lobby")) ?? all[0];
    if (!isCaughtUp || first === undefined) return;
    isChosen.current = true;
    onOpen(first.target);
  }, [open, isCaughtUp, rooms, onOpen]);
}
