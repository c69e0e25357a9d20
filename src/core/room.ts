import { assert } from "../base/assert.ts";
import { utf8Decode } from "../base/bytes.ts";
import { isDirect, type RoomId, type UserId } from "../base/ids.ts";
import { type FoldedName, foldName, isName, type Name } from "../base/names.ts";
import type { Head, LogRecord } from "../wire/record.ts";
import { erasuresOf } from "./erasures.ts";

/**
 * Rooms as a fold over the history log: who made them, who is in, what the topic is, which record
 * came last. It has never heard of sockets, and it decides nothing: `hall.ts` does.
 */
export interface Room {
  readonly id: RoomId;
  /** Absent for a direct conversation. */
  readonly name?: Name;
  /** The two of a direct conversation; the same person twice for notes to oneself. */
  readonly pair?: readonly [UserId, UserId];
  readonly maker: UserId | "server";
  /** A password guards it; its hash is in the accounts log. */
  readonly locked: boolean;
  topic: string;
  readonly members: Set<UserId>;
  /** Accounts that were in once: they are not asked for the password again. */
  readonly admitted: Set<UserId>;
  /** Whoever made it, and whom they made so. */
  readonly moderators: Set<UserId>;
  /** Who may not speak here, each until when (Unix ms; undefined: for good). */
  readonly muted: Map<UserId, number | undefined>;
  lastSeq: number;
  /** `n` of the last record. */
  lastN: number;
}

export const LOBBY = "lobby" as Name;

export class Rooms {
  readonly #byId = new Map<RoomId, Room>(); // Bounded: the hall refuses past ROOMS_MAX.
  readonly #byName = new Map<FoldedName, Room>();
  readonly #joined = new Map<UserId, Set<Room>>();
  /** Edits of each record, by seq: at most EDITS_PER_RECORD_MAX each, and erased with it. */
  readonly #edits = new Map<number, number[]>();
  /** Records whose words were erased. */
  readonly #erased = new Set<number>();
  #named = 0;

  /** Seq of the last record applied. */
  head = 0;

  get(id: RoomId): Room | undefined {
    return this.#byId.get(id);
  }

  find(name: Name): Room | undefined {
    return this.#byName.get(foldName(name));
  }

  /** Rooms and direct conversations that the account reads. */
  of(user: UserId): ReadonlySet<Room> {
    return this.#joined.get(user) ?? NO_ROOMS;
  }

  /** Rooms with a name, in the order in which they were made. */
  *named(): Iterable<Room> {
    for (const room of this.#byName.values()) yield room;
  }

  /** Seqs of the edits of a record, oldest first. */
  editsOf(seq: number): readonly number[] {
    return this.#edits.get(seq) ?? [];
  }

  isErased(seq: number): boolean {
    return this.#erased.has(seq);
  }

  get directCount(): number {
    return this.#byId.size - this.#named;
  }

  get namedCount(): number {
    return this.#named;
  }

  /** Records must come in order of `seq`, each once. */
  apply(record: LogRecord): void {
    const { head } = record;
    assert(head.seq === this.head + 1, "history has a hole or a double");
    this.head = head.seq;
    if (head.kind === "room") this.#make(record);
    const room = this.#byId.get(head.room as RoomId);
    if (room === undefined) return; // Its first record is damaged: nothing can be known of it.
    room.lastSeq = head.seq;
    room.lastN = head.n;
    if (head.by !== "server") this.#change(room, record, head.by);
  }

  #change(room: Room, record: LogRecord, by: UserId): void {
    switch (record.head.kind) {
      case "join":
        return this.#enter(room, by);
      case "leave":
        room.members.delete(by);
        this.#joined.get(by)?.delete(room);
        return;
      case "kick":
        return this.#putOut(room, accountIn(record));
      case "mute":
        return mute(room, record);
      case "grant":
        return grant(room, record);
      case "edit":
        return this.#edit(record);
      case "erase":
        for (const seq of erasuresOf(record)) {
          this.#erased.add(seq);
          this.#edits.delete(seq);
        }
        return;
      case "topic": {
        const topic = bodyOf(record)?.["topic"];
        if (typeof topic === "string") room.topic = topic;
        return;
      }
      default:
        return; // Words change no state.
    }
  }

