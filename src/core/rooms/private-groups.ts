/** Groups: private rooms of several people, whose names the server derives from the people. */

import { toHex, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { ID_BYTES, type RoomId, roomId, type Sha256, type UserId } from "../../base/ids.ts";
import { ROOMS_PER_ACCOUNT_MAX } from "../../base/limits.ts";
import { groupName, type Name } from "../../base/names.ts";
import type { Draft } from "../../wire/record.ts";
import { checkRoomQuota } from "./drafts.ts";
import { checkGroupSize, checkMayBeAdded } from "./membership.ts";
import type { Room, Rooms } from "./rooms.ts";
import type { Directory } from "./targets.ts";

export interface GroupRequest {
  readonly by: UserId;
  /** All members, including `by`, in the order of their ids. */
  readonly people: readonly { readonly id: UserId; readonly name: Name }[];
  readonly isOperator: boolean;
}

interface FreeId {
  readonly id: RoomId;
  readonly name: Name;
}

/**
 * Returns the group with exactly these people that still has no title, or the id for a new one. The
 * ids follow from the people, so that two of them who begin at the same time share one group.
 * @throws {Fault} too-many
 */
export function groupOf(rooms: Rooms, { people }: GroupRequest, sha256: Sha256): Room | FreeId {
  const users = people.map(({ id }) => id);
  for (let number = 0; number < ROOMS_PER_ACCOUNT_MAX; number++) {
    const digest = sha256(utf8Encode(`chat/1 group ${number} ${users.join(" ")}`));
    const id = roomId(digest.subarray(0, ID_BYTES));
    const name = groupName(toHex(digest.subarray(ID_BYTES, 2 * ID_BYTES)));
    const room = rooms.get(id);
    if (room === undefined && rooms.holderOf(name) === undefined) return { id, name };
    const { members, topic } = room ?? {};
    const isSame = members?.size === users.length && users.every((user) => members.has(user));
    if (room !== undefined && isSame && topic === "") return room;
  }
  throw new Fault("too-many", msg`these people already have too many groups`);
}

/** @throws {Fault} too-many or user-unknown */
export function newGroupDraft(
  rooms: Rooms,
  directory: Directory,
  { by, people, isOperator }: GroupRequest,
  { id, name }: FreeId,
): Draft {
  checkGroupSize(people.length);
  checkRoomQuota(rooms, by, isOperator);
  for (const person of people) {
    if (directory.find(person.name)?.id !== person.id) {
      throw new Fault("user-unknown", msg`no user named '${person.name}'`);
    }
    checkMayBeAdded(rooms, person);
  }
  const members = people.map((person) => person.id);
  return { kind: "room", room: id, by, id: "", body: { name, private: true, members } };
}
