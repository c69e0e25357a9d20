/** Events of one account for programs that keep no model, such as a line-oriented reader. */

import type { RoomId } from "../base/ids.ts";
import type { ChatRecord, RoomView } from "../core/client/chat-record.ts";
import { MESSAGE_KINDS } from "../wire/kinds.ts";
import type { ClientEvent, ConnectedEvent, ReaderEvent } from "./event.ts";
import type { FollowMode } from "./follower.ts";

interface AccountReaderSink {
  event(event: ReaderEvent): void;
  cursor(seq: number): void;
  rewind(seq: number): void;
  read(room: string, n: number): void;
}

/** Maximum number of events queued before `connected`, which carries the rooms listed so far. */
const QUEUED_EVENTS_MAX = 2_048;
/** Kinds that are not emitted, because users learn of a new room from its first join record. */
const HIDDEN_KINDS: ReadonlySet<string> = new Set(["room"]);

type PendingConnected = Omit<ConnectedEvent, "rooms">;

/** Emits `connected` with all rooms before any other event of a link. */
export class AccountReader {
  readonly #readState = new ReadState();
  #ignored: ReadonlySet<string> = new Set();
  #queued: ReaderEvent[] | undefined;
  #connected: PendingConnected | undefined;
  #foldedUser = "";

  constructor(
    private readonly mode: FollowMode,
    private readonly rooms: () => readonly RoomView[],
    private readonly sink: AccountReaderSink,
  ) {}

  markRead({ room, n }: ChatRecord): void {
    const upTo = this.#readState.markRead(room.id, n);
    if (upTo !== undefined) this.sink.read(room.id, upTo);
  }

  unread(room: RoomId): number {
    return this.#readState.unread(room);
  }

  ignores(user: string | undefined): boolean {
    return user !== undefined && this.#ignored.has(user.toLowerCase());
  }

  handle(event: ClientEvent): void {
    switch (event.kind) {
      case "listing":
        this.#queued ??= []; // A link that was lost before `caught-up` may have left a queue.
        this.#connected = { kind: "connected", ...event.link };
        this.#foldedUser = event.link.user.toLowerCase();
        this.#ignored = new Set();
        return;
      case "room": {
        const { room, isChanged, notice } = event;
        const { n, read = 1, unread } = notice;
        const ahead = this.#readState.setRoom(room.id, n - 1, read, unread);
        if (ahead !== undefined) this.sink.read(room.id, ahead);
        const isVisible = isChanged && this.#connected === undefined && this.mode !== "none";
        return isVisible ? this.#emit(event) : undefined;
      }
      case "room-gone": {
        const { kind, id, room } = event;
        this.#readState.remove(id);
        return room === undefined || this.mode === "none" ? undefined : this.#emit({ kind, room });
      }
      case "record":
        return this.#record(event);
      case "caught-up":
        this.#flush(event.rooms);
        return this.#emit(event);
      case "cursor":
        return this.sink.cursor(event.seq);
      case "rewind":
        return this.sink.rewind(event.seq);
      case "offered":
        return event.room.isSealed === true ? undefined : this.#emit(event);
      case "read": {
        const { id } = event.room;
        const isNewer = this.#readState.markRead(id, event.n, event.unread) !== undefined;
        return isNewer ? this.#emit({ ...event, unread: this.#readState.unread(id) }) : undefined;
      }
      case "skipped":
      case "presence":
      case "majority":
        return this.#emit(event);
      case "ignored":
        this.#ignored = new Set(event.users.map((user) => user.toLowerCase()));
        return;
      case "settled":
        return event.adopted === undefined ? undefined : this.sink.event(event);
      case "invited":
      case "announced":
      case "disk-low":
      case "rejoined":
      case "sealed-fault":
      case "sealed-remark":
      case "member-added":
      case "identity-changed":
      case "account-changed":
        return this.sink.event(event);
      default:
        return;
    }
  }

  #record(event: Extract<ClientEvent, { kind: "record" }>): void {
    const { kind, sealed, from, room, n } = event.record;
    const hidden = HIDDEN_KINDS.has(kind) || sealed === "carrier";
    const counts = !hidden && MESSAGE_KINDS.has(kind) && from?.toLowerCase() !== this.#foldedUser;
    this.#readState.addRecord(room.id, n, { hidden, counts });
    if (!hidden) this.#emit(event);
  }

  #emit(event: ReaderEvent): void {
    if (this.#queued === undefined) return this.sink.event(event);
    this.#queued.push(event);
    if (this.#queued.length >= QUEUED_EVENTS_MAX) this.#flush(this.rooms());
  }

  #flush(rooms: readonly RoomView[]): void {
    const queued = this.#queued ?? [];
    this.#queued = undefined;
    const connected = this.#connected;
    this.#connected = undefined;
    if (connected !== undefined) this.sink.event({ ...connected, rooms });
    for (const event of queued) this.sink.event(event);
  }
}

/**
 * Read position and unread count of each room.
 * @internal
 */
export class ReadState {
  readonly #rooms = new Map<
    string,
    { last: number; read: number; hidden: number; unread: number }
  >();

  /**
   * @param unread not sent by older servers
   * @returns the read position of this client, if the server does not know it
   */
  setRoom(
    id: string,
    last: number,
    read: number,
    unread = Math.max(0, last - read),
  ): number | undefined {
    const known = this.#rooms.get(id);
    const hidden = known?.hidden ?? 0;
    this.#rooms.set(id, { last, read, hidden, unread });
    // The server may not have processed a newer position yet, or have lost it when it was killed.
    return known && this.markRead(id, known.read);
  }

  remove(id: string): void {
    this.#rooms.delete(id);
  }

  addRecord(
    id: string,
    n: number,
    flags: { readonly hidden: boolean; readonly counts: boolean },
  ): void {
    const room = this.#rooms.get(id);
    if (room === undefined) return;
    room.last = Math.max(room.last, n);
    if (flags.hidden) room.hidden = n;
    if (flags.counts && n > room.read) room.unread++;
  }

  markRead(id: string, n: number, unread?: number): number | undefined {
    const room = this.#rooms.get(id);
    if (room === undefined) return undefined;
    const upTo = room.hidden === n + 1 ? n + 1 : n;
    if (upTo <= room.read) return undefined;
    room.read = upTo;
    room.unread = Math.max(0, Math.min(unread ?? room.unread, room.last - upTo));
    return upTo;
  }

  unread(id: string): number {
    return this.#rooms.get(id)?.unread ?? 0;
  }
}
