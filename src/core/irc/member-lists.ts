/** Lists of the members of rooms, shared by connections that request them at the same time. */

import { PRESENCE_MEMBERS_MAX } from "../../base/limits.ts";
import type { Registry } from "../rooms/accounts.ts";
import type { Room } from "../rooms/rooms.ts";
import { isRoomModerator, userMask } from "./server.ts";

/** Leaves space in a line of 510 bytes for the reply's other parameters. */
const LIST_CHARS_MAX = 400;
/** All members of a large room may reconnect within seconds, and each receives the list. */
const REUSE_MS = 1_000;

interface MemberList {
  readonly lines: readonly string[];
  readonly version: string;
  readonly until: number;
}

export class MemberLists {
  readonly #nicks = new WeakMap<Room, MemberList>();
  readonly #masks = new WeakMap<Room, MemberList>();

  constructor(private readonly registry: Registry) {}

  /** @returns members, moderators with `@`, as parameters of RPL_NAMREPLY */
  of(room: Room, hasHosts: boolean, now: number): readonly string[] {
    const lists = hasHosts ? this.#masks : this.#nicks;
    const { members, moderators } = room;
    const version = `${members.size},${moderators.size},${this.registry.namesVersion}`;
    const known = lists.get(room);
    if (known !== undefined && known.version === version && now < known.until) return known.lines;
    const lines = this.#lines(room, hasHosts);
    if (members.size > PRESENCE_MEMBERS_MAX) {
      lists.set(room, { lines, version, until: now + REUSE_MS });
    }
    return lines;
  }

  #lines(room: Room, hasHosts: boolean): readonly string[] {
    const lines: string[] = [];
    let line = "";
    for (const user of room.members) {
      const nick = this.registry.nameOf(user);
      if (nick === undefined) continue;
      const sign = isRoomModerator(this.registry, room, user) ? "@" : "";
      const entry = `${sign}${hasHosts ? userMask(nick) : nick}`;
      if (line.length + 1 + entry.length >= LIST_CHARS_MAX) {
        lines.push(line);
        line = "";
      }
      line += line === "" ? entry : ` ${entry}`;
    }
    return line === "" ? lines : [...lines, line];
  }
}
