/** Rows of a timeline, as drawn by a view. */

import { DAY_MS } from "../../base/time.ts";
import { MESSAGE_KINDS } from "../../wire/kinds.ts";
import type { PostBody } from "../../wire/messages.ts";
import { indexOfSeq, isHiddenEvent, isMessage, isSameName, itemAt } from "./item.ts";
import { isEmptySum, isMembership, membershipSum } from "./membership.ts";
import { isUnreadFollow } from "./room.ts";
import type { MessageSpan } from "./seen.ts";
import { isIgnored, openRoom } from "./selectors.ts";
import type {
  Item,
  ItemRange,
  Model,
  PageRequest,
  PendingPost,
  ReadingPlace,
  RoomState,
  ThreadState,
  WaitingView,
} from "./state.ts";
import { isHiddenWork, withoutIgnored } from "./unignored.ts";

/** `key` is stable across updates. */
export type Row =
  | { readonly kind: "day"; readonly key: string; readonly unixMs: number }
  | { readonly kind: "unread"; readonly key: string }
  /** Number of earlier messages by the next item's author that did not arrive. */
  | {
      readonly kind: "withheld";
      readonly key: string;
      readonly count: number;
      readonly from: string | undefined;
    }
  | {
      readonly kind: "item";
      readonly key: string;
      readonly item: Item;
      /** Earlier joins, departures, invitations or unreadable messages in the row. */
      readonly earlier: readonly Item[];
      readonly isGrouped: boolean;
      /** Seq of the message that is quoted, and the message if it is loaded. */
      readonly re: number | undefined;
      readonly answers: Item | undefined;
      readonly isPinned: boolean;
      /** `undefined` while newer messages, which may be replies, are not loaded. */
      readonly replies: Item["replies"];
      readonly hasUnreadReplies: boolean;
    }
  | {
      readonly kind: "pending";
      readonly key: string;
      readonly post: PendingPost;
      readonly isGrouped: boolean;
      readonly re: number | undefined;
      readonly answers: Item | undefined;
    }
  /** Behind the pending posts, because its post follows when its files are complete. */
  | {
      readonly kind: "waiting";
      readonly key: string;
      readonly message: WaitingView;
      readonly isGrouped: boolean;
      readonly re: number | undefined;
      readonly answers: Item | undefined;
    };

/** Key of the post or message of a row that the server has not recorded. */
export function unsentKey(row: Row): string | undefined {
  if (row.kind === "pending") return row.post.key;
  return row.kind === "waiting" ? row.message.key : undefined;
}

export interface Rows {
  readonly rows: readonly Row[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly loading: PageRequest | undefined;
  readonly shownKey: string | undefined;
  readonly bottoms: number;
}

const GROUPED_WITHIN_MS = 5 * 60_000;
const INVITED_ROW_MS = 60 * 60_000;
const INVITED_ROW_MAX = 30;
const HANDS_ROW_MAX = 60;
const NONE: readonly Item[] = [];
const NO_PINS: readonly number[] = [];
const NO_ITEMS: ItemRange = { items: [], hasOlder: false, hasNewer: false };

interface RowInputs {
  readonly range: ItemRange;
  readonly thread: number | undefined;
  readonly openThread: number | undefined;
  readonly readTo: number | undefined;
  readonly loading: PageRequest | undefined;
  readonly shown: number | undefined;
  readonly bottoms: number;
  readonly pins: RoomState["pins"];
  readonly open: string | undefined;
  readonly pending: Model["pending"];
  readonly waiting: Model["waiting"];
  readonly follows: Model["follows"];
  readonly ignored: Model["ignored"];
  readonly hidesMembership: boolean;
}

type Offset = (unixMs: number) => number;

interface RowOptions {
  /** Root of the thread that the rows show. */
  readonly thread: number | undefined;
  readonly openThread: number | undefined;
  readonly follows: Model["follows"];
  readonly readTo: number | undefined;
  readonly ignored: Model["ignored"];
  readonly pins: RoomState["pins"];
  readonly hidesMembership: boolean;
  readonly hasNewer: boolean;
  readonly offsetMinutes: Offset;
}

/** Joins, departures and removals between two messages. Their row is that of the last of them. */
interface MembershipRun {
  readonly items: readonly Item[];
  /** Index of the last item; `undefined` if joins and departures cancel out. */
  readonly last: number | undefined;
  /** Index at which the run ends. */
  readonly end: number;
}

interface RowsState extends RowOptions {
  readonly items: readonly Item[];
  rows: Row[];
  /** Days that have a row. A day can occur twice if a clock was set back. */
  days: Set<string>;
  isOrdered: boolean;
  readonly startsUnread: boolean;
  isMarked: boolean;
  day: number;
  last: Item | undefined;
  folded: readonly Item[];
  isFoldedGrouped: boolean;
  run: MembershipRun | undefined;
}

/**
 * Builds the rows for one UI and reuses unchanged row objects. Appending and prepending cost time
 * proportional to the number of new items, because a busy room changes in every frame.
 */
export class RowBuilder {
  #last: (RowInputs & { readonly rows: Rows }) | undefined;
  #state: RowsState | undefined;
  #pending: ReadonlyMap<string, Row> = new Map();

