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
import { isWords } from "../../../core/model/item.ts";
import type { Row, Rows } from "../../../core/model/rows.ts";
import { rove } from "../../input/keys.ts";
import { useFact, usePage, useTexts } from "../shell/context.tsx";
import { MenuStateContext } from "../shell/menu.tsx";
import { Unfolded } from "../words/fold.tsx";
import { useKeptFocus } from "./kept-focus.ts";
import { EventText, Message, Pending } from "./message.tsx";
import type { MessageActions } from "./message-actions.ts";

/** Nearer to an end than this, more is asked for. */
const REACH_PX = 800;
/**
 * Rows are drawn so far above and below what is seen: a row's height is known only when it is
 * drawn, and what is measured when it is seen already moves what stands below it.
 */
const DRAWN_PX = 600;
/** Where the newest is followed, the first step away from it is shorter. */
const DRAWN_AT_END_PX = 400;
/** Within this distance of the newest message the timeline follows it. */
const STICK_PX = 40;
/** What moves so soon after a wheel, a finger or a key was moved by it; a flick runs on. */
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
      if (!isWords(row.item)) return <EventText row={row} isShown={isShown} />;
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
  /** Rows were put before, or taken from, those that stay. */
  readonly isShifted: boolean;
}

/**
 * What came before and what came behind are shown one after the other: the list keeps its place by
 * its end when something is put before, and by its beginning otherwise.
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
  // Mostly something came behind, and nothing has moved.
  if (before[first]?.key === rows[first]?.key) return { rows, isShifted: false };
  const [anchor, at] = anchorOf(before, first, rows);
  if (anchor < 0) return { rows, isShifted: false };
  const moved = at - anchor;
  if (moved === 0) return { rows, isShifted: false };
  const end = before.length + moved;
  if (end <= rows.length)
    return { rows: end < rows.length ? rows.slice(0, end) : rows, isShifted: true };
  // What goes at the end, since too much was put before, goes after that.
  return { rows: [...rows.slice(0, at), ...before.slice(anchor)], isShifted: true };
}

/** The first row of an item that is in both: where it was, and is. */
function anchorOf(
  before: readonly Row[],
  first: number,
  rows: readonly Row[],
): readonly [was: number, is: number] {
  // Mostly a page came before all of them, or went.
  const is = rows.findIndex(({ key }) => key === before[first]?.key);
  if (first >= 0 && is >= 0) return [first, is];
  const index = new Map(rows.map(({ key }, i) => [key, i]));
  const was = before.findIndex(({ key, kind }) => kind === "item" && index.has(key));
  return [was, index.get(before[was]?.key ?? "") ?? was];
}

/** A row to be seen, and where: by its key, since rows that are put before it move its index. */
interface Aim {
  readonly key: string;
  readonly how: ScrollToIndexOpts;
}

/** Some came behind, and nothing else has changed: each of them is measured, and followed then. */
function isLonger(rows: readonly Row[], before: readonly Row[]): boolean {
  const last = before.length - 1;
  const isHere = rows[0]?.key === before[0]?.key && rows[last]?.key === before[last]?.key;
  return last >= 0 && isHere && rows.length > before.length;
}

interface Place {
  readonly list: RefObject<VListHandle | null>;
  /** At the newest, and stays there. */
  readonly isStuck: RefObject<boolean>;
  /** A menu is open: its message stays where it is, and the list does not follow the newest. */
  readonly isHeld: RefObject<boolean>;
  readonly aim: RefObject<Aim | undefined>;
  /** When the user last did something that scrolls. */
  readonly handMs: RefObject<number>;
}

/**
 * Keeps the place: at the newest, where the user reads, or where they have jumped to. The last
 * holds until they scroll by themselves: near an end more is fetched, and the list, which scrolls
 * to an index and not to a row, would stay at that end.
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
    // The browser lays out all that is new for each scroll: not twice in a frame.
    if (isStuck.current && !shown.hasNewer && !isFollowing)
      handle.scrollToIndex(lastIndex, { align: "end" });
  });
  return { list, isStuck, isHeld, aim, handMs };
}

/** Whether the list is on its way to a row that it does not show yet. */
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

