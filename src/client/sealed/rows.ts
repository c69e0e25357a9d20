/** What a device keeps of its sealed rooms, row by row. Bytes are in base64url. */
import type { RoomId } from "../../base/ids.ts";
import { foldName, type Name } from "../../base/names.ts";
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
  /** Of the last record that was looked at; what is not newer was opened, or cannot be. */
  readonly seq: number;
  /** Of the record by which the device came in: it opens nothing before. */
  readonly since: number;
  /** Messages that this device has sent here. */
  readonly count: number;
  /** The last count of each other device, by its key. */
  readonly counts: Readonly<Record<string, number>>;
  /** Messages that were erased before this device read them: whose they were is not known. */
  readonly erased?: number;
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
  /** Its own word: anybody may remove its devices then. Else only an admin may. */
  readonly leave?: { readonly epoch: number; readonly device: string; readonly signature: string };
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
  readonly change: ChangeRow;
  readonly group: string;
  /** To which the state is bound; absent: "". */
  readonly instance?: string;
}

/** A post on its way. */
export interface SentRow {
  readonly body: unknown;
  readonly count: number;
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
  | { readonly kind: "closed"; readonly reason: ClosedReason };

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

/** Whom a user name stands for. */
export interface IdentityRow {
  readonly user: string;
  /** Public key of the account. */
  readonly account: string;
  readonly isVerified: boolean;
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
export const packageKey = (ref: string) => `package/${ref}`;
export const identityKey = (user: Name) => `identity/${foldName(user)}`;
/** In the clear: which room's group a target stands for. */
export const pinKey = (target: string) => `pin/${foldName(target as Name)}`;
export const CERT_KEY = "certificate";
export const LEASE_KEY = "lease";

export function allPins(limit: number): KeyRange {
  return { from: "pin/", to: `pin/${END}`, limit };
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
