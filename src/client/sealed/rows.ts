/** What a device keeps of its sealed rooms, row by row. Bytes are in base64url. */
import type { FileId, RoomId } from "../../base/ids.ts";
import { foldName, type Name } from "../../base/names.ts";
import type { CountRange } from "../../crypto/seal/content.ts";
import type { SeenCounts } from "./counts.ts";
import type { KeyRange } from "./store.ts";

/** Of one room; its group's state is a row of its own. */
export interface RoomRow {
  /** `ROOM` or `@NAME`: what is sent there is never sent in the clear again. */
  readonly target: string;
  /** The group of the room, for good. */
  readonly group: string;
  /** `in`: it reads and writes. `out`: it was removed, or left. `lost`: it has to come back. */
  readonly status: "in" | "out" | "lost" | "suspect";
  /** Why it is suspect. */
  readonly reason?: string;
  /** The group has gone on without this device. */
  readonly strayed?: true;
  /** Of the record by which the epoch of this device began. */
  readonly epochSeq?: number;
  /** The record of a commit that this device has refused: an admin's may come in its place. */
  readonly refused?: number;
  /** By whose other account key that was: its owner decides, see identities.ts. */
  readonly other?: { readonly user: string; readonly account: string };
  /** An admin's commit came in the place of one that was applied: only their word is taken. */
  readonly signers?: readonly string[];
  /** Of the last record that was looked at; what is not newer was opened, or cannot be. */
  readonly seq: number;
  /** Of the same record; undefined: not known. */
  readonly n?: number | undefined;
  /** Of the record by which the device came in: it opens nothing before. */
  readonly since: number;
  /** The last count that this device gave to a message here; see counts.ts of the next two. */
  readonly count: number;
  readonly open?: readonly CountRange[];
  readonly free?: readonly CountRange[];
  /** Of each other device, by its key. */
  readonly counts: Readonly<Record<string, SeenCounts>>;
  /** Messages of each user, by folded name, whose counts are not known: erased, or not opened. */
  readonly unread?: Readonly<Record<string, number>>;
  /** Worth a look, without harm to the room: each was said once. */
  readonly remarks?: readonly string[];
  /** Users who are out, and whose devices are in the group still. */
  readonly departed: readonly Departed[];
  /** The folder's when the device came in; another one than it has now: it comes in anew. */
  readonly instance?: string;
  /** A copy of this folder has spoken here since: the device comes in anew. */
  readonly isCopy?: boolean;
  /** When this device had new keys here last, and messages that it has sent since. */
  readonly renewedUnixMs?: number;
  readonly sentSince?: number;
}

/** Which lease this folder has, of all that were given to its device. */
export interface LeaseRow {
  readonly count: number;
  readonly lease?: string;
  /** Asked for; whether the server has given it is not known. */
  readonly next?: string;
  /** Changes when the folder turns out to be a copy; empty: it never did. */
  readonly instance: string;
  /** When it turned out to be one, as far as that matters still. */
  readonly anew: readonly number[];
}

export interface Departed {
  readonly user: string;
  /** Its own word: anybody may remove its devices then. Else an admin may, if one is left. */
  readonly leave?: { readonly epoch: number; readonly device: string; readonly signature: string };
  /** The account of one who was put out. */
  readonly id?: string;
}

/** A commit that waits for its record. */
export interface PendingRow {
  readonly commitId: string;
  /** The epoch in which it was made; absent: it makes the group. */
  readonly epoch?: number;
  readonly commit?: string;
  readonly welcome?: string;
  readonly info: string;
  readonly added: readonly { readonly user: string; readonly device: string }[];
  readonly removed: readonly string[];
  readonly kick?: string;
  /** The record in whose place its own comes. */
  readonly instead?: number;
  readonly change: ChangeRow;
  readonly group: string;
  /** To which the state is bound; absent: "". */
  readonly instance?: string;
}

/** A post on its way. */
export interface SentRow {
  readonly body: unknown;
  readonly count: number;
  /** As of the room when it was counted: who comes in anew counts anew. */
  readonly since: number;
  readonly sentAtUnixMs: number;
  /** SHA-256 of each ciphertext that was made of it. */
  readonly hashes: readonly string[];
}

/** What was opened, by the seq of its record. */
export type SaidRow =
  | {
      readonly kind: "said";
      readonly user: string;
      readonly device: string;
      readonly body: unknown;
      readonly sentAtUnixMs: number;
      /** Messages of the same device before this one that never came. */
      readonly missed?: number;
    }
  | ({ readonly kind: "change" } & ChangeRow)
  /** `broken`: nobody could. `sender`: it is not what its sender may say. */
  | {
      readonly kind: "closed";
      readonly reason: ClosedReason;
      /** Whose it is, if this device could see that. */
      readonly user?: string;
      readonly missed?: number;
    };

/** Where the record stands that it was: what is kept is found without asking the server. */
export type KeptRow = SaidRow & {
  readonly n: number;
  readonly timeUnixMs: number;
  /** `OUTBOX.COUNTER` of the post behind it, or empty. */
  readonly post: string;
};

