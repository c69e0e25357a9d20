/** The list of rooms and conversations. */

import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  useCallback,
  useEffect,
  useRef,
  useState,
} from "react";
import { cleanText } from "../../../base/text.ts";
import {
  dndEnd,
  followedThreads,
  lastUnignored,
  type RoomList,
  type RoomListEntry,
  roomOf,
} from "../../../core/model/selectors.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { lastLine } from "../../../ui/text/event-text.ts";
import { mayCreateRooms } from "../../../ui/text/rules-text.ts";
import { rove } from "../../input/keys.ts";
import { useModelValue, useNarrow, usePage, useTexts } from "../shell/context.tsx";
import { useGestures } from "../shell/gestures.ts";
import { Icon, IconButton, type IconName } from "../shell/icons.tsx";
import { InviteDialog } from "../shell/invite-dialog.tsx";
import { SettingsDialog } from "../shell/settings-dialog.tsx";
import { presenceText } from "./members.tsx";
import { Avatar, useShownName } from "./person.tsx";
import { CreateRoomDialog, RoomsDialog } from "./room-dialogs.tsx";
import { RoomMenu } from "./room-menu.tsx";
import { SavedDialog, ThreadsDialog } from "./saved.tsx";
import { Switcher } from "./switcher.tsx";

interface LineProps {
  readonly line: RoomListEntry;
  readonly onOpen: (target: string) => void;
}

function isEqual<Value extends object>(a: Value, b: Value | undefined): boolean {
  return (Object.keys(a) as (keyof Value)[]).every((key) => a[key] === b?.[key]);
}

function isSameLine(a: LineProps, b: LineProps): boolean {
  return a.onOpen === b.onOpen && isEqual(a.line, b.line);
}

interface NoteProps {
  readonly icon: IconName;
  readonly text: string;
  readonly isStrong?: boolean;
}

function Note({ icon, text, isStrong }: NoteProps) {
  return (
    <span className={isStrong === true ? "room-note is-strong" : "room-note"} title={text}>
      <Icon name={icon} />
      <span className="sr-only">{text}</span>
    </span>
  );
}

/** In the drawer on a phone. */
function Last({ target }: { readonly target: string }) {
  const { texts, times } = usePage();
  const item = useModelValue((model) => lastUnignored(model, target));
  const displayNames = useModelValue((model) => model.displayNames);
  if (item === undefined) return null;
  return (
    <>
      <time className="room-note">{times.brief(item.timeUnixMs)}</time>
      <span className="room-last" dir="auto">
        {lastLine(item, texts, times, { displayNames })}
      </span>
    </>
  );
}

const Line = memo(function Line({ line, onOpen }: LineProps) {
  const texts = useTexts();
  const isNarrow = useNarrow();
  const { target, kind, name, badge, mentions, isOpen, isOnline, isIgnored, isMuted } = line;
  const shown = useShownName(name);
  const classes = [
    "room-line",
    badge > 0 && !isMuted ? "is-unread" : "",
    isIgnored || isMuted ? "is-faint" : "",
  ];
  return (
    <li>
      <button
        type="button"
        className={classes.join(" ")}
        data-target={target}
        aria-current={isOpen ? "page" : undefined}
        onClick={() => onOpen(target)}
      >
        {kind !== "person" ? (
          <span className="room-sign" aria-hidden="true">
            {kind === "room" ? "#" : <Icon name="people" />}
          </span>
        ) : (
          <>
            <Avatar name={shown} user={name} tint={tintOf(name)} />
            <span className={isOnline === true ? "dot dot-on" : "dot"}>
              <span className="sr-only">{presenceText(isOnline, texts)}</span>
            </span>
          </>
        )}
        <span className="room-name" dir="auto" title={cleanText(name)}>
          {kind === "person" ? shown : cleanText(name)}
        </span>
        {line.isFavourite ? <Note icon="star" text={texts.favourite} /> : null}
        {line.isSealed ? <Note icon="lock" text={texts.sealed} isStrong /> : null}
        {line.isLocked ? <Note icon="key" text={texts.locked} /> : null}
        {isMuted ? <Note icon="quiet" text={texts.muted} /> : null}
        {line.hasDraft && !isOpen ? <Note icon="edit" text={texts.hasDraft} /> : null}
        {isIgnored ? <span className="room-note">{texts.ignoredMark}</span> : null}
        {isNarrow ? <Last target={target} /> : null}
        {badge > 0 ? (
          <span className={mentions > 0 && !isMuted ? "count count-calls" : "count"}>
            <span aria-hidden="true">{badge > 999 ? "999+" : badge}</span>
            <span className="sr-only">
              {texts.unread(line.unread)}
              {mentions > 0 ? `, ${texts.mentionCount(mentions)}` : ""}
            </span>
          </span>
        ) : null}
        <span className="room-more" aria-hidden="true">
          <Icon name="more" />
        </span>
      </button>
    </li>
  );
}, isSameLine);

