/** Read positions of all accounts in their rooms. */

import * as v from "valibot";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  CALLS_LISTED_MAX,
  READ_CALLS_MAX,
  READ_CALLS_PER_ACCOUNT_MAX,
  READ_POSITIONS_MAX,
} from "../../base/limits.ts";
import { positive, tableOf } from "../../wire/field.ts";
import { SmallMap } from "../small-map.ts";

export const READ_POSITIONS = v.object({
  format: v.literal(1),
  read: tableOf(tableOf(positive)),
  calls: v.optional(tableOf(tableOf(v.array(positive)))),
});

/** A message that calls the account and was read before those in front of it. */
interface ReadCall {
  readonly room: RoomId;
  readonly n: number;
}

/**
 * `n` of the last record that any device of the account has displayed in the room. Positions only
 * increase; without a position, only the room's first record counts as read.
 */
export class ReadPositions {
  /** Beyond READ_POSITIONS_MAX, the least recently used positions are dropped. */
  readonly #byUser = new Map<UserId, SmallMap<RoomId, number>>();
  /** The oldest first; an account's calls are as many as READ_CALLS_PER_ACCOUNT_MAX. */
  readonly #calls = new Map<UserId, readonly ReadCall[]>();
  #callCount = 0;
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
    this.#keepCalls(user, (call) => call.room !== room || call.n > n);
    if (this.#size > READ_POSITIONS_MAX) this.#forgetOldest();
    return true;
  }

  /** Returns `n` of the read calls beyond the read position, ascending. */
  calls(user: UserId, room: RoomId): readonly number[] {
    const here = this.#calls.get(user)?.filter((call) => call.room === room) ?? [];
    return here.map(({ n }) => n).sort((a, b) => a - b);
  }

  isRead(user: UserId, room: RoomId, n: number): boolean {
    if (n <= this.of(user, room)) return true;
    return this.#calls.get(user)?.some((call) => call.room === room && call.n === n) === true;
  }

  /** @returns whether there was a call that had not been read */
  readCalls(user: UserId, room: RoomId, ns: readonly number[]): boolean {
    const added = [...new Set(ns)].filter((n) => !this.isRead(user, room, n));
    if (added.length === 0) return false;
    const known = this.#calls.get(user) ?? [];
    const all = [...known, ...added.slice(-CALLS_LISTED_MAX).map((n) => ({ room, n }))];
    // The account becomes the one that was used last.
    this.#setCalls(user, []);
    this.#setCalls(user, all.slice(-READ_CALLS_PER_ACCOUNT_MAX));
    while (this.#callCount > READ_CALLS_MAX) {
      const [oldest] = this.#calls.keys();
      if (oldest === undefined) break;
      this.#setCalls(oldest, []);
    }
    return true;
  }

  #keepCalls(user: UserId, isKept: (call: ReadCall) => boolean): boolean {
    const calls = this.#calls.get(user);
    const kept = calls?.filter(isKept);
    if (kept === undefined || kept.length === calls?.length) return false;
    this.#setCalls(user, kept);
    return true;
  }

  #setCalls(user: UserId, calls: readonly ReadCall[]): void {
    this.#callCount += calls.length - (this.#calls.get(user)?.length ?? 0);
    if (calls.length === 0) this.#calls.delete(user);
    else this.#calls.set(user, calls);
  }

  forget(user: UserId, room: RoomId): boolean {
    this.#keepCalls(user, (call) => call.room !== room);
    const rooms = this.#byUser.get(user);
    if (rooms?.delete(room) !== true) return false;
    this.#size--;
    if (rooms.size === 0) this.#byUser.delete(user);
    return true;
  }

  forgetRoom(room: RoomId): boolean {
    const users = [...new Set([...this.#byUser.keys(), ...this.#calls.keys()])];
    return users.filter((user) => this.forget(user, room)).length > 0;
  }

  /**
   * Moves positions back that are beyond the end of their room, because the log has lost records.
   * @param endOf `n` of the room's last record; `undefined` leaves the positions as they are
   */
  limit(endOf: (room: RoomId) => number | undefined): boolean {
    let isChanged = false;
    for (const user of [...this.#calls.keys()]) {
      const isThere = ({ room, n }: ReadCall) => n <= (endOf(room) ?? Number.POSITIVE_INFINITY);
      if (this.#keepCalls(user, isThere)) isChanged = true;
    }
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
    if (this.#calls.size === 0) return `${JSON.stringify({ format: 1, read })}\n`;
    const calls: Record<string, Record<string, number[]>> = {};
    for (const [user, all] of this.#calls) {
      const rooms = Map.groupBy(all, ({ room }) => room);
      const ns = (own: readonly ReadCall[]) => own.map(({ n }) => n);
      calls[user] = Object.fromEntries([...rooms].map(([room, own]) => [room, ns(own)]));
    }
    return `${JSON.stringify({ format: 1, read, calls })}\n`;
  }

  load({ read, calls = {} }: v.InferOutput<typeof READ_POSITIONS>): void {
    for (const [user, rooms] of Object.entries(read)) {
      for (const [room, n] of Object.entries(rooms)) {
        this.advance(user as UserId, room as RoomId, n);
      }
    }
    for (const [user, rooms] of Object.entries(calls)) {
      for (const [room, ns] of Object.entries(rooms)) {
        this.readCalls(user as UserId, room as RoomId, ns);
      }
    }
  }
}
