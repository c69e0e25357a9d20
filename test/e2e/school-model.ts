/** State of a school by its lists: people, their rooms, and the texts that they may read. */

import { formatCsv } from "../../src/base/csv.ts";

export interface SchoolRoom {
  name: string;
  isClosed: boolean;
  /** Texts in the room, in the order of posting. */
  readonly posts: string[];
  /** Texts that pupils have handed in, by the ids of the pupils. */
  readonly work: Map<string, string[]>;
}

export interface SchoolPerson {
  readonly id: string;
  displayName: string;
  /** Name of the account; `undefined` until an import has made it. */
  user: string | undefined;
  readonly rooms: Set<SchoolRoom>;
  readonly moderates: Set<SchoolRoom>;
  password: string | undefined;
}

const FIRST = [
  ...["Siti", "Budi", "Ana", "Ben", "Dewi", "Eko", "Fatima", "Gita"],
  ...["Ivan", "José", "Łukasz", "Zoë", "Nguyễn", "Åsa", "Çağla", "Jürgen"],
];
const LAST = [
  ...["Aminah", "Santoso", "Ruíz", "Malik", "O'Neill", "Müller", "Borg", "Weiß"],
  ...["Lestari", "van der Berg", "Sato-Ito", "Çelik", "Novák", "Okafor", "Silva", "Quispe"],
];

/** Full name of the person of a number, which is unique up to 256. */
export function fullName(number: number): string {
  return `${FIRST[number % FIRST.length]} ${LAST[Math.floor(number / FIRST.length) % LAST.length]}`;
}

/** Full name with an initial that tells people of the same name apart: there are `period` names. */
export function distinctName(number: number, period: number): string {
  const [first = "", ...last] = fullName(number % period).split(" ");
  return [first, `${String.fromCharCode(65 + Math.floor(number / period))}.`, ...last].join(" ");
}

export class School {
  readonly rooms = new Map<string, SchoolRoom>();
  readonly people = new Map<string, SchoolPerson>();

  room(name: string): SchoolRoom {
    const room = this.rooms.get(name) ?? { name, isClosed: false, posts: [], work: new Map() };
    this.rooms.set(name, room);
    return room;
  }

  person(id: string): SchoolPerson {
    const person = this.people.get(id);
    if (person === undefined) throw new Error(`the school has nobody with the id ${id}`);
    return person;
  }

  add(id: string, displayName: string, rooms: readonly string[], moderated: readonly string[]) {
    const person: SchoolPerson = {
      id,
      displayName,
      user: undefined,
      password: undefined,
      rooms: new Set([...rooms, ...moderated].map((name) => this.room(name))),
      moderates: new Set(moderated.map((name) => this.room(name))),
    };
    this.people.set(id, person);
    return person;
  }

  /** Renames rooms at the same moment, so that one can take the name that another gives up. */
  rename(names: ReadonlyMap<string, string>): void {
    const renamed = [...names].map(([from, to]) => {
      const room = this.room(from);
      this.rooms.delete(from);
      room.name = to;
      return room;
    });
    for (const room of renamed) this.rooms.set(room.name, room);
  }

  /** Texts that a person may read, by room. */
  readable({ id, rooms, moderates }: SchoolPerson): Record<string, readonly string[]> {
    const texts: Record<string, readonly string[]> = {};
    for (const room of rooms) {
      if (room.posts.length > 0) texts[room.name] = room.posts;
      for (const [owner, work] of room.work)
        if (owner === id || moderates.has(room))
          texts[`${room.name}@${this.person(owner).user}`] = work;
    }
    return texts;
  }

  /** Rooms and roles of everyone with an account, by account. */
  memberships(): Record<string, Membership> {
    const all = [...this.people.values()].flatMap((person) => {
      const { user, id, displayName, rooms, moderates } = person;
      const row = { id, displayName, rooms: namesOf(rooms), moderates: namesOf(moderates) };
      return user === undefined ? [] : [[user, row] as const];
    });
    return Object.fromEntries(all);
  }
}

export interface Membership {
  readonly id: string | undefined;
  readonly displayName: string | undefined;
  /** Without the lobby, in the order of their names. */
  readonly rooms: readonly string[];
  readonly moderates: readonly string[];
}

function namesOf(rooms: Iterable<SchoolRoom>): string[] {
  return [...rooms].map(({ name }) => name).sort();
}

export type ListRow = readonly [id: string, name: string, displayName: string, ...string[]];

export function listOf(rows: readonly ListRow[]): string {
  return formatCsv([["id", "name", "display name", "rooms", "role"], ...rows]);
}

/** Line of a list that gives the person all rooms that the school has for them. */
export function rowOf(person: SchoolPerson, name = ""): ListRow {
  const rooms = [...person.rooms].map((room) =>
    person.moderates.has(room) ? `${room.name}:moderator` : room.name,
  );
  return [person.id, name, person.displayName, rooms.join(","), ""];
}
