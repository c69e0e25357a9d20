/** Facts that the board's head shows, read from the state of the server. */

import { cleanText } from "../../../base/text.ts";
import { DAY_MS, MINUTE_MS } from "../../../base/time.ts";
import type { Account, Registry } from "../../../core/rooms/accounts.ts";
import type { Room, Rooms } from "../../../core/rooms/rooms.ts";
import { firstName } from "../../../ui/text/event-text.ts";
import { handedState } from "../../../ui/text/rules-text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { boardText, personName } from "./rows.ts";
import { type HandsFacts, HERE_NAMES_MAX, type TransferFacts, type WorkFacts } from "./state.ts";

/** Assignments whose work is counted; more do not fit in the row. */
const WORK_ROOMS_MAX = 6;
const WORK_AGE_MS = 7 * DAY_MS;
const HANDS_ROOMS_MAX = 4;
const HANDS_NAMES_MAX = 20;
const TRANSFERS_SHOWN_MAX = 8;
/** Comparing more names after each change of a name would take too long. */
const COMPARED_ACCOUNTS_MAX = 5_000;

/** People who are connected, the last who came first. */
export function connectedPeople(
  peers: Iterable<{ readonly account?: { readonly id: string } | undefined }>,
  registry: Pick<Registry, "get">,
): readonly Account[] {
  const ids = new Set<string>();
  for (const { account } of peers) if (account !== undefined) ids.add(account.id);
  const people = [...ids].reverse().flatMap((id) => registry.get(id as never) ?? []);
  return people.filter(({ isBot }) => !isBot);
}

export function namesHere(persons: readonly Account[]): {
  readonly here: readonly string[];
  readonly hereCount: number;
} {
  const here = persons
    .slice(0, HERE_NAMES_MAX)
    .map(({ name, displayName }) => boardText(displayName ?? name));
  return { here, hereCount: persons.length };
}

/** Rooms with a raised hand or a member who is called on. */
export function handsIn(
  rooms: Pick<Rooms, "named">,
  registry: Parameters<typeof personName>[0],
): readonly HandsFacts[] {
  const nameOf = (id: Parameters<Registry["nameOf"]>[0]) => {
    const account = registry.nameOf(id);
    return account === undefined ? "?" : personName(registry, account);
  };
  const found: Room[] = [];
  for (const room of rooms.named()) {
    if (room.isPrivate === true || (room.hands.size === 0 && room.called === undefined)) continue;
    found.push(room);
  }
  return found
    .sort((a, b) => b.hands.size - a.hands.size)
    .slice(0, HANDS_ROOMS_MAX)
    .map(({ name, hands, called }) => {
      const named = [...hands].slice(0, HANDS_NAMES_MAX).map(nameOf);
      const more = Array.from({ length: hands.size - named.length }, () => "");
      return {
        room: `#${name ?? ""}`,
        called: called === undefined ? undefined : nameOf(called),
        raised: [...named, ...more],
      };
    });
}

/** Counts the work again after a record, and each minute, when deadlines may have passed. */
export class CountedWork {
  #version = 0;
  #counted = "";
  #work: readonly WorkFacts[] = [];

  constructor(private readonly count: (unixMs: number) => readonly WorkFacts[]) {}

  noteRecord(): void {
    this.#version++;
  }

  at(unixMs: number): readonly WorkFacts[] {
    const key = `${this.#version} ${Math.floor(unixMs / MINUTE_MS)}`;
    if (key !== this.#counted) this.#work = this.count(unixMs);
    this.#counted = key;
    return this.#work;
  }
}

/** Assignments with recent work, or that are still due; those with the newest work first. */
export function workIn(
  rooms: Pick<Rooms, "named" | "boxesOf">,
  nowUnixMs: number,
): readonly WorkFacts[] {
  const assignments: { readonly room: Room; readonly newest: number }[] = [];
  for (const room of rooms.named()) {
    if (room.rules.post !== "private" || room.isClosed || room.isPrivate === true) continue;
    let newest = 0;
    for (const { work } of rooms.boxesOf(room)) {
      for (const time of work.values()) newest = Math.max(newest, time);
    }
    const { due = 0 } = room.rules;
    if (newest > nowUnixMs - WORK_AGE_MS || due > nowUnixMs) assignments.push({ room, newest });
  }
  return assignments
    .sort((a, b) => b.newest - a.newest)
    .slice(0, WORK_ROOMS_MAX)
    .map(({ room, newest }) => workOf(room, rooms.boxesOf(room), newest));
}

function workOf(room: Room, boxes: readonly Room[], newestUnixMs: number): WorkFacts {
  const owners = new Set([...room.members].filter((user) => !room.moderators.has(user)));
  let [handedIn, late] = [0, 0];
  for (const { box, work } of boxes) {
    if (box === undefined || work.size === 0) continue;
    owners.add(box.user);
    handedIn += 1;
    const times = [...work.values()];
    const { due } = room.rules;
    if (handedState({ first: times[0], at: times.at(-1), due }) === "late") late += 1;
  }
  return { room: cleanText(room.name ?? ""), handedIn, of: owners.size, late, newestUnixMs };
}

export function transfersIn(
  { transfers, more }: Answer<"transfers">,
  registry: Parameters<typeof personName>[0],
): { readonly transfers: readonly TransferFacts[]; readonly transferCount: number } {
  const shown = transfers
    .slice(0, TRANSFERS_SHOWN_MAX)
    .map(
      ({ name, user, doneBytes, sizeBytes }): TransferFacts => ({
        name: name === undefined ? undefined : boardText(name),
        user: personName(registry, user),
        percent:
          sizeBytes === undefined || sizeBytes === 0
            ? undefined
            : Math.floor((100 * Math.min(doneBytes, sizeBytes)) / sizeBytes),
      }),
    );
  return { transfers: shown, transferCount: transfers.length + more };
}

/** Finds first names that several people have. Cached, because it reads all accounts. */
export class SharedFirstNames {
  #version: number | undefined;
  #shared: ReadonlySet<string> = new Set();

  constructor(private readonly registry: Pick<Registry, "all" | "namesVersion" | "size">) {}

  /** `undefined` if there are too many accounts to compare. */
  get names(): ReadonlySet<string> | undefined {
    const { namesVersion, size } = this.registry;
    if (size > COMPARED_ACCOUNTS_MAX) return undefined;
    if (namesVersion === this.#version) return this.#shared;
    this.#version = namesVersion;
    const seen = new Set<string>();
    const shared = new Set<string>();
    for (const { displayName, name, isRemoved } of this.registry.all()) {
      if (isRemoved) continue;
      const first = firstName(boardText(displayName ?? name));
      if (seen.has(first)) shared.add(first);
      seen.add(first);
    }
    this.#shared = shared;
    return shared;
  }
}