  /**
   * @param offsetMinutes returns the minutes by which local time is ahead of UTC at a given time
   * @param hidesMembership true to omit joins and leaves
   * @param inThread true for the rows of the open thread
   */
  rowsOf(model: Model, offsetMinutes: Offset, hidesMembership = false, inThread = false): Rows {
    const room = openRoom(model);
    const { open, pending, waiting, ignored, follows } = model;
    const thread = inThread ? room?.thread : undefined;
    const range = thread ?? room?.jump ?? room?.tail ?? NO_ITEMS;
    const { pins = NO_PINS, jumpSeq: shown } = room ?? {};
    const { bottomRequests: bottoms = 0 } = thread ?? room ?? {};
    const inputs: RowInputs = {
      range,
      thread: thread?.root,
      openThread: room?.thread?.root,
      readTo: thread === undefined ? room?.readAtOpening : readPositionOf(thread),
      pins,
      loading: thread === undefined ? room?.loading : threadLoading(thread),
      shown,
      bottoms,
      open,
      pending,
      waiting,
      follows,
      ignored,
      hidesMembership,
    };
    const last = this.#last;
    // Many room changes, such as typing and read positions, do not affect its rows.
    if (last !== undefined && hasSameInputs(last, inputs)) return last.rows;
    const rows = this.#build(model, inputs, offsetMinutes);
    this.#last = { ...inputs, rows };
    return rows;
  }

