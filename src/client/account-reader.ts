import type { RoomId } from "../base/ids.ts";
import type { ChatRecord, RoomView } from "../core/client/chat-record.ts";
import { WORD_KINDS } from "../wire/kinds.ts";
import type { AccountEvent, ConnectedEvent, ReaderEvent } from "./event.ts";
import type { FollowMode } from "./follower.ts";
import { ReadState } from "./read-state.ts";

export interface AccountReaderSink {
  event(event: ReaderEvent): void;
  /** All events up to `seq` were emitted. */
  cursor(seq: number): void;
  /** The server has fewer records than an earlier run has read. */
  rewind(seq: number): void;
  /** The room was read here up to its record `n`. */
  read(room: string, n: number): void;
}

/** Events held until `connected`; beyond this many, the rooms listed so far have to do. */
const HELD_EVENTS_MAX = 2_048;
/** Kinds of records for programs: a room's first join shows that it was made. */
const HIDDEN_KINDS: ReadonlySet<string> = new Set(["room"]);

type Held = Omit<ConnectedEvent, "rooms">;

/**
 * Events of one account for a reader without a model: `connected` with all rooms before all other
 * events of a link, no records that are only for programs, and counts of unread messages.
 */
export class AccountReader {
  readonly #mode: FollowMode;
  readonly #sink: AccountReaderSink;
  readonly #reads = new ReadState();
  /** Folded names of users whose messages are hidden. Bounded by the server's answer. */
  #ignored: ReadonlySet<string> = new Set();
  /** Until `caught-up`, when all rooms are known. Bounded by HELD_EVENTS_MAX. */
  #held: ReaderEvent[] | undefined;
  #connected: Held | undefined;
  /** Rooms of the link so far. */
  readonly #rooms: () => readonly RoomView[];
  /** Folded. */
  #me = "";

  constructor(mode: FollowMode, rooms: () => readonly RoomView[], sink: AccountReaderSink) {
    this.#mode = mode;
    this.#rooms = rooms;
    this.#sink = sink;
  }

  /** The user has seen this record, and with it all before it in its room. */
  seen({ room, n }: ChatRecord): void {
    const upTo = this.#reads.read(room.id, n);
    if (upTo !== undefined) this.#sink.read(room.id, upTo);
  }

  /** Messages of others in the room that no device of the account has shown. */
  unread(room: RoomId): number {
    return this.#reads.unread(room);
  }

  ignores(user: string | undefined): boolean {
    return user !== undefined && this.#ignored.has(user.toLowerCase());
  }

  pass(event: AccountEvent): void {
    switch (event.kind) {
      case "listing":
        this.#held ??= []; // Records of a link that was lost before `caught-up`.
        this.#connected = { kind: "connected", ...event.link };
        this.#me = event.link.user.toLowerCase();
        this.#ignored = new Set();
        return;
      case "room": {
        const { room, isNews, notice } = event;
        this.#reads.room(room.id, notice.n - 1, notice.read ?? 1, notice.unread);
        const isNew = isNews && this.#connected === undefined && this.#mode !== "none";
        return isNew ? this.#emit(event) : undefined;
      }
      case "room-gone": {
        const { kind, id, room } = event;
        this.#reads.gone(id);
        return room === undefined || this.#mode === "none" ? undefined : this.#emit({ kind, room });
      }
      case "record":
        return this.#record(event);
      case "caught-up":
        this.#release(event.rooms);
        return this.#emit(event);
      case "cursor":
        return this.#sink.cursor(event.seq);
      case "rewind":
        return this.#sink.rewind(event.seq);
      case "offered": // In a sealed room a message describes the file.
        return event.room.isSealed === true ? undefined : this.#emit(event);
      case "read": {
        const { id } = event.room;
        const isNews = this.#reads.read(id, event.n, event.unread) !== undefined;
        return isNews ? this.#emit({ ...event, unread: this.#reads.unread(id) }) : undefined;
      }
      case "skipped":
      case "presence":
      case "majority":
        return this.#emit(event);
      case "ignored":
        this.#ignored = new Set(event.users.map((user) => user.toLowerCase()));
        return;
      case "settled": // The caller has a promise of all other posts.
        return event.adopted === undefined ? undefined : this.#sink.event(event);
      case "invited":
      case "link-asked":
      case "announced":
      case "disk-low":
      case "came-anew":
      case "sealed-fault":
      case "sealed-remark":
      case "came-in":
      case "identity-changed":
        return this.#sink.event(event);
      default:
        return; // Only a model shows it.
    }
  }

  #record(event: Extract<AccountEvent, { kind: "record" }>): void {
    const { kind, sealed, from, room, n } = event.record;
    const hidden = HIDDEN_KINDS.has(kind) || sealed === "carrier";
    const counts = !hidden && WORD_KINDS.has(kind) && from?.toLowerCase() !== this.#me;
    this.#reads.record(room.id, n, { hidden, counts });
    if (!hidden) this.#emit(event);
  }

  #emit(event: ReaderEvent): void {
    if (this.#held === undefined) return this.#sink.event(event);
    this.#held.push(event);
    if (this.#held.length >= HELD_EVENTS_MAX) this.#release(this.#rooms());
  }

  #release(rooms: readonly RoomView[]): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    const connected = this.#connected;
    this.#connected = undefined;
    if (connected !== undefined) this.#sink.event({ ...connected, rooms });
    for (const event of held) this.#sink.event(event);
  }
}
