import type { Registry } from "../../core/rooms/accounts.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { Clock } from "../../io/clock.ts";
import type { Listener } from "../../io/link/link.ts";
import { encode, type Outgoing } from "../../wire/codec.ts";
import type { RoomEntry, WireRecord } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import { RecordsFrame } from "../../wire/records-frame.ts";
import { topicOf } from "../session/connection-state.ts";

/**
 * Under load, what is told within a moment leaves together: one write a reader for several records
 * saves more than half of the work. The moment is as long as the last telling took, so that at most
 * half of the time goes into telling. A message after a pause is told at once.
 */
const GATHER_MS_MIN = 1;
const GATHER_MS_MAX = 100;
/** More than this at once would fill the queue of a reader that was keeping up. */
const GATHER_BYTES_MAX = 256 << 10;
/** One write to one reader over TLS, as measured on loopback. */
const WRITE_MS = 0.005;

/**
 * Packs once and publishes the bytes, in order: one topic a room, on every transport. Records of a
 * room that follow each other travel in one message; readers of protocol version 1 get one message
 * each, on a topic of their own.
 */
export class FanOut {
  readonly #clock: Clock;
  readonly #registry: Pick<Registry, "nameOf">;
  readonly #listeners = new Set<Listener>();
  /** Bounded by GATHER_BYTES_MAX. */
  #gathered: { readonly room: Room; readonly topic: string; readonly bytes: Uint8Array }[] = [];
  #gatheredBytes = 0;
  /** Records of `#frameRoom` that came last and are not in `#gathered` yet. */
  readonly #frame = new RecordsFrame();
  #frameRoom: Room | undefined;
  #publishedMessages = 0;
  #publishedBytes = 0;
  #isScheduled = false;
  /** Links of protocol version 1. */
  #olderReaders = 0;
  /** Until when further records wait. */
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, registry: Pick<Registry, "nameOf">) {
    this.#clock = clock;
    this.#registry = registry;
  }

  /** Since the start; each message once, however many read it. */
  get counters(): {
    readonly publishedMessages: number;
    readonly publishedBytes: number;
    readonly gatheredBytes: number;
  } {
    const publishedMessages = this.#publishedMessages;
    const publishedBytes = this.#publishedBytes;
    return { publishedMessages, publishedBytes, gatheredBytes: this.#waitingBytes() };
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
  }

  /** A link of protocol version 1 is there, until the function that comes back is called. */
  olderReader(): () => void {
    this.#olderReaders++;
    return () => {
      this.#olderReaders--;
    };
  }

  /** @param older what readers of version 1 are told instead */
  publish(room: Room, message: Outgoing, older = () => [message]): void {
    this.#closeFrame();
    this.#gather(room, room.id, encode(message));
    if (this.#olderReaders > 0) {
      for (const one of older()) this.#gather(room, topicOf(room.id, 1), encode(one));
    }
    this.#schedule();
  }

  record(room: Room, record: LogRecord): void {
    if (room !== this.#frameRoom || !this.#frame.hasRoomFor(record)) this.#closeFrame();
    this.#frameRoom = room;
    this.#frame.add(record, this.#registry.nameOf(record.head.by));
    if (this.#olderReaders > 0) {
      const bytes = encode({ kind: "record", ...wireRecord(record, this.#registry) });
      this.#gather(room, topicOf(room.id, 1), bytes);
    }
    this.#schedule();
  }

  #closeFrame(): void {
    const room = this.#frameRoom;
    if (room === undefined) return;
    this.#frameRoom = undefined;
    this.#gather(room, room.id, this.#frame.take());
  }

  #gather(room: Room, topic: string, bytes: Uint8Array): void {
    this.#gathered.push({ room, topic, bytes });
    this.#gatheredBytes += bytes.length;
    this.#publishedMessages++;
    this.#publishedBytes += bytes.length;
  }

  #waitingBytes(): number {
    return this.#gatheredBytes + (this.#frameRoom === undefined ? 0 : this.#frame.sizeBytes);
  }

  #schedule(): void {
    if (this.#waitingBytes() > GATHER_BYTES_MAX) this.flush();
    if (this.#isScheduled || this.#waitingBytes() === 0) return;
    this.#isScheduled = true;
    const waitMs = this.#restUntil - this.#clock.now();
    // At the end of this tick's work: a whole batch of the log comes in one.
    if (waitMs <= 0) queueMicrotask(() => this.#due());
    else this.#clock.after(waitMs, () => this.#due());
  }

  /** Tells all that was gathered: before anything changes about who is told. */
  flush(): void {
    this.#closeFrame();
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    const rooms = new Set<Room>();
    for (const { room, topic, bytes } of gathered) {
      rooms.add(room);
      for (const listener of this.#listeners) listener.publish(topic, bytes);
    }
    let writes = 0;
    for (const room of rooms) writes += room.members.size;
    const restMs = Math.min(GATHER_MS_MAX, Math.max(GATHER_MS_MIN, writes * WRITE_MS));
    this.#restUntil = this.#clock.now() + restMs;
  }

  #due(): void {
    this.#isScheduled = false;
    this.flush();
  }
}

/** A record as readers get it: head and body as the bytes that stand in the log. */
export function wireRecord(record: LogRecord, registry: Pick<Registry, "nameOf">): WireRecord {
  const { head, headBytes, salt, bodyBytes, erased, damaged } = record;
  const from = registry.nameOf(head.by);
  return {
    head: headBytes,
    ...(salt === undefined || bodyBytes === undefined ? {} : { salt, body: bodyBytes }),
    ...(erased === undefined ? {} : { erased }),
    ...(damaged === true ? { damaged } : {}),
    ...(from === undefined ? {} : { from }),
  };
}

/** A room as `reader` knows it: by its name, or by the other person's. */
export function roomEntry(room: Room, reader: string, registry: Registry): RoomEntry {
  if (room.name !== undefined) {
    return {
      room: room.id,
      name: room.name,
      ...(room.topic === "" ? {} : { topic: room.topic }),
      ...(room.isClosed ? { closed: true } : {}),
    };
  }
  const [one, other] = room.pair ?? [];
  const partner = one === reader ? other : one;
  const name = partner === undefined ? undefined : registry.nameOf(partner);
  return { room: room.id, ...(name === undefined ? {} : { with: name }) };
}
