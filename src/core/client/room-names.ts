/** Resolution of a typed, linked or stored target to a room that the client knows. */

import { foldName, type Name, renamedRoom } from "../../base/names.ts";

interface Named {
  readonly kind: "room" | "person";
  readonly name: string;
  /** Names that lead to the room unless another one has them. */
  readonly formerNames?: readonly string[] | undefined;
}

/** Rooms by name, for many look-ups in the same rooms. Former names lead to those without one. */
export class RoomNames<Room extends Named> {
  readonly #rooms = new Map<string, Room>();

  constructor(rooms: Iterable<Room>) {
    const all = [...rooms];
    const note = (kind: Named["kind"], name: string, room: Room) => {
      const key = kind + folded(name);
      if (!this.#rooms.has(key)) this.#rooms.set(key, room);
    };
    for (const room of all) note(room.kind, room.name, room);
    for (const room of all) for (const name of room.formerNames ?? []) note(room.kind, name, room);
  }

  at(target: string): Room | undefined {
    const kind = target.startsWith("@") ? "person" : "room";
    return this.#rooms.get(kind + folded(target.replace(/^[#@]/, "")));
  }
}

/**
 * Returns the room that has the name now or, failing that, had it.
 * @param target such as `lobby`, `#lobby`, `@ana` or `homework@ana`
 */
export function roomAt<Room extends Named>(
  rooms: Iterable<Room>,
  target: string | undefined,
): Room | undefined {
  return target === undefined ? undefined : new RoomNames(rooms).at(target);
}

/**
 * Refuses a post by a former name of a room, which may mean another one to whoever typed it.
 * @throws {Fault} room-unknown
 */
export function checkTypedRoom(
  room: Named,
  typed: { readonly kind: string; readonly name: string },
) {
  if (typed.kind !== "room" || folded(room.name) === folded(typed.name)) return;
  throw renamedRoom(typed.name, room.name);
}

function folded(name: string): string {
  return foldName(name as Name);
}
