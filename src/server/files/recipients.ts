import { Fault } from "../../base/fault.ts";
import { directRoomId, type Sha256, type UserId } from "../../base/ids.ts";
import { foldName, type Name, parseTarget } from "../../base/names.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { checkMeet, namedRoom } from "../../core/rooms/drafts.ts";
import { checkSpeaks } from "../../core/rooms/moderation.ts";
import type { Room, Rooms } from "../../core/rooms/rooms.ts";

/** To whom a file goes, as its sender named them: who may send there, and who reads it. */
export class Recipients {
  readonly #rooms: Rooms;
  readonly #registry: Pick<Registry, "find">;
  readonly #sha256: Sha256;

  constructor(rooms: Rooms, registry: Pick<Registry, "find">, sha256: Sha256) {
    this.#rooms = rooms;
    this.#registry = registry;
    this.#sha256 = sha256;
  }

  /** @throws Fault name-invalid, room-unknown, user-unknown, not-member, muted, too-many */
  checkMaySend(by: UserId, to: string, unixMs: number): void {
    const target = parseTarget(to);
    if (target.kind === "room") {
      return checkSpeaks(namedRoom(this.#rooms, target.name), by, unixMs);
    }
    const room = this.#rooms.get(this.#directWith(by, target.name));
    if (room === undefined) checkMeet(this.#rooms, by);
    else checkSpeaks(room, by, unixMs);
  }

  /** Whoever reads a room that it goes to, and the person, even before their first word. */
  reads(user: UserId, to: readonly string[]): boolean {
    return to.some((one) => {
      const target = parseTarget(one);
      if (target.kind === "person") return this.#registry.find(target.name)?.id === user;
      return this.#rooms.find(target.name)?.members.has(user) === true;
    });
  }

  /** Those that exist. */
  rooms(by: UserId, to: readonly string[]): Room[] {
    const rooms = to.map((one) => {
      const target = parseTarget(one);
      if (target.kind === "room") return this.#rooms.find(target.name);
      return this.#rooms.get(this.#directWith(by, target.name));
    });
    return [...new Set(rooms.filter((room) => room !== undefined))];
  }

  #directWith(by: UserId, name: Name) {
    const other = this.#registry.find(name);
    if (other === undefined) throw new Fault("user-unknown", `there is no '${name}' here`);
    return directRoomId(by, other.id, this.#sha256);
  }
}

/** Each once, as first named. @throws Fault name-invalid */
export function distinctRecipients(to: readonly string[]): string[] {
  const seen = new Set<string>();
  return to.filter((one) => {
    const key = targetKey(one);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** In whatever order and spelling. @throws Fault name-invalid */
export function sameRecipients(one: readonly string[], other: readonly string[]): boolean {
  const keys = new Set(one.map(targetKey));
  return keys.symmetricDifference(new Set(other.map(targetKey))).size === 0;
}

function targetKey(to: string): string {
  const { kind, name } = parseTarget(to);
  return `${kind} ${foldName(name)}`;
}
