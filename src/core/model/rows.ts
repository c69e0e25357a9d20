/** Rows of a timeline, which a view draws. */

import { ROW_SHARING_KINDS } from "../../wire/kinds.ts";
import { indexOfSeq, isSame, isWords, itemAt } from "./item.ts";
import { openRoom } from "./selectors.ts";
import type { Item, Model, PendingPost, RoomState, Stretch, WantedPage } from "./state.ts";

/** A row of a room's timeline; `key` is stable across updates. */
export type Row =
  | { readonly kind: "day"; readonly key: string; readonly unixMs: number }
  /** The following items were unread when the room was opened. */
  | { readonly kind: "unread"; readonly key: string }
  /** Number of missing messages of a user before the next item. */
  | {
      readonly kind: "withheld";
      readonly key: string;
      readonly count: number;
      readonly from: string | undefined;
    }
  | {
      readonly kind: "item";
      /** The first item's, if several share the row. */
      readonly key: string;
      readonly item: Item;
      /** Earlier joins or leaves in the same row. For a file, other files of the same sending. */
      readonly earlier: readonly Item[];
      /** Follows closely on a message of the same user: name and time need not be repeated. */
      readonly isGrouped: boolean;
      /** The item that it answers, if loaded. */
      readonly answers: Item | undefined;
      /** Some item of the row is pinned. */
      readonly isPinned: boolean;
    }
  | {
      readonly kind: "pending";
      readonly key: string;
      readonly post: PendingPost;
      readonly isGrouped: boolean;
      readonly answers: Item | undefined;
    };

export interface Rows {
  readonly rows: readonly Row[];
  readonly hasOlder: boolean;
  /** The user has jumped to an older place; newer items are not visible. */
  readonly hasNewer: boolean;
  readonly loading: WantedPage | undefined;
  /** Key of the row that the user jumped to, once it is loaded. */
  readonly shownKey: string | undefined;
  /** Incremented by each request to scroll to the newest. */
  readonly bottoms: number;
}

/** Messages of one user within this time form a group. */
const GROUP_MS = 5 * 60_000;
/** Joins, or leaves, within this time share a row. */
const FOLD_MS = 60 * 60_000;
/**
 * Files of one sender within this time and without text count as sent together, for clients that do
 * not mark sendings.
 */
const FILES_MS = 60_000;
/** More files do not fit one grid. */
const FILES_MAX = 12;
/** A row of more names is too long to read. */
const FOLDED_MAX = 30;
const NONE: readonly Item[] = [];
const DAY_MS = 24 * 60 * 60_000;
const NO_PINS: readonly number[] = [];
const NOTHING: Stretch = { items: [], hasOlder: false, hasNewer: false };

/** Inputs of the last rows. */
interface Made {
  readonly stretch: Stretch;
  readonly readTo: number | undefined;
  readonly loading: WantedPage | undefined;
  readonly shown: number | undefined;
  readonly bottoms: number;
  readonly pins: RoomState["pins"];
  readonly open: string | undefined;
  readonly pending: Model["pending"];
  readonly ignored: Model["ignored"];
  readonly isQuiet: boolean;
}

type Offset = (unixMs: number) => number;

/** Parameters of the conversion of items to rows. */
interface Look {
  readonly readTo: number | undefined;
  readonly ignored: Model["ignored"];
  readonly pins: RoomState["pins"];
  /** Without joins and leaves. */
  readonly isQuiet: boolean;
  readonly joinsFiles: boolean;
  readonly offsetMinutes: Offset;
}

/** State after the rows of a room's items: enough to append the rows of later items. */
interface Walk extends Look {
  readonly items: readonly Item[];
  rows: Row[];
  /** Keys of days with a row: if a clock was set back, one day occurs twice. */
  days: Set<string>;
  /** Days occurred in order. */
  isOrdered: boolean;
  /** The unread row comes before all of these. */
  readonly beganMarked: boolean;
  isMarked: boolean;
  /** Day of the last item. */
  day: number;
  /** Item with which the next may be grouped. */
  last: Item | undefined;
  /** Items of the last row, if more may join it. */
  folded: readonly Item[];
  /** Whether that row is grouped with a message of the same user. */
  isFoldedGrouped: boolean;
}

/**
 * Builds the rows of one UI and reuses the objects of unchanged rows. Appended and prepended items
 * cost little more than themselves: a busy room changes with every frame, and scrolling through
 * thousands of messages adds a page at a time.
 */
export class RowMaker {
  readonly #joinsFiles: boolean;
  #made: (Made & { readonly rows: Rows }) | undefined;
  #walk: Walk | undefined;
  #pending: ReadonlyMap<string, Row> = new Map();

