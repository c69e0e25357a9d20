import { isSame, isWords, itemAt } from "./item.ts";
import { isIgnored, openRoom } from "./selectors.ts";
import type { Item, Model, PendingPost, RoomState, Stretch, WantedPage } from "./state.ts";

/** One row of a room's timeline; `key` stays that of the same thing. */
export type Row =
  | { readonly kind: "day"; readonly key: string; readonly unixMs: number }
  /** What follows was not read when the room was opened. */
  | { readonly kind: "unread"; readonly key: string }
  /** So many messages of a user, sent before what follows, never came. */
  | {
      readonly kind: "withheld";
      readonly key: string;
      readonly count: number;
      readonly from: string | undefined;
    }
  | {
      readonly kind: "item";
      /** Of the first, where several are told in one line. */
      readonly key: string;
      readonly item: Item;
      /**
       * Those who came or went just before it: told in the same line. Of a file, those that its
       * sender sent with it.
       */
      readonly earlier: readonly Item[];
      /** Follows closely on words of the same person: its name and time need not be repeated. */
      readonly isGrouped: boolean;
      /** What it answers, if that is here. */
      readonly answers: Item | undefined;
      /** It, or one of those that are told with it. */
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
  /** Not the newest are shown, but a place that the user jumped to. */
  readonly hasNewer: boolean;
  readonly loading: WantedPage | undefined;
  /** Key of the row that the user jumped to, once it is here. */
  readonly shownKey: string | undefined;
  /** Counted up each time the newest is asked for. */
  readonly bottoms: number;
}

/** Words of one person within so long are one group. */
const GROUP_MS = 5 * 60_000;
/** People who come, or go, one after the other within so long are told in one line. */
const FOLD_MS = 60 * 60_000;
/**
 * Files of one sender that came one after the other within so long, and with which nothing is said,
 * were sent together: programs that do not say which were.
 */
const FILES_MS = 60_000;
/** More of them are no grid that one looks at as one. */
const FILES_MAX = 12;
/** A line of more names is too long to read. */
const FOLDED_MAX = 30;
const FOLDED: ReadonlySet<string> = new Set(["join", "leave", "sealed"]);
const NONE: readonly Item[] = [];
const DAY_MS = 24 * 60 * 60_000;
const NO_PINS: readonly number[] = [];
const NOTHING: Stretch = { items: [], hasOlder: false, hasNewer: false };

const BEGINNING = { day: Number.NaN, last: undefined, folded: NONE, isFoldedGrouped: false };

/** What the last rows were made of. */
interface Made {
  readonly room: RoomState | undefined;
  readonly open: string | undefined;
  readonly pending: Model["pending"];
  readonly ignored: Model["ignored"];
  readonly isQuiet: boolean;
  readonly rows: Rows;
}

type Offset = (unixMs: number) => number;
type Put = (row: Row) => void;

/** How far the rows of a room's items are made: what comes behind them needs no more. */
interface Walk {
  readonly items: readonly Item[];
  readonly readTo: number | undefined;
  readonly ignored: Model["ignored"];
  readonly pins: RoomState["pins"];
  /** Without those who come and go. */
  readonly isQuiet: boolean;
  readonly joinsFiles: boolean;
  /** Of the last one. */
  day: number;
  /** Whom the next may be grouped with. */
  last: Item | undefined;
  /** All that the last line tells, if more may be told in it. */
  folded: readonly Item[];
  /** Whether that line follows words of the same person. */
  isFoldedGrouped: boolean;
  isMarked: boolean;
}

/**
 * Makes the rows of one face, and gives the same objects again for what has not changed. What only
 * came behind the others costs no more than itself: a busy room tells of it at every frame.
 */
export class RowMaker {
  readonly #joinsFiles: boolean;
  #made: Made | undefined;
  #walk: Walk | undefined;
  /** Of its items, by key: as many as there are rows. */
  #items: Map<string, Row> = new Map();
  #pending: ReadonlyMap<string, Row> = new Map();

  /** @param options.joinsFiles files that were sent together are one row */
  constructor({ joinsFiles = false }: { readonly joinsFiles?: boolean } = {}) {
    this.#joinsFiles = joinsFiles;
  }

