/** Checks commits to a sealed room's group, and the records that the room may contain. */

import { Fault, msg } from "../../base/fault.ts";
import { isDirect, type RoomId, type UserId } from "../../base/ids.ts";
import { GROUP_DEVICES_MAX } from "../../base/limits-sealed.ts";
import { SEALED_FILE_NAME } from "../../wire/messages-sealed.ts";
import type { Draft } from "../../wire/record.ts";
import type { Requester } from "./commands.ts";
import type { FileBody, FilePreview } from "./files.ts";
import {
  departedUsers,
  devicesBefore,
  type Group,
  type GroupAnswer,
  type GroupBody,
  type OwnedDevice,
} from "./group-state.ts";
import { type KickTarget, kickDraft } from "./moderation.ts";
import { isConversationRoom, type Room, type Rooms } from "./rooms.ts";
import { displayedName, requireMember } from "./targets.ts";

export interface GroupChange extends Omit<GroupBody, "device"> {
  readonly kick?: KickTarget;
}

export interface GroupCommand {
  readonly kind: "group";
  readonly requester: Requester;
  readonly isOperator: boolean;
  readonly room: RoomId;
  readonly device: string;
  readonly change: GroupChange;
}

export function previousAnswer(
  rooms: Rooms,
  { room, requester, change }: GroupCommand,
): GroupAnswer | undefined {
  const { members, group } = rooms.get(room) ?? {};
  return members?.has(requester.user) === true ? group?.commits.get(change.commitId) : undefined;
}

/**
 * @returns the records of one commit; the group's own record is the last
 * @throws {Fault} room-unknown, not-member, not-allowed, not-found, stale-epoch or too-many
 */
export function groupDrafts(rooms: Rooms, command: GroupCommand): Draft[] {
  const { requester, isOperator, device, change } = command;
  const { kick, ...made } = change;
  const room = rooms.get(command.room);
  if (room === undefined) throw new Fault("room-unknown", msg`no such room`);
  requireMember(room, requester.user);
  if (change.epoch === 0) checkCreates(room, command);
  else checkCommits(room, command);
  const body: GroupBody = { ...made, device };
  const draft: Draft = { kind: "group", room: room.id, by: requester.user, id: "", body };
  if (kick === undefined) return [draft];
  return [kickDraft(room, { user: requester.user, isOperator }, kick), draft];
}

function checkCreates(room: Room, { requester, device, change }: GroupCommand): void {
  if (room.group !== undefined) throw stale("the room already has a group");
  const isOpen = !isConversationRoom(room) && room.isSealed !== true;
  if (isOpen) {
    throw new Fault(
      "not-allowed",
      msg`'${displayedName(room)}' is not encrypted, and an existing room cannot be encrypted`,
      { remedy: msg`create a new room: ${"/join ROOM --sealed"}` },
    );
  }
  if (!isConversationRoom(room) && !room.moderators.has(requester.user)) {
    throw new Fault(
      "not-allowed",
      msg`only the creator of '${displayedName(room)}' can create its encryption group`,
    );
  }
  const [first] = change.added;
  const isAlone = change.added.length === 1 && change.removed.length === 0;
  const isSelf = first?.[0] === device && first[1] === requester.user;
  if (!isAlone || !isSelf || change.kick !== undefined) {
    throw new Fault("not-allowed", "a new group must contain only the device that creates it");
  }
}

function checkCommits(room: Room, command: GroupCommand): void {
  const { group: id, epoch, added, removed, kick, instead } = command.change;
  const { group } = room;
  if (group === undefined)
    throw new Fault("not-found", msg`this room's encryption is not set up yet`, {
      remedy: msg`wait a moment, then try again`,
    });
  const next = instead === undefined ? group.epoch + 1 : group.epoch;
  if (id !== group.id || epoch !== next || instead === 0) {
    throw stale(`the group is in epoch ${group.epoch}`);
  }
  if (instead !== undefined) checkReplacement(room, group, command);
  const before = instead === undefined ? group.devices : devicesBefore(group);
  const devices = afterRemoval(before, removed);
  for (const [device, user] of added) {
    if (devices.has(device)) throw new Fault("not-allowed", "a device is already in the group");
    devices.set(device, user);
  }
  if (devices.size > GROUP_DEVICES_MAX) {
    const message = msg`an encrypted room can have at most ${GROUP_DEVICES_MAX} devices`;
    throw new Fault("too-many", message, { remedy: "remove unused devices" });
  }
  if (devices.size === 0) throw new Fault("not-allowed", msg`a group needs at least one device`);
  if (kick !== undefined && [...devices.values()].includes(kick.user)) {
    throw new Fault("not-allowed", msg`the commit does not remove all devices of ${kick.name}`);
  }
}

