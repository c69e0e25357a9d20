/**
 * State of a sealed room's MLS group (RFC 9420): the current epoch, and the devices that the
 * authors of commits named. Clients do not trust this state but read the group itself.
 */

import type { UserId } from "../../base/ids.ts";
import { GROUP_COMMITS_REMEMBERED } from "../../base/limits-sealed.ts";
import { fieldsOf } from "../../wire/kinds.ts";
import type { FoldedHead, JsonObject } from "../../wire/record.ts";
import { dropOldest } from "../evict.ts";
import type { Room } from "./rooms.ts";

export interface Group {
  readonly id: string;
  epoch: number;
  info: string;
  seq: number;
  /** Owners by device key in base64url. At most GROUP_DEVICES_MAX entries. */
  readonly devices: Map<string, UserId>;
  last?: Pick<GroupBody, "device" | "added" | "removed">;
  readonly commits: Map<string, GroupAnswer>;
}

export interface GroupAnswer {
  readonly seq: number;
  readonly epoch: number;
  readonly time: number;
}

export type GroupValue = WithLists<Group>;

export interface GroupBody {
  readonly group: string;
  /** 0 for the record that creates the group. */
  readonly epoch: number;
  readonly commitId: string;
  readonly device: string;
  readonly commit?: string;
  readonly welcome?: string;
  readonly info: string;
  readonly added: readonly OwnedDevice[];
  readonly removed: readonly OwnedDevice[];
  readonly instead?: number;
}

export type OwnedDevice = readonly [device: string, user: UserId];

export function groupOfValue(group: GroupValue): Group {
  return { ...group, devices: new Map(group.devices), commits: new Map(group.commits) };
}

export function applyGroup(room: Room, { seq, time }: FoldedHead, body: GroupBody): void {
  const { group: id, epoch, info, commitId, added, removed, device: by, instead } = body;
  room.isSealed = true;
  room.group ??= { id, epoch, info, seq, devices: new Map(), commits: new Map() };
  const { group } = room;
  if (instead === group.seq) revertLastCommit(room, group);
  group.epoch = epoch;
  group.info = info;
  group.seq = seq;
  for (const [device] of removed) group.devices.delete(device);
  for (const [device, user] of added) {
    group.devices.set(device, user);
    room.admitted.add(user);
  }
  group.last = { device: by, added, removed };
  group.commits.set(commitId, { seq, epoch, time });
  dropOldest(group.commits, GROUP_COMMITS_REMEMBERED);
}

export function devicesBefore({ devices, last }: Group): Map<string, UserId> {
  const before = new Map(devices);
  for (const [device] of last?.added ?? []) before.delete(device);
  for (const [device, user] of last?.removed ?? []) before.set(device, user);
  return before;
}

function revertLastCommit(room: Room, group: Group): void {
  const before = devicesBefore(group);
  group.devices.clear();
  for (const [device, user] of before) group.devices.set(device, user);
  const users = new Set(before.values());
  for (const [, user] of group.last?.added ?? []) if (!users.has(user)) room.admitted.delete(user);
}

/** Users who have left the room, but whose devices must still be removed from the group. */
export function departedUsers(room: Room): Set<UserId> {
  const departed = new Set<UserId>();
  for (const user of room.group?.devices.values() ?? []) {
    if (!room.members.has(user) && !room.admitted.has(user)) departed.add(user);
  }
  return departed;
}

/** Users who have been added to a sealed room but have not joined it. */
export function invitedToSealed({ isSealed, admitted, members }: Room): UserId[] {
  return isSealed === true ? [...admitted].filter((user) => !members.has(user)) : [];
}

/** Reports whether a user may join a sealed room, or has a device in its group. */
export function mayReadSealed({ isSealed, admitted, group }: Room, user: UserId): boolean {
  if (isSealed !== true) return false;
  return admitted.has(user) || [...(group?.devices.values() ?? [])].includes(user);
}

/** @returns `undefined` if a required field is missing or malformed */
export function groupBodyOf(body: JsonObject = {}): GroupBody | undefined {
  const fields = fieldsOf("group", body);
  const { group, epoch, info, commitId, device, added, removed } = fields;
  const isComplete =
    Number.isSafeInteger(epoch) &&
    [group, info, commitId, device, added, removed].every((field) => field !== undefined);
  return isComplete ? (fields as GroupBody) : undefined;
}

type ListOf<Value> =
  Value extends ReadonlySet<infer Item>
    ? readonly Item[]
    : Value extends ReadonlyMap<infer Key, infer Item>
      ? readonly (readonly [Key, Item])[]
      : Value;

export type WithLists<Fields> = { [Name in keyof Fields]: ListOf<Fields[Name]> };

export function withLists<Fields extends object>(fields: Fields): WithLists<Fields> {
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    return [name, value instanceof Set || value instanceof Map ? [...value] : value];
  });
  return Object.fromEntries(entries) as WithLists<Fields>;
}