interface LinesProps {
  readonly lines: readonly RoomListEntry[];
  readonly onOpen: (target: string) => void;
}

function Lines({ lines, onOpen }: LinesProps) {
  const list = useRef<HTMLUListElement>(null);
  const open = lines.find(({ isOpen }) => isOpen)?.target;
  useEffect(() => {
    if (open === undefined) return;
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [open]);
  return (
    <ul ref={list}>
      {lines.map((line) => (
        <Line key={line.target} line={line} onOpen={onOpen} />
      ))}
    </ul>
  );
}

function lineAt(target: EventTarget | null): HTMLElement | undefined {
  const line = target instanceof Element ? target.closest<HTMLElement>(".room-line") : null;
  return line ?? undefined;
}

/** The menu also opens on a long press, which not every browser reports as a right click. */
function useLineMenu() {
  const { chat } = usePage();
  const [anchor, setAnchor] = useState<HTMLElement | undefined>(undefined);
  const nav = useRef<HTMLElement>(null);
  const last = useRef<HTMLElement>(undefined);
  useEffect(() => {
    if (last.current?.isConnected !== false) return;
    last.current = undefined;
    // If the hidden line had the focus, focuses the list, so that keys still work.
    if (document.activeElement === document.body) {
      nav.current?.querySelector<HTMLElement>(".room-line")?.focus();
    }
  });
  const open = (line: HTMLElement | undefined) => {
    const target = line?.dataset["target"];
    if (target === undefined || roomOf(chat.model, target) === undefined) return false;
    last.current = line;
    setAnchor(line);
    return true;
  };
  useGestures(nav, { longPress: (target) => open(lineAt(target)) });
  const on = {
    onContextMenu: (event: MouseEvent) => {
      if (open(lineAt(event.target))) event.preventDefault();
    },
    onClickCapture: (event: MouseEvent) => {
      const isMore = event.target instanceof Element && event.target.closest(".room-more") !== null;
      if (isMore && open(lineAt(event.target))) event.stopPropagation();
    },
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      const isMenu = event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
      if (isMenu && open(lineAt(event.target))) event.preventDefault();
      else moveFocus(event);
    },
  };
  return { nav, anchor, on, close: useCallback(() => setAnchor(undefined), []) };
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const lines = [...event.currentTarget.querySelectorAll<HTMLElement>(".room-line")];
  const at = lines.indexOf(document.activeElement as HTMLElement);
  if (at < 0 || event.altKey) return;
  const next = rove(event.key, at, lines.length);
  if (next === undefined) return;
  event.preventDefault();
  lines[next]?.focus();
}

export interface RoomsProps {
  readonly lines: RoomList;
  readonly isKnown: boolean;
  readonly me: string;
  readonly isOperator: boolean;
  readonly onOpen: (target: string) => void;
  readonly onDashboard: () => void;
  readonly onSearch: () => void;
  readonly onJump: (target: string, seq: number) => void;
}

const isSameList = (a: readonly RoomListEntry[], b: readonly RoomListEntry[]) =>
  a.length === b.length && a.every((line, i) => isEqual(line, b[i]));