/** Members had to reject the replaced commit. Only moderators may replace it. */
function checkReplacement(
  room: Room,
  group: Group,
  { requester, device, change }: GroupCommand,
): void {
  if (change.instead !== group.seq || change.epoch === 0) {
    throw stale("another commit came first");
  }
  if (group.last === undefined || group.last.device === device) {
    throw new Fault("not-allowed", "a device cannot revert its own commit");
  }
  if (!isDirect(room.id) && !room.moderators.has(requester.user)) {
    throw new Fault("not-allowed", msg`only a moderator can revert a commit`);
  }
}

function afterRemoval(
  before: ReadonlyMap<string, UserId>,
  removed: readonly OwnedDevice[],
): Map<string, UserId> {
  const devices = new Map(before);
  for (const [device, user] of removed) {
    if (devices.get(device) !== user) {
      throw new Fault("not-allowed", "the device to be removed is not in the group");
    }
    devices.delete(device);
  }
  return devices;
}

/** @throws {Fault} sealed-room, stale-epoch or not-allowed */
export function checkSealing(room: Room, kind: Draft["kind"], body: unknown): void {
  if (kind === "sealed") return checkSealed(room, body as SealedDraftBody);
  if (room.isSealed !== true) return;
  if (isImported(body)) {
    throw new Fault("sealed-room", msg`messages cannot be imported into an encrypted room`, {
      remedy: msg`import them into a room that is not encrypted`,
    });
  }
  throw notEncrypted(room);
}

/** Fields of a file in an encrypted room. Any other field could reveal something about it. */
const SEALED_FILE_FIELDS: ReadonlySet<string> = new Set<keyof FileBody>([
  ...(["file", "name", "size", "chunks", "digest", "preview"] as const),
]);
/** Likewise of its preview, without the sides of the picture. */
const SEALED_PREVIEW_FIELDS: ReadonlySet<string> = new Set<keyof FilePreview>([
  ...(["file", "size", "digest"] as const),
]);

type ListedFile = Partial<Pick<FileBody, "name" | "preview">>;

interface SealedDraftBody {
  readonly epoch: number;
  readonly files?: readonly ListedFile[];
}

function checkSealed(room: Room, { epoch, files = [] }: SealedDraftBody): void {
  checkEpoch(room, { epoch });
  for (const file of files) checkFileSealing(room, file);
}

/** @throws {Fault} sealed-room */
export function checkFileSealing(room: Room, { preview, ...file }: ListedFile): void {
  if (room.isSealed !== true) return;
  const isEncrypted =
    file.name === SEALED_FILE_NAME &&
    hasOnly(file, SEALED_FILE_FIELDS) &&
    hasOnly(preview ?? {}, SEALED_PREVIEW_FIELDS);
  if (!isEncrypted) throw notEncrypted(room);
}

function notEncrypted(room: Room): Fault {
  return new Fault("sealed-room", msg`'${displayedName(room)}' is encrypted`, {
    remedy: msg`use a device that is a member of the room`,
  });
}

function isImported(body: unknown): boolean {
  return (Object(body) as Readonly<Record<string, unknown>>)["imported"] !== undefined;
}

function hasOnly(fields: object, allowed: ReadonlySet<string>): boolean {
  return Object.entries(fields).every(([key, value]) => value === undefined || allowed.has(key));
}

function checkEpoch(room: Room, { epoch }: { readonly epoch: number }): void {
  const { group } = room;
  if (group === undefined)
    throw new Fault("not-allowed", msg`this room is not encrypted`, {
      remedy: msg`create a new room: ${"/join ROOM --sealed"}`,
    });
  if (epoch !== group.epoch) throw stale(`the group is in epoch ${group.epoch}`);
  if (departedUsers(room).size > 0)
    throw stale("the group still contains devices of a former member");
}

/** Transient, because the device can retry after receiving the latest records. */
function stale(message: string): Fault {
  return new Fault("stale-epoch", message, { retryAfterMs: 100 });
}
