/** Room settings, saved messages and followed threads of an account. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { FOLLOWS_MAX, PREFS_RECORDS_MAX, PREFS_ROOMS_MAX, SAVED_MAX } from "../../base/limits.ts";
import { clampUnixMs } from "../../base/time.ts";
import { isCount } from "../../base/values.ts";
import { fieldsOf } from "../../wire/kinds.ts";
import { NOTIFY_LEVELS } from "../../wire/messages.ts";
import type { Draft, FoldedHead, JsonObject } from "../../wire/record.ts";
import { keywordsOf } from "./keywords.ts";
import type { ThreadCount } from "./threads.ts";

export type NotifyLevel = (typeof NOTIFY_LEVELS)[number] | "nothing";

export interface RoomPrefs {
  /** End of muting in Unix ms; 0 if the room is muted permanently. */
  readonly muted?: number | undefined;
  readonly favourite?: boolean | undefined;
  readonly hidden?: number | undefined;
  readonly unread?: number | undefined;
  /** Messages that notify the user; `undefined` for the default of `notifyLevel`. */
  readonly notify?: Exclude<NotifyLevel, "nothing"> | undefined;
  /** Text beside the user's name; only for `EVERYWHERE`. */
  readonly status?: string | undefined;
  /** End of the status in Unix ms. */
  readonly statusUntil?: number | undefined;
  /** Folded words that notify like a mention; only for `EVERYWHERE`. */
  readonly keywords?: string[] | undefined;
  /** Whether rooms with unread messages come first; only for `EVERYWHERE`. */
  readonly unreadFirst?: boolean | undefined;
}

/**
 * Stands for all rooms in an account's settings: `muted` is the end of "do not disturb", and status
 * and keywords are those of the account.
 */
export const EVERYWHERE = "everywhere" as RoomId;

export type PrefsChange =
  | { readonly kind: "prefs-set"; readonly room: RoomId; readonly prefs: RoomPrefs }
  | { readonly kind: "save"; readonly room: RoomId; readonly seq: number; readonly on: boolean }
  | ({ readonly kind: "follow"; readonly seq: number } & Follow);

export interface Follow {
  readonly room: RoomId;
  /** False if the user has unfollowed the thread, which clients then do not follow again. */
  readonly on: boolean;
  /** Seq up to which the user has read the replies. */
  readonly read: number;
}

/** A thread as the server knows it: it counts no replies in encrypted rooms. */
export interface CountedFollow extends Follow, Partial<ThreadCount> {}

/** Contents of a log after a loss of records. */
export interface RemainingRecords {
  /** `seq` of the newest record. */
  readonly end: number;
  /** `n` of the newest record of a room; `undefined` if there is no such room. */
  readonly endOf: (room: RoomId) => number | undefined;
}

export class AccountPrefs {
  readonly rooms = new Map<RoomId, RoomPrefs>(); // `prefsDrafts` enforces PREFS_ROOMS_MAX.
  readonly saved = new Map<number, RoomId>();
  /** Threads by the seqs of their roots, the last changed one last. */
  readonly follows = new Map<number, Follow>();
  records: readonly number[] = [];

  apply({ kind, seq }: Pick<FoldedHead, "kind" | "seq">, body: JsonObject): void {
    if (kind === "prefs-erase") {
      const removedSeqs = new Set(fieldsOf(kind, body).also);
      this.records = this.records.filter((item) => !removedSeqs.has(item));
      return;
    }
    this.records = [...this.records, seq];
    const { all } = fieldsOf("prefs", body);
    if (all !== undefined) return this.#applyAll(objectOf(all));
    const change = prefsChangeOf(body);
    if (change !== undefined) this.#change(change);
  }