/** Compares the lines, because each message recreates the lists. */
function isSameRooms({ lines, ...propsA }: RoomsProps, { lines: linesB, ...propsB }: RoomsProps) {
  const isSame = isSameList(lines.rooms, linesB.rooms) && isSameList(lines.people, linesB.people);
  return isSame && isEqual(propsA, propsB);
}

export const Rooms = memo(function Rooms(props: RoomsProps) {
  const { lines, isKnown, me, isOperator, onOpen, onDashboard, onSearch, onJump } = props;
  const { texts, chat, openDialog } = usePage();
  const server = useModelValue((model) => model.server);
  const myName = useShownName(me);
  const hasSaved = useModelValue((model) => model.prefs !== undefined);
  const threads = useModelValue((model) => {
    const all = followedThreads(model);
    return all.length === 0 ? undefined : all.filter(({ isUnread }) => isUnread).length;
  });
  const isOverHttp = useModelValue(() => chat.isOverHttp);
  const isQuiet = useModelValue((model) => dndEnd(model) !== undefined);
  const isCreator = useModelValue(mayCreateRooms);
  const menu = useLineMenu();
  return (
    <>
      <div className="side-head">
        <strong className="server-name" dir="auto">
          {cleanText(server?.name ?? "")}
        </strong>
        <IconButton icon="search" label={texts.search} onPress={onSearch} />
        {isOperator ? (
          <IconButton icon="dashboard" label={texts.dashboard} onPress={onDashboard} />
        ) : null}
      </div>
      <nav className="room-lists" aria-label={texts.rooms} ref={menu.nav} {...menu.on}>
        <div className="room-list">
          <div className="side-title">
            <h2>{texts.rooms}</h2>
            <IconButton
              icon="list"
              label={texts.browseRooms}
              onPress={() => openDialog(RoomsDialog, { onOpen })}
            />
            {isCreator ? (
              <IconButton
                icon="plus"
                label={texts.createRoom}
                onPress={() => openDialog(CreateRoomDialog, { onOpen })}
              />
            ) : null}
          </div>
          <Lines lines={lines.rooms} onOpen={onOpen} />
        </div>
        {isKnown ? (
          <div
            className="room-list room-list-people"
            // Passes the number of lines to the style sheet, without an inline style attribute.
            style={{ "--lines": lines.people.length } as CSSProperties}
          >
            <div className="side-title">
              <h2>{texts.direct}</h2>
              <IconButton
                icon="plus"
                label={texts.newDirect}
                onPress={() => openDialog(Switcher, { onOpen, isPeople: true })}
              />
            </div>
            <Lines lines={lines.people} onOpen={onOpen} />
          </div>
        ) : null}
      </nav>
      {menu.anchor === undefined ? null : (
        <RoomMenu
          target={menu.anchor.dataset["target"] ?? ""}
          anchor={menu.anchor}
          onSearch={onSearch}
          onClose={menu.close}
        />
      )}
      {isOverHttp ? <p className="hint side-hint">{texts.overHttp}</p> : null}
      <div className="side-foot">
        <button type="button" className="me-button" onClick={() => openDialog(SettingsDialog)}>
          <Icon name="gear" />
          <span className="room-name" dir="auto">
            {myName}
          </span>
          <span className="sr-only">{texts.account}</span>
          {isQuiet ? <Note icon="quiet" text={texts.dnd} /> : null}
        </button>
        {threads === undefined ? null : (
          <IconButton
            className={threads > 0 ? "has-unread" : ""}
            icon="reply"
            label={threads > 0 ? `${texts.threads}, ${texts.unread(threads)}` : texts.threads}
            onPress={() => openDialog(ThreadsDialog, { onJump })}
          />
        )}
        {hasSaved ? (
          <IconButton
            icon="bookmark"
            label={texts.saved}
            onPress={() => openDialog(SavedDialog, { onJump })}
          />
        ) : null}
        <IconButton icon="invite" label={texts.invite} onPress={() => openDialog(InviteDialog)} />
      </div>
    </>
  );
}, isSameRooms);
