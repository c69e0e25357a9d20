/** Checks of how many rooms and conversations an account has, and the records that add a member. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  GROUP_MEMBERS_MAX,
  GROUPS_FEW,
  GROUPS_MAX,
  GROUPS_PER_ACCOUNT_MAX,
  GROUPS_RESERVED,
  JOINED_ROOMS_MAX,
  REMOVED_ROOMS_MAX,
} from "../../base/limits.ts";
import type { Name } from "../../base/names.ts";
import type { Draft } from "../../wire/record.ts";
import type { Room, Rooms } from "./rooms.ts";

/**
 * Conversations count only for the user who began them, because the other user cannot leave.
 * @throws {Fault} too-many if the user has begun too many
 */
export function checkConversationLimit(rooms: Rooms, user: UserId): void {
  if (rooms.begunCountOf(user) < JOINED_ROOMS_MAX) return;
  const message = msg`you can begin at most ${JOINED_ROOMS_MAX} conversations`;
  throw new Fault("too-many", message);
}

/**
 * Groups do not count, because others add the user to them, and neither do boxes, because a
 * moderator is in those of all members.
 */
export function joinDraft(rooms: Rooms, user: UserId, room: RoomId, addedBy?: Name): Draft {
  if (rooms.namedCountOf(user) >= JOINED_ROOMS_MAX) {
    throw new Fault("too-many", msg`you can be in at most ${JOINED_ROOMS_MAX} rooms`, {
      remedy: msg`leave one first: ${"/leave ROOM"}`,
    });
  }
  return { kind: "join", room, by: user, id: "", body: { addedBy } };
}

/** @throws {Fault} too-many */
export function checkRemovedQuota(rooms: Rooms, user: UserId, isOperator: boolean): void {
  if (isOperator || rooms.removedCountOf(user) < REMOVED_ROOMS_MAX) return;
  const message = msg`you have created ${REMOVED_ROOMS_MAX} rooms and groups that were removed`;
  throw new Fault("too-many", message, { remedy: "ask an operator to create the room" });
}

/**
 * A group counts for the account that began it until its last member leaves it.
 * @throws {Fault} too-many
 */
export function checkGroupQuota(rooms: Rooms, user: UserId, isOperator: boolean): void {
  checkRemovedQuota(rooms, user, isOperator);
  const { all, own } = rooms.inUse(user, true);
  const isReserved = !isOperator && own >= GROUPS_FEW;
  if (all >= (isReserved ? GROUPS_MAX - GROUPS_RESERVED : GROUPS_MAX)) {
    throw new Fault("too-many", msg`this server has reached its limit of ${all} groups`, {
      remedy: msg`ask an operator to remove unused groups: ${"chat admin groups"}`,
    });
  }
  if (isOperator || own < GROUPS_PER_ACCOUNT_MAX) return;
  throw new Fault("too-many", msg`you can begin at most ${own} groups on this server`, {
    remedy: msg`remove all members from one of them, and leave it`,
  });
}

/**
 * Adds a user to a private room.
 * @throws {Fault} too-many
 */
export function addedDraft(room: Room, added: { readonly id: UserId }, addedBy: Name): Draft {
  checkGroupSize(room.members.size + 1);
  return { kind: "join", room: room.id, by: added.id, id: "", body: { addedBy } };
}

/** @throws {Fault} too-many */
export function checkGroupSize(members: number): void {
  if (members <= GROUP_MEMBERS_MAX) return;
  throw new Fault("too-many", msg`a group can have at most ${GROUP_MEMBERS_MAX} members`, {
    remedy: msg`create a room: ${"/join ROOM"}`,
  });
}
