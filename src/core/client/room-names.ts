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
