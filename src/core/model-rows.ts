import { isSame, isWords, itemAt } from "./model-item.ts";
import { isIgnored, openRoom } from "./model-select.ts";
import type { Item, Model, PageWish, PendingPost, RoomState, Stretch } from "./model-state.ts";

/** One row of a room's timeline; `key` stays that of the same thing. */
export type Row =
  | { readonly kind: "day"; readonly key: string; readonly unixMs: number }
  /** What follows was not read when the room was opened. */
  | { readonly kind: "unread"; readonly key: string }
  | {
      readonly kind: "item";
      readonly key: string;
      readonly item: Item;
      /** Follows closely on words of the same person: its name and time need not be repeated. */
      readonly isGrouped: boolean;
      /** What it answers, if that is here. */
      readonly answers: Item | undefined;
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
  /** Not the newest are shown, but a place that somebody jumped to. */
  readonly hasNewer: boolean;
  readonly loading: PageWish | undefined;
  /** Key of the row that somebody jumped to, once it is here. */
  readonly shownKey: string | undefined;
}

/** Words of one person within so long are one group. */
const GROUP_MS = 5 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
const NOTHING: Stretch = { items: [], hasOlder: false, hasNewer: false };

/** What the last rows were made of. */
interface Made {
  readonly room: RoomState | undefined;
  readonly open: string | undefined;
  readonly pending: Model["pending"];
  readonly ignored: Model["ignored"];
  readonly rows: Rows;
}

type Offset = (unixMs: number) => number;

/** Makes the rows of one face, and gives the same objects again for what has not changed. */
export class RowMaker {
  #made: Made | undefined;
  /** Those of the last time, by key: as many as there are rows. */
  #kept: ReadonlyMap<string, Row> = new Map();

  /** Of what is open. @param offsetMinutes that local time is ahead of UTC at that moment */
  rowsOf(model: Model, offsetMinutes: Offset): Rows {
    const room = openRoom(model);
    const { open, pending, ignored } = model;
    const made = this.#made;
    const isSameRoom = made?.room === room && made?.open === open;
    if (isSameRoom && made?.pending === pending && made.ignored === ignored) return made.rows;
    const rows = this.#make(model, room, offsetMinutes);
    this.#made = { room, open, pending, ignored, rows };
    return rows;
  }

  #make(model: Model, room: RoomState | undefined, offsetMinutes: Offset): Rows {
    const stretch = room?.jump ?? room?.tail ?? NOTHING;
    const fresh = new Map<string, Row>();
    const before = this.#kept;
    const put = (row: Row) => {
      const known = before.get(row.key);
      fresh.set(row.key, known !== undefined && isEqual(known, row) ? known : row);
    };
    const last = putItems(model, room, stretch, offsetMinutes, put);
    if (!stretch.hasNewer) putPending(model, stretch, last, put);
    this.#kept = fresh;
    const shown = room?.shown;
    const shownKey = shown !== undefined && fresh.has(`i${shown}`) ? `i${shown}` : undefined;
    const { hasOlder, hasNewer } = stretch;
    return { rows: [...fresh.values()], hasOlder, hasNewer, loading: room?.loading, shownKey };
  }
}

function putItems(
  model: Model,
  room: RoomState | undefined,
  { items }: Stretch,
  offsetMinutes: Offset,
  put: (row: Row) => void,
): Item | undefined {
  const readTo = room?.readAtOpening;
  let day = Number.NaN;
  let last: Item | undefined;
  let isMarked = readTo === undefined || (items[0]?.n ?? 0) > readTo + 1;
  for (const item of items) {
    if (isIgnored(model, item.from) && isWords(item)) continue;
    const itsDay = dayOf(item.timeUnixMs, offsetMinutes);
    if (itsDay !== day) put({ kind: "day", key: `d${itsDay}`, unixMs: item.timeUnixMs });
    if (!isMarked && item.n > (readTo ?? 0)) {
      if (!item.isMine) put({ kind: "unread", key: "unread" });
      isMarked = true;
      last = undefined;
    }
    const isGrouped = itsDay === day && follows(last, item);
    const answers = item.re === undefined ? undefined : itemAt(items, item.re);
    put({ kind: "item", key: `i${item.seq}`, item, isGrouped, answers });
    day = itsDay;
    last = item;
  }
  return last;
}

function putPending(
  model: Model,
  { items }: Stretch,
  last: Item | undefined,
  put: (row: Row) => void,
): void {
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
  return isSame(last.from, item.from) && item.timeUnixMs - last.timeUnixMs < GROUP_MS;
}

/** Days since 1970, local. */
function dayOf(unixMs: number, offsetMinutes: Offset): number {
  return Math.floor((unixMs + offsetMinutes(unixMs) * 60_000) / DAY_MS);
}

function isEqual(one: Row, other: Row): boolean {
  if (one.kind === "item" && other.kind === "item") {
    const isSameItem = one.item === other.item && one.answers === other.answers;
    return isSameItem && one.isGrouped === other.isGrouped;
  }
  if (one.kind === "pending" && other.kind === "pending") {
    const isSamePost = one.post === other.post && one.answers === other.answers;
    return isSamePost && one.isGrouped === other.isGrouped;
  }
  return one.kind === other.kind && one.kind !== "item" && one.kind !== "pending";
}
