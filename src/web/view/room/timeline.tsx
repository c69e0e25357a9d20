/** The timeline: a virtual list that keeps its position as messages are added. */

import { flushSync } from "preact/compat";
import {
  type KeyboardEvent,
  memo,
  type ReactElement,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { type ScrollToIndexOpts, VList, type VListHandle } from "virtua";
import { cleanText } from "../../../base/text.ts";
import { isMessage } from "../../../core/model/item.ts";
import type { Row, Rows } from "../../../core/model/rows.ts";
import { rove } from "../../input/keys.ts";
import { Button } from "../shell/button.tsx";
import { useFact, usePage, useTexts } from "../shell/context.tsx";
import { listen } from "../shell/effects.ts";
import { MenuStateContext } from "../shell/menu.tsx";
import { Unfolded } from "../text/fold.tsx";
import { EventText, Message, Pending } from "./message.tsx";
import type { MessageActions } from "./message-actions.ts";
import { useKeptFocus } from "./row-focus.ts";

/** Distance from an end within which more messages are loaded. */
const REACH_PX = 800;
/**
 * Rows are drawn this far above and below the view: a height is only known once a row is drawn, and
 * a row measured while visible would move those below it.
 */
const DRAWN_PX = 600;
/** Smaller while following the newest message, for a faster first scroll step. */
const DRAWN_AT_END_PX = 400;
/** Within this distance of the newest message the timeline follows it. */
const STICK_PX = 40;
/** Scrolling within this time after a wheel, touch or key is the user's; a flick continues. */
const HAND_MS = 1_000;

interface RowViewProps {
  readonly row: Row;
  readonly actions: MessageActions;
  readonly isShown: boolean;
  readonly onMenu: OnMenu;
}

/** Called when a menu of the row opens or closes. */
type OnMenu = (key: string, isOpen: boolean) => void;

const RowView = memo(function RowView({ row, actions, isShown, onMenu }: RowViewProps) {
  const { texts, times } = usePage();
  const { key } = row;
  const noteMenu = useCallback((isOpen: boolean) => onMenu(key, isOpen), [onMenu, key]);
  switch (row.kind) {
    case "day":
      return (
        <div className="row day">
          <span>{times.day(row.unixMs)}</span>
        </div>
      );
    case "unread":
      return (
        <div className="row new-line" data-unread="">
          <span>{texts.newLine}</span>
        </div>
      );
    case "withheld":
      return (
        <div className="row new-line">
          <span>{texts.withheld(row.count, cleanText(row.from ?? texts.server))}</span>
        </div>
      );
    case "item":
      if (!isMessage(row.item)) return <EventText row={row} isShown={isShown} />;
      return (
        <MenuStateContext value={noteMenu}>
          <Message row={row} actions={actions} isShown={isShown} />
        </MenuStateContext>
      );
    default:
      return <Pending row={row} actions={actions} />;
  }
});

interface Kept {
  readonly rows: readonly Row[];
  /** Whether rows were added or removed before those that stay. */
  readonly isShifted: boolean;
}

/**
 * Renders rows added before and rows added after in two steps: the list keeps its position from the
 * end when rows are added before, and from the start otherwise.
 */
function useStaged(rows: readonly Row[]): Kept {
  const last = useRef<Kept>({ rows: [], isShifted: false });
  const [, again] = useState(0);
  const before = last.current;
  if (before.rows !== rows) last.current = stage(before.rows, rows);
  const { current } = last;
  useLayoutEffect(() => {
    if (current.rows.length !== rows.length) again((n) => n + 1);
    else if (current.isShifted) last.current = { rows: current.rows, isShifted: false };
  });
  return current;
}

function stage(before: readonly Row[], rows: readonly Row[]): Kept {
  const first = before.findIndex(({ kind }) => kind === "item");
  // Usually rows were only added at the end.
  if (before[first]?.key === rows[first]?.key) return { rows, isShifted: false };
  const [anchor, at] = anchorOf(before, first, rows);
  if (anchor < 0) return { rows, isShifted: false };
  const moved = at - anchor;
  if (moved === 0) return { rows, isShifted: false };
  const end = before.length + moved;
  if (end <= rows.length)
    return { rows: end < rows.length ? rows.slice(0, end) : rows, isShifted: true };
  // Rows dropped at the end, to limit the total, are removed in the second step.
  return { rows: [...rows.slice(0, at), ...before.slice(anchor)], isShifted: true };
}

/** First row of both lists that has the same item, with its old and new index. */
function anchorOf(
  before: readonly Row[],
  first: number,
  rows: readonly Row[],
): readonly [was: number, is: number] {
  // Usually a whole page was added before, or removed.
  const is = rows.findIndex(({ key }) => key === before[first]?.key);
  if (first >= 0 && is >= 0) return [first, is];
  const index = new Map(rows.map(({ key }, i) => [key, i]));
  const was = before.findIndex(({ key, kind }) => kind === "item" && index.has(key));
  return [was, index.get(before[was]?.key ?? "") ?? was];
}

/** A row to scroll to: by key, since rows added before it change its index. */
interface Aim {
  readonly key: string;
  readonly how: ScrollToIndexOpts;
}

/** Whether rows were only appended; each is then measured and followed. */
function isLonger(rows: readonly Row[], before: readonly Row[]): boolean {
  const last = before.length - 1;
  const isHere = rows[0]?.key === before[0]?.key && rows[last]?.key === before[last]?.key;
  return last >= 0 && isHere && rows.length > before.length;
}

interface Place {
  readonly list: RefObject<VListHandle | null>;
  /** At the newest message, and following it. */
  readonly isStuck: RefObject<boolean>;
  /** A menu is open: its message keeps its position, and the list does not follow new messages. */
  readonly isHeld: RefObject<boolean>;
  readonly aim: RefObject<Aim | undefined>;
  /** Time of the user's last scrolling input. */
  readonly handMs: RefObject<number>;
}

/**
 * Keeps the position: at the newest message, where the user reads, or where they jumped to. A jump
 * target holds until the user scrolls: more is loaded near an end, and the list, which scrolls to
 * an index rather than a row, would stay at that end.
 */
function usePlace(rows: readonly Row[], shown: Rows, jumps: number): Place {
  const list = useRef<VListHandle>(null);
  const isStuck = useRef(true);
  const isHeld = useRef(false);
  const isBegun = useRef(false);
  const jumped = useRef(0);
  const bottoms = useRef(shown.bottoms);
  const aim = useRef<Aim>(undefined);
  const aimedIn = useRef<readonly Row[]>(undefined);
  const placed = useRef<readonly Row[]>([]);
  const handMs = useRef(Number.NEGATIVE_INFINITY);
  const lastIndex = rows.length - 1;
  useLayoutEffect(() => {
    const handle = list.current;
    const { shownKey } = shown;
    const isFollowing = isStuck.current && isLonger(rows, placed.current);
    placed.current = rows;
    if (bottoms.current !== shown.bottoms) {
      bottoms.current = shown.bottoms;
      isStuck.current = true;
      aim.current = undefined;
    }
    if (handle === null || lastIndex < 0) return;
    if (jumps !== jumped.current && rows.some(({ key }) => key === shownKey)) {
      jumped.current = jumps;
      isBegun.current = true;
      isStuck.current = false;
      aim.current = { key: shownKey ?? "", how: { align: "center" } };
      aimedIn.current = undefined;
    }
    if (!isBegun.current) {
      isBegun.current = true;
      const isUnread = rows.some(({ kind }) => kind === "unread");
      isStuck.current = !isUnread;
      if (isUnread) aim.current = { key: "unread", how: { align: "start", offset: -STICK_PX } };
    }
    if (aim.current !== undefined && aimedIn.current !== rows) {
      const { key, how } = aim.current;
      const at = rows.findIndex((row) => row.key === key);
      if (at >= 0) handle.scrollToIndex(at, how);
      aimedIn.current = rows;
    }
    // Each scroll makes the browser lay out all new rows: not twice in a frame.
    if (isStuck.current && !shown.hasNewer && !isFollowing)
      handle.scrollToIndex(lastIndex, { align: "end" });
  });
  return { list, isStuck, isHeld, aim, handMs };
}

/** Whether the list is still scrolling to a row that is not visible yet. */
function isUnderWay(handle: VListHandle, rows: readonly Row[], aim: Aim | undefined): boolean {
  const at = aim === undefined ? -1 : rows.findIndex(({ key }) => key === aim.key);
  if (at < 0) return false;
  const offset = handle.getItemOffset(at);
  return offset < handle.scrollOffset || offset > handle.scrollOffset + handle.viewportSize;
}

/** Newest rows that are printed: about 100 sheets, drawn in about a second. */
const PRINTED_ROWS_MAX = 2_000;

class AllUnfolded extends Unfolded {
  override has(): boolean {
    return true;
  }

  override set(): void {}
}

const IGNORED: OnMenu = () => undefined;

/** All loaded rows, while printing: the list itself renders only visible ones. */
function Printed({ rows, actions }: Pick<RowViewProps, "actions"> & { rows: readonly Row[] }) {
  const [isPrinting, setPrinting] = useState(false);
  useEffect(() => {
    // At once: the browser prints the current state.
    const change = ({ type }: Event) => flushSync(() => setPrinting(type === "beforeprint"));
    return listen(window, "beforeprint afterprint", change);
  }, []);
  if (!isPrinting) return null;
  const whole = { ...actions, unfolded: new AllUnfolded() };
  return (
    <div className="printed">
      {rows.slice(-PRINTED_ROWS_MAX).map((row) => (
        <RowView key={row.key} row={row} actions={whole} isShown={false} onMenu={IGNORED} />
      ))}
    </div>
  );
}

export interface TimelineProps {
  readonly rows: Rows;
  readonly actions: MessageActions;
  /** Increments with each jump to a message. */
  readonly jumps: number;
}

/**
 * Hides the first row's date while older rows are missing: its day may start earlier. Older rows
 * are then added before everything, so that nothing in view moves.
 */
function useBeginning({ rows, hasOlder }: Rows): readonly Row[] {
  return useMemo(
    () => (hasOlder && rows[0]?.kind === "day" ? rows.slice(1) : rows),
    [rows, hasOlder],
  );
}

/** Count and first of others' messages after the last one that the user has seen. */
function freshIn(rows: readonly Row[], seenSeq: number): { count: number; first: number } {
  const fresh = { count: 0, first: -1 };
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i];
    if (row?.kind !== "item") continue;
    if (row.item.seq <= seenSeq) break;
    if (row.item.isMine || !isMessage(row.item)) continue;
    fresh.count++;
    fresh.first = i;
  }
  return fresh;
}