  /** A record of all settings is written when the settings records reach their maximum number. */
  #applyAll({ rooms, saved, follows }: JsonObject): void {
    this.rooms.clear();
    this.saved.clear();
    this.follows.clear();
    for (const one of [...listOf(rooms), ...listOf(saved), ...listOf(follows)]) {
      const change = prefsChangeOf(objectOf(one));
      if (change !== undefined) this.#change(change);
    }
  }

  #change(change: PrefsChange): void {
    if (change.kind === "save") {
      if (change.on) this.saved.set(change.seq, change.room);
      else this.saved.delete(change.seq);
    } else if (change.kind === "follow") {
      const { seq, room, on, read } = change;
      setFollow(this.follows, seq, { room, on, read });
    } else if (isEmpty(change.prefs)) this.rooms.delete(change.room);
    else this.rooms.set(change.room, change.prefs);
  }

  has(change: PrefsChange): boolean {
    if (change.kind === "save") return this.saved.has(change.seq) === change.on;
    if (change.kind === "follow") {
      const known = this.follows.get(change.seq);
      return known?.on === change.on && known.read >= change.read;
    }
    const { muted, favourite, hidden, unread, notify, status, statusUntil } = change.prefs;
    const keywordsIn = (prefs: RoomPrefs | undefined) => prefs?.keywords?.join("\n");
    const known = this.rooms.get(change.room);
    return (
      known?.muted === muted &&
      (known?.favourite === true) === (favourite === true) &&
      known?.hidden === hidden &&
      known?.unread === unread &&
      known?.notify === notify &&
      known?.status === status &&
      known?.statusUntil === statusUntil &&
      keywordsIn(known) === keywordsIn(change.prefs) &&
      (known?.unreadFirst === true) === (change.prefs.unreadFirst === true)
    );
  }

  all(change: PrefsChange): {
    readonly rooms: readonly object[];
    readonly saved: readonly object[];
    readonly follows: readonly object[];
  } {
    const next = new AccountPrefs();
    for (const [room, prefs] of this.rooms) next.rooms.set(room, prefs);
    for (const [seq, room] of this.saved) next.saved.set(seq, room);
    for (const [seq, follow] of this.follows) next.follows.set(seq, follow);
    next.#change(change);
    return next.#all();
  }

  #all() {
    return {
      rooms: [...this.rooms].map(([room, prefs]) => ({ room, ...prefs })),
      saved: [...this.saved].map(([seq, room]) => ({ room, seq, on: true })),
      follows: [...this.follows].map(([thread, follow]) => ({ thread, ...follow })),
    };
  }

  /** All settings without those that refer to lost records; `undefined` if there are none. */
  withoutLost({ end, endOf }: RemainingRecords) {
    const next = new AccountPrefs();
    for (const [room, prefs] of this.rooms) {
      const { hidden = 0, unread = 0 } = prefs;
      const roomEnd = endOf(room) ?? Number.POSITIVE_INFINITY;
      const kept = {
        ...prefs,
        hidden: hidden > roomEnd ? undefined : prefs.hidden,
        unread: unread > roomEnd ? undefined : prefs.unread,
      };
      if (!isEmpty(kept)) next.rooms.set(room, kept);
    }
    for (const [seq, room] of this.saved) if (seq <= end) next.saved.set(seq, room);
    for (const [seq, follow] of this.follows) {
      const read = Math.min(follow.read, end);
      if (seq <= end) next.follows.set(seq, { ...follow, read });
    }
    const [before, after] = [this.#all(), next.#all()];
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
  }
}

/** The read position never decreases. */
export function setFollow<Entry extends Follow>(
  follows: Map<number, Entry>,
  seq: number,
  follow: Entry,
): void {
  const known = follows.get(seq);
  follows.delete(seq);
  follows.set(seq, { ...follow, read: Math.max(known?.read ?? 0, follow.read) });
  const [oldest] = follows.keys();
  if (oldest !== undefined && follows.size > FOLLOWS_MAX) follows.delete(oldest);
}

const NONE = new AccountPrefs();

/**
 * Keeps the level, keywords and order that the change omits. An empty list removes the keywords.
 */
function withKnownFields(change: PrefsChange, { rooms }: AccountPrefs): PrefsChange {
  if (change.kind !== "prefs-set") return change;
  const known = rooms.get(change.room);
  const { notify = known?.notify, keywords = known?.keywords } = change.prefs;
  const unreadFirst = (change.prefs.unreadFirst ?? known?.unreadFirst) || undefined;
  const kept = { notify, keywords: keywordsOf(keywords), unreadFirst };
  return { ...change, prefs: { ...change.prefs, ...kept } };
}

/**
 * Returns no records if the change has no effect. If there are too many settings records, returns a
 * record with all settings, and a draft that orders the erasure of the old records, because past
 * settings are private.
 * @throws {Fault} too-many if a limit is reached
 */
export function prefsDrafts(
  id: UserId,
  requested: PrefsChange,
  prefs: AccountPrefs = NONE,
): readonly Draft[] {
  const change = withKnownFields(requested, prefs);
  if (prefs.has(change)) return [];
  checkBounds(prefs, change);
  const about = { room: id, by: id, id: "" } as const;
  const body = bodyOf(change);
  if (prefs.records.length < PREFS_RECORDS_MAX) return [{ kind: "prefs", ...about, body }];
  const all = prefs.all(change);
  return [{ kind: "prefs", ...about, body: { ...body, all } }, prefsEraseDraft(id, prefs.records)];
}

