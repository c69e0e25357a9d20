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
export function groupOf(rooms: Rooms, { people, digest }: GroupRequest): Room | FreeId {
  const found = rooms.untitledGroup(people.map(({ id }) => id));
  if (found !== undefined) return found;
  const free = freeIdOf(rooms, digest);
  if (free !== undefined) return free;
  throw new Fault("too-many", msg`these people already have too many groups`);
}

/** Bisects, because digests for all earlier groups of these people would take long. */
function freeIdOf(rooms: Rooms, digest: GroupRequest["digest"]): FreeId | undefined {
  const last = GROUPS_OF_PEOPLE_MAX - 1;
  let taken = -1;
  let number = 0;
  let free = idIfFree(rooms, digest(number));
  while (free === undefined && number < last) {
    taken = number;
    number = Math.min(2 * number + 1, last);
    free = idIfFree(rooms, digest(number));
  }
  while (free !== undefined && number - taken > 1) {
    const middle = (taken + number) >> 1;
    const lower = idIfFree(rooms, digest(middle));
    if (lower === undefined) {
      taken = middle;
    } else {
      free = lower;
      number = middle;
    }
  }
  return free;
}

function idIfFree(rooms: Rooms, digest: Uint8Array): FreeId | undefined {
  const id = roomId(digest.subarray(0, ID_BYTES));
  const name = groupName(toHex(digest.subarray(ID_BYTES, 2 * ID_BYTES)));
  if (rooms.get(id) !== undefined || rooms.holderOf(name) !== undefined) return undefined;
  return { id, name };
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