/** Seq of the newest message, or of the last read one, when the room was opened. */
function seenAtOpening(rows: readonly Row[]): number {
  const unread = rows.findIndex(({ kind }) => kind === "unread");
  const last = rows.findLast(({ kind }, i) => kind === "item" && (unread < 0 || i < unread));
  return last?.kind === "item" ? last.item.seq : 0;
}

/** Reacts to the visible range: loads more near an end, and marks visible messages as read. */
function useLook(
  rows: readonly Row[],
  { hasOlder, hasNewer, loading }: Rows,
  { list, isStuck, isHeld, aim }: Place,
) {
  const { chat } = usePage();
  const [isAway, setAway] = useState(false);
  const [fresh, setFresh] = useState(0);
  const seen = useRef(0);
  const looked = useRef<number>(undefined);
  const isFocused = useFact((model) => model.isFocused);
  const look = useCallback(() => {
    const handle = list.current;
    if (handle === null || handle.viewportSize === 0) return;
    const { scrollOffset, viewportSize, scrollSize } = handle;
    const below = scrollSize - viewportSize - scrollOffset;
    if (below <= STICK_PX && !isHeld.current && !isUnderWay(handle, rows, aim.current)) {
      isStuck.current = true;
      aim.current = undefined;
    }
    chat.setAtNewest(isStuck.current && !hasNewer);
    setAway(below > viewportSize || hasNewer);
    if (loading === undefined) {
      if (scrollOffset < REACH_PX && hasOlder) chat.loadMore("older");
      if (below < REACH_PX && hasNewer) chat.loadMore("newer");
    }
    const lowest = rows[handle.findItemIndex(scrollOffset + viewportSize - STICK_PX / 2)];
    const last = below <= STICK_PX ? rows.findLast(({ kind }) => kind === "item") : lowest;
    looked.current ??= seenAtOpening(rows);
    if (last?.kind === "item") looked.current = Math.max(looked.current, last.item.seq);
    setFresh(hasNewer || isStuck.current ? 0 : freshIn(rows, looked.current).count);
    if (last?.kind !== "item" || !isFocused || last.item.seq <= seen.current) return;
    seen.current = last.item.seq;
    chat.markReadUpTo(last.item.seq);
  }, [chat, rows, hasOlder, hasNewer, loading, isFocused, list, isStuck, isHeld, aim]);
  useEffect(look);
  useEffect(() => () => chat.setAtNewest(false), [chat]);
  const toFresh = () => {
    const at = freshIn(rows, looked.current ?? 0).first;
    const row = rows[at];
    if (row === undefined) return;
    aim.current = { key: row.key, how: { align: "start", offset: -STICK_PX } };
    list.current?.scrollToIndex(at, aim.current.how);
  };
  return { look, toFresh, isAway: isAway || fresh > 0, fresh };
}

