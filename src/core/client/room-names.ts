/** Resolution of a typed, linked or stored target to a room that the client knows. */

import { foldName, type Name, renamedRoom } from "../../base/names.ts";

interface Named {
  readonly kind: "room" | "person";
  readonly name: string;
  /** Names that lead to the room unless another one has them. */
  readonly formerNames?: readonly string[] | undefined;
}

/**
 * Returns the room that has the name now or, failing that, had it.
 * @param target such as `lobby`, `#lobby`, `@ana` or `homework@ana`
 */
export function roomAt<Room extends Named>(
  rooms: Iterable<Room>,
  target: string | undefined,
): Room | undefined {
  if (target === undefined) return undefined;
  const kind = target.startsWith("@") ? "person" : "room";
  const wanted = folded(target.replace(/^[#@]/, ""));
  let former: Room | undefined;
  for (const room of rooms) {
    if (room.kind !== kind) continue;
    if (folded(room.name) === wanted) return room;
    if (room.formerNames?.some((name) => folded(name) === wanted) === true) former ??= room;
  }
  return former;
}

/** Rooms by the names that `roomAt` takes, for many look-ups in the same rooms. */
export class RoomNames<Room extends Named> {
  readonly #rooms = new Map<string, Room>();

  constructor(rooms: Iterable<Room>) {
    const former = new Map<string, Room>();
    for (const room of rooms) {
      const sign = signOf(room.kind);
      const name = sign + folded(room.name);
      if (!this.#rooms.has(name)) this.#rooms.set(name, room);
      for (const one of room.formerNames ?? []) {
        const formerName = sign + folded(one);
        if (!former.has(formerName)) former.set(formerName, room);
      }
    }
    for (const [name, room] of former) {
      if (!this.#rooms.has(name)) this.#rooms.set(name, room);
    }
  }

  at(target: string): Room | undefined {
    const kind = target.startsWith("@") ? "person" : "room";
    return this.#rooms.get(signOf(kind) + folded(target.replace(/^[#@]/, "")));
  }
}

function signOf(kind: Named["kind"]): string {
  return kind === "person" ? "@" : "#";
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
