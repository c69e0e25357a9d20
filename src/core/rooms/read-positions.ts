/** Read positions of all accounts in their rooms. */

import * as v from "valibot";
import type { RoomId, UserId } from "../../base/ids.ts";
import { READ_POSITIONS_MAX } from "../../base/limits.ts";
import { positive, tableOf } from "../../wire/field.ts";
import { SmallMap } from "../small-map.ts";

export const READ_POSITIONS = v.object({ format: v.literal(1), read: tableOf(tableOf(positive)) });

/**
 * `n` of the last record that any device of the account has displayed in the room. Positions only
 * increase; without a position, only the room's first record counts as read.
 */
export class ReadPositions {
  /** Beyond READ_POSITIONS_MAX, the least recently used positions are dropped. */
  readonly #byUser = new Map<UserId, SmallMap<RoomId, number>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  of(user: UserId, room: RoomId): number {
    return this.#byUser.get(user)?.get(room) ?? 1;
  }

  advance(user: UserId, room: RoomId, n: number): boolean {
    if (n <= this.of(user, room)) return false;
    const rooms = this.#byUser.get(user) ?? new SmallMap<RoomId, number>();
    this.#byUser.delete(user);
    this.#byUser.set(user, rooms);
    if (!rooms.has(room)) this.#size++;
    rooms.set(room, n);
    if (this.#size > READ_POSITIONS_MAX) this.#forgetOldest();
    return true;
  }

  forget(user: UserId, room: RoomId): boolean {
    const rooms = this.#byUser.get(user);
    if (rooms?.delete(room) !== true) return false;
    this.#size--;
    if (rooms.size === 0) this.#byUser.delete(user);
    return true;
  }

  forgetRoom(room: RoomId): boolean {
    const users = [...this.#byUser.keys()];
    return users.filter((user) => this.forget(user, room)).length > 0;
  }

  /**
   * Moves positions back that are beyond the end of their room, because the log has lost records.
   * @param endOf `n` of the room's last record; `undefined` leaves the positions as they are
   */
  limit(endOf: (room: RoomId) => number | undefined): boolean {
    let isChanged = false;
    for (const rooms of this.#byUser.values()) {
      for (const [room, n] of [...rooms]) {
        const end = endOf(room);
        if (end === undefined || n <= end) continue;
        rooms.set(room, end);
        isChanged = true;
      }
    }
    return isChanged;
  }

  #forgetOldest(): void {
    const [first] = this.#byUser;
    if (first === undefined) return;
    const [user, rooms] = first;
    for (const room of rooms.keys()) {
      this.forget(user, room);
      return;
    }
  }

  format(): string {
    const read: Record<string, Record<string, number>> = {};
    for (const [user, rooms] of this.#byUser) read[user] = Object.fromEntries(rooms);
    return `${JSON.stringify({ format: 1, read })}\n`;
  }

  load({ read }: v.InferOutput<typeof READ_POSITIONS>): void {
    for (const [user, rooms] of Object.entries(read)) {
      for (const [room, n] of Object.entries(rooms)) {
        this.advance(user as UserId, room as RoomId, n);
      }
    }
  }
}
