/** Rooms in which line mode prints new messages, but has not printed earlier unread ones. */

import type { RoomId } from "../../base/ids.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";

interface RoomBacklog {
  /** Seq of the first record printed behind messages that were not. */
  from?: number;
  /** Newest record printed behind them. */
  last?: ChatRecord;
}

export class Backlog {
  readonly #rooms = new Map<RoomId, RoomBacklog>();

  /** @param rooms those with unread messages, after the client has connected */
  begin(rooms: readonly RoomId[]): void {
    this.#rooms.clear();
    for (const id of rooms) this.#rooms.set(id, {});
  }

  /**
   * Notes a printed record, and returns whether all records before it have been printed or read.
   * @param read present read position in the room
   */
  printed(record: ChatRecord, read: number): boolean {
    const backlog = this.#rooms.get(record.room.id);
    if (backlog === undefined) return true;
    if (record.n <= read + 1) {
      this.#rooms.delete(record.room.id);
      return true;
    }
    backlog.from ??= record.seq;
    backlog.last = record;
    return false;
  }

  /** Seq of the first record of the room that was printed behind unread ones. */
  printedFrom(room: RoomId): number | undefined {
    return this.#rooms.get(room)?.from;
  }

  get rooms(): readonly RoomId[] {
    return [...this.#rooms.keys()];
  }

  has(room: RoomId): boolean {
    return this.#rooms.has(room);
  }

  /** @returns the newest record of the room that was printed meanwhile */
  end(room: RoomId): ChatRecord | undefined {
    const last = this.#rooms.get(room)?.last;
    this.#rooms.delete(room);
    return last;
  }
}
