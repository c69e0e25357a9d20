/** Checks of how many rooms and conversations an account has, and the records that add a member. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { GROUP_MEMBERS_MAX, JOINED_ROOMS_MAX } from "../../base/limits.ts";
import type { Name } from "../../base/names.ts";
import type { Draft } from "../../wire/record.ts";
import type { Room, Rooms } from "./rooms.ts";

/**
 * Conversations count only for their initiator, because the other user cannot leave.
 * @throws {Fault} too-many if the user has initiated too many
 */
export function checkConversationLimit(rooms: Rooms, user: UserId): void {
  if (countRooms(rooms, user, "pair") < JOINED_ROOMS_MAX) return;
  const message = msg`you can have at most ${JOINED_ROOMS_MAX} conversations`;
  throw new Fault("too-many", message);
}

export function joinDraft(rooms: Rooms, user: UserId, room: RoomId, addedBy?: Name): Draft {
  if (countRooms(rooms, user, "name") >= JOINED_ROOMS_MAX) {
    throw new Fault("too-many", msg`you can be in at most ${JOINED_ROOMS_MAX} rooms`, {
      remedy: "leave one first: /leave ROOM",
    });
  }
  return { kind: "join", room, by: user, id: "", body: { addedBy } };
}

/** Boxes do not count, because a moderator is in those of all members. */
function countRooms(rooms: Rooms, user: UserId, property: "name" | "pair"): number {
  let count = 0;
  for (const room of rooms.roomsOf(user)) if (room[property] !== undefined) count++;
  return count;
}

/**
 * Adds a user to a private room.
 * @throws {Fault} too-many
 */
export function addedDraft(
  rooms: Rooms,
  room: Room,
  added: { readonly id: UserId; readonly name: Name },
  addedBy: Name,
): Draft {
  checkGroupSize(room.members.size + 1);
  checkMayBeAdded(rooms, added);
  return { kind: "join", room: room.id, by: added.id, id: "", body: { addedBy } };
}

/** @throws {Fault} too-many */
export function checkGroupSize(members: number): void {
  if (members <= GROUP_MEMBERS_MAX) return;
  throw new Fault("too-many", msg`a group can have at most ${GROUP_MEMBERS_MAX} members`, {
    remedy: msg`create a room: /join ROOM`,
  });
}

/** @throws {Fault} too-many if the user is in too many rooms */
export function checkMayBeAdded(
  rooms: Rooms,
  { id, name }: { readonly id: UserId; readonly name: Name },
): void {
  if (countRooms(rooms, id, "name") < JOINED_ROOMS_MAX) return;
  throw new Fault("too-many", msg`${name} is in too many rooms`);
}
