/** Order of an account's events for a program that reads them one by one. */

import type { RoomView } from "../core/client/chat-record.ts";
import type { ClientEvent, ConnectedEvent, ReaderEvent } from "./event.ts";
import type { FollowMode } from "./follower.ts";

interface AccountReaderSink {
  event(event: ReaderEvent): void;
  cursor(seq: number): void;
  rewind(seq: number): void;
}

/** Maximum number of events queued before `connected`, which carries the rooms listed so far. */
const QUEUED_EVENTS_MAX = 2_048;
/** Kinds that are not emitted, because users learn of a new room from its first join record. */
const HIDDEN_KINDS: ReadonlySet<string> = new Set(["room"]);

type PendingConnected = Omit<ConnectedEvent, "rooms">;

/** Emits `connected` with all rooms before any other event of a link. */
export class AccountReader {
  #queued: ReaderEvent[] | undefined;
  #connected: PendingConnected | undefined;

  constructor(
    private readonly mode: FollowMode,
    private readonly rooms: () => readonly RoomView[],
    private readonly sink: AccountReaderSink,
  ) {}

  handle(event: ClientEvent): void {
    switch (event.kind) {
      case "listing":
        this.#queued ??= []; // A link that was lost before `caught-up` may have left a queue.
        this.#connected = { kind: "connected", ...event.link };
        return;
      case "room": {
        const isVisible = event.isChanged && this.#connected === undefined && this.mode !== "none";
        return isVisible ? this.#emit(event) : undefined;
      }
      case "room-gone":
        return this.mode === "none" ? undefined : this.#emit(event);
      case "record":
        return HIDDEN_KINDS.has(event.record.kind) ? undefined : this.#emit(event);
      case "caught-up":
        this.#flush(event.rooms);
        return this.#emit(event);
      case "cursor":
        return this.sink.cursor(event.seq);
      case "rewind":
        return this.sink.rewind(event.seq);
      case "offered": {
        const room = this.rooms().find(({ id }) => id === event.room);
        return room === undefined || room.isSealed === true ? undefined : this.#emit(event);
      }
      case "skipped":
      case "presence":
      case "read":
      case "majority":
        return this.#emit(event);
      case "settled":
        return event.adopted === undefined ? undefined : this.sink.event(event);
      case "invited":
      case "announced":
      case "disk-low":
      case "rejoined":
      case "sealed-fault":
      case "sealed-remark":
      case "handover":
      case "member-added":
      case "identity-changed":
      case "account-changed":
        return this.sink.event(event);
      default:
        return;
    }
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
