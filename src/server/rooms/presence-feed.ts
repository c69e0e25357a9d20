/** Notices to rooms about their members: presence and statuses. */

import type { UserId } from "../../base/ids.ts";
import {
  PRESENCE_ACCOUNTS_MAX,
  PRESENCE_INTERVAL_MS,
  PRESENCE_MEMBERS_MAX,
} from "../../base/limits.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { EVERYWHERE, prefsChangeOf, statusOf } from "../../core/rooms/prefs.ts";
import type { Room, Rooms } from "../../core/rooms/rooms.ts";
import type { NoticeOf } from "../../wire/messages.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import type { ExpiryClock } from "../kernel/server-clock.ts";
import type { FanOut } from "./broadcast.ts";

interface PresenceFeedOptions {
  readonly clock: Pick<ExpiryClock, "after" | "expiryUnixMs">;
  readonly registry: Pick<Registry, "nameOf" | "get">;
  readonly rooms: Pick<Rooms, "roomsOf">;
  readonly fanOut: FanOut;
}

type Status = NonNullable<NoticeOf<"presences">["statuses"]>[number];

interface Changes {
  readonly presence: Map<UserId, boolean>;
  readonly statuses: Set<UserId>;
}

/**
 * Combines all changes within PRESENCE_INTERVAL_MS. Clients in rooms above PRESENCE_MEMBERS_MAX
 * receive no notices and query presence and statuses with `who`.
 */
export class PresenceFeed {
  readonly #changed = new Map<Room, Changes>();
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(private readonly options: PresenceFeedOptions) {}

  change(room: Room, user: UserId, online: boolean): void {
    const presence = this.#changesOf(room)?.presence;
    if (presence === undefined) return;
    if (online && presence.get(user) === false) presence.delete(user);
    else presence.set(user, online);
  }

  onAccountRecord(record: LogRecord): void {
    const { kind, room: account } = record.head;
    if (kind !== "prefs" || prefsChangeOf(parseBody(record) ?? {})?.room !== EVERYWHERE) return;
    const user = account as UserId;
    for (const room of this.options.rooms.roomsOf(user)) this.#changesOf(room)?.statuses.add(user);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#changed.clear();
  }

  flush(room: Room): void {
    const changes = this.#changed.get(room);
    if (changes === undefined) return;
    this.#changed.delete(room);
    const { registry, clock } = this.options;
    const online: string[] = [];
    const offline: string[] = [];
    for (const [user, isOnline] of changes.presence) {
      const name = room.members.has(user) ? registry.nameOf(user) : undefined;
      if (name !== undefined) (isOnline ? online : offline).push(name);
    }
    const unixMs = clock.expiryUnixMs();
    const statuses = [...changes.statuses].flatMap((user) => {
      const account = room.members.has(user) ? registry.get(user) : undefined;
      return account === undefined
        ? []
        : [{ user: account.name as string, ...statusOf(account.prefs, unixMs) }];
    });
    this.#publish(room, online, offline, statuses);
  }

  /** @returns `undefined` if the room receives no notices */
  #changesOf(room: Room): Changes | undefined {
    if (this.#isStopped || room.members.size > PRESENCE_MEMBERS_MAX) return undefined;
    const changes = this.#changed.get(room) ?? { presence: new Map(), statuses: new Set() };
    this.#changed.set(room, changes);
    this.#cancel ??= this.options.clock.after(PRESENCE_INTERVAL_MS, () => this.#flushAll());
    return changes;
  }

  #flushAll(): void {
    this.#cancel = undefined;
    for (const room of [...this.#changed.keys()]) this.flush(room);
  }

  #publish(
    room: Room,
    online: readonly string[],
    offline: readonly string[],
    statuses: readonly Status[],
  ): void {
    const count = Math.max(online.length, offline.length, statuses.length);
    for (let at = 0; at < count; at += PRESENCE_ACCOUNTS_MAX) {
      const part = <Item>(list: readonly Item[]) => list.slice(at, at + PRESENCE_ACCOUNTS_MAX);
      const people = { online: part(online), offline: part(offline) };
      const some = part(statuses);
      this.options.fanOut.publish(room, {
        kind: "presences",
        room: room.id,
        ...people,
        ...(some.length === 0 ? {} : { statuses: some }),
      });
    }
  }
}
