/** Cache of the latest records of active rooms. */

import type { RoomId } from "../../base/ids.ts";
import { RECENT_BYTES_MAX, RECENT_ROOM_BYTES_MAX } from "../../base/limits.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { LogRecord } from "../../wire/record.ts";
import { recordBytes } from "../../wire/records-frame.ts";

/** Records kept per room when its cache is trimmed. New members receive FIRST_RECORDS of them. */
const RECENT_RECORDS_MAX = 128;

interface Recent {
  readonly records: LogRecord[];
  bytes: number;
}

/**
 * Serves records synchronously, because new records would arrive during a disk read and users who
 * join together would fall behind again.
 */
export class RecentRecords {
  readonly #rooms = new Map<RoomId, Recent>();
  #bytes = 0;

  add(room: Room, record: LogRecord): void {
    const { id } = room;
    const { kind } = record.head;
    // Erased records must not be sent with their former content.
    if (kind === "erase" || kind === "remove") return this.#forget(id);
    const recent = this.#rooms.get(id) ?? { records: [], bytes: 0 };
    this.#rooms.delete(id);
    this.#rooms.set(id, recent);
    recent.records.push(record);
    this.#count(recent, recordBytes(record));
    // Drop half of the records together, so that not every new record moves all others.
    if (recent.records.length > 2 * RECENT_RECORDS_MAX) this.#drop(recent, RECENT_RECORDS_MAX);
    while (recent.bytes > RECENT_ROOM_BYTES_MAX && recent.records.length > 1) this.#drop(recent, 1);
    for (const oldest of this.#rooms.keys()) {
      if (this.#bytes <= RECENT_BYTES_MAX) break;
      this.#forget(oldest);
    }
  }

  /**
   * Adds records from the disk, so that devices that reconnect together share one read.
   * @param records without a gap, up to the room's last record
   */
  refill(room: Room, records: readonly LogRecord[]): void {
    const known = this.#rooms.get(room.id)?.records.length ?? 0;
    const newest = records.slice(-2 * RECENT_RECORDS_MAX);
    if (newest.length <= known) return;
    this.#forget(room.id);
    for (const record of newest) this.add(room, record);
  }

  since(room: Room, seq: number): readonly LogRecord[] | undefined {
    const records = this.#rooms.get(room.id)?.records;
    const first = records?.[0]?.head;
    if (records === undefined || first === undefined) return undefined;
    if (first.n > 1 && seq < first.seq - 1) return undefined;
    const at = records.findIndex(({ head }) => head.seq > seq);
    return at < 0 ? [] : records.slice(at);
  }

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
