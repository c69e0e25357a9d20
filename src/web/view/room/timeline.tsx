/** The timeline: a virtual list that keeps its position as messages are added. */

import { flushSync } from "preact/compat";
import {
  type KeyboardEvent,
  memo,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { USER_SCROLL_MS } from "../../../base/limits-page.ts";
import { isMessage } from "../../../core/model/item.ts";
import { placeKey } from "../../../core/model/places.ts";
import { isConversation } from "../../../core/model/room.ts";
import {
  firstItem,
  firstUnreadRow,
  isOwnRow,
  type Row as ModelRow,
  type Rows,
  rowOfPlace,
  type ShownRow,
  visibleSpan,
} from "../../../core/model/rows.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { Item, ReadingPlace } from "../../../core/model/state.ts";
import { LOBBY } from "../../../core/rooms/rooms.ts";
import { authorText } from "../../../ui/text/event-text.ts";
import { rove } from "../../input/keys.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { useModelValue, usePage, useTexts } from "../shell/context.tsx";
import { combined, listen } from "../shell/effects.ts";
import { Icon, IconButton } from "../shell/icons.tsx";
import { MenuStateContext } from "../shell/menu.tsx";
import { type Edges, RowList, type RowListHandle } from "../shell/row-list.tsx";
import { Unfolded } from "../text/fold.tsx";
import { Beginning, NewcomerWelcome } from "./beginning.tsx";
import { useCopiedMessages } from "./copied-messages.ts";
import { EventText, MessageRow, Pending, Waiting } from "./message.tsx";
import type { MessageActions } from "./message-actions.ts";
import { openMessageMenu, useMessageGestures } from "./message-gestures.ts";
import { CatchUpSlot } from "./new-messages.tsx";
import { useShownName, useTitle } from "./person.tsx";
import { preloadFor } from "./rich-text.tsx";

const REACH_PX = 800;
/** The timeline follows the newest message within this distance. */
export const STICK_PX = 40;
/** Height of the line with a message's author. */
const HEAD_PX = 24;

/** Precedes a room's first row. */
const BEGINNING = { kind: "beginning", key: "beginning" } as const;

type Row = ModelRow | typeof BEGINNING;

interface RowViewProps {
  readonly row: Row;
  readonly actions: MessageActions;
  readonly isJumpTarget: boolean;
  readonly onMenu: OnMenu;
}

/** Items after which the beginning of the lobby is out of sight. */
const NEAR_BEGINNING_N = 20;

function isLateJoin({ item, earlier }: Extract<Row, { kind: "item" }>): boolean {
  const isJoin = ({ kind, isMine, n }: Item) => kind === "join" && isMine && n > NEAR_BEGINNING_N;
  return isJoin(item) || earlier.some(isJoin);
}

type OnMenu = (isOpen: boolean) => void;

export const RowView = memo(function RowView({ row, actions, isJumpTarget, onMenu }: RowViewProps) {
  const { texts, times } = usePage();
  switch (row.kind) {
    case "beginning":
      return <Beginning target={actions.target} />;
    case "day":
      return (
        // biome-ignore lint/a11y/useSemanticElements: a row among messages
        <div className="row day" role="heading" aria-level={2} tabIndex={-1}>
          <span>{times.day(row.unixMs)}</span>
        </div>
      );
    case "unread":
      return (
        <>
          {/* biome-ignore lint/a11y/useSemanticElements: a row among messages */}
          <div className="row new-line" data-unread="" role="heading" aria-level={2} tabIndex={-1}>
            <span>{texts.newMessages}</span>
          </div>
          <CatchUpSlot />
        </>
      );
    case "withheld":
      return (
        // biome-ignore lint/a11y/useSemanticElements: a row among messages
        <div className="row new-line" role="heading" aria-level={2} tabIndex={-1}>
          <HiddenMessages from={row.from} count={row.count} />
        </div>
      );
    case "item":
      if (!isMessage(row.item)) {
        return (
          <>
            <EventText row={row} actions={actions} isJumpTarget={isJumpTarget} />
            {actions.target === LOBBY && isLateJoin(row) ? <NewcomerWelcome /> : null}
          </>
        );
      }
      return (
        <MenuStateContext value={onMenu}>
          <MessageRow row={row} actions={actions} isJumpTarget={isJumpTarget} />
        </MenuStateContext>
      );
    case "waiting":
      return <Waiting row={row} actions={actions} />;
    default:
      return <Pending row={row} actions={actions} />;
  }
});

function HiddenMessages({ from, count }: { from: string | undefined; count: number }) {
  const texts = useTexts();
  const name = useShownName(from ?? "");
  return <span>{texts.hiddenMessages(count, from === undefined ? texts.server : name)}</span>;
}

/** Scroll target, identified by key, because rows added at the start change its index. */
interface Aim {
  readonly key: string;
  readonly align: "start" | "center";
  /** Distance from the upper edge. */
  readonly px: number;
}

/** Part of the viewport above the line of new messages when a room is opened. */
export const LINE_AT = 0.25;

interface ScrollState {
  readonly list: RefObject<RowListHandle | null>;
  readonly isFollowing: RefObject<boolean>;
  /**
   * While a menu is open, its message keeps its position, and the list does not follow new
   * messages.
   */
  readonly isMenuOpen: RefObject<boolean>;
  readonly aim: RefObject<Aim | undefined>;
  readonly userInputMs: RefObject<number>;
  /** After a jump, focuses its message as soon as it is drawn. */
  readonly focusJumpTarget: (section: HTMLElement | null) => void;
}

/**
 * A target stays in effect until its row is there, which may need messages that are not loaded
 * yet, or until the user scrolls. After that, only the user and new messages at the end move the
 * list.
 */
function useScrollState(rows: readonly Row[], timeline: Rows, jumps: number): ScrollState {
  const list = useRef<RowListHandle>(null);
  const isFollowing = useRef(true);
  const isMenuOpen = useRef(false);
  const isStarted = useRef(false);
  const lastJumps = useRef(0);
  const lastBottoms = useRef(timeline.bottoms);
  const aim = useRef<Aim>(undefined);
  const aimedRows = useRef<readonly Row[]>(undefined);
  const userInputMs = useRef(Number.NEGATIVE_INFINITY);
  const isUnfocused = useRef(false);
  /**
   * Last row when this user posted or jumped, so that the list shows what the user chose;
   * `undefined` after somebody else's newer message.
   */
  const lastAtChoice = useRef<string>(undefined);
  const lastIndex = rows.length - 1;
  const { chat } = usePage();
  const isWatched = useModelValue((model) => model.isFocused && model.isCaughtUp);
  const wasWatched = useRef(isWatched);
  useLayoutEffect(() => {
    const handle = list.current;
    const { shownKey } = timeline;
    const goesToEnd = lastBottoms.current !== timeline.bottoms;
    if (goesToEnd) {
      lastBottoms.current = timeline.bottoms;
      isFollowing.current = true;
      aim.current = undefined;
      lastAtChoice.current = rows.at(-1)?.key ?? "";
    }
    if (handle === null) return;
    if (lastIndex < 0) {
      isStarted.current = false;
      return;
    }
    const aimAt = (target: Aim | undefined) => {
      isFollowing.current = false;
      aim.current = target;
      aimedRows.current = undefined;
    };
    if (jumps !== lastJumps.current && rows.some(({ key }) => key === shownKey)) {
      lastJumps.current = jumps;
      isStarted.current = true;
      aimAt({ key: shownKey ?? "", align: "center", px: 0 });
      lastAtChoice.current = rows.at(-1)?.key;
      isUnfocused.current = true;
    }
    const room = openRoom(chat.model);
    if (!isStarted.current) {
      isStarted.current = true;
      isFollowing.current = true;
      const place = room && chat.model.places.get(placeKey(room.id));
      const start = goesToEnd ? undefined : startOf(rows, place, handle.viewportSize);
      if (start !== undefined) aimAt(start);
    }
    const last = rows.at(-1);
    const isChosen =
      lastAtChoice.current !== undefined && (last?.key === lastAtChoice.current || isOwnRow(last));
    const first = isWatched || isChosen ? -1 : firstUnreadRow(rows, room?.read ?? 0);
    if (isFollowing.current && first >= 0) {
      lastAtChoice.current = undefined;
      const isAbove = () => (handle.edgesOf(first)?.top ?? -1) < STICK_PX;
      // Messages that nobody sees move the first of them up to the edge, but not back.
      if (wasWatched.current && isAbove()) aimAt(undefined);
      else {
        handle.follow();
        if (isAbove()) aimAt({ key: rows[first]?.key ?? "", align: "start", px: STICK_PX });
      }
    }
    wasWatched.current = isWatched;
    if (aim.current !== undefined && aimedRows.current !== rows) {
      const { key, align, px } = aim.current;
      const at = rows.findIndex((row) => row.key === key);
      const isThere = () => isAimedAt(handle, handle.edgesOf(at), aim.current);
      if (at >= 0 && !isThere()) handle.scrollToRow(at, align, px);
      const isAtStart = align === "start" && handle.scrollOffset <= 0;
      if (handle.edgesOf(at) !== undefined && (isThere() || isAtStart)) aim.current = undefined;
      aimedRows.current = rows;
    }
    if (!isFollowing.current || timeline.hasNewer) return;
    if (goesToEnd) handle.scrollToRow(lastIndex, "end");
    else handle.follow();
  });
  const focusJumpTarget = useCallback((section: HTMLElement | null) => {
    const target = isUnfocused.current ? section?.querySelector<HTMLElement>(".is-shown") : null;
    if (target === null || target === undefined) return;
    isUnfocused.current = false;
    target.focus({ preventScroll: true });
  }, []);
  return { list, isFollowing, isMenuOpen, aim, userInputMs, focusJumpTarget };
}

/** Scroll target of a room that is opened; `undefined` at its end. */
function startOf(
  rows: readonly Row[],
  place: ReadingPlace | undefined,
  viewportPx: number,
): Aim | undefined {
  if (rows.some(({ kind }) => kind === "unread"))
    return { key: "unread", align: "start", px: Math.round(viewportPx * LINE_AT) };
  const { index = -1, above = 0 } = rowOfPlace(rows, place) ?? {};
  const key = rows[index]?.key;
  return key === undefined ? undefined : { key, align: "start", px: -above };
}

function isAimedAt(
  { viewportSize }: RowListHandle,
  edges: Edges | undefined,
  aim: Aim | undefined,
): boolean {
  if (edges === undefined || aim === undefined) return false;
  const { top, bottom } = edges;
  const wanted = aim.align === "start" ? aim.px : (viewportSize - (bottom - top)) / 2;
  return Math.abs(top - wanted) <= 1;
}

function isScrollingTo(handle: RowListHandle, rows: readonly Row[], aim: Aim | undefined): boolean {
  const at = aim === undefined ? -1 : rows.findIndex(({ key }) => key === aim.key);
  if (at < 0) return false;
  return !handle.isVisible(at);
}

const PRINTED_ROWS_MAX = 2_000;
/** Delay after the last change of the rows, because preparing reads all texts. */
const PREPARE_DELAY_MS = 1_000;

class AllUnfolded extends Unfolded {
  override has(): boolean {
    return true;
  }

  override set(): void {}
}

export const IGNORE_MENU: OnMenu = () => undefined;

const NO_ROWS: readonly Row[] = [];

interface HiddenRowsProps extends Pick<RowViewProps, "actions"> {
  readonly rows: readonly Row[];
  readonly content: () => HTMLElement | null;
  readonly isPrinted: boolean;
}

/** The list renders only visible rows, but printing and copying need all loaded rows. */
export function HiddenRows({ rows, actions, content, isPrinted }: HiddenRowsProps) {
  const [drawn, setDrawn] = useState(NO_ROWS);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Renders synchronously, because the browser prints the current state.
    const change = ({ type }: Event) =>
      flushSync(() => setDrawn(type === "beforeprint" ? rows.slice(-PRINTED_ROWS_MAX) : NO_ROWS));
    return isPrinted ? listen(window, "beforeprint afterprint", change) : undefined;
  }, [rows, isPrinted]);
  const draw = useCallback((copied: readonly Row[]) => {
    flushSync(() => setDrawn(copied));
    const articles = [...(box.current?.querySelectorAll("article.message") ?? [])];
    flushSync(() => setDrawn(NO_ROWS));
    return articles;
  }, []);
  useCopiedMessages(content, rows, draw);
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const row of rows) if (row.kind === "item") preloadFor(row.item.text);
    }, PREPARE_DELAY_MS);
    return () => clearTimeout(timer);
  }, [rows]);
  if (drawn.length === 0) return null;
  const unfoldedActions = { ...actions, unfolded: new AllUnfolded() };
  return (
    <div ref={box} className="printed">
      {drawn.map((row) => (
        <RowView
          key={row.key}
          row={row}
          actions={unfoldedActions}
          isJumpTarget={false}
          onMenu={IGNORE_MENU}
        />
      ))}
    </div>
  );
}

