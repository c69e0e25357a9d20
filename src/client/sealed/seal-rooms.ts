/** Seals rooms and conversations. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { sealedTopic } from "../../core/rooms/group.ts";
import type { Answer } from "../../wire/messages.ts";
import type { SendRequest } from "../link/queries.ts";
import type { SealedRooms } from "./rooms.ts";

export interface Sealer {
  readonly request: SendRequest;
  sealedRooms(): Promise<SealedRooms>;
}

/**
 * @throws {Fault} name-taken if an open room has the same name, not-allowed if this device does not
 * support sealed rooms
 */
export async function checkMaySeal(sealer: Sealer, name: string): Promise<void> {
  const found = await findRoom(sealer, name);
  if (found !== undefined && !found.sealed) throw isOpen(name);
  await (await sealer.sealedRooms()).stockKeyPackages();
}

/**
 * Leaves an open room that an earlier server has let the user join under its former name.
 * @throws {Fault} name-taken if the room is open
 */
export async function checkJoinedSealed(
  sealer: Sealer,
  { name, joined }: Answer<"join">,
): Promise<void> {
  const found = await findRoom(sealer, name);
  if (found === undefined || found.sealed) return;
  if (joined) await sealer.request("leave", { room: name });
  throw isOpen(name);
}

async function findRoom({ request }: Sealer, name: string) {
  for (let after: string | undefined; ; ) {
    const { rooms, more } = await request("rooms", { after });
    const found = rooms.find(({ room }) => isSameName(room, name));
    after = rooms.at(-1)?.room;
    if (found !== undefined || !more || after === undefined) return found;
  }
}

function isOpen(name: string): Fault {
  return new Fault(
    "name-taken",
    msg`'${name}' is not encrypted, and an existing room cannot be encrypted`,
    { remedy: msg`choose another name for the encrypted room` },
  );
}

export async function sealRoom(sealer: Sealer, room: { id: string; name: string }): Promise<void> {
  const rooms = await sealer.sealedRooms();
  const view = { kind: "room", topic: "", isSealed: true, ...room } as RoomView;
  await rooms.get(view).changes.create();
}

/**
 * The server would refuse the topic of a sealed room as well, but only after receiving the text.
 * @throws {Fault} sealed-room if the room is sealed
 */
export function checkNotSealed(room: RoomView | undefined): void {
  if (room?.isSealed !== true) return;
  throw sealedTopic();
}