/** All rows that are loaded, while the browser prints: the list draws only what is seen. */
function Printed({ rows, actions }: Pick<RowViewProps, "actions"> & { rows: readonly Row[] }) {
  const [isPrinting, setPrinting] = useState(false);
  useEffect(() => {
    const begin = () => flushSync(() => setPrinting(true)); // The browser takes what is there now.
    const end = () => setPrinting(false);
    addEventListener("beforeprint", begin);
    addEventListener("afterprint", end);
    return () => {
      removeEventListener("beforeprint", begin);
      removeEventListener("afterprint", end);
    };
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
  /** Counted up each time the user asks to see one message. */
  readonly jumps: number;
}

/**
 * The day of the first row is not known to begin there while older rows are missing; and what is
 * put before is put before everything then, so that nothing that is read moves.
 */
function useBeginning({ rows, hasOlder }: Rows): readonly Row[] {
  return useMemo(
    () => (hasOlder && rows[0]?.kind === "day" ? rows.slice(1) : rows),
    [rows, hasOlder],
  );
}

/** Messages of others after the last one that the user has seen: how many, and the first. */
function freshIn(rows: readonly Row[], seenSeq: number): { count: number; first: number } {
  const fresh = { count: 0, first: -1 };
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i];
    if (row?.kind !== "item") continue;
    if (row.item.seq <= seenSeq) break;
    if (row.item.isMine || !isWords(row.item)) continue;
    fresh.count++;
    fresh.first = i;
  }
  return fresh;
}

/** The newest there was when the room was opened, or the last that was read then. */
function seenAtOpening(rows: readonly Row[]): number {
  const unread = rows.findIndex(({ kind }) => kind === "unread");
  const last = rows.findLast(({ kind }, i) => kind === "item" && (unread < 0 || i < unread));
  return last?.kind === "item" ? last.item.seq : 0;
}

/** Acts on what is on the screen: loads more near an end, and marks what was seen as read. */
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
    chat.atNewest(isStuck.current && !hasNewer);
    setAway(below > viewportSize || hasNewer);
    if (loading === undefined) {
      if (scrollOffset < REACH_PX && hasOlder) chat.reach("older");
      if (below < REACH_PX && hasNewer) chat.reach("newer");
    }
    const lowest = rows[handle.findItemIndex(scrollOffset + viewportSize - STICK_PX / 2)];
    const last = below <= STICK_PX ? rows.findLast(({ kind }) => kind === "item") : lowest;
    looked.current ??= seenAtOpening(rows);
    if (last?.kind === "item") looked.current = Math.max(looked.current, last.item.seq);
    setFresh(hasNewer || isStuck.current ? 0 : freshIn(rows, looked.current).count);
    if (last?.kind !== "item" || !isFocused || last.item.seq <= seen.current) return;
    seen.current = last.item.seq;
    chat.seen(last.item.seq);
  }, [chat, rows, hasOlder, hasNewer, loading, isFocused, list, isStuck, isHeld, aim]);
  useEffect(look);
  useEffect(() => () => chat.atNewest(false), [chat]);
  const toFresh = () => {
    const at = freshIn(rows, looked.current ?? 0).first;
    const row = rows[at];
    if (row === undefined) return;
    aim.current = { key: row.key, how: { align: "start", offset: -STICK_PX } };
    list.current?.scrollToIndex(at, aim.current.how);
  };
  return { look, toFresh, isAway: isAway || fresh > 0, fresh };
}

/** Rows that are drawn on both sides of what is seen: while one scrolls, the list has one side. */
interface Around {
  /** Of the first row of all: where another one is put before it, they have other places. */
  readonly key: string | undefined;
  readonly from: number;
  readonly to: number;
  readonly places: readonly number[];
}