export interface TimelineProps {
  readonly rows: Rows;
  readonly actions: MessageActions;
  readonly jumps: number;
}

/**
 * Hides the first row's date while older rows are not loaded, because a loaded row from the same
 * day would take over the date and move the visible rows.
 */
function useBeginning({ rows, hasOlder }: Rows): readonly Row[] {
  // The records of a joined room are not loaded yet.
  const isLoading = useModelValue((model) => {
    const room = openRoom(model);
    if (room === undefined || room.isCleared) return room?.isCleared === true;
    return !isConversation(room) && room.tail.items.length === 0;
  });
  return useMemo(() => {
    if (hasOlder) return rows[0]?.kind === "day" ? rows.slice(1) : rows;
    return isLoading ? rows : [BEGINNING, ...rows];
  }, [rows, hasOlder, isLoading]);
}

function unreadIn(rows: readonly Row[], readSeq: number): { count: number; first: number } {
  const unread = { count: 0, first: -1 };
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i];
    if (row?.kind !== "item") continue;
    if (row.item.seq <= readSeq) break;
    if (row.item.isMine || !isMessage(row.item)) continue;
    unread.count++;
    unread.first = i;
  }
  return unread;
}

function readSeqAtOpening(rows: readonly Row[]): number {
  const unread = rows.findIndex(({ kind }) => kind === "unread");
  const last = rows.findLast(({ kind }, i) => kind === "item" && (unread < 0 || i < unread));
  return last?.kind === "item" ? last.item.seq : 0;
}

