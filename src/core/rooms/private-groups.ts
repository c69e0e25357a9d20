/** Groups: private rooms of several people. */

import { toHex } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { ID_BYTES, type RoomId, roomId, type UserId } from "../../base/ids.ts";
import { GROUPS_OF_PEOPLE_MAX } from "../../base/limits.ts";
import { groupName, type Name } from "../../base/names.ts";
import type { Draft } from "../../wire/record.ts";
import { checkGroupQuota, checkGroupSize } from "./membership.ts";
import type { Room, Rooms } from "./rooms.ts";
import type { Directory } from "./targets.ts";

export interface GroupRequest {
  readonly by: UserId;
  /** All members, including `by`, in the order of their ids. */
  readonly people: readonly { readonly id: UserId; readonly name: Name }[];
  readonly isOperator: boolean;
  /** Keyed digest of the people and a number, the same on all servers of a cluster. */
  readonly digest: (number: number) => Uint8Array;
}

interface FreeId {
  readonly id: RoomId;
  readonly name: Name;
}

/**
 * Returns the group with exactly these people that still has no title, or the id for a new one. The
 * id follows from the people, so that two of them who begin at the same time share one group.
 * @throws {Fault} too-many
 */
export function groupOf(rooms: Rooms, { by, people, digest }: GroupRequest): Room | FreeId {
  const found = existingGroup(rooms, by, people);
  if (found !== undefined) return found;
  for (let number = 0; number < GROUPS_OF_PEOPLE_MAX; number++) {
    const bytes = digest(number);
    const id = roomId(bytes.subarray(0, ID_BYTES));
    const name = groupName(toHex(bytes.subarray(ID_BYTES, 2 * ID_BYTES)));
    if (rooms.get(id) === undefined && rooms.holderOf(name) === undefined) return { id, name };
  }
  throw new Fault("too-many", msg`these people already have too many groups`);
}

function existingGroup(rooms: Rooms, by: UserId, people: GroupRequest["people"]): Room | undefined {
  let found: Room | undefined;
  for (const room of rooms.roomsOf(by)) {
    const { isPrivate, isSealed, topic, members } = room;
    const isPlain = isPrivate === true && isSealed !== true && topic === "";
    const isSame = isPlain && members.size === people.length;
    if (!isSame || people.some(({ id }) => !members.has(id))) continue;
    if (found === undefined || room.id < found.id) found = room;
  }
  return found;
}

/** @throws {Fault} too-many or user-unknown */
export function newGroupDraft(
  rooms: Rooms,
  directory: Directory,
  { by, people, isOperator }: GroupRequest,
  { id, name }: FreeId,
): Draft {
  checkGroupSize(people.length);
  checkGroupQuota(rooms, by, isOperator);
  for (const person of people) {
    if (directory.find(person.name)?.id !== person.id) {
      throw new Fault("user-unknown", msg`no user named '${person.name}'`);
    }
  }
  const members = people.map((person) => person.id);
  return { kind: "room", room: id, by, id: "", body: { name, private: true, members } };
}