const NOWHERE: Around = { key: undefined, from: 0, to: -1, places: [] };
/** So much more, on each side, than must be: they are not chosen anew at each step. */
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
 * Key of the row whose menu is open. The row stays in its place and mounted until the menu closes;
 * then the list goes back to the newest message if it was there.
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
  // Only then the list knows where it is, also behind what was put before.
  const scrolled = () => {
    const handle = list.current;
    if (handle === null) return;
    setDrawn((before) => (isStuck.current ? NOWHERE : around(rows, handle, before)));
  };
  const places = drawn.key === rows[0]?.key ? drawn.places : NOWHERE.places;
  // Where the end is followed it is drawn, wherever the list thinks that it is: so it is measured.
  const last = isStuck.current ? rows.length - 1 : -1;
  const menuAt = menuKey === undefined ? -1 : rows.findIndex(({ key }) => key === menuKey);
  const all = useMemo(
    () => [...places, ...[last, menuAt].filter((at) => at >= 0)],
    [places, last, menuAt],
  );
  const aheadPx = last >= 0 && places === NOWHERE.places ? DRAWN_AT_END_PX : DRAWN_PX;
  return { places: all, aheadPx, scrolled };
}

/** So many elements are kept, and as many again. */
const KEPT_ELEMENTS = 200;

/**
 * The same element for the same row: the list draws only what is another one than before. Only of
 * rows that were drawn of late, since with an element all is held that was drawn of it.
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

/** Passive: a browser that may be told not to scroll asks the page before each step. */
function useWheel(section: RefObject<HTMLElement | null>, { list, aim, handMs }: Place): void {
  useEffect(() => {
    const { current: element } = section;
    const turn = (event: WheelEvent) => {
      aim.current = undefined;
      handMs.current = performance.now();
      const isBeside = !(event.target as Element).closest(".list");
      if (isBeside) list.current?.scrollBy(wheelPx(event, list.current.viewportSize));
    };
    const drag = () => {
      handMs.current = performance.now();
    };
    element?.addEventListener("wheel", turn, { passive: true });
    element?.addEventListener("touchmove", drag, { passive: true });
    return () => {
      element?.removeEventListener("wheel", turn);
      element?.removeEventListener("touchmove", drag);
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
      // Where a row became smaller, or the list larger, the browser scrolls by itself: nobody has
      // left the newest.
      const isByHand = performance.now() - handMs.current < HAND_MS;
      if (isByHand || endNow === end.current) isStuck.current = false;
      else if (isStuck.current && !hasNewer)
        list.current?.scrollToIndex(rows.length - 1, { align: "end" });
    }
    offset.current = now;
    end.current = endNow;
    look(); // Before it is chosen what is drawn: it may be at the newest again.
    scrolled();
  };
  const onResize = () => {
    if (isStuck.current && !hasNewer)
      list.current?.scrollToIndex(rows.length - 1, { align: "end" });
    look(); // Its height is known now: before, nothing of it was seen.
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
      // Before the button's own: by then it may say what it will do next.
      onClickCapture={({ target }) => {
        const button = (target as Element).closest(".fold-button");
        if (button === null) return;
        // The user goes on reading where the text was folded, not at its end.
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
          {fresh > 0 ? (
            <button type="button" className="button" onClick={toFresh}>
              {texts.unreadBelow(fresh)}
            </button>
          ) : null}
          <button type="button" className="button" onClick={() => chat.bottom()}>
            {texts.newest}
          </button>
        </div>
      ) : null}
    </section>
  );
});

/** How far the list can be scrolled. It hears of its own height later than it is scrolled. */
function endOf(section: HTMLElement | null): number {
  const list = section?.querySelector(".list");
  return list ? list.scrollHeight - list.clientHeight : 0;
}

/** The row that is being folded, if its beginning is out of sight: else all of it would be. */
function foldedAbove(rows: readonly Row[], button: Element): number {
  const article = button.closest<HTMLElement>("article");
  const listTop = article?.closest(".list")?.getBoundingClientRect().top ?? 0;
  const isOpen = button.getAttribute("aria-expanded") === "true";
  if (article === null || !isOpen || article.getBoundingClientRect().top >= listTop) return -1;
  const { seq } = article.dataset;
  return rows.findIndex((row) => row.kind === "item" && `${row.item.seq}` === seq);
}

/** What lies over the list, like the button to the newest, is no part of it: it scrolls with it. */
function wheelPx({ deltaY, deltaMode }: WheelEvent, viewportPx: number): number {
  const LINE_PX = 40; // As browsers scroll for one.
  if (deltaMode === 1) return deltaY * LINE_PX;
  return deltaMode === 2 ? deltaY * viewportPx : deltaY;
}

/** Up and down from message to message; Enter opens what can be done with it. */
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
