/** Broadcast of records and notices to the readers of rooms. */

import type { RoomId } from "../../base/ids.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { hasReadReceipts, type Room, wantsReceipts } from "../../core/rooms/rooms.ts";
import type { Clock } from "../../io/clock.ts";
import type { Listener } from "../../io/link/link.ts";
import { encode, type Outgoing } from "../../wire/codec.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { RoomEntry, WireRecord } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import { type FrameMark, RecordsFrame } from "../../wire/records-frame.ts";

/**
 * Under load, records are gathered for a moment and sent together: one write per reader for several
 * records saves more than half of the work. The moment is as long as the last flush took, so that
 * at most half of the time goes into sending. A message after a pause is sent immediately.
 */
const GATHER_MS_MIN = 1;
const GATHER_MS_MAX = 100;
/** Sending more than this together would fill the queue of a reader that was keeping up. */
const GATHER_BYTES_MAX = 256 << 10;
/** Milliseconds of one write to one reader over TLS, measured on loopback. */
const WRITE_MS = 0.005;
/**
 * While more records are being written to disk, a slow flush waits for this share of its duration:
 * it then includes most of a burst.
 */
const BURST_WAIT_SHARE = 0.5;
/**
 * Joins, leaves and presence wait this multiple of a flush's duration, unless a text is flushed
 * earlier: a large room spends a tenth of the time on them.
 */
const DEFER_TIMES = 10;
const DEFER_MS_MAX = 1_000;
const DEFERRABLE_NOTICES: ReadonlySet<string> = new Set(["presences", "typing"]);
const DEFERRABLE_KINDS = kindsWith("deferrable");

/** A link that follows rooms. */
export interface Reader {
  readonly following: ReadonlySet<RoomId>;
  sendBytes(bytes: Uint8Array): void;
  subscribe(room: RoomId): void;
}

/** A reader that has everything of a room except what is gathered after it joined. */
interface Newcomer {
  readonly reader: Reader;
  readonly room: Room;
  /** Start, within the open frame, of what the reader has not seen. */
  mark: FrameMark | undefined;
  readonly onFollowed: () => void;
}

interface GatheredMessage {
  readonly room: Room;
  readonly bytes: Uint8Array;
  /** Bytes that newcomers get instead, individually. */
  readonly newcomers: readonly { readonly reader: Reader; readonly bytes: Uint8Array }[];
}

/**
 * Encodes each message once and publishes the bytes in order, to one topic per room on every
 * transport. Consecutive records of a room share one message.
 */
export class FanOut {
  readonly #clock: Clock;
  readonly #registry: Pick<Registry, "nameOf">;
  readonly #hasPendingRecords: () => boolean;
  readonly #listeners = new Set<Listener>();
  /** Bounded by GATHER_BYTES_MAX. */
  #gathered: GatheredMessage[] = [];
  #gatheredBytes = 0;
  /** Latest records of `#frameRoom`, not yet in `#gathered`. */
  readonly #frame = new RecordsFrame();
  #frameRoom: Room | undefined;
  /** Mark of the most recent newcomer. */
  #mark: FrameMark | undefined;
  /** Keyed by room: readers who follow it from the next flush on. Bounded by the links. */
  readonly #newcomers = new Map<string, Newcomer[]>();
  #publishedMessages = 0;
  #publishedBytes = 0;
  /** Time of the next flush. Infinite if none is scheduled. */
  #dueAt = Number.POSITIVE_INFINITY;
  #cancel = () => {};
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** Time until which further records wait. */
  #pauseUntil = Number.NEGATIVE_INFINITY;

  /** @param hasPendingRecords whether the log is about to report more records */
  constructor(
    clock: Clock,
    registry: Pick<Registry, "nameOf">,
    hasPendingRecords: () => boolean = () => false,
  ) {
    this.#clock = clock;
    this.#registry = registry;
    this.#hasPendingRecords = hasPendingRecords;
  }

