/** Index of the rooms in which each file has been announced. */

import { type FileId, isFileId, type RoomId } from "../../base/ids.ts";
import type { FoldedHead } from "../../wire/record.ts";
import type { Posted } from "./dedup.ts";

export interface AnnouncementsValue {
  readonly rooms: readonly (readonly [
    FileId,
    readonly (readonly [room: RoomId, seq: number, n: number, time: number])[],
  ])[];
  readonly seqs: readonly (readonly [number, FileId])[];
}

/**
 * Index rebuilt from the record heads in the log, which outlive an erasure. Each room announces a
 * file once, even after lost answers and restarts, and an erased file never reappears under its old
 * id.
 */
export class Announcements {
  // The size of the log limits the number of entries.
  readonly #rooms = new Map<FileId, Map<RoomId, Posted>>();
  readonly #bySeq = new Map<number, FileId>();

  record(head: FoldedHead): void {
    if (head.kind !== "file" || !isFileId(head.id)) return;
    const { seq, n, time } = head;
    const rooms = this.#rooms.get(head.id) ?? new Map<RoomId, Posted>();
    const room = head.room as RoomId;
    if (!rooms.has(room)) rooms.set(room, { seq, n, time });
    this.#rooms.set(head.id, rooms);
    this.#bySeq.set(seq, head.id);
  }

  value(): AnnouncementsValue {
    const rooms = [...this.#rooms].map(
      ([file, announced]) =>
        [
          file,
          [...announced].map(([room, { seq, n, time }]) => [room, seq, n, time] as const),
        ] as const,
    );
    return { rooms, seqs: [...this.#bySeq] };
  }

  load({ rooms, seqs }: AnnouncementsValue): void {
    for (const [file, announced] of rooms) {
      this.#rooms.set(
        file,
        new Map(announced.map(([room, seq, n, time]) => [room, { seq, n, time }])),
      );
    }
    for (const [seq, file] of seqs) this.#bySeq.set(seq, file);
  }

  of(file: FileId, room: RoomId): Posted | undefined {
    return this.#rooms.get(file)?.get(room);
  }

  fileAt(seq: number): FileId | undefined {
    return this.#bySeq.get(seq);
  }

  seqs(file: FileId): number[] {
    return [...(this.#rooms.get(file)?.values() ?? [])].map(({ seq }) => seq);
  }

  has(file: FileId): boolean {
    return this.#rooms.has(file);
  }
}
