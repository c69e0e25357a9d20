/** Sealed rooms that each user may join but has not joined. */

import type { UserId } from "../../base/ids.ts";
import type { Room } from "../../core/rooms/rooms.ts";

export class InvitedUsers {
  readonly #rooms = new Map<UserId, Set<Room>>();

  get size(): number {
    return this.#rooms.size;
  }

  of(user: UserId): Iterable<Room> {
    return this.#rooms.get(user) ?? [];
  }

  /** Reports whether the user is invited now, and forgets an invitation that has ended. */
  update(room: Room, user: UserId): boolean {
    const rooms = this.#rooms.get(user) ?? new Set();
    const isInvited = room.isSealed === true && room.admitted.has(user) && !room.members.has(user);
    if (isInvited) rooms.add(room);
    else rooms.delete(room);
    if (rooms.size > 0) this.#rooms.set(user, rooms);
    else this.#rooms.delete(user);
    return isInvited;
  }

  /** Call after each record that may end invitations. */
  updateAll(room: Room): void {
    for (const user of [...this.#rooms.keys()]) this.update(room, user);
  }
}
