/** The chat page: rooms on the left, the timeline in the middle, people on the right. */

import {
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { boxNames } from "../../../base/names.ts";
import { titleText } from "../../../base/text.ts";
import { titleOf } from "../../../core/client/chat-record.ts";
import { isMessage, isSameName, itemAt } from "../../../core/model/item.ts";
import {
  accountsAlike,
  PeopleIndex,
  type People as RoomPeople,
} from "../../../core/model/people.ts";
import { RowBuilder } from "../../../core/model/rows.ts";
import {
  isBoxOf,
  isModerator,
  openRoom,
  postTarget,
  type RoomList,
  rightsIn,
  roomList,
  roomOf,
  typingNames,
} from "../../../core/model/selectors.ts";
import type {
  ComposerDraft,
  Item,
  Model,
  RoomState,
  ThreadState,
} from "../../../core/model/state.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { placeTitle } from "../../../ui/text/target-text.ts";
import { offsetMinutes } from "../../../ui/text/times.ts";
import { helpOf } from "../../input/help-view.ts";
import { readRoute } from "../../input/route.ts";
import { Badge } from "../attention/badge.tsx";
import { PinLine } from "../attention/pins.tsx";
import { PushKeeper } from "../attention/pushes.tsx";
import { OfferedLines } from "../files/file-frame.tsx";
import { Playing, PlayingBar, PlayingContext } from "../files/playing.tsx";
import { TransferList } from "../files/transfers.tsx";
import { FinderSlot, FoundSlot } from "../finder/slot.tsx";
import { FinderProvider, FinderStore, useFind } from "../finder/store.ts";
import { HelpSlot, useHelpView } from "../help/slot.tsx";
import { Announced, useAnnouncer } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import {
  isWide,
  NARROW,
  useLayer,
  useModelValue,
  useNarrow,
  useOnline,
  useOpener,
  usePage,
  useTexts,
  useWide,
} from "../shell/context.tsx";
import { listen } from "../shell/effects.ts";
import { Icon } from "../shell/icons.tsx";
import { useModule } from "../shell/lazy.ts";
import "../shell/room-icons.ts";
import { Toasts } from "../shell/toasts.tsx";
import { Unfolded } from "../text/fold.tsx";
import { wallModule } from "../wall/wall-module.ts";
import { ActivityPlace } from "./activity.tsx";
import { handedModule, Privacy, WorkStrip } from "./assignment.tsx";
import { useAttached } from "./attached.ts";
import { Called, useOwnTurn } from "./called.tsx";
import { Composer, type ComposerHandle } from "./composer.tsx";
import { useDrawerGestures } from "./drawer-gestures.ts";
import { EventWatch } from "./event-watch.ts";
import { RoomHead } from "./header.tsx";
import { Lesson } from "./lesson.tsx";
import type { MessageActions } from "./message-actions.ts";
import {
  AllReadSlot,
  CatchUpContext,
  CatchUpFootSlot,
  useCatchUpContent,
} from "./new-messages.tsx";
import { AmbiguousContext, CardContext, PeopleContext, useIsMuted } from "./person.tsx";
import { PersonCard } from "./person-card.tsx";
import { CreateRoomDialog } from "./room-dialogs.tsx";
import { newRoomLists, RoomListsContext } from "./room-list.ts";
import { isPanelTab, type PanelTab, RoomPanel } from "./room-panel.tsx";
import { useDoorRoute, useRouting, useWallRoute } from "./routing.tsx";
import { Knock, usePostLimit } from "./rules.tsx";
import { SealedNotice } from "./sealed.tsx";
import { useShortcuts } from "./shortcuts.tsx";
import { type PagePlace, SidebarRooms } from "./sidebar.tsx";
import { type CommandContext, runSlashCommand } from "./slash-commands.ts";
import { ThreadView } from "./thread.tsx";
import { RoomTimeline } from "./timeline.tsx";
import { UndoHostContext } from "./undo-toast.tsx";

export type Side = PanelTab | "thread" | "handed" | "desk" | undefined;

const NO_ITEMS: readonly Item[] = [];

function visibleItems(room: RoomState | undefined): readonly Item[] {
  return (room?.jump ?? room?.tail)?.items ?? NO_ITEMS;
}

type ActionOptions = Pick<MainProps, "model" | "isOperator" | "onJump">;

function useActions(
  { model, isOperator, onJump }: ActionOptions,
  composer: RefObject<ComposerHandle | null>,
): MessageActions {
  const { chat } = usePage();
  const room = openRoom(model);
  const { me, open: target = "" } = model;
  const moderates = room !== undefined && isModerator({ isOperator }, room);
  const unfolded = useMemo(() => new Unfolded(), []);
  const isMine = (item: Item) => item.isMine && isMessage(item) && item.state === "whole";
  useIsMuted(room?.mutedUntilUnixMs); // Renders again when the mute ends.
  const { mayPost, mayReact, mayAct } = rightsIn(model, room, Date.now());
  const receiptSeq = room?.receipts === true ? room.tail.items.findLast(isMine)?.seq : undefined;
  return useMemo(
    () => ({
      me,
      target,
      moderates,
      rights: { mayPost, mayReact, mayAct },
      unfolded,
      receiptSeq,
      reply: (item) => composer.current?.reply(item),
      edit: (item) => composer.current?.edit(item),
      react: (item, sign) => chat.actions.react(item, sign),
      goTo: (seq) => onJump(target, seq),
      openThread: (seq) => chat.actions.openThread(seq),
    }),
    [
      chat,
      composer,
      me,
      target,
      moderates,
      mayPost,
      mayReact,
      mayAct,
      receiptSeq,
      unfolded,
      onJump,
    ],
  );
}

/** Why the room takes no messages of the user, and otherwise the limit on them. */
function usePosting(model: Model, target: string) {
  const { chat, texts } = usePage();
  const isReplaced = useModelValue(() => chat.isReplaced);
  const room = openRoom(model);
  useIsMuted(room?.mutedUntilUnixMs); // Renders again when the mute ends.
  const posting = usePostLimit(model, room, target);
  if (!isReplaced) return posting;
  return { readOnly: { kind: "rule", text: texts.reloadToPost } as const, limit: undefined };
}

const READ_ONLY_ICONS = { rule: "megaphone", closed: "lock", muted: "clock" } as const;

interface MainProps {
  readonly model: Model;
  readonly target: string;
  readonly isOperator: boolean;
  readonly jumps: number;
  readonly onJump: (target: string, seq: number) => void;
  readonly onOpen: (target: string) => void;
  readonly context: Omit<CommandContext, "target">;
}

function Conversation(props: MainProps) {
  const { model, target, jumps, onOpen, context } = props;
  const page = usePage();
  const { chat, texts, settings } = page;
  const [rowBuilder] = useState(() => new RowBuilder());
  const room = openRoom(model);
  const rows = rowBuilder.rowsOf(model, offsetMinutes, settings.hideJoins);
  const composer = useRef<ComposerHandle>(null);
  const actions = useActions(props, composer);
  const catchUp = useCatchUpContent(room);
  const { readOnly, limit } = usePosting(model, target);
  const [unreadable, setUnreadable] = useState<string | undefined>(undefined);
  const onUnreadable = useCallback(() => setUnreadable(target), [target]);
  const isUnreadable = unreadable === target && room?.isSealed === true;
  // In an assignment, members write to their own box.
  const to = postTarget(model, target);
  const mayAdd = readOnly === undefined && !isUnreadable;
  const { attached, isDragging } = useAttached(to, undefined, mayAdd, () => {
    composer.current?.focus();
  });
  const itemOf = useCallback(
    (seq: number) => itemAt(visibleItems(openRoom(chat.model)), seq),
    [chat],
  );
  const lastOwn = useCallback(
    () =>
      openRoom(chat.model)?.tail.items.findLast(
        ({ isMine, isInThread, kind, state, text }) =>
          actions.rights.mayPost &&
          isMine &&
          isInThread !== true &&
          state === "whole" &&
          (kind === "text" || (kind === "file" && text !== "")),
      ),
    [chat, actions],
  );
  const onCommand = useCallback(
    (text: string, draft: ComposerDraft) => {
      return runSlashCommand(page, { ...context, target }, text, draft);
    },
    [page, target, context],
  );
  const ignored = target.startsWith("@") && model.ignored.has(target.slice(1).toLowerCase());
  return (
    <div className="conversation">
      {room === undefined || room.pins.length === 0 ? null : <PinLine key={room.id} room={room} />}
      {/* A conversation has no id before its first message. The prefixes keep the two keys
      distinct. */}
      <CatchUpContext value={catchUp}>
        <RoomTimeline
          key={`timeline ${room?.id ?? target}`}
          rows={rows}
          actions={actions}
          jumps={jumps}
        />
      </CatchUpContext>
      <CatchUpFootSlot content={catchUp} onJump={props.onJump} />
      <FoundSlot onJump={props.onJump} />
      <Toasts level="conversation" />
      {ignored ? (
        <p className="hint">{texts.ignoredHere(placeTitle(model, target, texts))}</p>
      ) : null}
      <OfferedLines model={model} />
      {model.transfers.size > 0 ? <TransferList /> : null}
      {room?.isSealed === true ? (
        <SealedNotice key={target} target={target} onUnreadable={onUnreadable} />
      ) : null}
      {(room?.knocks ?? []).map((name) => (
        <Knock key={name} room={room?.name ?? ""} name={name} />
      ))}
      {limit === undefined ? null : (
        <Announced kind="notice" className="hint">
          {limit}
        </Announced>
      )}
      <Privacy
        model={model}
        target={target}
        room={room}
        onOpen={onOpen}
        onHanded={context.handed}
      />
      {isUnreadable ? null : readOnly !== undefined ? (
        <div className="composer-closed">
          <Icon name={READ_ONLY_ICONS[readOnly.kind]} />
          <Announced kind="notice" className="hint">
            {readOnly.text}
          </Announced>
        </div>
      ) : (
        <Composer
          key={`composer ${to}`}
          ref={composer}
          target={to}
          isSealed={room?.isSealed === true}
          itemOf={itemOf}
          lastOwn={lastOwn}
          onCommand={onCommand}
          attached={attached}
        />
      )}
      {settings.typing && room !== undefined && room.typing.length > 0 ? (
        <Typing model={model} />
      ) : null}
      {isDragging ? (
        <div className="drop-over">{texts.dropHere(placeTitle(model, to, texts))}</div>
      ) : null}
    </div>
  );
}

interface NoRoomOpenProps {
  readonly hasRooms: boolean;
  readonly onOpen: (target: string) => void;
}

function NoRoomOpen({ hasRooms, onOpen }: NoRoomOpenProps) {
  const { texts, openDialog } = usePage();
  const find = useFind();
  return (
    <div className="nothing">
      <p>{hasRooms ? texts.chooseRoom : texts.noRooms}</p>
      <Button onClick={() => find({ group: "rooms" })}>{texts.browseRooms}</Button>
      <Button onClick={() => openDialog(CreateRoomDialog, { onOpen })}>{texts.createRoom}</Button>
    </div>
  );
}

export interface ChatPageProps {
  /** Shown in place of the room, such as the administration of the server. */
  readonly other?: ReactNode;
  readonly onLeaveOther: () => void;
  readonly model: Model;
  readonly isOperator: boolean;
  readonly onDashboard: () => void;
}

function useWidth(onChange: (wide: boolean) => void): void {
  const latestCallback = useRef(onChange);
  latestCallback.current = onChange;
  useEffect(() => {
    let wasWide = isWide();
    const check = () => {
      const isWideNow = isWide();
      if (isWideNow !== wasWide) latestCallback.current(isWideNow);
      wasWide = isWideNow;
    };
    return listen(window, "resize", check);
  }, []);
}

/** A phone begins in the list, unless the address names a room. */
function startsAtHome(): boolean {
  return matchMedia(NARROW).matches && readRoute(location.hash) === undefined;
}

/** On a phone, the list of rooms is below the open room, which Back therefore leaves. */
function useHome(isDrawer: boolean, setDrawer: (isOpen: boolean) => void): void {
  const { layers } = usePage();
  const isNarrow = useNarrow();
  useLayer(() => setDrawer(true), isNarrow && !isDrawer, { ignoresEscape: true });
  useEffect(() => (isDrawer ? layers.cover() : undefined), [layers, isDrawer]);
}

function usePanels() {
  const { chat, settings, change, openDialog, fail } = usePage();
  const { showsPeople } = settings;
  const find = useFind();
  const [isDrawer, setDrawer] = useState(startsAtHome);
  const [side, setSide] = useState<Side>(() => (showsPeople && isWide() ? "people" : undefined));
  const [jumps, setJumps] = useState(0);
  /** Assignment room whose table is visible beside its boxes. */
  const [handed, setHanded] = useState<string>();
  useEffect(() => chat.actions.setThreadAlone(!isWide()), [chat]);
  useWidth((wide) => {
    chat.actions.setThreadAlone(!wide);
    setHanded(undefined);
    setSide((current) => {
      if (wide) return current ?? (showsPeople ? "people" : undefined);
      return isPanelTab(current) ? undefined : current;
    });
  });
  const onOpen = useCallback(
    (to: string) => {
      chat.actions.open(to);
      setDrawer(false);
      requestAnimationFrame(() => {
        const field = document.querySelector<HTMLElement>(".composer textarea");
        // The user may have started to type in another field, which keeps the focus.
        if (document.activeElement?.matches("input, select, dialog *") === true) return;
        if (matchMedia("(hover: hover)").matches) field?.focus();
      });
    },
    [chat],
  );
  const onJump = useCallback(
    (to: string, seq: number) => {
      chat.actions.jump(to, seq);
      setJumps((n) => n + 1);
      setDrawer(false);
      if (!isWide()) setSide(undefined);
    },
    [chat],
  );
  const closeSide = useCallback(() => {
    if (isPanelTab(side)) change({ showsPeople: false });
    setSide(undefined);
  }, [change, side]);
  const onPeople = useCallback(() => {
    chat.actions.openThread(undefined);
    setHanded(undefined);
    setSide("people");
    change({ showsPeople: true });
  }, [chat, change]);
  const togglePeople = isPanelTab(side) && handed === undefined ? closeSide : onPeople;
  const onHanded = useCallback(
    (room: string) => {
      const isBox = isBoxOf(chat.model.open ?? "");
      if (isWide() || isBox) {
        chat.actions.openThread(undefined);
        return setHanded(room);
      }
      const openWork = (to: string) => {
        setHanded(room);
        onOpen(to);
      };
      const open = async () => {
        const { HandedDialog } = await handedModule.fetch();
        openDialog(HandedDialog, { room, onOpen: openWork });
      };
      void open().catch(fail);
    },
    [chat, openDialog, fail, onOpen],
  );
  const closeHanded = useCallback(() => setHanded(undefined), []);
  const openDrawer = useCallback(() => setDrawer(true), []);
  useEffect(() => {
    if (!isDrawer) return;
    const find = (part: string) => document.querySelector<HTMLElement>(`.side-rooms ${part}`);
    (find(".room-line[aria-current]") ?? find("[aria-current]") ?? find("button"))?.focus();
    return listen(matchMedia(NARROW), "change", () => setDrawer(false));
  }, [isDrawer]);
  const context = useMemo(
    () => ({ open: onOpen, find, jump: onJump, people: onPeople, handed: onHanded }),
    [onOpen, find, onJump, onPeople, onHanded],
  );
  const handlers = { onOpen, onJump, onPeople, onTab: setSide, openDrawer, context };
  const shown = { side, handed, closeSide, closeHanded };
  return { isDrawer, setDrawer, jumps, togglePeople, ...shown, ...handlers };
}

interface RightProps extends ActionOptions {
  readonly side: Side;
  readonly onTab: (tab: PanelTab) => void;
  readonly context: MainProps["context"];
  readonly onClose: () => void;
}

function ThreadPanel(props: RightProps & { readonly thread: ThreadState }) {
  const { model } = props;
  const isReadOnly = usePosting(model, model.open ?? "").readOnly !== undefined;
  const composer = useRef<ComposerHandle>(null);
  const actions = useActions(props, composer);
  return <ThreadView {...props} actions={actions} composer={composer} isReadOnly={isReadOnly} />;
}

/** A conversation has files and pinned messages, but no list of people. */
function hasPanel(side: Side, room: RoomState | undefined): side is PanelTab {
  return isPanelTab(side) && room !== undefined && (side !== "people" || room.kind === "room");
}

function panelName(tab: PanelTab, texts: Texts): string {
  return { people: texts.people, files: texts.roomFiles, pins: texts.pins }[tab];
}

function RightSide(props: RightProps) {
  const { side, model, onTab, onClose } = props;
  const texts = useTexts();
  const { me = "" } = model;
  const room = openRoom(model);
  if (room?.thread !== undefined) {
    return (
      <aside className="side side-right thread" aria-label={texts.thread}>
        <ThreadPanel {...props} thread={room.thread} />
      </aside>
    );
  }
  if (room === undefined || !hasPanel(side, room)) return null;
  return (
    <aside className="side side-right" aria-label={panelName(side, texts)}>
      <RoomPanel room={room} me={me} tab={side} onTab={onTab} onClose={onClose} />
    </aside>
  );
}

function useTitle(mentions: number, place = "chat"): void {
  useEffect(() => {
    const title = titleText(place);
    document.title = mentions > 0 ? `(${mentions}) ${title}` : title;
  }, [mentions, place]);
}

/** Returns the assignment room of the open place, if it is the one whose table is wanted. */
function handedRoom(model: Model, wanted: string | undefined): string | undefined {
  const { open = "" } = model;
  const isOpen = isSameName(boxNames(open)?.room ?? open, wanted);
  return isOpen && roomOf(model, wanted ?? "")?.moderates === true ? wanted : undefined;
}

/** Stays true after the first catch-up. Rooms that are missing afterwards do not exist. */
function useHasCaughtUp(isCaughtUp: boolean): boolean {
  const hasCaughtUp = useRef(false);
  hasCaughtUp.current ||= isCaughtUp;
  return hasCaughtUp.current;
}

/** Excludes visible messages, which are marked as read within a frame. */
function hasUnreadOutOfView({ rooms, people, unread }: RoomList, isFocused: boolean): boolean {
  if (unread === 0 || !isFocused) return unread > 0;
  return [...rooms, ...people].some((line) => {
    return line.unread > 0 && !line.isOpen && !line.isIgnored && !line.isMuted;
  });
}

function skipToMessages(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("messages")?.focus();
}

/** Place that covers the open room, and what leads back to the room. */
function usePlace({ model, other, onLeaveOther }: ChatPageProps, { onOpen, onJump }: Panels) {
  const [chosen, setChosen] = useState<PagePlace>("chats");
  const help = helpOf(usePage());
  const isHelp = useHelpView() !== undefined;
  const isNarrow = useNarrow();
  const isActivity = chosen === "activity" && !isNarrow && !isHelp && other === undefined;
  const leave = useCallback(() => {
    setChosen("chats");
    help.close();
    onLeaveOther();
  }, [help, onLeaveOther]);
  useLayer(leave, isActivity, { isCover: true });
  const [shown, setShown] = useState(model.open);
  // A notification or a link opens a room without the list.
  useEffect(() => {
    if (shown !== undefined && model.open !== shown) leave();
    setShown(model.open);
  }, [shown, model.open, leave]);
  const open = useCallback(
    (target: string) => {
      leave();
      onOpen(target);
    },
    [leave, onOpen],
  );
  const jump = useCallback(
    (target: string, seq: number) => {
      leave();
      onJump(target, seq);
    },
    [leave, onJump],
  );
  const setPlace = useCallback(
    (place: PagePlace) => {
      help.close();
      onLeaveOther();
      setChosen(place);
    },
    [help, onLeaveOther],
  );
  const content = isHelp ? (
    <HelpSlot onOpen={open} setPlace={setPlace} />
  ) : isActivity ? (
    <ActivityPlace onJump={jump} onOpen={open} />
  ) : (
    other
  );
  const place = other === undefined && !isHelp ? chosen : undefined;
  const hasSaved = useModelValue(({ prefs }) => prefs !== undefined);
  const isWideNow = useWide();
  const side = isActivity && hasSaved && isWideNow ? "saved" : "none";
  return { content, side, place, setPlace, leave, open, jump };
}

type Panels = ReturnType<typeof usePanels>;

interface HandedSlotProps {
  readonly view: Awaited<ReturnType<typeof handedModule.fetch>>;
  readonly room: string;
  readonly target: string;
  readonly onClose: () => void;
}

/** The table of an assignment, or the desk with the work of the open box. */
function HandedSlot({ view: { DeskPanel, HandedPanel }, ...props }: HandedSlotProps) {
  return isBoxOf(props.target) ? <DeskPanel {...props} /> : <HandedPanel {...props} />;
}

function Columns(props: ChatPageProps) {
  const { model, isOperator, onDashboard } = props;
  const { texts } = usePage();
  const panels = usePanels();
  const places = usePlace(props, panels);
  const { isDrawer, setDrawer, jumps, context } = panels;
  const { open: onOpen, jump: onJump } = places;
  const find = useFind();
  const { chat: client } = usePage();
  const { me = "", open: target } = model;
  const room = openRoom(model);
  const hasThread = room?.thread !== undefined;
  const wanted = handedRoom(model, panels.handed);
  const isDesk = wanted !== undefined && isBoxOf(target ?? "");
  const handed = isDesk || isWide() ? wanted : undefined;
  const handedSide = isDesk ? "desk" : "handed";
  const side = hasThread ? "thread" : handed !== undefined ? handedSide : panels.side;
  const closeThread = useCallback(() => client.actions.openThread(undefined), [client]);
  const { closeHanded } = panels;
  const closeDesk = useCallback(() => {
    if (!isWide()) closeHanded();
    if (wanted !== undefined) onOpen(wanted);
  }, [wanted, closeHanded, onOpen]);
  const closeTable = isDesk ? closeDesk : closeHanded;
  const closePanel = handed === undefined ? panels.closeSide : closeTable;
  const closeSide = hasThread ? closeThread : closePanel;
  const lines = roomList(model);
  useEventAnnouncements(target, isOperator);
  useShortcuts({ lines, onOpen, find, target, side, closeSide });
  useRouting({ model, onOpen, onJump });
  const turn = useOwnTurn(model);
  const title = room?.kind === "room" ? titleOf(room) : target;
  useTitle(lines.mentions, turn === undefined ? title : texts.turnIn(titleOf(turn.room)));
  const isKnown = useHasCaughtUp(model.isCaughtUp);
  const isCovered = places.content !== undefined;
  const hasSidePanel = !isCovered && (hasThread || handed !== undefined || hasPanel(side, room));
  const isNarrow = useNarrow();
  useHome(isDrawer, setDrawer);
  useLayer(closeSide, hasSidePanel && !isWide(), { isCover: isNarrow && !hasThread });
  useOpener(hasThread);
  useOpener(isPanelTab(side));
  useOpener(handed !== undefined && !hasThread);
  const handedView = useModule(handedModule, handed !== undefined);
  const chat = useRef<HTMLDivElement>(null);
  useDrawerGestures(chat, isDrawer, setDrawer);
  const handlers = { isOperator, onOpen, onJump, context };
  const isOnline = useOnline();
  // On a phone, the administration and the help cover the list from which they were opened.
  const hasDrawer = isDrawer && !isCovered;
  const [undoHost, setUndoHost] = useState<HTMLDivElement | null>(null);
  const isInList = isCovered || (isNarrow && isDrawer);
  const called =
    turn?.isNew === true ? (
      <Called turn={turn} isHere={!isInList && turn.room.id === room?.id} onOpen={onOpen} />
    ) : undefined;
  const classes = ["chat", hasDrawer ? "has-drawer" : "", isOnline ? "" : "is-off"];
  return (
    <div
      ref={chat}
      className={classes.join(" ")}
      data-side={isCovered ? places.side : hasSidePanel ? side : "none"}
    >
      {/* biome-ignore lint/a11y/useValidAnchor: moves the focus without changing the address */}
      <a className="skip" href="#messages" onClick={skipToMessages}>
        {texts.skipToMessages}
      </a>
      <aside className="side side-rooms" aria-label={texts.rooms}>
        {isInList ? called : null}
        <SidebarRooms
          lines={lines}
          isKnown={isKnown}
          me={me}
          isOperator={isOperator}
          onOpen={onOpen}
          onDashboard={onDashboard}
          onJump={onJump}
          place={places.place}
          setPlace={places.setPlace}
        />
      </aside>
      <button
        type="button"
        className="shade"
        aria-label={texts.close}
        onClick={() => (isDrawer ? setDrawer(false) : closeSide())}
      />
      <div ref={setUndoHost} className="undo-over">
        {isCovered ? (
          <>
            <FoundSlot onJump={onJump} isCovered />
            <AllReadSlot />
          </>
        ) : null}
      </div>
      <UndoHostContext value={hasDrawer ? undoHost : null}>
        {places.content ?? (
          <main className="main" id="messages" tabIndex={-1} inert={isDrawer}>
            <div className="board">
              <RoomHead
                room={isDesk && isWide() ? roomOf(model, wanted) : room}
                target={isDesk && isWide() ? wanted : target}
                side={side}
                unread={lines.unread}
                onDrawer={panels.openDrawer}
                onPeople={panels.togglePeople}
                onHanded={context.handed}
              />
              {/* Behind the list of a phone, too, so that the room keeps its height. */}
              {called}
              {room !== undefined && isBoxOf(room.target) ? <WorkStrip room={room} /> : null}
              {room === undefined ||
              side === "handed" ||
              isBoxOf(room.target) ||
              (called !== undefined && turn?.room.id === room.id) ? null : (
                <Lesson
                  room={room}
                  moderates={room.moderates || isOperator}
                  onJump={onJump}
                  onPeople={panels.onPeople}
                  onHanded={context.handed}
                />
              )}
            </div>
            {hasThread || handed === undefined || handedView === undefined ? null : (
              <HandedSlot
                key={`${handed} ${handedSide}`}
                view={handedView}
                room={handed}
                target={target ?? ""}
                onClose={closeSide}
              />
            )}
            <div className="sheet">
              <PlayingBar />
              {target === undefined ? (
                // Before catching up, an empty list may be incomplete.
                isKnown && <NoRoomOpen hasRooms={model.rooms.size > 0} onOpen={onOpen} />
              ) : (
                <Conversation model={model} target={target} jumps={jumps} {...handlers} />
              )}
            </div>
          </main>
        )}
      </UndoHostContext>
      {isCovered ? null : (
        <RightSide
          side={side}
          model={model}
          onTab={panels.onTab}
          onClose={closeSide}
          {...handlers}
        />
      )}
      {isKnown && hasUnreadOutOfView(lines, model.isFocused) ? (
        <Badge mentions={lines.mentions} />
      ) : null}
      {isKnown ? <PushKeeper /> : null}
      <FinderSlot onOpen={onOpen} onJump={onJump} />
    </div>
  );
}

export function ChatPage(props: ChatPageProps) {
  const { model } = props;
  const { chat, openDialog, fail } = usePage();
  const [lists] = useState(() => newRoomLists(chat));
  const [index] = useState(() => new PeopleIndex());
  const [playing] = useState(() => new Playing(fail));
  const [finder] = useState(() => new FinderStore());
  const openCard = useCallback((user: string) => openDialog(PersonCard, { user }), [openDialog]);
  const room = openRoom(model);
  const people = index.of(room, model);
  const isAmbiguous = useAmbiguous(people, model, room?.isSealed === true);
  const wallRoom = useWallRoute();
  const doorRoom = useDoorRoute();
  const isSheet = wallRoom !== undefined || doorRoom !== undefined;
  const { WallPage, DoorPage } = useModule(wallModule, isSheet) ?? {};
  if (wallRoom !== undefined) return WallPage && <WallPage key={wallRoom} target={wallRoom} />;
  if (doorRoom !== undefined) return DoorPage && <DoorPage key={doorRoom} target={doorRoom} />;
  return (
    <PeopleContext value={people}>
      <AmbiguousContext value={isAmbiguous}>
        <CardContext value={openCard}>
          <PlayingContext value={playing}>
            <FinderProvider value={finder}>
              <RoomListsContext value={lists}>
                <Columns {...props} />
              </RoomListsContext>
            </FinderProvider>
          </PlayingContext>
        </CardContext>
      </AmbiguousContext>
    </PeopleContext>
  );
}

/** Comparing more names would delay the drawing, and fewer people know each other there. */
const PEOPLE_COMPARED_MAX = 100;

/**
 * The server refuses names that look alike. So the account name is shown only where they do so
 * nevertheless, in large rooms, for people who have left, and in encrypted rooms, where the server
 * is not trusted.
 */
function useAmbiguous(people: RoomPeople, { displayNames }: Model, isSealed: boolean) {
  return useMemo(() => {
    if (people.size === 0) return () => false; // Not loaded yet.
    if (isSealed || people.size > PEOPLE_COMPARED_MAX) return () => true;
    const alike = accountsAlike({ displayNames }, people.keys());
    return (user: string) => !people.has(user.toLowerCase()) || alike.has(user.toLowerCase());
  }, [people, displayNames, isSealed]);
}

function Typing({ model }: { readonly model: Model }) {
  const { texts } = usePage();
  const names = typingNames(model).map((name) => personText(model, name));
  return names.length === 0 ? null : <p className="typing">{texts.typing(names)}</p>;
}

const WATCH_INTERVAL_MS = 1_000;

/** In a hidden tab, the events until the user's return are announced together. */
function useEventAnnouncements(target: string | undefined, isOperator: boolean): void {
  const { texts, times, chat } = usePage();
  const announcer = useAnnouncer();
  const [watch] = useState(() => new EventWatch());
  // biome-ignore lint/correctness/useExhaustiveDependencies: a newly opened room begins at once
  useEffect(() => {
    const check = () => {
      if (document.hidden) return;
      const accepts = announcer.accepts.bind(announcer);
      for (const { kind, text } of watch.check(chat.model, isOperator, { texts, times, accepts }))
        announcer.announce(kind, text);
    };
    check();
    const timer = setInterval(check, WATCH_INTERVAL_MS);
    return () => clearInterval(timer);
  }, [chat, watch, announcer, target, isOperator, texts, times]);
}