/** Returns drafts that drop what refers to lost records, whose numbers others will get. */
export function lostPrefsDrafts(
  id: UserId,
  prefs: AccountPrefs,
  remaining: RemainingRecords,
): readonly Draft[] {
  const all = prefs.withoutLost(remaining);
  if (all === undefined) return [];
  const [seq = 1] = prefs.saved.keys();
  const body = { room: EVERYWHERE, seq, on: false, all };
  const about = { room: id, by: id, id: "" } as const;
  return [{ kind: "prefs", ...about, body }, prefsEraseDraft(id, prefs.records)];
}

export function prefsEraseDraft(id: UserId, also: readonly number[]): Draft {
  return { kind: "prefs-erase", room: id, by: id, id: "", body: { also } };
}

function bodyOf(change: PrefsChange): JsonObject {
  if (change.kind === "prefs-set") return { room: change.room, ...change.prefs };
  const { room, seq, on } = change;
  return change.kind === "save" ? { room, seq, on } : { room, thread: seq, on, read: change.read };
}

function checkBounds({ rooms, saved }: AccountPrefs, change: PrefsChange): void {
  if (change.kind === "follow") return;
  if (change.kind === "save") {
    if (!change.on || saved.size < SAVED_MAX) return;
    throw new Fault("too-many", msg`you can save at most ${SAVED_MAX} messages`, {
      remedy: msg`remove one first: ${"/unsave SEQ"}`,
    });
  }
  const isAdded = !rooms.has(change.room) && !isEmpty(change.prefs);
  if (!isAdded || rooms.size < PREFS_ROOMS_MAX) return;
  throw new Fault("too-many", msg`you can have settings for at most ${PREFS_ROOMS_MAX} rooms`, {
    remedy: msg`unhide or unmute some rooms`,
  });
}

export function prefsChangeOf(body: JsonObject): PrefsChange | undefined {
  const fields = fieldsOf("prefs", body);
  const { room, seq, on, muted, favourite, hidden, unread, notify, thread, read } = fields;
  if (room === undefined) return undefined;
  const id = room as RoomId;
  if (thread !== undefined) {
    const isWhole = on !== undefined && read !== undefined;
    return isWhole ? { kind: "follow", room: id, seq: thread, on, read } : undefined;
  }
  if (seq !== undefined) {
    const isWhole = isCount(seq) && on !== undefined;
    return isWhole ? { kind: "save", room: id, seq, on } : undefined;
  }
  const until = muted === undefined ? undefined : clampUnixMs(muted);
  const level = NOTIFY_LEVELS.find((known) => known === notify);
  const { status, statusUntil, keywords, unreadFirst } = fields;
  const account = {
    status: status || undefined,
    statusUntil,
    keywords: keywordsOf(keywords),
    unreadFirst: unreadFirst || undefined,
  };
  const own = id === EVERYWHERE ? account : {};
  const settings = { muted: until, favourite: favourite || undefined, hidden, unread };
  const prefs = { ...settings, notify: level, ...own };
  return { kind: "prefs-set", room: id, prefs };
}

/** In a direct conversation, every message notifies by default; in a room, only mentions do. */
export function notifyLevel(
  prefs: RoomPrefs | undefined,
  { isDirect, unixMs }: { readonly isDirect: boolean; readonly unixMs: number },
): NotifyLevel {
  if (isMutedAt(prefs?.muted, unixMs)) return "nothing";
  return prefs?.notify ?? (isDirect ? "all" : "mentions");
}

/** @param until 0 if permanent, `undefined` if not muted */
export function isMutedAt(until: number | undefined, unixMs: number): boolean {
  return until !== undefined && (until === 0 || unixMs < until);
}

/** Status that others see, and its end; empty if there is none, or if it has ended. */
export function statusOf(
  prefs: AccountPrefs | undefined,
  unixMs: number,
): Pick<RoomPrefs, "status" | "statusUntil"> {
  const { status, statusUntil } = prefs?.rooms.get(EVERYWHERE) ?? {};
  return isStatusOver(statusUntil, unixMs) ? {} : { status, statusUntil };
}

/** @param until `undefined` if permanent */
export function isStatusOver(until: number | undefined, unixMs: number): boolean {
  return until !== undefined && until <= unixMs;
}

function isEmpty({ favourite, ...values }: RoomPrefs): boolean {
  return favourite !== true && Object.values(values).every((value) => value === undefined);
}

function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
