/** Detection of missing and repeated records in each room. */

import { unreachable } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import { JOINED_ROOMS_MAX } from "../../base/limits.ts";

export type TimelineInput =
  | { readonly kind: "connected"; readonly after: number | undefined }
  | {
      readonly kind: "room";
      readonly room: string;
      readonly n: number;
      readonly skipped: number;
      /** True if older records follow. The server then resends the room without this field. */
      readonly behind?: boolean | undefined;
    }
  | { readonly kind: "gone"; readonly room: string }
  | { readonly kind: "record"; readonly room: string; readonly n: number; readonly seq: number }
  | { readonly kind: "caught-up"; readonly seq: number };

export type TimelineEffect =
  | { readonly kind: "show" }
  /** Number of unread records in the room that the server will not send. */
  | { readonly kind: "skipped"; readonly room: string; readonly count: number }
  | { readonly kind: "cursor"; readonly seq: number }
  /**
   * Records are missing. `again`: the same gap was reported before, so requesting its records again
   * is useless.
   */
  | {
      readonly kind: "gap";
      readonly room: string;
      readonly expected: number;
      readonly received: number;
      readonly again: boolean;
    };

interface Room {
  next: number;
  lastSeq: number | undefined;
  announced: boolean;
  /** True if the client has received all of the room's records that the server intended to send. */
  isComplete: boolean;
}

export const TIMELINE_ROOMS_MAX = 8 * JOINED_ROOMS_MAX;

/**
 * Each `n` in a room must arrive once and in order. The cursor is the `seq` from which a new link
 * resumes: the highest `seq` received over this link. It does not move while older records may be
 * in flight (until `caught-up`, and while a newly joined room catches up).
 */
export class Timeline {
  /** Rooms that the server does not send over a new link are dropped. */
  readonly #rooms = new Map<string, Room>();
  readonly #behind = new Set<string>();
  #cursor: number | undefined;
  #highestSeq = 0;
  #live = false;
  #gap: { readonly room: string; readonly expected: number; readonly after: number } | undefined;

  get after(): number | undefined {
    if (this.#gap === undefined || this.#cursor === undefined) return this.#cursor;
    return Math.min(this.#cursor, this.#gap.after);
  }

  handle(input: TimelineInput): TimelineEffect[] {
    switch (input.kind) {
      case "connected":
        return this.#connected(input.after);
      case "room":
        return this.#room(input);
      case "gone":
        this.#rooms.delete(input.room);
        this.#behind.delete(input.room);
        return this.#advanceCursor();
      case "record":
        return this.#record(input);
      case "caught-up":
        return this.#caughtUp(input.seq);
      default:
        return unreachable(input);
    }
  }

  #connected(after: number | undefined): TimelineEffect[] {
    this.#cursor ??= after;
    this.#live = false;
    this.#highestSeq = 0;
    this.#behind.clear();
    for (const room of this.#rooms.values()) room.announced = false;
    return [];
  }

  #room(input: Extract<TimelineInput, { kind: "room" }>): TimelineEffect[] {
    const { room: id, n, skipped, behind = false } = input;
    const room = this.#rooms.get(id) ?? this.#add(id, n, skipped);
    room.announced = true;
    const unseen = n - room.next;
    // If the account joined the room at a later record, the server may skip more records than this
    // client can know of.
    if (unseen > skipped && room.isComplete) return [this.#openGap(id, room, n)];
    room.next = Math.max(room.next, n);
    if (behind) this.#behind.add(id);
    else if (this.#behind.delete(id)) room.isComplete = this.#live;
    this.#closeGap();
    const skippedCount = unseen > 0 ? [{ kind: "skipped", room: id, count: unseen } as const] : [];
    return [...skippedCount, ...this.#advanceCursor()];
  }

  #add(id: string, n: number, skipped: number): Room {
    if (this.#rooms.size >= TIMELINE_ROOMS_MAX) {
      throw new Fault("too-many", msg`the server lists more than ${TIMELINE_ROOMS_MAX} rooms`);
    }
    const room = {
      next: Math.max(1, n - skipped),
      lastSeq: undefined,
      announced: true,
      isComplete: false,
    };
    this.#rooms.set(id, room);
    return room;
  }

  #record(input: Extract<TimelineInput, { kind: "record" }>): TimelineEffect[] {
    const { room: id, n, seq } = input;
    const room = this.#rooms.get(id);
    if (room === undefined || !room.announced) return [];
    if (n > room.next) return [this.#openGap(id, room, n)];
    const isNew = n === room.next;
    if (isNew) {
      room.next += 1;
      room.lastSeq = seq;
      this.#closeGap();
    }
    this.#highestSeq = Math.max(this.#highestSeq, seq);
    return [...(isNew ? [{ kind: "show" } as const] : []), ...this.#advanceCursor()];
  }

  #caughtUp(seq: number): TimelineEffect[] {
    this.#live = true;
    this.#highestSeq = Math.max(this.#highestSeq, seq);
    for (const [id, room] of this.#rooms) {
      if (!room.announced) this.#rooms.delete(id);
      else if (!this.#behind.has(id)) {
        room.isComplete = true;
        room.lastSeq = this.#highestSeq;
      }
    }
    this.#closeGap();
    // Older records of a room are still in flight, so the next link must request all records again.
    if (this.#behind.size > 0) this.#cursor ??= 0;
    return this.#advanceCursor();
  }

  #closeGap(): void {
    if (this.#gap === undefined) return;
    const room = this.#rooms.get(this.#gap.room);
    if (room === undefined || room.next > this.#gap.expected) this.#gap = undefined;
  }

  /**
   * The cursor may decrease once per link, because a server restored from a backup has fewer
   * records.
   */
  #advanceCursor(): TimelineEffect[] {
    if (!this.#live || this.#behind.size > 0 || this.#highestSeq === this.#cursor) return [];
    this.#cursor = this.#highestSeq;
    return [{ kind: "cursor", seq: this.#cursor }];
  }

  #openGap(id: string, room: Room, got: number): TimelineEffect {
    const again = this.#gap?.room === id && this.#gap.expected === room.next;
    this.#gap = { room: id, expected: room.next, after: room.lastSeq ?? this.#cursor ?? 0 };
    return { kind: "gap", room: id, expected: room.next, received: got, again };
  }
}