function useVisibleRange(
  rows: readonly Row[],
  { hasOlder, hasNewer, loading }: Rows,
  { list, isFollowing, isMenuOpen, aim }: ScrollState,
) {
  const { chat, texts, times } = usePage();
  const [isAway, setAway] = useState(false);
  const [author, setAuthor] = useState<string>();
  const [day, setDay] = useState<string>();
  const [unreadCount, setUnreadCount] = useState(0);
  const highestVisible = useRef<number>(undefined);
  const checkVisible = useCallback(() => {
    const handle = list.current;
    if (handle === null || handle.viewportSize === 0) return;
    const { scrollOffset, viewportSize, scrollSize } = handle;
    const below = scrollSize - viewportSize - scrollOffset;
    const target = aim.current;
    const aimed = target === undefined ? -1 : rows.findIndex(({ key }) => key === target.key);
    if (isAimedAt(handle, handle.edgesOf(aimed), target)) aim.current = undefined;
    if (
      below <= STICK_PX &&
      !hasNewer &&
      !isMenuOpen.current &&
      !isScrollingTo(handle, rows, aim.current)
    ) {
      isFollowing.current = true;
      aim.current = undefined;
    }
    const isAtNewest = isFollowing.current && !hasNewer;
    const visible = visibleSpan(shownRows(handle, rows));
    chat.actions.setVisible(visible && { ...visible, isFollowing: isAtNewest });
    const room = openRoom(chat.model);
    // Until the list has reached its target, the user has not read here.
    if (room !== undefined && rows.length > 0 && aim.current === undefined)
      chat.actions.setPlace(
        placeKey(room.id),
        isAtNewest ? undefined : placeIn(rows, handle.indexAt(0), (i) => handle.edgesOf(i)?.top),
      );
    setAway(below > viewportSize || hasNewer);
    const top = handle.indexAt(HEAD_PX);
    const row = rows[top];
    const isHeadless = row?.kind === "item" && (row.isGrouped || !handle.isVisible(top, HEAD_PX));
    setAuthor(
      isHeadless && isMessage(row.item) ? authorText(row.item, texts, chat.model) : undefined,
    );
    const unixMs = isFollowing.current ? undefined : dayAbove(rows, top);
    setDay(unixMs === undefined ? undefined : times.day(unixMs));
    if (loading === undefined) {
      if (scrollOffset < REACH_PX && hasOlder) chat.actions.loadMore("older");
      if (below < REACH_PX && hasNewer) chat.actions.loadMore("newer");
    }
    const lowest = rows[handle.indexAt(viewportSize - STICK_PX / 2)];
    const last = below <= STICK_PX ? rows.findLast(({ kind }) => kind === "item") : lowest;
    highestVisible.current ??= readSeqAtOpening(rows);
    if (last?.kind === "item")
      highestVisible.current = Math.max(highestVisible.current, last.item.seq);
    setUnreadCount(
      hasNewer || isFollowing.current ? 0 : unreadIn(rows, highestVisible.current).count,
    );
  }, [chat, texts, times, rows, hasOlder, hasNewer, loading, list, isFollowing, isMenuOpen, aim]);
  useEffect(checkVisible);
  useEffect(() => {
    return () => {
      chat.actions.setVisible(undefined);
      chat.actions.keepPlace();
    };
  }, [chat]);
  const scrollToUnread = () => {
    const at = unreadIn(rows, highestVisible.current ?? 0).first;
    const row = rows[at];
    if (row === undefined) return;
    aim.current = { key: row.key, align: "start", px: STICK_PX };
    list.current?.scrollToRow(at, "start", STICK_PX);
  };
  return {
    checkVisible,
    toFresh: scrollToUnread,
    author,
    day,
    isAway: isAway || unreadCount > 0,
    fresh: unreadCount,
  };
}

