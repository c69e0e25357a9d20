import type { RoomId } from "../../base/ids.ts";
import { RECENT_BYTES_MAX, RECENT_ROOM_BYTES_MAX } from "../../base/limits.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { LogRecord } from "../../wire/record.ts";
import { recordBytes } from "../../wire/records-frame.ts";

/** Last records of a room that are kept in memory; a newcomer is given FIRST_RECORDS of them. */
const RECENT_RECORDS_MAX = 128;

interface Recent {
  /** Without a gap, oldest first; never empty. */
  readonly records: LogRecord[];
  bytes: number;
}

/**
 * The last records of the rooms that spoke last. When many people come into a room at once, each of
 * them is given its last records: from here, in the tick in which they come, instead of from the
 * disk, during which the room goes on and they would have to be brought up to date again.
 */
export class RecentRecords {
  /** The room that spoke longest ago first. Bounded by RECENT_BYTES_MAX in all. */
  readonly #rooms = new Map<RoomId, Recent>();
  #bytes = 0;

  /** The next durable record of its room. */
  add(room: Room, record: LogRecord): void {
    const { id } = room;
    const { kind } = record.head;
    // What was erased must not be given out as it was.
    if (kind === "erase" || kind === "remove") return this.#forget(id);
    const recent = this.#rooms.get(id) ?? { records: [], bytes: 0 };
    this.#rooms.delete(id);
    this.#rooms.set(id, recent);
    recent.records.push(record);
    this.#count(recent, recordBytes(record));
    // Half of them at once, so that not each record moves all others.
    if (recent.records.length > 2 * RECENT_RECORDS_MAX) this.#drop(recent, RECENT_RECORDS_MAX);
    while (recent.bytes > RECENT_ROOM_BYTES_MAX && recent.records.length > 1) this.#drop(recent, 1);
    for (const oldest of this.#rooms.keys()) {
      if (this.#bytes <= RECENT_BYTES_MAX) break;
      this.#forget(oldest);
    }
  }

  /** All records of the room after `seq`; undefined if not all of them are here. */
  since(room: Room, seq: number): readonly LogRecord[] | undefined {
    const records = this.#rooms.get(room.id)?.records;
    const first = records?.[0]?.head;
    if (records === undefined || first === undefined) return undefined;
    if (first.n > 1 && seq < first.seq - 1) return undefined;
    const at = records.findIndex(({ head }) => head.seq > seq);
    return at < 0 ? [] : records.slice(at);
  }

  /** The last `count` of the room, or all if it has fewer; undefined if some are not here. */
  newest(room: Room, count: number): readonly LogRecord[] | undefined {
    const records = this.#rooms.get(room.id)?.records;
    if (records === undefined) return undefined;
    const isEnough = records.length >= count || records[0]?.head.n === 1;
    return isEnough ? records.slice(-count) : undefined;
  }

  #drop(recent: Recent, count: number): void {
    for (const record of recent.records.splice(0, count)) this.#count(recent, -recordBytes(record));
  }

  #count(recent: Recent, bytes: number): void {
    recent.bytes += bytes;
    this.#bytes += bytes;
  }

  #forget(id: RoomId): void {
    this.#bytes -= this.#rooms.get(id)?.bytes ?? 0;
    this.#rooms.delete(id);
  }
}
