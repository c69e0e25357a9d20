/** People of a room as every user interface marks them: tint, role and mute. */

import { isDisplayName, skeletonsOf } from "../../base/display-names.ts";
import type { RoomId } from "../../base/ids.ts";
import type { Member, Model, RoomState } from "./state.ts";
import { tintOf } from "./tint.ts";

export interface Person extends Pick<Member, "role" | "mutedUntilUnixMs" | "isBot"> {
  readonly tint: number;
}

/** People by name in lower case. */
export type People = ReadonlyMap<string, Person>;

export const NOBODY: People = new Map();

/** Name under which user interfaces show a person: the display name, or the account name. */
export function shownName({ displayNames }: Pick<Model, "displayNames">, name: string): string {
  return displayNames.get(name.toLowerCase()) ?? name;
}

/** Ignores invalid names, which a server could use to imitate another person or a mark. */
export function setDisplayNames(
  fields: { displayNames: Model["displayNames"] },
  names: readonly (readonly [user: string, text: string | undefined])[],
): void {
  const changed = names
    .map(([user, text]) => [user.toLowerCase(), text] as const)
    .filter(([key, text]) => fields.displayNames.get(key) !== text);
  if (changed.length === 0) return;
  const displayNames = new Map(fields.displayNames);
  for (const [key, text] of changed) {
    if (text !== undefined && isDisplayName(text)) displayNames.set(key, text);
    else displayNames.delete(key);
  }
  fields.displayNames = displayNames;
}

/**
 * Returns the names, with or without `@`, of the people whose display names contain the query,
 * regardless of case and accents.
 */
export function displayedLike(
  { displayNames }: Pick<Model, "displayNames">,
  names: readonly string[],
  query: string,
): readonly string[] {
  const [sought = ""] = skeletonsOf(query);
  if (sought === "") return [];
  return names.filter((name) => {
    const text = displayNames.get(name.replace(/^@/, "").toLowerCase());
    return text !== undefined && skeletonsOf(text).some((key) => key.includes(sought));
  });
}

/** @returns names in lower case of the accounts whose account or display names look alike */
export function accountsAlike(
  model: Pick<Model, "displayNames">,
  accounts: Iterable<string>,
): ReadonlySet<string> {
  const owners = new Map<string, string>();
  const alike = new Set<string>();
  for (const account of accounts) {
    const name = account.toLowerCase();
    for (const key of [name, shownName(model, name)].flatMap(skeletonsOf)) {
      const owner = owners.get(key) ?? name;
      owners.set(key, owner);
      if (owner !== name) alike.add(owner).add(name);
    }
  }
  return alike;
}

function peopleOf({ kind, name, members }: RoomState, me = name): People {
  const listed: readonly Omit<Member, "isOnline">[] =
    kind === "person" && (members?.length ?? 0) < 2
      ? [...new Set([name, me])].map((one) => ({ name: one, role: "member" }))
      : (members ?? []);
  return new Map(
    listed.map(({ name, role, mutedUntilUnixMs, isBot }) => {
      return [name.toLowerCase(), { tint: tintOf(name), role, mutedUntilUnixMs, isBot }];
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