export type ClosedReason = "broken" | "sender" | "absent";

export interface ChangeRow {
  readonly change: "create" | "add" | "remove" | "update" | "policy" | "join" | "resync";
  readonly by: string;
  readonly added: readonly ChangedDevice[];
  readonly removed: readonly ChangedDevice[];
}

export interface ChangedDevice {
  readonly user: string;
  readonly device: string;
  readonly account: string;
}

/** Which history a device says that the server has shown to it; see claims.ts. */
export interface ClaimRow {
  readonly room: RoomId;
  readonly device: string;
  readonly user: string;
  /** Of the record that said so. */
  readonly seq: number;
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly signature: string;
  /** How often the server did not answer what would decide it. */
  readonly tries: number;
  /** Absent: it is to be decided. `accepted`: the owner knows of it, and goes on. */
  readonly state?: "forked" | "accepted";
}

/** Under which name the server's log is known, and how many records it had when that was new. */
export interface LogRow {
  readonly origin: string;
  readonly since: number;
}

/** Whom a user name stands for. */
export interface IdentityRow {
  readonly user: string;
  /** Public key of the account. */
  readonly account: string;
  readonly isVerified: boolean;
}

/** Another account key that was seen under a pinned name: until its owner has compared. */
export interface OtherKeyRow {
  readonly user: string;
  readonly account: string;
}

/** A file that this device sends to sealed rooms, until all of them were told what opens it. */
export interface SealedUploadRow {
  readonly key: string;
  readonly prefix: string;
  readonly begunUnixMs: number;
  /** What is to be said of it, once all was read. */
  readonly body?: unknown;
  /** Rooms that are not told yet, by id, with their targets. */
  readonly rooms: Readonly<Record<string, string>>;
  /** Those in which the server has recorded it. */
  readonly recorded: readonly string[];
  /** The post that tells a room, so that no second one does. */
  readonly posts: Readonly<Record<string, string>>;
}

/** A file of sealed rooms: what the server has of it, and who said what it is. By room. */
export interface SealedFileRow {
  readonly records: Readonly<Record<string, FileRecordRow>>;
  /** Seqs of messages. */
  readonly said: Readonly<Record<string, number>>;
}

export interface FileRecordRow {
  readonly seq: number;
  /** Hex. */
  readonly root: string;
  readonly from: string;
}

const SEQ_DIGITS = 16;
/** Sorts after everything that may follow a prefix. */
const END = "~";

export const roomKey = (room: RoomId) => `room/${room}`;
export const stateKey = (room: RoomId) => `state/${room}`;
export const pendingKey = (room: RoomId) => `pending/${room}`;
export const pendingStateKey = (room: RoomId) => `pending-state/${room}`;
export const sentKey = (room: RoomId, post: string) => `sent/${room}/${post}`;
export const saidKey = (room: RoomId, seq: number) =>
  `said/${room}/${String(seq).padStart(SEQ_DIGITS, "0")}`;
export const uploadKey = (file: string) => `upload/${file}`;
export const fileKey = (file: FileId) => `file/${file}`;
/** Which file a record of the server is of. */
export const fileAtKey = (seq: number) => `file-at/${String(seq).padStart(SEQ_DIGITS, "0")}`;
export const packageKey = (ref: string) => `package/${ref}`;
export const identityKey = (user: Name) => `identity/${foldName(user)}`;
export const otherKey = (user: Name) => `other-key/${foldName(user)}`;
/** In the clear: which room's group a target stands for. */
export const pinKey = (target: string) => `pin/${foldName(target as Name)}`;
export const claimKey = (device: string) => `claim/${device}`;
export const LOG_KEY = "log";
export const CERT_KEY = "certificate";
export const LEASE_KEY = "lease";

export function allPins(limit: number): KeyRange {
  return { from: "pin/", to: `pin/${END}`, limit };
}

export function allClaims(limit: number): KeyRange {
  return { from: "claim/", to: `claim/${END}`, limit };
}

export function allOtherKeys(limit: number): KeyRange {
  return { from: "other-key/", to: `other-key/${END}`, limit };
}

export function allUploads(limit: number): KeyRange {
  return { from: "upload/", to: `upload/${END}`, limit };
}

export function allPackages(limit: number): KeyRange {
  return { from: "package/", to: `package/${END}`, limit };
}

/** Of one room, between both; the newest first, or with `after` the oldest. */
export function saidBetween(
  room: RoomId,
  { after, before }: { readonly after?: number | undefined; readonly before?: number | undefined },
  limit: number,
): KeyRange {
  const from = after === undefined ? `said/${room}/` : saidKey(room, after + 1);
  const to = before === undefined ? `said/${room}/${END}` : saidKey(room, before);
  return { from, to, limit, backwards: after === undefined };
}

export function seqOf(key: string): number {
  return Number(key.slice(key.lastIndexOf("/") + 1));
}
