/** Broadcast of records and notices to the readers of rooms. */

import type { RoomId, UserId } from "../../base/ids.ts";
import { GROUP_NAMES_MAX } from "../../base/limits.ts";
import { compareNames } from "../../base/names.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { isReadOnlyFor } from "../../core/rooms/moderation.ts";
import { hasReadReceipts, type Room, wantsReceipts } from "../../core/rooms/rooms.ts";
import { boxName } from "../../core/rooms/targets.ts";
import type { Clock } from "../../io/clock.ts";
import type { Listener, PublishedRecord } from "../../io/link/link.ts";
import { encode, type Outgoing } from "../../wire/codec.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { RoomEntry, WireRecord } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import { type FrameMark, RecordsFrame } from "../../wire/records-frame.ts";

/**
 * Minimum and maximum gathering time in ms. Gathering under load saves more than half of the
 * writes. Gathering takes as long as the last flush, so that sending uses at most half of the time.
 * A message after a quiet period is sent immediately.
 */
const GATHER_MS_MIN = 1;
const GATHER_MS_MAX = 100;
/** A larger batch would fill the queue of a reader that keeps up. */
const GATHER_BYTES_MAX = 256 << 10;
/** Milliseconds per write to one reader over TLS, measured on loopback. */
const WRITE_MS = 0.005;
/**
 * Fraction of its estimated duration by which a slow flush is postponed while more records are
 * being written to disk, so that the flush includes most of a burst.
 */
const BURST_WAIT_SHARE = 0.5;
/**
 * Joins, leaves and presence wait for this multiple of a flush's duration, so that a large room
 * spends a tenth of the time on them.
 */
const DEFER_TIMES = 10;
const DEFER_MS_MAX = 1_000;
const DEFERRABLE_NOTICES: ReadonlySet<string> = new Set(["presences", "typing"]);
const DEFERRABLE_KINDS = kindsWith("deferrable");

export interface Reader {
  isFollowing(room: RoomId): boolean;
  sendBytes(bytes: Uint8Array): void;
  subscribe(room: RoomId): void;
}

/** @param records the records of the message; `undefined` for a notice */
export type Deliver = (bytes: Uint8Array, records: readonly PublishedRecord[] | undefined) => void;

/** Reader that joined while messages were gathered and already has the part before `mark`. */
interface Newcomer {
  readonly reader: Reader;
  readonly room: Room;
  mark: FrameMark | undefined;
  readonly onFollowed: () => void;
}

interface GatheredMessage {
  readonly room: Room;
  readonly bytes: Uint8Array;
  readonly records: readonly PublishedRecord[] | undefined;
  readonly newcomers: readonly { readonly reader: Reader; readonly bytes: Uint8Array }[];
}

/**
 * Encodes each message once and publishes it to one topic per room. Consecutive records of a room
 * share one message.
 */