  /** Totals since the start; each message counts once, however many readers it has. */
  get counters(): {
    readonly publishedMessages: number;
    readonly publishedBytes: number;
    readonly gatheredBytes: number;
  } {
    const publishedMessages = this.#publishedMessages;
    const publishedBytes = this.#publishedBytes;
    return { publishedMessages, publishedBytes, gatheredBytes: this.#pendingBytes() };
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
  }

  publish(room: Room, message: Outgoing): void {
    this.#closeFrame();
    this.#gather(room, encode(message));
    this.#schedule(room, DEFERRABLE_NOTICES.has(message.kind));
  }

  addRecord(room: Room, record: LogRecord): void {
    if (room !== this.#frameRoom || !this.#frame.hasRoomFor(record)) this.#closeFrame();
    this.#frameRoom = room;
    this.#frame.add(record, this.#registry.nameOf(record.head.by));
    this.#schedule(room, DEFERRABLE_KINDS.has(record.head.kind));
  }

  /**
   * Subscribes the reader from here on, without what is already gathered: the reader has that. It
   * does not flush for the other readers.
   * @param onFollowed called when nothing of the room is gathered any more, possibly synchronously
   */
  follow(room: Room, reader: Reader, onFollowed = () => {}): void {
    if (this.#pendingBytes() === 0) {
      reader.subscribe(room.id);
      return onFollowed();
    }
    const newcomer = { reader, room, mark: this.#markOf(room), onFollowed };
    const others = this.#newcomers.get(room.id);
    if (others === undefined) this.#newcomers.set(room.id, [newcomer]);
    else others.push(newcomer);
  }

  #closeFrame(): void {
    const room = this.#frameRoom;
    if (room === undefined) return;
    this.#frameRoom = undefined;
    const newcomers = this.#newcomers.get(room.id) ?? [];
    const remainders = new Map<FrameMark, Uint8Array>();
    for (const { mark } of newcomers) {
      if (mark !== undefined && !remainders.has(mark))
        remainders.set(mark, this.#frame.since(mark));
    }
    this.#gather(room, this.#frame.take(), remainders);
    for (const newcomer of newcomers) newcomer.mark = undefined; // They get all of the next frame.
    this.#mark = undefined;
  }

  /** @param remainders bytes for newcomers who already have a part of the message */
  #gather(room: Room, bytes: Uint8Array, remainders?: ReadonlyMap<FrameMark, Uint8Array>): void {
    const newcomers = (this.#newcomers.get(room.id) ?? []).map(({ reader, mark }) => {
      const remainder = mark === undefined ? undefined : remainders?.get(mark);
      return { reader, bytes: remainder ?? bytes };
    });
    this.#gathered.push({ room, bytes, newcomers });
    this.#gatheredBytes += bytes.length;
    this.#publishedMessages++;
    this.#publishedBytes += bytes.length;
  }

  /** Returns a shared mark for all newcomers between the same two records. */
  #markOf(room: Room): FrameMark | undefined {
    if (room !== this.#frameRoom) return undefined;
    const mark = this.#frame.mark();
    if (mark.count !== this.#mark?.count) this.#mark = mark;
    return this.#mark;
  }

  #pendingBytes(): number {
    return this.#gatheredBytes + (this.#frameRoom === undefined ? 0 : this.#frame.sizeBytes);
  }

  /** @param isDeferrable nobody waits for the message */
  #schedule(room: Room, isDeferrable: boolean): void {
    if (this.#pendingBytes() > GATHER_BYTES_MAX) this.flush();
    if (this.#pendingBytes() === 0) return;
    const deferMs = isDeferrable
      ? Math.min(DEFER_MS_MAX, DEFER_TIMES * room.members.size * WRITE_MS)
      : 0;
    const dueAt = Math.max(this.#pauseUntil, this.#flushedAt + deferMs);
    if (this.#dueAt <= dueAt) return;
    this.#cancel();
    this.#dueAt = dueAt;
    const waitMs = dueAt - this.#clock.now();
    // At the end of this tick: all records of a log batch arrive in one tick.
    if (waitMs <= 0) queueMicrotask(() => this.#flushIfDue(room));
    else this.#cancel = this.#clock.after(waitMs, () => this.flush());
  }

  /** Flushes, unless an earlier flush came first and the messages gathered since may wait. */
  #flushIfDue(room: Room): void {
    const now = this.#clock.now();
    if (this.#dueAt > now) return;
    const moreMs = room.members.size * WRITE_MS * BURST_WAIT_SHARE;
    if (moreMs < GATHER_MS_MIN || !this.#hasPendingRecords()) return this.flush();
    this.#dueAt = now + Math.min(GATHER_MS_MAX, moreMs);
    this.#pauseUntil = this.#dueAt; // Set once, so that later messages do not postpone the flush.
    this.#cancel = this.#clock.after(this.#dueAt - now, () => this.flush());
  }

  /** Sends everything gathered. Called before the set of readers changes. */
  flush(): void {
    this.#cancel();
    this.#cancel = () => {};
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#closeFrame();
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    const rooms = new Set<Room>();
    for (const { room, bytes, newcomers } of gathered) {
      rooms.add(room);
      for (const listener of this.#listeners) listener.publish(room.id, bytes);
      for (const { reader, bytes: remainder } of newcomers)
        if (remainder.length > 0) reader.sendBytes(remainder);
    }
    let writes = 0;
    for (const room of rooms) writes += room.members.size;
    const pauseMs = Math.min(GATHER_MS_MAX, Math.max(GATHER_MS_MIN, writes * WRITE_MS));
    this.#flushedAt = this.#clock.now();
    this.#pauseUntil = this.#flushedAt + pauseMs;
    this.#subscribeNewcomers();
  }

  /** Subscribes the newcomers, who now have everything gathered. */
  #subscribeNewcomers(): void {
    const newcomers = [...this.#newcomers.values()].flat();
    this.#newcomers.clear();
    for (const { reader, room, onFollowed } of newcomers) {
      if (!reader.following.has(room.id)) continue; // Its link is closed.
      reader.subscribe(room.id);
      onFollowed();
    }
  }
}

/** Returns a record for readers, with head and body as the bytes in the log. */
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

/** Returns a room as `reader` knows it: by its name, or by the other user's. */
export function roomEntry(room: Room, reader: string, registry: Registry): RoomEntry {
  const settings = {
    ...(room.isSealed === true ? { sealed: true } : {}),
    ...(room.pins.length === 0 ? {} : { pins: [...room.pins] }),
    ...(hasReadReceipts(room) ? { receipts: true } : {}),
  };
  if (room.name !== undefined) {
    return {
      room: room.id,
      name: room.name,
      ...(room.topic === "" ? {} : { topic: room.topic }),
      ...(room.isClosed ? { closed: true } : {}),
      ...settings,
      ...(room.locked ? { locked: true } : {}),
      ...(room.retention === undefined ? {} : { keepMs: room.retention.keepMs }),
    };
  }
  const [first, second] = room.pair ?? [];
  const partner = first === reader ? second : first;
  const name = partner === undefined ? undefined : registry.nameOf(partner);
  return {
    room: room.id,
    ...(name === undefined ? {} : { with: name }),
    ...settings,
    ...(wantsReceipts(room, reader) ? { receiptsWanted: true } : {}),
  };
}