/** Range of rows drawn around the view; the list itself draws one side while scrolling. */
interface Around {
  /** Key of the first row: the range is invalid if another row is added before it. */
  readonly key: string | undefined;
  readonly from: number;
  readonly to: number;
  readonly places: readonly number[];
}

const NOWHERE: Around = { key: undefined, from: 0, to: -1, places: [] };
/** Margin per side, so that the range need not change at each step. */
const MORE_PX = 400;

function around(rows: readonly Row[], handle: VListHandle, before: Around): Around {
  const { scrollOffset, viewportSize } = handle;
  const key = rows[0]?.key;
  const from = handle.findItemIndex(Math.max(0, scrollOffset - DRAWN_PX));
  const to = handle.findItemIndex(scrollOffset + viewportSize + DRAWN_PX);
  if (before.key === key && before.from <= from && before.to >= to) return before;
  const first = handle.findItemIndex(Math.max(0, scrollOffset - DRAWN_PX - MORE_PX));
  const last = handle.findItemIndex(scrollOffset + viewportSize + DRAWN_PX + MORE_PX);
  const places = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return { key, from: first, to: last, places };
}

/**
 * Key of the row whose menu is open. The row keeps its position and stays mounted until the menu
 * closes; the list then returns to the newest message if it was there.
 */
