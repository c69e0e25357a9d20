import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import { JOINED_ROOMS_MAX } from "../base/limits.ts";

/**
 * Which records a reader has seen, over any number of links: each `n` of a room once and in order,
 * and the cursor (one `seq`) from which a new link has to continue.
 *
 * The cursor is the `seq` of `caught-up`, then the highest seen: once all rooms are live, records
 * come in the order of the log, whichever room they belong to.
 */
export type TimelineInput =
  /** A new link: the server was asked for what follows `after`. */
  | { readonly kind: "connected"; readonly after: number | undefined }
  | { readonly kind: "room"; readonly room: string; readonly n: number; readonly skipped: number }
  | { readonly kind: "gone"; readonly room: string }
  | { readonly kind: "record"; readonly room: string; readonly n: number; readonly seq: number }
  | { readonly kind: "caught-up"; readonly seq: number };

export type TimelineEffect =
  /** The record that was handed in is the next one. */
  | { readonly kind: "show" }
  /** So many records of this room were not seen and will not come. */
  | { readonly kind: "skipped"; readonly room: string; readonly count: number }
  /** Everything up to `seq` has been seen. */
  | { readonly kind: "cursor"; readonly seq: number }
  /** Records are missing. `again`: this very hole was met before, so asking again is in vain. */
  | {
      readonly kind: "hole";
      readonly room: string;
      readonly expected: number;
      readonly got: number;
      readonly again: boolean;
    };

interface Room {
  next: number;
  /** Everything of this room up to here was seen. */
  seenSeq: number;
  /** Whether the present link has told of it. */
  announced: boolean;
}

/** Rooms and conversations that one reader follows; past them the server is not to be believed. */
export const TIMELINE_ROOMS_MAX = 8 * JOINED_ROOMS_MAX;

export class Timeline {
  /** Bounded by TIMELINE_ROOMS_MAX, as rooms that a link does not mention are forgotten. */
  readonly #rooms = new Map<string, Room>();
  #cursor: number | undefined;
  #highestSeq = 0;
  #live = false;
  #hole: { room: string; expected: number; after: number } | undefined;

  /** What to ask the next link for; undefined: nothing was seen so far. */
  get after(): number | undefined {
    if (this.#hole === undefined || this.#cursor === undefined) return this.#cursor;
    return Math.min(this.#cursor, this.#hole.after);
  }

  /** @throws Fault too-many */
  handle(input: TimelineInput): TimelineEffect[] {
    switch (input.kind) {
      case "connected":
        return this.#connected(input.after);
      case "room":
        return this.#room(input);
      case "gone":
        this.#rooms.delete(input.room);
        return [];
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
    for (const room of this.#rooms.values()) room.announced = false;
    return [];
  }

  #room(input: Extract<TimelineInput, { kind: "room" }>): TimelineEffect[] {
    const { room: id, n, skipped } = input;
    const room = this.#rooms.get(id);
    if (room === undefined) {
      if (this.#rooms.size >= TIMELINE_ROOMS_MAX) {
        throw new Fault("too-many", `the server tells of more than ${TIMELINE_ROOMS_MAX} rooms`);
      }
      this.#rooms.set(id, { next: n, seenSeq: this.#cursor ?? 0, announced: true });
      return skipped > 0 ? [{ kind: "skipped", room: id, count: skipped }] : [];
    }
    room.announced = true;
    const unseen = n - room.next;
    if (unseen <= 0) return []; // The cursor is careful: some of it comes a second time.
    if (unseen > skipped) return [this.#holeIn(id, room, n)];
    room.next = n;
    return [{ kind: "skipped", room: id, count: unseen }];
  }

  #record(input: Extract<TimelineInput, { kind: "record" }>): TimelineEffect[] {
    const { room: id, n, seq } = input;
    const room = this.#rooms.get(id);
    if (room === undefined || !room.announced) return []; // Sent before the server heard we left.
    if (n > room.next) return [this.#holeIn(id, room, n)];
    const isNew = n === room.next;
    if (isNew) {
      room.next += 1;
      if (this.#hole?.room === id) this.#hole = undefined; // It was filled.
    }
    room.seenSeq = Math.max(room.seenSeq, seq);
    this.#highestSeq = Math.max(this.#highestSeq, seq);
    return [...(isNew ? [{ kind: "show" } as const] : []), ...this.#advance(seq)];
  }

  #caughtUp(seq: number): TimelineEffect[] {
    this.#live = true;
    // The one place where it may fall: a server that was restored from a backup knows less.
    this.#cursor = Math.max(seq, this.#highestSeq);
    for (const [id, room] of this.#rooms) {
      if (room.announced) room.seenSeq = this.#cursor;
      else this.#rooms.delete(id);
    }
    return [{ kind: "cursor", seq: this.#cursor }];
  }

  #advance(seq: number): TimelineEffect[] {
    if (!this.#live || seq <= (this.#cursor ?? 0)) return [];
    this.#cursor = seq;
    return [{ kind: "cursor", seq }];
  }

  #holeIn(id: string, room: Room, got: number): TimelineEffect {
    const again = this.#hole?.room === id && this.#hole.expected === room.next;
    this.#hole = { room: id, expected: room.next, after: room.seenSeq };
    return { kind: "hole", room: id, expected: room.next, got, again };
  }
}