function shownRows(handle: RowListHandle, rows: readonly Row[]): ShownRow[] {
  const { viewportSize } = handle;
  const first = handle.indexAt(0);
  const last = handle.indexAt(viewportSize - 1);
  return rows.slice(first, last + 1).map((row, i) => {
    const { top, bottom } = handle.edgesOf(first + i) ?? {
      top: 0,
      bottom: Number.POSITIVE_INFINITY,
    };
    const part = (viewportSize - Math.max(top, 0)) / viewportSize;
    return { row, isEndShown: bottom <= viewportSize + 1, part };
  });
}

/** Place of the first visible message. */
export function placeIn(
  rows: readonly Row[],
  firstVisible: number,
  topOf: (index: number) => number | undefined,
): ReadingPlace | undefined {
  const at = rows.findIndex(({ kind }, i) => i >= firstVisible && kind === "item");
  const [row, top] = [rows[at], topOf(at)];
  if (row?.kind !== "item" || top === undefined) return undefined;
  return { seq: firstItem(row).seq, above: Math.round(-top) };
}

/** Returns the day whose line is above the first visible row. */
function dayAbove(rows: readonly Row[], top: number): number | undefined {
  if (rows[top]?.kind === "day") return undefined;
  for (let i = top - 1; i >= 0; i--) {
    const row = rows[i];
    if (row?.kind === "day") return row.unixMs;
  }
  return undefined;
}

