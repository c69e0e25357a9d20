/** People of a room as every user interface marks them: tint, role and mute. */

import type { RoomId } from "../../base/ids.ts";
import type { Member, Model, RoomState } from "./state.ts";
import { tintOf, tintsOf } from "./tint.ts";

export interface Person extends Pick<Member, "role" | "mutedUntilUnixMs" | "isBot"> {
  readonly tint: number;
}

/** People by name in lower case. */
export type People = ReadonlyMap<string, Person>;

export const NOBODY: People = new Map();

export function tintIn(people: People, name: string): number {
  return people.get(name.toLowerCase())?.tint ?? tintOf(name);
}

/** Tint of a user in the direct conversation with `me`. */
export function tintWith(me: string | undefined, name: string): number {
  return tintsOf([me ?? name, name]).get(name.toLowerCase()) ?? tintOf(name);
}

function peopleOf({ kind, name, members }: RoomState, me = name): People {
  const listed: readonly Omit<Member, "isOnline">[] =
    kind === "person" && (members?.length ?? 0) < 2
      ? [...new Set([name, me])].map((one) => ({ name: one, role: "member" }))
      : (members ?? []);
  const tints = tintsOf(listed.map((member) => member.name));
  return new Map(
    listed.map(({ name, role, mutedUntilUnixMs, isBot }) => {
      const tint = tints.get(name.toLowerCase()) ?? tintOf(name);
      return [name.toLowerCase(), { tint, role, mutedUntilUnixMs, isBot }];
    }),
  );
}

function isSame(a: People, b: People): boolean {
  if (a.size !== b.size) return false;
  for (const [name, person] of b) {
    const before = a.get(name);
    const isEqual =
      before?.tint === person.tint &&
      before.role === person.role &&
      before.isBot === person.isBot &&
      before.mutedUntilUnixMs === person.mutedUntilUnixMs;
    if (!isEqual) return false;
  }
  return true;
}

/**
 * Returns the same object until someone's marks change, because presence changes the members often,
 * and keeps the marks while a new link has not sent the members yet.
 */
export class PeopleIndex {
  #room: RoomId | undefined;
  #members: RoomState["members"];
  #people = NOBODY;

  of(room: RoomState | undefined, { me }: Pick<Model, "me">): People {
    if (room === undefined) return NOBODY;
    const isOther = room.id !== this.#room;
    if (!isOther && (room.members === this.#members || room.members === undefined))
      return this.#people;
    const people = peopleOf(room, me);
    if (isOther || !isSame(this.#people, people)) this.#people = people;
    this.#room = room.id;
    this.#members = room.members;
    return this.#people;
  }
}
