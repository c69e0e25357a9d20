/** What users do to have something sealed, on any face. */
import { Fault, msg } from "../../base/fault.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import type { Ask } from "../link/queries.ts";
import type { SealedRooms } from "./rooms.ts";

/** A client, or a page. */
export interface Sealer {
  readonly request: Ask;
  /** @throws Fault not-allowed: this device cannot seal */
  sealedRooms(): Promise<SealedRooms>;
}

/**
 * Before a sealed room is made or entered: it is not an open one, and this device can seal.
 * @throws Fault name-taken, not-allowed
 */
export async function checkMaySeal(sealer: Sealer, name: string): Promise<void> {
  for (let after: string | undefined; ; ) {
    const { rooms, more } = await sealer.request("rooms", after === undefined ? {} : { after });
    const found = rooms.find(({ room }) => room.toLowerCase() === name.toLowerCase());
    if (found !== undefined && !found.sealed) {
      throw new Fault("name-taken", msg`'${name}' is an open room, and stays so`, {
        remedy: msg`choose another name for a sealed one`,
      });
    }
    after = rooms.at(-1)?.room;
    if (found !== undefined || !more || after === undefined) break;
  }
  // Who has no certificate, or no encryption, hears of it before a room is made.
  await (await sealer.sealedRooms()).stock();
}

/** Makes the group of a sealed room that was just made. @throws Fault */
export async function sealRoom(sealer: Sealer, room: { id: string; name: string }): Promise<void> {
  const rooms = await sealer.sealedRooms();
  const view = { kind: "room", topic: "", isSealed: true, ...room } as RoomView;
  await rooms.create(view);
}

/** @throws Fault user-unknown, not-found: they have no device that can seal, seal-refused */
export async function sealConversation(sealer: Sealer, user: string): Promise<void> {
  const rooms = await sealer.sealedRooms();
  const { room: id } = await sealer.request("group", { target: `@${user}` });
  const view = { kind: "person", name: user, id, topic: "", isSealed: true } as RoomView;
  await rooms.begin(view, user);
}

/**
 * Before a topic is sent: the server would refuse it in a sealed room, and know it by then.
 * @throws Fault sealed-room
 */
export function checkIsOpen(room: RoomView | undefined): void {
  if (room?.isSealed !== true) return;
  throw new Fault("sealed-room", msg`the server would read this topic, and the room is sealed`, {
    remedy: msg`say it in the room`,
  });
}

/** This device's word that it leaves, by which others may remove it; for the server's `leave`. */
export async function leaveWord(sealer: Sealer, room: RoomView) {
  const rooms = await sealer.sealedRooms();
  return (await rooms.leaving(room)) ?? {};
}