  /**
   * Of what is open.
   * @param offsetMinutes that local time is ahead of UTC at that moment
   * @param isQuiet without those who come and go
   */
  rowsOf(model: Model, offsetMinutes: Offset, isQuiet = false): Rows {
    const room = openRoom(model);
    const { open, pending, ignored } = model;
    const made = this.#made;
    const isSameRoom = made?.room === room && made?.open === open && made?.isQuiet === isQuiet;
    if (isSameRoom && made?.pending === pending && made.ignored === ignored) return made.rows;
    const rows = this.#make(model, room, offsetMinutes, isQuiet);
    this.#made = { room, open, pending, ignored, isQuiet, rows };
    return rows;
  }

  #make(model: Model, room: RoomState | undefined, offsetMinutes: Offset, isQuiet: boolean): Rows {
    const stretch = room?.jump ?? room?.tail ?? NOTHING;
    const joinsFiles = this.#joinsFiles;
    const { readAtOpening: readTo, pins = NO_PINS } = room ?? {};
    const look = { items: stretch.items, readTo, pins, isQuiet, joinsFiles };
    const last = this.#makeItems(model, look, offsetMinutes);
    const pending = new Map<string, Row>();
    if (!stretch.hasNewer) putPending(model, stretch, last, keeping(this.#pending, pending));
    this.#pending = pending;
    const rows = [...this.#items.values(), ...pending.values()];
    const shown = room?.shown;
    const shownKey = shown === undefined ? undefined : this.#keyOf(shown);
    const { hasOlder, hasNewer } = stretch;
    const bottoms = room?.bottoms ?? 0;
    return { rows, hasOlder, hasNewer, loading: room?.loading, shownKey, bottoms };
  }

  /** Also of what is told in one line with others. */
  #keyOf(seq: number): string | undefined {
    if (this.#items.has(`i${seq}`)) return `i${seq}`;
    const isIt = (one: Item) => one.seq === seq;
    for (const row of this.#items.values()) {
      if (row.kind === "item" && (isIt(row.item) || row.earlier.some(isIt))) return row.key;
    }
    return undefined;
  }

  #makeItems(
    model: Model,
    look: Pick<Walk, "items" | "readTo" | "pins" | "isQuiet" | "joinsFiles">,
    offsetMinutes: Offset,
  ): Item | undefined {
    const { items, readTo, pins, isQuiet } = look;
    const { ignored } = model;
    const before = this.#walk;
    const isSameLook =
      before?.ignored === ignored && before.pins === pins && before.isQuiet === isQuiet;
    const isSameWay = before?.readTo === readTo && isSameLook;
    const goesOn = before !== undefined && isSameWay && isBeginning(before.items, items);
    const isMarked = readTo === undefined || (items[0]?.n ?? 0) > readTo + 1;
    const walk: Walk = goesOn ? { ...before, items } : { ...look, ignored, ...BEGINNING, isMarked };
    const kept = this.#items;
    if (!goesOn) this.#items = new Map();
    putItems(
      model,
      walk,
      goesOn ? before.items.length : 0,
      offsetMinutes,
      keeping(kept, this.#items),
    );
    this.#walk = walk;
    return walk.last;
  }
}

/** Rows that look the same stay the same objects. */
function keeping(before: ReadonlyMap<string, Row>, into: Map<string, Row>): Put {
  return (row) => {
    const [made, known] = [into.get(row.key), before.get(row.key)];
    if (made !== undefined && isEqual(made, row)) return;
    into.set(row.key, known !== undefined && isEqual(known, row) ? known : row);
  };
}

function isBeginning(some: readonly Item[], all: readonly Item[]): boolean {
  if (some.length === 0 || some.length > all.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== all[i]) return false;
  return true;
}

function putItems(model: Model, walk: Walk, from: number, offsetMinutes: Offset, put: Put): void {
  const { items, readTo } = walk;
  const pins = new Set(walk.pins);
  for (let i = from; i < items.length; i++) {
    const item = items[i];
    if (item === undefined || (isIgnored(model, item.from) && isWords(item))) continue;
    // What cannot be opened is one line, whenever it was said, and nobody has to read it.
    const isClosed = item.kind === "sealed";
    if (walk.isQuiet && !isClosed && FOLDED.has(item.kind)) continue;
    const isGap = isClosed && walk.folded[0]?.kind === "sealed";
    const itsDay = isGap ? walk.day : dayOf(item.timeUnixMs, offsetMinutes);
    if (itsDay !== walk.day) put({ kind: "day", key: `d${itsDay}`, unixMs: item.timeUnixMs });
    if (!walk.isMarked && item.n > (readTo ?? 0) && !isClosed) {
      if (!item.isMine) put({ kind: "unread", key: "unread" });
      walk.isMarked = true;
      walk.last = undefined;
      walk.folded = NONE;
    }
    const { withheld } = item;
    if (withheld !== undefined) {
      put({ kind: "withheld", key: `w${item.seq}`, count: withheld, from: item.from });
      walk.last = undefined;
      walk.folded = NONE;
    }
    const follow = itsDay === walk.day && follows(walk.last, item);
    const answers = item.re === undefined ? undefined : itemAt(items, item.re);
    const isJoined = itsDay === walk.day && joins(walk.folded, item, follow);
    const earlier = isJoined ? walk.folded : NONE;
    const isGrouped = isJoined ? walk.isFoldedGrouped : follow;
    const key = `i${(earlier[0] ?? item).seq}`;
    const isPinned = pins.size > 0 && [...earlier, item].some(({ seq }) => pins.has(seq));
    put({ kind: "item", key, item, earlier, isGrouped, answers, isPinned });
    walk.day = itsDay;
    walk.last = item;
    const folds = FOLDED.has(item.kind) || (walk.joinsFiles && item.kind === "file");
    walk.folded = folds ? [...earlier, item] : NONE;
    walk.isFoldedGrouped = isGrouped;
  }
}

function putPending(model: Model, { items }: Stretch, last: Item | undefined, put: Put): void {
  let isGrouped = last?.isMine === true && isWords(last);
  for (const post of model.pending) {
    if (!isSame(post.to, model.open) || post.body.react !== undefined) continue;
    const { re } = post.body;
    const answers = re === undefined ? undefined : itemAt(items, re);
    put({ kind: "pending", key: `p${post.key}`, post, isGrouped, answers });
    isGrouped = true;
  }
}

function follows(last: Item | undefined, item: Item): boolean {
  if (last === undefined || !isWords(last) || !isWords(item)) return false;
  if (last.kind === "action" || item.kind === "action") return false;
  if (!isSame(last.from, item.from) || last.imported?.from !== item.imported?.from) return false;
  // Of what was said elsewhere it matters when it was said: its group shows the time of the first.
  const [before, after] = [last, item].map((one) => one.imported?.timeUnixMs ?? one.timeUnixMs);
  return Math.abs((after ?? 0) - (before ?? 0)) < GROUP_MS;
}

/** Whether it is told in the line that tells of those before it. */
function joins(folded: readonly Item[], item: Item, isFollowing: boolean): boolean {
  const { kind, timeUnixMs } = item;
  const [first] = folded;
  if (first?.kind !== kind) return false;
  if (kind === "sealed") return true;
  if (kind === "file") return isFollowing && isSentWith(folded, item);
  return folded.length < FOLDED_MAX && timeUnixMs - first.timeUnixMs < FOLD_MS;
}

/**
 * What is said with a sending is said once, of all of it. Elsewhere it is said of one file, which
 * then stands alone.
 */
function isSentWith(folded: readonly Item[], { text, timeUnixMs, file }: Item): boolean {
  if (folded.length >= FILES_MAX) return false;
  const isSaid = folded.some((one) => one.text !== "");
  // Of what was erased it is not known any more.
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

function isEqual(one: Row, other: Row): boolean {
  if (one.kind === "item" && other.kind === "item") {
    const isSameItem = one.item === other.item && one.answers === other.answers;
    const isSameLine =
      one.earlier.length === other.earlier.length &&
      one.earlier.every((item, i) => item === other.earlier[i]);
    const isSameMark = one.isGrouped === other.isGrouped && one.isPinned === other.isPinned;
    return isSameItem && isSameLine && isSameMark;
  }
  if (one.kind === "pending" && other.kind === "pending") {
    const isSamePost = one.post === other.post && one.answers === other.answers;
    return isSamePost && one.isGrouped === other.isGrouped;
  }
  if (one.kind === "withheld" && other.kind === "withheld") {
    return one.count === other.count && one.from === other.from;
  }
  return one.kind === other.kind && one.kind !== "item" && one.kind !== "pending";
}
