/** Presence notices to rooms. */

import type { UserId } from "../../base/ids.ts";
import {
  PRESENCE_ACCOUNTS_MAX,
  PRESENCE_INTERVAL_MS,
  PRESENCE_MEMBERS_MAX,
} from "../../base/limits.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { Clock } from "../../io/clock.ts";
import type { FanOut } from "./broadcast.ts";

/**
 * Combines all changes within PRESENCE_INTERVAL_MS. Clients in rooms above PRESENCE_MEMBERS_MAX
 * receive no notices and query presence with `who`.
 */
export class PresenceFeed {
  readonly #changed = new Map<Room, Map<UserId, boolean>>();
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly registry: Pick<Registry, "nameOf">,
    private readonly fanOut: FanOut,
  ) {}

  change(room: Room, user: UserId, online: boolean): void {
    if (this.#isStopped || room.members.size > PRESENCE_MEMBERS_MAX) return;
    const users = this.#changed.get(room) ?? new Map<UserId, boolean>();
    if (online && users.get(user) === false) users.delete(user);
    else users.set(user, online);
    this.#changed.set(room, users);
    this.#cancel ??= this.clock.after(PRESENCE_INTERVAL_MS, () => this.#flushAll());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#changed.clear();
  }

  flush(room: Room): void {
    const users = this.#changed.get(room);
    if (users === undefined) return;
    this.#changed.delete(room);
    const online: string[] = [];
    const offline: string[] = [];
    for (const [user, isOnline] of users) {
      const name = room.members.has(user) ? this.registry.nameOf(user) : undefined;
      if (name !== undefined) (isOnline ? online : offline).push(name);
    }
    this.#publish(room, online, offline);
  }

  #flushAll(): void {
    this.#cancel = undefined;
    for (const room of [...this.#changed.keys()]) this.flush(room);
  }

  #publish(room: Room, online: readonly string[], offline: readonly string[]): void {
    const count = Math.max(online.length, offline.length);
    for (let at = 0; at < count; at += PRESENCE_ACCOUNTS_MAX) {
      const users = {
        online: online.slice(at, at + PRESENCE_ACCOUNTS_MAX),
        offline: offline.slice(at, at + PRESENCE_ACCOUNTS_MAX),
      };
      this.fanOut.publish(room, { kind: "presences", room: room.id, ...users });
    }
  }
}
