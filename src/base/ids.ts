/** Branded ids of users, rooms, outboxes and files. */

import type { Brand } from "./brand.ts";
import { toBase64Url } from "./bytes.ts";
import { FILE_ID_LENGTH } from "./limits.ts";

/** `u` and 64 random bits in base64url. */
export type UserId = Brand<string, "UserId">;
/**
 * `r` and 64 random bits in base64url; for a direct conversation, `d` and 128 bits of a hash; for a
 * box, `b` and the ids of the assignment room and of the user without their first letters.
 */
export type RoomId = Brand<string, "RoomId">;
/** 64 random bits in base64url. Each run of a client process has one outbox. */
export type OutboxId = Brand<string, "OutboxId">;

/** `f` and 64 random bits in base64url. The `f` keeps an id from looking like a flag. */
export type FileId = Brand<string, "FileId">;

/** Among 100,000 rooms, the probability of a collision is 3e-10. */
export const ID_BYTES = 8;

export type Sha256 = (bytes: Uint8Array, into?: Uint8Array) => Uint8Array;

export function userId(random: Uint8Array): UserId {
  return `u${toBase64Url(random)}` as UserId;
}

export function roomId(random: Uint8Array): RoomId {
  return `r${toBase64Url(random)}` as RoomId;
}

export function outboxId(random: Uint8Array): OutboxId {
  return toBase64Url(random) as OutboxId;
}

export function makeFileId(random: Uint8Array): FileId {
  return `f${toBase64Url(random)}` as FileId;
}

const FILE_ID = /^f[A-Za-z0-9_-]+$/;

export function isFileId(text: string): text is FileId {
  return text.length === FILE_ID_LENGTH && FILE_ID.test(text);
}

export function directRoomId(a: UserId, b: UserId, sha256: Sha256): RoomId {
  const pair = a < b ? `${a} ${b}` : `${b} ${a}`;
  const digest = sha256(new TextEncoder().encode(`chat/1 direct ${pair}`));
  return `d${toBase64Url(digest.subarray(0, 16))}` as RoomId;
}

export function isDirect(room: RoomId): boolean {
  return room.startsWith("d");
}

const BOX_ID = /^b([\w-]{11})([\w-]{11})$/;

/** Returns the id of the room in which only the user and the moderators of `room` post and read. */
export function boxId(room: RoomId, user: UserId): RoomId {
  return `b${room.slice(1)}${user.slice(1)}` as RoomId;
}

/** Returns the assignment room of a box, and the user; `undefined` for other rooms. */
export function boxOwner(id: string): { readonly room: RoomId; readonly user: UserId } | undefined {
  const [, room, user] = BOX_ID.exec(id) ?? [];
  if (room === undefined || user === undefined) return undefined;
  return { room: `r${room}` as RoomId, user: `u${user}` as UserId };
}
