/** Sealing of rooms and conversations, for any UI. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import type { SendRequest } from "../link/queries.ts";
import type { SealedRooms } from "./rooms.ts";

export interface Sealer {
  readonly request: SendRequest;
  /** @throws {Fault} not-allowed if this device does not support sealed rooms */
  sealedRooms(): Promise<SealedRooms>;
}

/**
 * Checks, before a sealed room is created or joined, that no open room has the same name and that
 * this device supports sealed rooms.
 * @throws {Fault} name-taken or not-allowed if a check fails
 */
export async function checkMaySeal(sealer: Sealer, name: string): Promise<void> {
  for (let after: string | undefined; ; ) {
    const { rooms, more } = await sealer.request("rooms", after === undefined ? {} : { after });
    const found = rooms.find(({ room }) => room.toLowerCase() === name.toLowerCase());
    if (found !== undefined && !found.sealed) {
      throw new Fault("name-taken", msg`'${name}' is an open room and cannot be sealed`, {
        remedy: msg`choose another name for the sealed room`,
      });
    }
    after = rooms.at(-1)?.room;
    if (found !== undefined || !more || after === undefined) break;
  }
  // A device that has no certificate or cannot encrypt must fail before the room is created.
  await (await sealer.sealedRooms()).stockKeyPackages();
}

/**
 * Creates the group for a sealed room that was just created.
 * @throws {Fault} if the server refuses
 */
export async function sealRoom(sealer: Sealer, room: { id: string; name: string }): Promise<void> {
  const rooms = await sealer.sealedRooms();
  const view = { kind: "room", topic: "", isSealed: true, ...room } as RoomView;
  await rooms.create(view);
}

/**
 * @throws {Fault} user-unknown if the user does not exist, not-found if no device of the user can
 * join, seal-refused
 */
export async function sealConversation(sealer: Sealer, user: string): Promise<void> {
  const rooms = await sealer.sealedRooms();
  const { room: id } = await sealer.request("group", { target: `@${user}` });
  const view = { kind: "person", name: user, id, topic: "", isSealed: true } as RoomView;
  await rooms.sealConversation(view, user);
}

/**
 * Refuses to set the topic of a sealed room. The server would refuse as well, but only after
 * receiving the text.
 * @throws {Fault} sealed-room if the room is sealed
 */
export function checkNotSealed(room: RoomView | undefined): void {
  if (room?.isSealed !== true) return;
  throw new Fault("sealed-room", msg`topics are not encrypted, so a sealed room cannot have one`, {
    remedy: msg`post it as a message`,
  });
}