  /** @param options.joinsFiles files that were sent together share a row */
  constructor({ joinsFiles = false }: { readonly joinsFiles?: boolean } = {}) {
    this.#joinsFiles = joinsFiles;
  }

  /**
   * Rows of the open room.
   * @param offsetMinutes that local time is ahead of UTC at that moment
   * @param isQuiet without joins and leaves
   */
  rowsOf(model: Model, offsetMinutes: Offset, isQuiet = false): Rows {
    const room = openRoom(model);
    const { open, pending, ignored } = model;
    const stretch = room?.jump ?? room?.tail ?? NOTHING;
    const { readAtOpening: readTo, pins = NO_PINS, loading, shown, bottoms = 0 } = room ?? {};
    const about: Made = {
      ...{ stretch, readTo, pins, loading, shown, bottoms, open, pending, ignored, isQuiet },
    };
    const made = this.#made;
    // Many changes of a room do not affect its rows: typing users, the read position.
    if (made !== undefined && isSameMade(made, about)) return made.rows;
    const rows = this.#make(model, about, offsetMinutes);
    this.#made = { ...about, rows };
    return rows;
  }

  #make(model: Model, about: Made, offsetMinutes: Offset): Rows {
    const { stretch, readTo, pins, ignored, isQuiet, shown, loading, bottoms } = about;
    const look = { readTo, pins, ignored, isQuiet, joinsFiles: this.#joinsFiles, offsetMinutes };
    const walk = walked(stretch.items, look, this.#walk);
    this.#walk = walk;
    const pending = new Map<string, Row>();
    if (!stretch.hasNewer) putPending(model, stretch, walk.last, this.#pending, pending);
    this.#pending = pending;
    const rows = pending.size === 0 ? walk.rows : [...walk.rows, ...pending.values()];
    const shownKey = shown === undefined ? undefined : keyOf(walk.rows, shown);
    const { hasOlder, hasNewer } = stretch;
    return { rows, hasOlder, hasNewer, loading, shownKey, bottoms };
  }
}

function isSameMade(one: Made, other: Made): boolean {
  const keys = Object.keys(other) as (keyof Made)[];
  return keys.every((key) => one[key] === other[key]);
}

/** Also finds items that share a row. */
function keyOf(rows: readonly Row[], seq: number): string | undefined {
  const row = rows[rowFrom(rows, seq)];
  if (row?.kind !== "item") return undefined;
  const isIt = (one: Item) => one.seq === seq;
  return isIt(row.item) || row.earlier.some(isIt) ? row.key : undefined;
}

/** Index of the first row with an item of this seq or a later one. */
function rowFrom(rows: readonly Row[], seq: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    // Rows between items belong to the following item.
    let at = middle;
    while (at < high && rows[at]?.kind !== "item") at++;
    const row = rows[at];
    if (at < high && row?.kind === "item" && row.item.seq < seq) low = at + 1;
    else high = middle;
  }
  while (low < rows.length && rows[low]?.kind !== "item") low++;
  return low;
}

function isHidden({ ignored, isQuiet }: Look, { from, kind }: Item, isSaid: boolean): boolean {
  if (isSaid && from !== undefined && ignored.has(from.toLowerCase())) return true;
  // Undecryptable messages share one row, and nobody has to read them.
  return isQuiet && kind !== "sealed" && ROW_SHARING_KINDS.has(kind);
}

function folds({ joinsFiles }: Look, { kind }: Item): boolean {
  return ROW_SHARING_KINDS.has(kind) || (joinsFiles && kind === "file");
}

/** The item has a row of its own that no other item changes. */
function isPlain(look: Look, item: Item): boolean {
  return !folds(look, item) && !isHidden(look, item, isWords(item));
}

/** Whether the unread row comes, or would come, before this plain item. */
function isMarkedAt({ beganMarked, readTo }: Walk, { n }: Item): boolean {
  return beganMarked || n > (readTo ?? 0);
}

/** Builds the rows of these items, reusing those of the previous walk. */
function walked(items: readonly Item[], look: Look, before: Walk | undefined): Walk {
  const { readTo } = look;
  const isMarked = readTo === undefined || (items[0]?.n ?? 0) > readTo + 1;
  const walk: Walk = {
    ...{ ...look, items, rows: [], days: new Set(), isOrdered: true },
    ...{ beganMarked: isMarked, isMarked, day: Number.NaN },
    ...{ last: undefined, folded: NONE, isFoldedGrouped: false },
  };
  const old = before !== undefined && isSameLook(before, look) ? before : undefined;
  const from = old === undefined ? 0 : rejoin(walk, old);
  for (let i = from; i < items.length; i++) putItem(walk, i, before);
  return walk;
}

function isSameLook(one: Look, other: Look): boolean {
  const keys = ["readTo", "pins", "ignored", "isQuiet"] as const;
  return keys.every((key) => one[key] === other[key]);
}

/**
 * Reuses the rows of unchanged items. Where items were prepended or removed, it builds rows until
 * one equals its old row: from there on all do.
 * @returns the index of the item at which to continue
 */
function rejoin(walk: Walk, old: Walk): number {
  const { items } = walk;
  const first = Math.max(old.items[0]?.seq ?? 0, items[0]?.seq ?? 0);
  const [was, is] = [indexOfSeq(old.items, first), indexOfSeq(items, first)];
  let end = is;
  while (end < items.length && items[end] === old.items[was + end - is]) end++;
  const isSameBeginning = was === 0 && is === 0 && walk.beganMarked === old.beganMarked;
  if (!isSameBeginning && !old.isOrdered) return 0;
  let at = -1;
  if (!isSameBeginning) {
    do {
      at++;
      if (at >= end) return at;
      putItem(walk, at, old);
    } while (at < is || !isAsBefore(walk, old, at));
  }
  let last = end - 1;
  while (last > at && !isPlain(walk, items[last] as Item)) last--;
  if (last <= at) return at + 1;
  take(walk, old, at, last);
  return last + 1;
}

/** The row of this item equals its old row, and so do all following ones. */
function isAsBefore(walk: Walk, old: Walk, at: number): boolean {
  const item = walk.items[at];
  if (item === undefined || !walk.isOrdered || !isPlain(walk, item)) return false;
  const isSameMark = isMarkedAt(walk, item) === isMarkedAt(old, item);
  return isSameMark && old.rows[rowFrom(old.rows, item.seq)] === walk.rows.at(-1);
}

/** Reuses the rows of the items after `at` up to `last`, which is plain. */
function take(walk: Walk, old: Walk, at: number, last: number): void {
  const { items } = walk;
  const [before, item] = [items[at], items[last]];
  if (item === undefined) return;
  const from = before === undefined ? 0 : rowFrom(old.rows, before.seq) + 1;
  const to = rowFrom(old.rows, item.seq) + 1;
  const rows = old.rows.slice(from, to);
  if (at < 0) {
    walk.days = old.days;
    for (const { key } of old.rows.slice(to)) walk.days.delete(key);
  } else {
    for (const [i, row] of rows.entries()) {
      if (row.kind === "day") walk.days.add(row.key);
      if (row.kind !== "item" || row.item.re === undefined) continue;
      // The answered item may have been loaded or dropped.
      const answers = itemAt(items, row.item.re);
      if (answers !== row.answers) rows[i] = { ...row, answers };
    }
  }
  walk.rows = at < 0 ? rows : [...walk.rows, ...rows];
  walk.isOrdered &&= old.isOrdered;
  walk.day = dayOf(item.timeUnixMs, walk.offsetMinutes);
  walk.isMarked = isMarkedAt(walk, item);
  walk.last = item;
  walk.folded = NONE;
  const row = rows.at(-1);
  walk.isFoldedGrouped = row?.kind === "item" && row.isGrouped;
}

/** Adds a row, reusing an equal object. */
function put(walk: Walk, row: Row, seq: number, before: Walk | undefined): void {
  const { rows } = walk;
  const at = before === undefined ? 0 : rowFrom(before.rows, seq);
  // Rows between items are right before the row of the item.
  const known = before?.rows.slice(Math.max(0, at - 3), at + 1) ?? [];
  const same = known.find((one) => one.key === row.key && isEqual(one, row)) ?? row;
  if (rows.at(-1)?.key === row.key) rows[rows.length - 1] = same;
  else rows.push(same);
}

function putItem(walk: Walk, i: number, before: Walk | undefined): void {
  const { items, readTo } = walk;
  const item = items[i];
  if (item === undefined || isHidden(walk, item, isWords(item))) return;
  const { seq, withheld } = item;
  const isClosed = item.kind === "sealed";
  const isGap = isClosed && walk.folded[0]?.kind === "sealed";
  const itsDay = isGap ? walk.day : dayOf(item.timeUnixMs, walk.offsetMinutes);
  if (itsDay !== walk.day) {
    if (itsDay < walk.day) walk.isOrdered = false;
    const key = `d${itsDay}`;
    if (!walk.days.has(key)) put(walk, { kind: "day", key, unixMs: item.timeUnixMs }, seq, before);
    walk.days.add(key);
  }
  if (!walk.isMarked && item.n > (readTo ?? 0) && !isClosed) {
    if (!item.isMine) put(walk, { kind: "unread", key: "unread" }, seq, before);
    walk.isMarked = true;
    walk.last = undefined;
    walk.folded = NONE;
  }
  if (withheld !== undefined) {
    const key = `w${seq}`;
    put(walk, { kind: "withheld", key, count: withheld, from: item.from }, seq, before);
    walk.last = undefined;
    walk.folded = NONE;
  }
  const follow = itsDay === walk.day && follows(walk.last, item);
  const answers = item.re === undefined ? undefined : itemAt(items, item.re);
  const isJoined = itsDay === walk.day && joins(walk.folded, item, follow);
  const earlier = isJoined ? walk.folded : NONE;
  const isGrouped = isJoined ? walk.isFoldedGrouped : follow;
  const key = `i${(earlier[0] ?? item).seq}`;
  const isPinned =
    walk.pins.length > 0 && [...earlier, item].some((one) => walk.pins.includes(one.seq));
  put(walk, { kind: "item", key, item, earlier, isGrouped, answers, isPinned }, seq, before);
  walk.day = itsDay;
  walk.last = item;
  walk.folded = folds(walk, item) ? [...earlier, item] : NONE;
  walk.isFoldedGrouped = isGrouped;
}

function putPending(
  model: Model,
  { items }: Stretch,
  last: Item | undefined,
  before: ReadonlyMap<string, Row>,
  into: Map<string, Row>,
): void {
  let isGrouped = last?.isMine === true && isWords(last);
  for (const post of model.pending) {
    if (!isSame(post.to, model.open) || post.body.react !== undefined) continue;
    const { re } = post.body;
    const answers = re === undefined ? undefined : itemAt(items, re);
    const row: Row = { kind: "pending", key: `p${post.key}`, post, isGrouped, answers };
    const known = before.get(row.key);
    into.set(row.key, known !== undefined && isEqual(known, row) ? known : row);
    isGrouped = true;
  }
}

function follows(last: Item | undefined, item: Item): boolean {
  if (last === undefined || !isWords(last) || !isWords(item)) return false;
  if (last.kind === "action" || item.kind === "action") return false;
  if (!isSame(last.from, item.from) || last.imported?.from !== item.imported?.from) return false;
  // For imported messages the original time counts: the group shows the time of the first.
  const [before, after] = [last, item].map((one) => one.imported?.timeUnixMs ?? one.timeUnixMs);
  return Math.abs((after ?? 0) - (before ?? 0)) < GROUP_MS;
}

/** Whether the item joins the row of the previous items. */
function joins(folded: readonly Item[], item: Item, isFollowing: boolean): boolean {
  const { kind, timeUnixMs } = item;
  const [first] = folded;
  if (first?.kind !== kind) return false;
  if (kind === "sealed") return true;
  if (kind === "file") return isFollowing && isSentWith(folded, item);
  return folded.length < FOLDED_MAX && timeUnixMs - first.timeUnixMs < FOLD_MS;
}

/**
 * The caption of a sending appears once, for all of its files. In other programs it belongs to one
 * file, which then has its own row.
 */
function isSentWith(folded: readonly Item[], { text, timeUnixMs, file }: Item): boolean {
  if (folded.length >= FILES_MAX) return false;
  const isSaid = folded.some((one) => one.text !== "");
  // Unknown for erased files.
  const known = folded.findLast((one) => one.file !== undefined)?.file;
  const isKnown = file !== undefined && known !== undefined;
  if (isKnown && (file.sending ?? known.sending) !== undefined) {
    return file.sending === known.sending && !(isSaid && text !== "");
  }
  const before = folded.at(-1)?.timeUnixMs ?? Number.NEGATIVE_INFINITY;
  return timeUnixMs - before <= FILES_MS && (!isKnown || !isSaid) && text === "";
}

/** Days since 1970, local. */
function dayOf(unixMs: number, offsetMinutes: Offset): number {
  return Math.floor((unixMs + offsetMinutes(unixMs) * 60_000) / DAY_MS);
}

/**
 * Compares rows with the same key, and therefore of the same kind. A day row ignores the time of
 * day.
 */
function isEqual(one: Row, other: Row): boolean {
  if (one.kind === "day") return true;
  const keys = Object.keys(one) as (keyof Row)[];
  return keys.every((key) => {
    const [value, wanted]: unknown[] = [one[key], other[key]];
    return value === wanted || (Array.isArray(value) && isSameList(value, wanted as unknown[]));
  });
}

export function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i]);
}