function useMenuKey({ isStuck, isHeld }: Place) {
  const [menuKey, setMenuKey] = useState<string>();
  const wasStuck = useRef(false);
  const onMenu: OnMenu = useCallback(
    (key, isOpen) => {
      setMenuKey((before) => (isOpen ? key : before === key ? undefined : before));
      if (isOpen) wasStuck.current = isStuck.current;
      isStuck.current = !isOpen && wasStuck.current;
      isHeld.current = isOpen;
    },
    [isStuck, isHeld],
  );
  return { menuKey, onMenu };
}

function useAround(rows: readonly Row[], { list, isStuck }: Place, menuKey: string | undefined) {
  const [drawn, setDrawn] = useState(NOWHERE);
  // Only now does the list know its offset, also after rows were added before.
  const scrolled = () => {
    const handle = list.current;
    if (handle === null) return;
    setDrawn((before) => (isStuck.current ? NOWHERE : around(rows, handle, before)));
  };
  const places = drawn.key === rows[0]?.key ? drawn.places : NOWHERE.places;
  // Always draw the last row while following, so that it is measured, whatever offset the list
  // assumes.
  const last = isStuck.current ? rows.length - 1 : -1;
  const menuAt = menuKey === undefined ? -1 : rows.findIndex(({ key }) => key === menuKey);
  const all = useMemo(
    () => [...places, ...[last, menuAt].filter((at) => at >= 0)],
    [places, last, menuAt],
  );
  const aheadPx = last >= 0 && places === NOWHERE.places ? DRAWN_AT_END_PX : DRAWN_PX;
  return { places: all, aheadPx, scrolled };
}

