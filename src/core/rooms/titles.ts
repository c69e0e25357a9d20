/** Checks of the display names of rooms: nobody may take one room for another. */

import { Fault, msg } from "../../base/fault.ts";
import type { Room, Rooms } from "./rooms.ts";

/**
 * @param room undefined if it is being created
 * @throws {Fault} sealed-room or name-taken
 */
export function checkTitle(
  rooms: Rooms,
  title: string,
  { room, isSealed = room?.isSealed }: { readonly room?: Room; readonly isSealed?: boolean },
): void {
  if (isSealed === true) throw sealedTitle();
  const other = rooms.calledLike(title, room)?.name;
  if (other === undefined) return;
  throw new Fault(
    "name-taken",
    msg`the room '${other}' has the name '${title}' or one that looks like it`,
    { remedy: msg`choose another display name` },
  );
}

export function sealedTitle(): Fault {
  return new Fault(
    "sealed-room",
    msg`an encrypted room cannot have a display name, because it would not be encrypted`,
    { remedy: msg`post it as a message` },
  );
}

/** @throws {Fault} name-taken if another room's display name looks like the name */
export function checkNameUnlikeTitles(rooms: Rooms, name: string, room?: Room): void {
  const { title, name: other } = rooms.titledLike(name, room) ?? {};
  if (other === undefined) return;
  throw new Fault("name-taken", msg`'${title}' is the display name of the room '${other}'`, {
    remedy: msg`to join it: ${`/join ${other}`}; or choose another name`,
  });
}
