/** Rooms of each user, with counts that requests read in constant time. */

import type { RoomId, UserId } from "../../base/ids.ts";

interface Joinable {
  readonly name?: string | undefined;
  readonly isPrivate?: boolean;
  readonly pair?: readonly [UserId, UserId];
  readonly maker: UserId | "server";
}

interface Joined<Room> {
  readonly rooms: Set<Room>;
  named: number;
  begun: number;
}

export class JoinedRooms<Room extends Joinable> {
  readonly #byUser = new Map<UserId, Joined<Room>>();

  of(user: UserId): ReadonlySet<Room> {
    return this.#byUser.get(user)?.rooms ?? NONE;
  }

  /** Number of the user's rooms with names. Groups do not count. */
  namedOf(user: UserId): number {
    return this.#byUser.get(user)?.named ?? 0;
  }

  /** Number of direct conversations that the user began. */
  begunBy(user: UserId): number {
    return this.#byUser.get(user)?.begun ?? 0;
  }

  add(room: Room, user: UserId): void {
    const joined = this.#byUser.get(user) ?? { rooms: new Set(), named: 0, begun: 0 };
    if (joined.rooms.has(room)) return;
    this.#byUser.set(user, joined);
    joined.rooms.add(room);
    count(joined, room, user, 1);
  }

  delete(room: Room, user: UserId): void {
    const joined = this.#byUser.get(user);
    if (joined?.rooms.delete(room) !== true) return;
    if (joined.rooms.size === 0) this.#byUser.delete(user);
    else count(joined, room, user, -1);
  }

  [Symbol.iterator](): Iterator<readonly [UserId, ReadonlySet<Room>]> {
    return this.#byUser
      .entries()
      .map(([user, { rooms }]) => [user, rooms] as const)
      [Symbol.iterator]();
  }
}

/** A room's kind and maker never change. Boxes are neither named nor pairs. */
function count(joined: Joined<unknown>, room: Joinable, user: UserId, change: 1 | -1): void {
  if (room.name !== undefined && room.isPrivate !== true) joined.named += change;
  if (room.pair !== undefined && room.maker === user) joined.begun += change;
}

const NONE: ReadonlySet<never> = new Set();

interface Group {
  readonly id: RoomId;
  readonly isPrivate?: boolean;
  readonly isSealed?: boolean;
  readonly topic: string;
  readonly members: ReadonlySet<UserId>;
}

/** Groups without a title by their members. */
export class UntitledGroups<Room extends Group> {
  /** Lists are in the order of the ids. */
  readonly #byPeople = new Map<string, Room[]>();
  readonly #people = new Map<Room, string>();

  /** Returns the group with the lowest id of those with exactly these members. */
  find(people: readonly UserId[]): Room | undefined {
    return this.#byPeople.get(keyOf(people))?.[0];
  }

  /** Must follow each change of the group's members or title. */
  update(room: Room): void {
    const { isPrivate, isSealed, topic, members } = room;
    const isListed = isPrivate === true && isSealed !== true && topic === "" && members.size > 0;
    const before = this.#people.get(room);
    const after = isListed ? keyOf([...members]) : undefined;
    if (before === after) return;
    if (before !== undefined) this.#delete(room, before);
    if (after !== undefined) this.#add(room, after);
  }

  #add(room: Room, people: string): void {
    this.#people.set(room, people);
    const groups = this.#byPeople.get(people);
    if (groups === undefined) this.#byPeople.set(people, [room]);
    else groups.splice(indexOf(groups, room), 0, room);
  }

  #delete(room: Room, people: string): void {
    this.#people.delete(room);
    const groups = this.#byPeople.get(people) ?? [];
    if (groups.length <= 1) this.#byPeople.delete(people);
    else groups.splice(indexOf(groups, room), 1);
  }
}

/** At most GROUP_NAMES_MAX ids. */
function keyOf(people: readonly UserId[]): string {
  return people.toSorted().join(" ");
}

function indexOf<Room extends Group>(groups: readonly Room[], { id }: Room): number {
  let low = 0;
  let high = groups.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((groups[middle]?.id ?? id) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
