/** Rooms of a finished model, with what is looked up in them at each key. */

import type { RoomId } from "../../base/ids.ts";
import { RoomNames } from "../client/room-names.ts";
import type { RoomState } from "./state.ts";

/** Never changes, unlike the map of a draft. */
export class RoomTable extends Map<RoomId, RoomState> {
  #names: RoomNames<RoomState> | undefined;
  #online: ReadonlySet<string> | undefined;
  #people: ReadonlyMap<string, string> | undefined;

  at(target: string): RoomState | undefined {
    this.#names ??= new RoomNames(this.values());
    return this.#names.at(target);
  }

  /** Names in lower case. */
  get online(): ReadonlySet<string> {
    this.#online ??= onlineIn(this.values());
    return this.#online;
  }

  /** Everybody in a conversation or a list of members, by name in lower case. */
  get people(): ReadonlyMap<string, string> {
    this.#people ??= peopleOf(this.values());
    return this.#people;
  }
}

function onlineIn(rooms: Iterable<RoomState>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const room of rooms) for (const name of room.online) names.add(name.toLowerCase());
  return names;
}

function peopleOf(rooms: Iterable<RoomState>): ReadonlyMap<string, string> {
  const people = new Map<string, string>();
  for (const room of rooms) {
    if (room.kind === "person") people.set(room.name.toLowerCase(), room.name);
    for (const name of room.online) people.set(name.toLowerCase(), name);
    for (const { name } of room.members ?? []) people.set(name.toLowerCase(), name);
  }
  return people;
}

/** Returns the map itself if it is that of a finished model. */
export function roomTable(rooms: ReadonlyMap<RoomId, RoomState>): RoomTable {
  return rooms instanceof RoomTable ? rooms : new RoomTable(rooms);
}