  /** Whoever was put out does not moderate, and is asked for the password again. */
  #putOut(room: Room, user: UserId | undefined): void {
    if (user === undefined) return;
    room.members.delete(user);
    room.moderators.delete(user);
    if (room.locked) room.admitted.delete(user);
    this.#joined.get(user)?.delete(room);
  }

  #edit(record: LogRecord): void {
    const of = bodyOf(record)?.["seq"];
    if (typeof of !== "number") return;
    const edits = this.#edits.get(of);
    if (edits === undefined) this.#edits.set(of, [record.head.seq]);
    else edits.push(record.head.seq);
  }

  #make(record: LogRecord): void {
    const { head } = record;
    const body = bodyOf(record);
    const id = head.room as RoomId;
    if (body === undefined || this.#byId.has(id)) return;
    const room = isDirect(id) ? directRoom(head, body) : namedRoom(head, body);
    if (room === undefined) return;
    this.#byId.set(id, room);
    if (room.name !== undefined) {
      this.#byName.set(foldName(room.name), room);
      this.#named++;
    }
    for (const user of room.pair ?? []) this.#enter(room, user);
  }

  #enter(room: Room, user: UserId): void {
    room.members.add(user);
    room.admitted.add(user);
    const joined = this.#joined.get(user);
    if (joined === undefined) this.#joined.set(user, new Set([room]));
    else joined.add(room);
  }
}

const NO_ROOMS: ReadonlySet<Room> = new Set();

/** The body as a JSON object, or undefined when it was erased or is damaged. */
export function bodyOf(record: LogRecord): Readonly<Record<string, unknown>> | undefined {
  if (record.bodyBytes === undefined) return undefined;
  try {
    const body: unknown = JSON.parse(utf8Decode(record.bodyBytes));
    return typeof body === "object" && body !== null
      ? (body as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The account that a kick, a mute or a grant is about. */
export function accountIn(record: LogRecord): UserId | undefined {
  const user = bodyOf(record)?.["user"];
  return typeof user === "string" ? (user as UserId) : undefined;
}

function mute(room: Room, record: LogRecord): void {
  const user = accountIn(record);
  if (user === undefined) return;
  const { on, until } = bodyOf(record) ?? {};
  if (on === true) room.muted.set(user, typeof until === "number" ? until : undefined);
  else room.muted.delete(user);
}

function grant(room: Room, record: LogRecord): void {
  const user = accountIn(record);
  if (user === undefined) return;
  if (bodyOf(record)?.["on"] === true) room.moderators.add(user);
  else room.moderators.delete(user);
}

function blank(head: Head): Omit<Room, "locked"> {
  return {
    id: head.room as RoomId,
    maker: head.by,
    topic: "",
    members: new Set(),
    admitted: new Set(),
    moderators: new Set(),
    muted: new Map(),
    lastSeq: head.seq,
    lastN: head.n,
  };
}

function namedRoom(head: Head, body: Readonly<Record<string, unknown>>): Room | undefined {
  const { name, locked } = body as { name?: unknown; locked?: unknown };
  if (typeof name !== "string" || !isName(name)) return undefined;
  const moderators = new Set(head.by === "server" ? [] : [head.by]);
  return { ...blank(head), name, locked: locked === true, moderators };
}

function directRoom(head: Head, body: Readonly<Record<string, unknown>>): Room | undefined {
  const { direct } = body as { direct?: unknown };
  if (!Array.isArray(direct) || direct.length !== 2) return undefined;
  const [one, other] = direct as unknown[];
  if (typeof one !== "string" || typeof other !== "string") return undefined;
  return { ...blank(head), locked: false, pair: [one as UserId, other as UserId] };
}
