/** The rooms in which each file has been announced. */

import { type FileId, isFileId, type RoomId } from "../../base/ids.ts";
import type { FoldedHead } from "../../wire/record.ts";
import type { Posted } from "./dedup.ts";

/** All announcements as JSON. */
export interface AnnouncementsValue {
  readonly rooms: readonly (readonly [
    FileId,
    readonly (readonly [room: RoomId, seq: number, n: number, time: number])[],
  ])[];
  readonly seqs: readonly (readonly [number, FileId])[];
}

/**
 * Which rooms were told of which files: rebuilt from the heads of the log, which outlive an
 * erasing. So a file is told of once in each room, over lost answers and restarts, and one whose
 * records were all erased does not come back under its old id.
 */
export class Announcements {
  // Bounded like the log that they are folded from.
  readonly #rooms = new Map<FileId, Map<RoomId, Posted>>();
  readonly #bySeq = new Map<number, FileId>();

  /** A record is durable, now or in a log that is read again. */
  record(head: FoldedHead): void {
    if (head.kind !== "file" || !isFileId(head.id)) return;
    const { seq, n, time } = head;
    const rooms = this.#rooms.get(head.id) ?? new Map<RoomId, Posted>();
    const room = head.room as RoomId;
    if (!rooms.has(room)) rooms.set(room, { seq, n, time });
    this.#rooms.set(head.id, rooms);
    this.#bySeq.set(seq, head.id);
  }

  /** For a snapshot; read back by `load`. */
  value(): AnnouncementsValue {
    const rooms = [...this.#rooms].map(
      ([file, told]) =>
        [file, [...told].map(([room, { seq, n, time }]) => [room, seq, n, time] as const)] as const,
    );
    return { rooms, seqs: [...this.#bySeq] };
  }

  /** Only into announcements that are as new. */
  load({ rooms, seqs }: AnnouncementsValue): void {
    for (const [file, told] of rooms) {
      this.#rooms.set(file, new Map(told.map(([room, seq, n, time]) => [room, { seq, n, time }])));
    }
    for (const [seq, file] of seqs) this.#bySeq.set(seq, file);
  }

  /** The record by which the room was told, erased or not. */
  of(file: FileId, room: RoomId): Posted | undefined {
    return this.#rooms.get(file)?.get(room);
  }

  /** The file that a record told of. */
  fileAt(seq: number): FileId | undefined {
    return this.#bySeq.get(seq);
  }

  /** All records that told of it, erased ones too. */
  seqs(file: FileId): number[] {
    return [...(this.#rooms.get(file)?.values() ?? [])].map(({ seq }) => seq);
  }

  /** Some room was told of it, ever. */
  has(file: FileId): boolean {
    return this.#rooms.has(file);
  }
}