function useMenuState({ isFollowing, isMenuOpen }: ScrollState): OnMenu {
  const wasFollowing = useRef(false);
  return useCallback(
    (isOpen) => {
      if (isOpen) wasFollowing.current = isFollowing.current;
      isFollowing.current = !isOpen && wasFollowing.current;
      isMenuOpen.current = isOpen;
    },
    [isFollowing, isMenuOpen],
  );
}

/** Listens passively; otherwise the browser waits for the page before each scroll step. */
function useWheel(
  section: RefObject<HTMLElement | null>,
  { list, aim, userInputMs }: ScrollState,
): void {
  useEffect(() => {
    const onWheel = (event: WheelEvent) => {
      aim.current = undefined;
      userInputMs.current = performance.now();
      const isBeside = !(event.target as Element).closest(".list");
      if (isBeside) list.current?.scrollBy(wheelPx(event, list.current.viewportSize));
    };
    const onTouchMove = () => {
      userInputMs.current = performance.now();
    };
    return combined(
      listen(section.current, "wheel", onWheel, { passive: true }),
      listen(section.current, "touchmove", onTouchMove, { passive: true }),
    );
  }, [section, list, aim, userInputMs]);
}

export const RoomTimeline = memo(function RoomTimeline({
  rows: timeline,
  actions,
  jumps,
}: TimelineProps) {
  const { chat, fail } = usePage();
  const texts = useTexts();
  const rows = useBeginning(timeline);
  const title = useTitle(actions.target);
  const scrollState = useScrollState(rows, timeline, jumps);
  const onMenu = useMenuState(scrollState);
  const { checkVisible, toFresh, author, day, isAway, fresh } = useVisibleRange(
    rows,
    timeline,
    scrollState,
  );
  const { list, isFollowing, isMenuOpen, aim, userInputMs, focusJumpTarget } = scrollState;
  const releaseAim = () => {
    aim.current = undefined;
    userInputMs.current = performance.now();
  };
  /** The browser itself scrolls only to the ends of the loaded messages. */
  const goToEnd = (event: KeyboardEvent<HTMLElement>) => {
    const { key, target, altKey, ctrlKey, metaKey } = event;
    const isHome = key === "Home" && timeline.hasOlder;
    if (altKey || ctrlKey || metaKey || !(isHome || key === "End")) return false;
    if (!(target as Element).matches(".list, .row")) return false;
    event.preventDefault();
    if (isHome) {
      const jump = (_: string, seq: number) => actions.goTo(seq);
      chat.actions.jumpToTime(actions.target, 0, jump).catch(fail);
    } else chat.actions.scrollToBottom();
    return true;
  };
  const section = useRef<HTMLElement>(null);
  const replyMark = useRef<HTMLSpanElement>(null);
  useMessageGestures(
    section,
    replyMark,
    timeline.rows,
    actions.rights.mayPost ? actions.reply : undefined,
  );
  useWheel(section, scrollState);
  useLayoutEffect(() => focusJumpTarget(section.current));
  const listContent = useCallback(
    () => section.current?.querySelector<HTMLElement>(".list > div") ?? null,
    [],
  );
  const { hasNewer, loading } = timeline;
  const offset = useRef(0);
  const end = useRef(0);
  const onScroll = (newOffset: number) => {
    const newEnd = endOf(section.current);
    if (newOffset < offset.current - 1) {
      // Without recent input, the browser scrolls because a row shrank or the list grew.
      const isUserScroll = performance.now() - userInputMs.current < USER_SCROLL_MS;
      if (isUserScroll || newEnd === end.current) isFollowing.current = false;
      else if (isFollowing.current && !hasNewer) list.current?.follow();
    }
    offset.current = newOffset;
    end.current = newEnd;
    checkVisible();
  };
  return (
    <section
      ref={section}
      className="timeline"
      aria-label={texts.messagesOf(title)}
      onKeyDown={(event) => {
        releaseAim();
        if (!goToEnd(event)) moveFocus(event);
      }}
      onPointerDown={releaseAim}
      // Uses the capture phase, because the button's own handler may change the label.
      onClickCapture={({ target }) => {
        const button = (target as Element).closest(".fold-button");
        if (button === null) return;
        // Stop following, so that the collapsed message stays in view.
        isFollowing.current = false;
        const at = foldedAbove(rows, button);
        if (at < 0) return;
        requestAnimationFrame(() => list.current?.scrollToRow(at, "start"));
      }}
    >
      {loading?.side === "older" ? (
        <Announced kind="result" className="loading">
          {texts.loadingOlder}
        </Announced>
      ) : null}
      <RowList
        handle={list}
        rows={rows}
        isFollowing={() => isFollowing.current && !hasNewer}
        keepsRows={isMenuOpen}
        onScrolled={onScroll}
        onResized={() => {
          checkVisible();
          focusJumpTarget(section.current);
        }}
        className="list"
        tabIndex={0}
        role="group"
        aria-label={texts.messages}
      >
        {(row) => (
          <RowView
            key={row.key}
            row={row}
            actions={actions}
            isJumpTarget={row.key === timeline.shownKey}
            onMenu={onMenu}
          />
        )}
      </RowList>
      <div className="list-above" aria-hidden="true">
        {author === undefined ? null : (
          <span className="author-above" dir="auto">
            {author}
          </span>
        )}
        {day === undefined ? null : <span className="day-above">{day}</span>}
      </div>
      <span ref={replyMark} className="reply-mark" aria-hidden="true">
        <Icon name="reply" />
      </span>
      <HiddenRows rows={rows} actions={actions} content={listContent} isPrinted />
      {isAway ? (
        <div className="newest">
          {fresh > 0 ? <Button onClick={toFresh}>{texts.unreadBelow(fresh)}</Button> : null}
          <IconButton
            icon="down"
            label={texts.newest}
            onPress={() => chat.actions.scrollToBottom()}
          />
        </div>
      ) : null}
    </section>
  );
});