/** Elements kept in each of two generations. */
const KEPT_ELEMENTS = 200;

/**
 * Reuses the element of an unchanged row, so that the list only draws changed rows. Only for
 * recently drawn rows, since an element retains everything drawn for it.
 */
function useElements(actions: MessageActions, shownKey: string | undefined, onMenu: OnMenu) {
  return useMemo(() => {
    let [late, former] = [new Map<Row, ReactElement>(), new Map<Row, ReactElement>()];
    return (row: Row): ReactElement => {
      const { key } = row;
      const element = late.get(row) ?? former.get(row) ?? (
        <RowView key={key} row={row} actions={actions} isShown={key === shownKey} onMenu={onMenu} />
      );
      if (late.size >= KEPT_ELEMENTS) [late, former] = [new Map(), late];
      late.set(row, element);
      return element;
    };
  }, [actions, shownKey, onMenu]);
}

/** Passive: otherwise the browser waits for the page before each scroll step. */
function useWheel(section: RefObject<HTMLElement | null>, { list, aim, handMs }: Place): void {
  useEffect(() => {
    const turn = (event: WheelEvent) => {
      aim.current = undefined;
      handMs.current = performance.now();
      const isBeside = !(event.target as Element).closest(".list");
      if (isBeside) list.current?.scrollBy(wheelPx(event, list.current.viewportSize));
    };
    const drag = () => {
      handMs.current = performance.now();
    };
    const ends = [
      listen(section.current, "wheel", turn, { passive: true }),
      listen(section.current, "touchmove", drag, { passive: true }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [section, list, aim, handMs]);
}

export const Timeline = memo(function Timeline({ rows: shown, actions, jumps }: TimelineProps) {
  const { chat } = usePage();
  const texts = useTexts();
  const { rows, isShifted } = useStaged(useBeginning(shown));
  const place = usePlace(rows, shown, jumps);
  const { menuKey, onMenu } = useMenuKey(place);
  const { places, aheadPx, scrolled } = useAround(rows, place, menuKey);
  const { look, toFresh, isAway, fresh } = useLook(rows, shown, place);
  const elementOf = useElements(actions, shown.shownKey, onMenu);
  const { list, isStuck, aim, handMs } = place;
  const letGo = () => {
    aim.current = undefined;
    handMs.current = performance.now();
  };
  const section = useRef<HTMLElement>(null);
  useWheel(section, place);
  const keepFocus = useKeptFocus(section);
  const { hasNewer, loading } = shown;
  const offset = useRef(0);
  const end = useRef(0);
  const onScroll = (now: number) => {
    const endNow = endOf(section.current);
    if (now < offset.current - 1) {
      // The browser scrolls by itself if a row shrinks or the list grows: the user has not left the
      // newest message.
      const isByHand = performance.now() - handMs.current < HAND_MS;
      if (isByHand || endNow === end.current) isStuck.current = false;
      else if (isStuck.current && !hasNewer)
        list.current?.scrollToIndex(rows.length - 1, { align: "end" });
    }
    offset.current = now;
    end.current = endNow;
    look(); // Before the range is chosen: it may be at the end again.
    scrolled();
  };
  const onResize = () => {
    if (isStuck.current && !hasNewer)
      list.current?.scrollToIndex(rows.length - 1, { align: "end" });
    look(); // Its height is known now.
  };
  return (
    <section
      ref={section}
      className="timeline"
      aria-label={texts.messagesOf(actions.target)}
      onKeyDown={(event) => {
        letGo();
        walk(event);
      }}
      onPointerDown={letGo}
      // Capture phase: the button's own handler may change its label.
      onClickCapture={({ target }) => {
        const button = (target as Element).closest(".fold-button");
        if (button === null) return;
        // The user continues reading where the text was folded, not at its end.
        isStuck.current = false;
        const at = foldedAbove(rows, button);
        if (at < 0) return;
        requestAnimationFrame(() => list.current?.scrollToIndex(at, { align: "start" }));
      }}
    >
      {loading?.side === "older" ? (
        <p className="loading" role="status">
          {texts.loadingOlder}
        </p>
      ) : null}
      <VList
        ref={list}
        data={rows}
        shift={isShifted}
        bufferSize={aheadPx}
        keepMounted={places}
        onScroll={onScroll}
        onScrollEnd={() => {
          scrolled();
          keepFocus();
        }}
        onResize={onResize}
        className="list"
        tabIndex={0}
        role="group"
        aria-label={texts.messages}
      >
        {elementOf}
      </VList>
      <Printed rows={rows} actions={actions} />
      {isAway ? (
        <div className="newest">
          {fresh > 0 ? <Button onClick={toFresh}>{texts.unreadBelow(fresh)}</Button> : null}
          <Button onClick={() => chat.scrollToBottom()}>{texts.newest}</Button>
        </div>
      ) : null}
    </section>
  );
});

/** Maximum scroll offset, from the DOM: the list learns its own height later. */
function endOf(section: HTMLElement | null): number {
  const list = section?.querySelector(".list");
  return list ? list.scrollHeight - list.clientHeight : 0;
}

/**
 * Index of the row being folded, if its start is out of view: otherwise the view would lose it. -1
 * if none.
 */
function foldedAbove(rows: readonly Row[], button: Element): number {
  const article = button.closest<HTMLElement>("article");
  const listTop = article?.closest(".list")?.getBoundingClientRect().top ?? 0;
  const isOpen = button.getAttribute("aria-expanded") === "true";
  if (article === null || !isOpen || article.getBoundingClientRect().top >= listTop) return -1;
  const { seq } = article.dataset;
  return rows.findIndex((row) => row.kind === "item" && `${row.item.seq}` === seq);
}

/** Pixels of a wheel event over an overlay, such as the button to the newest message. */
function wheelPx({ deltaY, deltaMode }: WheelEvent, viewportPx: number): number {
  const LINE_PX = 40; // As browsers scroll per line.
  if (deltaMode === 1) return deltaY * LINE_PX;
  return deltaMode === 2 ? deltaY * viewportPx : deltaY;
}

/** Arrow keys move between messages; Enter opens the toolbar of one. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const target: unknown = event.target;
  if (!(target instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey) return;
  const message = target.closest<HTMLElement>("article");
  const isItself = message === target;
  if (isItself && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    message.querySelector<HTMLElement>(".tools-more")?.click();
    return;
  }
  if (message === null && !target.matches(".list")) return;
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("article")];
  const at = message === null ? -1 : all.indexOf(message);
  const next = rove(event.key, at, all.length);
  if (next === undefined) return;
  event.preventDefault();
  all[next]?.focus();
  all[next]?.scrollIntoView({ block: "nearest" });
}
