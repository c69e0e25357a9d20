/** Room actions whose requests differ in sealed rooms. */

import { formatTarget } from "../../base/names.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { checkReason } from "../../core/rooms/moderation.ts";
import type { Answer } from "../../wire/messages.ts";
import { checkMaySeal, type Sealer, sealRoom } from "../sealed/seal-rooms.ts";

export interface RoomActor extends Sealer {
  readonly rooms: readonly RoomView[];
}

/**
 * Returns the sealed room for a target such as `lobby`, `#lobby` or `@bob`; `undefined` if the
 * target is not sealed.
 */
export function sealedRoomAt(
  { rooms }: Pick<RoomActor, "rooms">,
  target: string,
): RoomView | undefined {
  const name = target.replace(/^#/, "");
  return rooms.find((room) => room.isSealed === true && isSameName(formatTarget(room), name));
}

/**
 * @throws {Fault} name-taken if an open room has the same name, not-allowed if the device does not
 * support sealed rooms
 */
export async function joinSealed<Joined extends Answer<"join"> | undefined>(
  actor: Sealer,
  name: string,
  join: () => Promise<Joined>,
): Promise<Joined> {
  await checkMaySeal(actor, name);
  const answer = await join();
  if (answer?.created === true) await sealRoom(actor, { id: answer.room, name: answer.name });
  return answer;
}

export async function leaveRoom(actor: RoomActor, room: string): Promise<void> {
  const sealed = sealedRoomAt(actor, room);
  // The signed notice lets other members remove this device from the group.
  const notice = sealed && (await (await actor.sealedRooms()).get(sealed).leaveNotice());
  await actor.request("leave", { room, ...notice });
}

export async function kick(
  actor: RoomActor,
  room: string,
  user: string,
  reason = "",
): Promise<number | undefined> {
  const sealed = sealedRoomAt(actor, room);
  checkReason(sealed, reason);
  if (sealed === undefined) {
    const { seq } = await actor.request("kick", { room, user, ...(reason && { reason }) });
    return seq;
  }
  await (await actor.sealedRooms()).get(sealed).changes.kick(user);
  return undefined;
}

export async function grant(
  actor: RoomActor,
  room: string,
  user: string,
  on: boolean,
): Promise<void> {
  const sealed = sealedRoomAt(actor, room);
  await actor.request("grant", { room, user, on });
  // The members' devices enforce the role, so it must be part of the group state.
  if (sealed !== undefined)
    await (await actor.sealedRooms()).get(sealed).changes.setAdmin(user, on);
}
