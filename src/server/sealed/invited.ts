/** Sealed rooms that each user may join but has not joined, and who invited them. */

import type { UserId } from "../../base/ids.ts";
import type { Room } from "../../core/rooms/rooms.ts";

export class InvitedUsers {
  readonly #rooms = new Map<UserId, Map<Room, UserId | undefined>>();

  get size(): number {
    return this.#rooms.size;
  }

  /** Inviters are unknown after a restart. */
  of(user: UserId): Iterable<readonly [room: Room, inviter: UserId | undefined]> {
    return this.#rooms.get(user) ?? [];
  }

  /**
   * Reports whether the user is invited now, and forgets an invitation that has ended.
   * @param inviter `undefined` if it does not change
   */
  update(room: Room, user: UserId, inviter = this.#rooms.get(user)?.get(room)): boolean {
    const rooms = this.#rooms.get(user) ?? new Map<Room, UserId | undefined>();
    const isInvited = room.isSealed === true && room.admitted.has(user) && !room.members.has(user);
    if (isInvited) rooms.set(room, inviter);
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