  #build(model: Model, inputs: RowInputs, offsetMinutes: Offset): Rows {
    const { range, readTo, pins, ignored, hidesMembership, shown, loading, bottoms } = inputs;
    const { hasOlder, hasNewer } = range;
    const { thread, openThread, follows } = inputs;
    const options = {
      thread,
      openThread,
      follows,
      readTo,
      pins,
      ignored,
      hidesMembership,
      hasNewer,
      offsetMinutes,
    };
    const state = buildRows(range.items, options, this.#state);
    this.#state = state;
    const pending = new Map<string, Row>();
    if (!hasNewer) addPending(model, range, state, this.#pending, pending);
    this.#pending = pending;
    const rows = pending.size === 0 ? state.rows : [...state.rows, ...pending.values()];
    const shownKey = shown === undefined ? undefined : keyOfSeq(state.rows, shown);
    return { rows, hasOlder, hasNewer, loading, shownKey, bottoms };
  }
}

const LOADING_THREAD: PageRequest = { side: "older", seq: 0 };

/** The `n` of the last reply that was read when the thread was opened. */
function readPositionOf({ items, readAtOpening: read }: ThreadState): number | undefined {
  if (read === undefined) return undefined;
  return items.findLast(({ seq }) => seq <= read)?.n ?? 0;
}

function threadLoading({ loading }: ThreadState): PageRequest | undefined {
  return loading === undefined ? undefined : LOADING_THREAD;
}

function hasSameInputs(a: RowInputs, b: RowInputs): boolean {
  const keys = Object.keys(b) as (keyof RowInputs)[];
  return keys.every((key) => a[key] === b[key]);
}

type ItemRow = Extract<Row, { kind: "item" }>;

/** A row of a view, which may precede the rows of the model by its own. */
type ViewRow = Row | { readonly kind: "beginning" };

/** Returns the earliest item of a row. */
export function firstItem({ item, earlier }: Pick<ItemRow, "item" | "earlier">): Item {
  return earlier[0] ?? item;
}

export function isOwnRow(row: ViewRow | undefined): boolean {
  return row?.kind === "pending" || (row?.kind === "item" && row.item.isMine);
}

/** Returns the row of the first unread message, or the line before it; -1 if all is read. */
export function firstUnreadRow(rows: readonly ViewRow[], read: number): number {
  const first = rows.findIndex(
    (row) => row.kind === "item" && row.item.n > read && !row.item.isMine && isMessage(row.item),
  );
  return rows[first - 1]?.kind === "unread" ? first - 1 : first;
}

/**
 * Returns the row of a place, or the next one if its message is no longer there.
 * @returns `above` as in the place; `undefined` at the end
 */
export function rowOfPlace(
  rows: readonly ViewRow[],
  place: ReadingPlace | undefined,
): { readonly index: number; readonly above: number } | undefined {
  if (place === undefined) return undefined;
  const index = rows.findIndex((row) => row.kind === "item" && row.item.seq >= place.seq);
  const row = rows[index];
  if (row?.kind !== "item") return undefined;
  return { index, above: firstItem(row).seq <= place.seq ? place.above : 0 };
}

/** Row of a view that is at least in part on the screen. */
export interface ShownRow {
  readonly row: ViewRow | undefined;
  /** Whether the end of the row is on the screen. */
  readonly isEndShown: boolean;
  /** Part of the screen that the row takes, 0 to 1. */
  readonly part: number;
}

/** Returns the messages whose end is on the screen, and those that take more than half of it. */
export function visibleSpan(shown: readonly ShownRow[]): MessageSpan | undefined {
  const spans = shown.flatMap(({ row, isEndShown, part }) => {
    if (row?.kind !== "item" || !(isEndShown || part > 0.5)) return [];
    return [{ from: firstItem(row).n, to: row.item.n }];
  });
  const [first, last] = [spans[0], spans.at(-1)];
  return first && last && { from: first.from, to: last.to };
}

/** A join can be in a row behind other events, but not behind the next message. */
function keyOfSeq(rows: readonly Row[], seq: number): string | undefined {
  const isMatch = (item: Item) => item.seq === seq;
  for (let at = rowIndex(rows, seq); at < rows.length; at++) {
    const row = rows[at];
    if (row?.kind !== "item") continue;
    if (isMatch(row.item) || row.earlier.some(isMatch)) return row.key;
    if (MESSAGE_KINDS.has(row.item.kind)) return undefined;
  }
  return undefined;
}

function rowIndex(rows: readonly Row[], seq: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    let at = middle;
    while (at < high && rows[at]?.kind !== "item") at++;
    const row = rows[at];
    if (at < high && row?.kind === "item" && row.item.seq < seq) low = at + 1;
    else high = middle;
  }
  while (low < rows.length && rows[low]?.kind !== "item") low++;
  return low;
}

function isHidden({ thread, ignored, hidesMembership }: RowOptions, item: Item): boolean {
  const { from, kind, isInThread } = item;
  if (isHiddenEvent(item)) return true;
  if (isInThread === true && thread === undefined) return true;
  if (isHiddenWork({ ignored }, kind, from)) return true;
  // Removals are decisions of a moderator.
  return hidesMembership && isMembership({ kind }) && kind !== "kick";
}

function sharesRows({ kind, on }: Item): boolean {
  return kind === "sealed" || kind === "hand" || (kind === "admission" && on !== false);
}

/** Reports whether no row can contain both the item and another one, or span it. */
function separatesRows(options: RowOptions, item: Item): boolean {
  return isMessage(item) && !isHidden(options, item);
}

function runAt(state: RowsState, from: number): MembershipRun {
  const { items, run } = state;
  if (run !== undefined && from < run.end) return run;
  const found: Item[] = [];
  let last: number | undefined;
  let end = from;
  for (; end < items.length; end++) {
    const item = items[end];
    if (item === undefined || isHidden(state, item)) continue;
    const isGap = end > from && item.withheld !== undefined;
    if (isGap || MESSAGE_KINDS.has(item.kind)) break;
    if (!isMembership(item)) continue;
    found.push(item);
    last = end;
  }
  const isEmpty = isEmptySum(membershipSum(found));
  state.run = { items: found, last: isEmpty ? undefined : last, end };
  return state.run;
}

function isUnreadFrom({ startsUnread: beganMarked, readTo }: RowsState, { n }: Item): boolean {
  return beganMarked || n > (readTo ?? 0);
}

function buildRows(
  items: readonly Item[],
  options: RowOptions,
  before: RowsState | undefined,
): RowsState {
  const { readTo } = options;
  const isMarked = readTo === undefined || (items[0]?.n ?? 0) > readTo + 1;
  const state: RowsState = {
    ...options,
    items,
    rows: [],
    days: new Set(),
    isOrdered: true,
    startsUnread: isMarked,
    isMarked,
    day: Number.NaN,
    last: undefined,
    folded: NONE,
    isFoldedGrouped: false,
    run: undefined,
  };
  const old = before !== undefined && hasSameOptions(before, options) ? before : undefined;
  const from = old === undefined ? 0 : reuseRows(state, old);
  for (let i = from; i < items.length; i++) addItem(state, i, before);
  return state;
}

function hasSameOptions(a: RowOptions, b: RowOptions): boolean {
  const keys = [
    "thread",
    "openThread",
    "follows",
    "readTo",
    "pins",
    "ignored",
    "hidesMembership",
    "hasNewer",
  ] as const;
  return keys.every((key) => a[key] === b[key]);
}

/**
 * Reuses the rows of unchanged items. After items were prepended or removed, builds new rows until
 * a new row equals its old row; all later rows are then unchanged.
 * @returns index of the item at which to continue
 */
function reuseRows(state: RowsState, old: RowsState): number {
  const { items } = state;
  const first = Math.max(old.items[0]?.seq ?? 0, items[0]?.seq ?? 0);
  const [oldItem, newItem] = [indexOfSeq(old.items, first), indexOfSeq(items, first)];
  let end = newItem;
  while (end < items.length && items[end] === old.items[oldItem + end - newItem]) end++;
  const isSameBeginning = oldItem === 0 && newItem === 0 && state.startsUnread === old.startsUnread;
  if (!isSameBeginning && !old.isOrdered) return 0;
  let at = -1;
  if (!isSameBeginning) {
    do {
      at++;
      if (at >= end) return at;
      addItem(state, at, old);
    } while (at < newItem || !isUnchanged(state, old, at));
  }
  let last = end - 1;
  while (last > at && !separatesRows(state, items[last] as Item)) last--;
  if (last <= at) return at + 1;
  copyRows(state, old, at, last);
  return last + 1;
}

function isUnchanged(state: RowsState, old: RowsState, at: number): boolean {
  const item = state.items[at];
  if (item === undefined || !state.isOrdered || !separatesRows(state, item)) return false;
  const isSameMark = isUnreadFrom(state, item) === isUnreadFrom(old, item);
  return isSameMark && old.rows[rowIndex(old.rows, item.seq)] === state.rows.at(-1);
}

function copyRows(state: RowsState, old: RowsState, at: number, last: number): void {
  const { items } = state;
  const [before, item] = [items[at], items[last]];
  if (item === undefined) return;
  const from = before === undefined ? 0 : rowIndex(old.rows, before.seq) + 1;
  const to = rowIndex(old.rows, item.seq) + 1;
  const rows = old.rows.slice(from, to);
  if (at < 0) {
    state.days = old.days;
    for (const { key } of old.rows.slice(to)) state.days.delete(key);
  } else {
    for (const [i, row] of rows.entries()) {
      if (row.kind === "day") state.days.add(row.key);
      if (row.kind !== "item" || row.re === undefined) continue;
      // The message being replied to may have been loaded or dropped since.
      const answers = quotedItem(state, row.re, row.item.seq);
      if (answers !== row.answers) rows[i] = { ...row, answers };
    }
  }
  state.rows = at < 0 ? rows : [...state.rows, ...rows];
  state.isOrdered &&= old.isOrdered;
  state.day = dayOf(item.timeUnixMs, state.offsetMinutes);
  state.isMarked = isUnreadFrom(state, item);
  state.last = item;
  state.folded = NONE;
  state.run = undefined;
  const row = rows.at(-1);
  state.isFoldedGrouped = row?.kind === "item" && row.isGrouped;
}

function addRow(state: RowsState, row: Row, seq: number, before: RowsState | undefined): void {
  const { rows } = state;
  const at = before === undefined ? 0 : rowIndex(before.rows, seq);
  // Rows between two items, such as days, directly precede the second item's row.
  const known = before?.rows.slice(Math.max(0, at - 3), at + 1) ?? [];
  const unchanged = known.find((item) => item.key === row.key && isEqual(item, row)) ?? row;
  if (rows.at(-1)?.key === row.key) rows[rows.length - 1] = unchanged;
  else rows.push(unchanged);
}

function addItem(state: RowsState, i: number, before: RowsState | undefined): void {
  const { items, readTo } = state;
  const item = items[i];
  if (item === undefined || isHidden(state, item)) return;
  const { seq, withheld } = item;
  const run = isMembership(item) ? runAt(state, i) : undefined;
  const isInLaterRow = run !== undefined && run.last !== i;
  if (isInLaterRow && withheld === undefined) return;
  const isClosed = item.kind === "sealed";
  const isGap = isClosed && state.folded[0]?.kind === "sealed";
  const itsDay = isGap ? state.day : dayOf(item.timeUnixMs, state.offsetMinutes);
  if (itsDay !== state.day) {
    if (itsDay < state.day) state.isOrdered = false;
    const key = `d${itsDay}`;
    if (!state.days.has(key))
      addRow(state, { kind: "day", key, unixMs: item.timeUnixMs }, seq, before);
    state.days.add(key);
  }
  if (!state.isMarked && item.n > (readTo ?? 0) && isMessage(item)) {
    if (!item.isMine) addRow(state, { kind: "unread", key: "unread" }, seq, before);
    state.isMarked = true;
    state.last = undefined;
    state.folded = NONE;
  }
  if (withheld !== undefined) {
    const key = `w${seq}`;
    addRow(state, { kind: "withheld", key, count: withheld, from: item.from }, seq, before);
    state.last = undefined;
    state.folded = NONE;
  }
  if (isInLaterRow) return;
  const isAfterRoot = state.last !== undefined && state.last.seq === state.thread;
  const follow = itsDay === state.day && !isAfterRoot && isGroupedWith(state.last, item);
  const re = item.re === state.thread || !isMessage(item) ? undefined : item.re;
  const answers = quotedItem(state, re, seq);
  const isJoined = itsDay === state.day && joinsRow(state, item);
  const earlier = run?.items.slice(0, -1) ?? (isJoined ? state.folded : NONE);
  const isGrouped = isJoined ? state.isFoldedGrouped : follow;
  const key = `i${firstItem({ item, earlier }).seq}`;
  const isPinned =
    state.pins.length > 0 && [...earlier, item].some((item) => state.pins.includes(item.seq));
  const shown = state.ignored.size === 0 ? item : withoutIgnored(state, item);
  const replies = state.hasNewer || seq === state.thread ? undefined : shown.replies;
  const isOpen = seq === state.openThread;
  const hasUnreadReplies =
    replies !== undefined && !isOpen && isUnreadFollow(state.follows?.get(seq), replies.lastSeq);
  const texts = { re, answers, isPinned, replies, hasUnreadReplies };
  const row = { key, item: shown, earlier, isGrouped, ...texts };
  addRow(state, { kind: "item", ...row }, seq, before);
  state.day = itsDay;
  state.last = item;
  state.folded = sharesRows(item) ? [...earlier, item] : NONE;
  state.isFoldedGrouped = isGrouped;
}

/**
 * Message that a reply quotes, among those of its room; `undefined` if it is not loaded, or is no
 * earlier message that the reader can read. In encrypted rooms, only the reader can check that.
 */
function quotedItem(
  { items, ignored }: Pick<RowsState, "items" | "ignored">,
  re: number | undefined,
  seq = Number.POSITIVE_INFINITY,
): Item | undefined {
  const item = re === undefined || re >= seq ? undefined : itemAt(items, re);
  if (item === undefined || !isMessage(item) || item.state === "damaged") return undefined;
  return isIgnored({ ignored }, item.from) ? undefined : item;
}

function addPending(
  model: Model,
  { items }: ItemRange,
  { last, thread }: RowsState,
  before: ReadonlyMap<string, Row>,
  rows: Map<string, Row>,
): void {
  const { ignored, open } = model;
  let isGrouped = last?.isMine === true && isMessage(last);
  const add = (
    key: string,
    { re: answered, thread: isInThread }: Pick<PostBody, "re" | "thread">,
    about: { kind: "pending"; post: PendingPost } | { kind: "waiting"; message: WaitingView },
  ) => {
    if (thread === undefined ? isInThread === true : answered !== thread) return;
    const re = answered === thread ? undefined : answered;
    const row: Row = { ...about, key, isGrouped, re, answers: quotedItem({ items, ignored }, re) };
    const known = before.get(key);
    rows.set(key, known !== undefined && isEqual(known, row) ? known : row);
    isGrouped = true;
  };
  for (const post of model.pending) {
    if (!isSameName(post.to, open) || post.body.react !== undefined) continue;
    add(`p${post.key}`, post.body, { kind: "pending", post });
  }
  for (const message of model.waiting) {
    if (!message.to.some((to) => isSameName(to, open))) continue;
    add(`w${message.key}`, message, { kind: "waiting", message });
  }
}

function isGroupedWith(last: Item | undefined, item: Item): boolean {
  if (last === undefined || !isMessage(last) || !isMessage(item)) return false;
  if (last.kind === "action" || item.kind === "action") return false;
  if ((last.hasNewKey === true) !== (item.hasNewKey === true)) return false;
  if (!isSameName(last.from, item.from) || last.imported?.from !== item.imported?.from)
    return false;
  // Imported messages are grouped by their original time, which the group displays.
  const [before, after] = [last, item].map((item) => item.imported?.timeUnixMs ?? item.timeUnixMs);
  return Math.abs((after ?? 0) - (before ?? 0)) < GROUPED_WITHIN_MS;
}

function joinsRow({ folded }: RowsState, item: Item): boolean {
  const { kind, from, on, timeUnixMs } = item;
  const [first] = folded;
  if (first?.kind !== kind) return false;
  if (kind === "sealed") return item.waitsFor === first.waitsFor;
  if (kind === "hand") return folded.length < HANDS_ROW_MAX;
  if (kind !== "admission" || on === false || !isSameName(first.from, from)) return false;
  return folded.length < INVITED_ROW_MAX && timeUnixMs - first.timeUnixMs < INVITED_ROW_MS;
}

function dayOf(unixMs: number, offsetMinutes: Offset): number {
  return Math.floor((unixMs + offsetMinutes(unixMs) * 60_000) / DAY_MS);
}

function isEqual(a: Row, b: Row): boolean {
  if (a.kind === "day") return true;
  const keys = Object.keys(a) as (keyof Row)[];
  return keys.every((key) => {
    const [value, expected]: unknown[] = [a[key], b[key]];
    return value === expected || (Array.isArray(value) && isSameList(value, expected as unknown[]));
  });
}

export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