/** Reads the DOM, which is updated before the list's own height. */
function endOf(section: HTMLElement | null): number {
  const list = section?.querySelector(".list");
  return list ? list.scrollHeight - list.clientHeight : 0;
}

/**
 * Returns the row that is being collapsed if its start is out of view, because collapsing it would
 * scroll past it; otherwise -1.
 */
function foldedAbove(rows: readonly Row[], button: Element): number {
  const article = button.closest<HTMLElement>("article");
  const listTop = article?.closest(".list")?.getBoundingClientRect().top ?? 0;
  const isOpen = button.getAttribute("aria-expanded") === "true";
  if (article === null || !isOpen || article.getBoundingClientRect().top >= listTop) return -1;
  const { seq } = article.dataset;
  return rows.findIndex((row) => row.kind === "item" && `${row.item.seq}` === seq);
}

function wheelPx({ deltaY, deltaMode }: WheelEvent, viewportPx: number): number {
  const LINE_PX = 40;
  if (deltaMode === 1) return deltaY * LINE_PX;
  return deltaMode === 2 ? deltaY * viewportPx : deltaY;
}

const ROW = ".row[tabindex]";

export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const target: unknown = event.target;
  if (!(target instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey) return;
  const message = target.closest<HTMLElement>(ROW);
  const isMessageItself = message === target && target.matches("article");
  if (isMessageItself && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    openMessageMenu(message);
    return;
  }
  if (message === null && !target.matches(".list")) return;
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(ROW)];
  const at = message === null ? -1 : all.indexOf(message);
  const next = rove(event.key, at, all.length);
  if (next === undefined) return;
  event.preventDefault();
  all[next]?.focus();
  all[next]?.scrollIntoView({ block: "nearest" });
}