export class FanOut {
  readonly #listeners = new Set<Listener>();
  #gathered: GatheredMessage[] = [];
  #gatheredBytes = 0;
  readonly #frame = new RecordsFrame();
  #frameRecords: PublishedRecord[] = [];
  #frameRoom: Room | undefined;
  #mark: FrameMark | undefined;
  readonly #newcomers = new Map<string, Newcomer[]>();
  /** Readers that do not share the room's topic. */
  readonly #separate = new Map<RoomId, Map<Reader, Deliver>>();
  #publishedMessages = 0;
  #publishedBytes = 0;
  #dueAt = Number.POSITIVE_INFINITY;
  #cancel = () => {};
  #flushedAt = Number.NEGATIVE_INFINITY;
  #pauseUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly registry: Pick<Registry, "nameOf">,
    private readonly hasPendingRecords: () => boolean = () => false,
  ) {}

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

  onRecord(room: Room, record: LogRecord): void {
    if (room !== this.#frameRoom || !this.#frame.hasRoomFor(record)) this.#closeFrame();
    this.#frameRoom = room;
    const from = this.registry.nameOf(record.head.by);
    this.#frame.add(record, from);
    this.#frameRecords.push({ record, from });
    this.#schedule(room, DEFERRABLE_KINDS.has(record.head.kind));
  }

  /**
   * Starts after the messages gathered so far, which the reader already has, and so needs no flush.
   * @param onFollowed called when none of the room's gathered messages remains, possibly
   * synchronously
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

  /**
   * Passes each later message to `deliver`, for a reader that cannot receive every record.
   * @returns function that ends this
   */
  followEach({ id }: Room, reader: Reader, deliver: Deliver): () => void {
    this.flush();
    const readers = this.#separate.get(id) ?? new Map<Reader, Deliver>();
    this.#separate.set(id, readers.set(reader, deliver));
    return () => {
      readers.delete(reader);
      if (readers.size === 0 && this.#separate.get(id) === readers) this.#separate.delete(id);
    };
  }

  #closeFrame(): void {
    const room = this.#frameRoom;
    if (room === undefined) return;
    this.#frameRoom = undefined;
    const newcomers = this.#newcomers.get(room.id) ?? [];
    const remainders = new Map<FrameMark, Uint8Array>();
    for (const { mark } of newcomers) {
      if (mark !== undefined && !remainders.has(mark))
        remainders.set(mark, this.#frame.messageSince(mark));
    }
    this.#gather(room, this.#frame.takeMessage(), this.#frameRecords, remainders);
    this.#frameRecords = [];
    for (const newcomer of newcomers) newcomer.mark = undefined;
    this.#mark = undefined;
  }

  #gather(
    room: Room,
    bytes: Uint8Array,
    records?: readonly PublishedRecord[],
    remainders?: ReadonlyMap<FrameMark, Uint8Array>,
  ): void {
    const newcomers = (this.#newcomers.get(room.id) ?? []).map(({ reader, mark }) => {
      const remainder = mark === undefined ? undefined : remainders?.get(mark);
      return { reader, bytes: remainder ?? bytes };
    });
    this.#gathered.push({ room, bytes, records, newcomers });
    this.#gatheredBytes += bytes.length;
    this.#publishedMessages++;
    this.#publishedBytes += bytes.length;
  }

  #markOf(room: Room): FrameMark | undefined {
    if (room !== this.#frameRoom) return undefined;
    const mark = this.#frame.mark();
    if (mark.count !== this.#mark?.count) this.#mark = mark;
    return this.#mark;
  }

  #pendingBytes(): number {
    return this.#gatheredBytes + (this.#frameRoom === undefined ? 0 : this.#frame.sizeBytes);
  }

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
    const waitMs = dueAt - this.clock.now();
    // All records of a log batch arrive in one tick, so wait until the tick ends.
    if (waitMs <= 0) queueMicrotask(() => this.#flushIfDue(room));
    else this.#cancel = this.clock.after(waitMs, () => this.flush());
  }

  #flushIfDue(room: Room): void {
    const now = this.clock.now();
    if (this.#dueAt > now) return;
    const remainingMs = room.members.size * WRITE_MS * BURST_WAIT_SHARE;
    if (remainingMs < GATHER_MS_MIN || !this.hasPendingRecords()) return this.flush();
    this.#dueAt = now + Math.min(GATHER_MS_MAX, remainingMs);
    this.#pauseUntil = this.#dueAt;
    this.#cancel = this.clock.after(this.#dueAt - now, () => this.flush());
  }

  /** Must be called before the set of readers changes. */
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
    for (const { room, bytes, records, newcomers } of gathered) {
      rooms.add(room);
      for (const listener of this.#listeners) listener.publish(room.id, bytes, records);
      for (const { reader, bytes: remainder } of newcomers)
        if (remainder.length > 0) reader.sendBytes(remainder);
      for (const deliver of this.#separate.get(room.id)?.values() ?? []) deliver(bytes, records);
    }
    let writes = 0;
    for (const room of rooms) writes += room.members.size;
    const pauseMs = Math.min(GATHER_MS_MAX, Math.max(GATHER_MS_MIN, writes * WRITE_MS));
    this.#flushedAt = this.clock.now();
    this.#pauseUntil = this.#flushedAt + pauseMs;
    this.#subscribeNewcomers();
  }

  #subscribeNewcomers(): void {
    const newcomers = [...this.#newcomers.values()].flat();
    this.#newcomers.clear();
    for (const { reader, room, onFollowed } of newcomers) {
      if (!reader.isFollowing(room.id)) continue;
      reader.subscribe(room.id);
      onFollowed();
    }
  }
}

export function wireRecord(record: LogRecord, registry: Pick<Registry, "nameOf">): WireRecord {
  return namedRecord({ record, from: registry.nameOf(record.head.by) });
}

export function namedRecord({ record, from }: PublishedRecord): WireRecord {
  const { headBytes, damaged } = record;
  return {
    head: headBytes,
    // Read when the message is encoded, because the record may be erased before.
    get salt() {
      return record.salt;
    },
    get body() {
      return record.bodyBytes;
    },
    get erased() {
      return record.erased;
    },
    get erasedFiles() {
      return record.erasedFiles && [...record.erasedFiles];
    },
    damaged: damaged || undefined,
    from,
  };
}

function othersIn({ members }: Room, reader: string, registry: Registry): string[] {
  const others = [...members].filter((user) => user !== reader);
  const names = others.flatMap((user) => registry.nameOf(user) ?? []);
  return names.sort(compareNames).slice(0, GROUP_NAMES_MAX);
}

function groupFields(room: Room, reader: string, registry: Registry) {
  const { maker } = room;
  const begunBy = maker === reader || maker === "server" ? undefined : registry.nameOf(maker);
  return { people: othersIn(room, reader, registry), begunBy };
}

export function roomEntry(room: Room, reader: string, registry: Registry): RoomEntry {
  const settings = {
    sealed: room.isSealed || undefined,
    pins: room.pins.length === 0 ? undefined : [...room.pins],
    receipts: hasReadReceipts(room) || undefined,
  };
  const roomName = room.box === undefined ? room.name : boxName(room.box, registry);
  if (roomName !== undefined) {
    return {
      room: room.id,
      name: roomName,
      title: (room.box?.of ?? room).title,
      face: (room.box?.of ?? room).face,
      topic: room.topic || undefined,
      ...(room.isPrivate === true ? groupFields(room, reader, registry) : {}),
      closed: isReadOnlyFor(room, reader as UserId) || undefined,
      ...settings,
      hands:
        room.hands.size === 0
          ? undefined
          : [...room.hands].flatMap((user) => registry.nameOf(user) ?? []),
      called: room.called && registry.nameOf(room.called),
      caller: room.caller && registry.nameOf(room.caller),
      calledUnixMs: room.calledUnixMs,
      locked: room.rules.join === "password" || undefined,
      rules: Object.keys(room.rules).length === 0 ? undefined : room.rules,
      keepMs: room.retention?.keepMs,
    };
  }
  const [first, second] = room.pair ?? [];
  const partner = first === reader ? second : first;
  const name = partner === undefined ? undefined : registry.nameOf(partner);
  return {
    room: room.id,
    with: name,
    ...settings,
    receiptsWanted: wantsReceipts(room, reader) || undefined,
  };
}
