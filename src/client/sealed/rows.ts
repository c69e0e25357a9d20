/** Rows in a device's store for sealed rooms. Byte strings are encoded in base64url. */

import { toBase64Url, toHex, utf8Encode } from "../../base/bytes.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import { SEALED_UNSETTLED_MAX } from "../../base/limits-sealed.ts";
import { foldName, type Name } from "../../base/names.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import type { CountRange } from "../../crypto/seal/content.ts";
import type { KeyRange } from "./store.ts";

export interface RoomRow {
  /** `ROOM` or `@NAME`. Posts to this target are never again sent unencrypted. */
  readonly target: string;
  readonly group: string;
  /**
   * `in`: this device is a member; `out`: it was removed or has left; `lost`: it must rejoin;
   * `suspect`: the room is not trusted.
   */
  readonly status: "in" | "out" | "lost" | "suspect";
  readonly reason?: string;
  /** `seq` of the record that made the room suspect. */
  readonly suspectSeq?: number;
  /** True if the group has continued without this device. */
  readonly strayed?: true;
  readonly epochSeq?: number;
  /** `seq` of a refused commit, which an admin may replace. */
  readonly refused?: number;
  /** User whose other account key caused a refusal; present until the owner decides. */
  readonly other?: OtherKeyRow;
  /** Record before which the reader stops, because of another account key of the user. */
  readonly held?: OtherKeyRow & { readonly seq: number; readonly former?: string | undefined };
  /**
   * Accounts that may sign the state for rejoining after an admin has replaced a commit that this
   * device had applied.
   */
  readonly signers?: readonly string[];
  readonly seq: number;
  readonly n?: number | undefined;
  /** Commitment of the record at `seq`. */
  readonly commit?: string | undefined;
  /**
   * `contradicted`: the server's history lacks records that this device has read. `accepted`: the
   * user has accepted a different history, so that the device drops what that history lacks.
   * `replaced`: the device has dropped it, and must rejoin with new keys.
   */
  readonly history?: "contradicted" | "accepted" | "replaced" | undefined;
  /** `seq` of the record with which the device joined. The device cannot read earlier messages. */
  readonly since: number;
  readonly count: number;
  readonly open?: readonly CountRange[];
  readonly free?: readonly CountRange[];
  readonly counts: Readonly<Record<string, ReceivedCounts>>;
  /** Messages with unknown counts (erased or unreadable), keyed by folded user name. */
  readonly unread?: Readonly<Record<string, number>>;
  readonly remarks?: readonly string[];
  readonly departed: readonly Departed[];
  readonly instance?: string;
  /** True if a copy of this folder has posted in the room, so that the device must rejoin. */
  readonly isCopy?: boolean;
  /** Time of the last key renewal. `sentSince` counts the messages sent after it. */
  readonly renewedUnixMs?: number;
  readonly sentSince?: number;
  /** Time at which the device joined, while other devices may hand messages over. */
  readonly awaitsSinceUnixMs?: number | undefined;
  /** Messages of a hand-over that is not complete. */
  readonly handed?: HandedProgress | undefined;
}

export interface HandedProgress extends HandedCounts {
  /** Number of messages in the parts before the last one that was counted. */
  readonly done?: number;
}

export interface HandedCounts {
  readonly read: number;
  /** Messages that were erased since the other device read them. */
  readonly erased: number;
  /** Messages that the server's log lacks. */
  readonly missing: number;
  /** Messages that do not match their record, or that this device must not show. */
  readonly wrong: number;
}

/** Hand-over to a device that has joined a room. */
export interface HandoverRow {
  /** Owner of the device, if that is another account. */
  readonly user?: string | undefined;
  /** Messages with a lower `seq` are still to be handed over. */
  readonly before: number;
  readonly done: number;
  readonly total?: number;
  /** Parts sent again because the device did not take them. */
  readonly repeats?: number;
  /** Uploaded part, which the device has not taken yet. */
  readonly part?: {
    readonly file: FileId;
    readonly before: number;
    readonly messages: number;
    readonly isLast: boolean;
    readonly sentUnixMs: number;
    /** Key of the device's leaf for which the part is encrypted. */
    readonly leafKey: string;
  };
}

export interface LeaseRow {
  readonly count: number;
  readonly lease?: string;
  readonly next?: string;
  /** Replaced when the folder turns out to be a copy; empty if that has never happened. */
  readonly instance: string;
  readonly anew: readonly number[];
}

export interface Departed {
  readonly user: string;
  /** `seq` of the record of the departure. */
  readonly seq?: number;
  /**
   * Permits any member to remove the user's devices. Without it, only an admin may, unless no admin
   * remains.
   */
  readonly leave?: { readonly epoch: number; readonly device: string; readonly signature: string };
  readonly id?: string;
}

export interface PendingRow {
  readonly commitId: string;
  /** Absent if the commit creates the group. */
  readonly epoch?: number;
  readonly commit?: string;
  readonly welcome?: string;
  readonly info: string;
  readonly added: readonly { readonly user: string; readonly device: string }[];
  readonly removed: readonly string[];
  readonly kick?: string;
  readonly instead?: number;
  readonly change: ChangeRow;
  readonly group: string;
  readonly instance?: string;
  /** The commit may rest on a history that the server has replaced, and is not sent again. */
  readonly isFormer?: true;
}

export interface SentRow {
  readonly body: unknown;
  readonly count: number;
  /**
   * `since` of the room when the message was counted. A device that rejoins counts from the
   * beginning.
   */
  readonly since: number;
  readonly sentAtUnixMs: number;
  readonly hashes: readonly string[];
  /** Keys of the ciphertexts in `hashes`. */
  readonly keys: readonly string[];
}

export type ContentRow =
  | ({ readonly kind: "said"; readonly user: string; readonly missed?: number } & SaidContent)
  | ({ readonly kind: "change" } & ChangeRow)
  | {
      readonly kind: "closed";
      readonly reason: ClosedReason;
      readonly user?: string;
      readonly missed?: number;
      /** Edit of a message that another device may still hand over. */
      readonly edit?: SaidContent;
    };

export interface SaidContent {
  readonly device: string;
  readonly body: unknown;
  readonly sentAtUnixMs: number;
  /**
   * Key of the message, for devices that join later. A message without it is not handed over.
   */
  readonly key?: string | undefined;
}

export type ArchivedRow = ContentRow & {
  readonly n: number;
  readonly timeUnixMs: number;
  readonly post: string;
  /** Commitment of the record. */
  readonly commit?: string | undefined;
  /** Count of a message from this device. */
  readonly count?: number;
};

type RecordIdentity = Pick<ChatRecord, "n" | "timeUnixMs" | "id" | "commit">;

/** Reports whether the row holds the content of this record, and not of another with its `seq`. */
export function isContentOf(row: ArchivedRow, record: RecordIdentity): boolean {
  const { commit, n, timeUnixMs, post } = row;
  if (commit !== undefined && record.commit !== undefined) return commit === record.commit;
  return n === record.n && timeUnixMs === record.timeUnixMs && post === record.id;
}

/**
 * `broken`: no device can read the message; `refused`: it was sent in a group that this device has
 * refused; `sender`: the sender was not allowed to post it, or the record repeats another one;
 * `erased`: an edit of an erased message; `deleted`: an erased message of this device, stored for
 * its count.
 */
export type ClosedReason = "broken" | "refused" | "sender" | "absent" | "erased" | "deleted";

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

export interface ClaimRow {
  readonly room: RoomId;
  readonly device: string;
  readonly user: string;
  readonly seq: number;
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly signature: string;
  readonly tries: number;
  /** Absent while undecided. `accepted` means that the owner knows about the fork and continues. */
  readonly state?: "forked" | "accepted";
}

export interface GroupInfoRow {
  readonly epoch: number;
  readonly info: string;
  /** Commitment of the record that began the epoch. */
  readonly commit: string;
}

/** The newest acceptance of a different history that this device's rooms know of. */
export interface AcceptedRow {
  readonly at: number;
}

export interface LogRow {
  readonly origin: string;
  readonly since: number;
}

export interface IdentityRow {
  readonly user: string;
  readonly account: string;
  readonly isVerified: boolean;
}

export interface OtherKeyRow {
  readonly user: string;
  readonly account: string;
}

/** Secret of an upload or a preview. Stored until all messages that list it are posted. */
export interface SealedUploadRow {
  readonly key: string;
  readonly prefix: string;
  readonly begunUnixMs: number;
  /** Entry of the complete upload in the messages that list it. */
  readonly entry?: unknown;
}

const SEQ_DIGITS = 16;
const RANGE_END = "~";

export const roomKey = (room: RoomId) => `room/${room}`;
export const stateKey = (room: RoomId) => `state/${room}`;
export const pendingKey = (room: RoomId) => `pending/${room}`;
export const pendingStateKey = (room: RoomId) => `pending-state/${room}`;
export const sentKey = (room: RoomId, post: string) => `sent/${room}/${post}`;
export const contentKey = (room: RoomId, seq: number) =>
  `said/${room}/${String(seq).padStart(SEQ_DIGITS, "0")}`;
/** GroupInfo of the epoch that the record with this `seq` began. */
export const groupInfoKey = (room: RoomId, seq: number) =>
  `group-info/${room}/${String(seq).padStart(SEQ_DIGITS, "0")}`;
/** Index of the edits of each message. Its rows have no content. */
export const editKey = (room: RoomId, target: number, seq: number) =>
  `${editPrefix(room, target)}${String(seq).padStart(SEQ_DIGITS, "0")}`;
/**
 * `seq` of the record that contains a device's message, by the id that the device signed. Prevents
 * a server from repeating a message. Its rows have no content.
 */
export const postKey = (room: RoomId, device: string, post: string) =>
  `${postPrefix(room)}${device}/${toBase64Url(utf8Encode(post))}`;
export const uploadKey = (file: string) => `upload/${file}`;
/** Index of the records that list a file or a preview. Its rows have no content. */
export const fileKey = (file: FileId, room: RoomId, seq: number) =>
  `${filePrefix(file)}${room}/${String(seq).padStart(SEQ_DIGITS, "0")}`;
export const packageKey = (ref: string) => `package/${ref}`;
export const identityKey = (user: Name) => `identity/${foldName(user)}`;
export const otherKey = (user: Name) => `other-key/${foldName(user)}`;
export const pinKey = (target: string) => `pin/${foldName(target as Name)}`;
export const handoverKey = (device: string, room: RoomId) => `handover/${device}/${room}`;
/** Certificate of a member's device, for devices that join after it was removed. */
export const memberCertKey = (device: string) => `member-cert/${device}`;
export const claimKey = (device: string) => `claim/${device}`;
export const LOG_KEY = "log";
export const ACCEPTED_KEY = "accepted";
export const CERT_KEY = "certificate";
export const LEASE_KEY = "lease";

export function allOf(
  table: "room" | "pin" | "claim" | "other-key" | "upload" | "package" | "pending" | "handover",
  limit: number,
): KeyRange {
  return { from: `${table}/`, to: `${table}/${RANGE_END}`, limit };
}

export function contentRange(
  room: RoomId,
  { after, before }: { readonly after?: number | undefined; readonly before?: number | undefined },
  limit: number,
): KeyRange {
  const from = after === undefined ? `said/${room}/` : contentKey(room, after + 1);
  const to = before === undefined ? `said/${room}/${RANGE_END}` : contentKey(room, before);
  return { from, to, limit, backwards: after === undefined };
}

export function groupInfoRange(room: RoomId, after: number, limit: number): KeyRange {
  const to = `group-info/${room}/${RANGE_END}`;
  return { from: groupInfoKey(room, after + 1), to, limit };
}

function filePrefix(file: FileId): string {
  return `file/${file}/`;
}

export function fileRange(file: FileId, limit: number): KeyRange {
  const prefix = filePrefix(file);
  return { from: prefix, to: `${prefix}${RANGE_END}`, limit };
}

export function recordOfFile(key: string): { readonly room: RoomId; readonly seq: number } {
  const [, , room = ""] = key.split("/");
  return { room: room as RoomId, seq: seqOf(key) };
}

function postPrefix(room: RoomId): string {
  return `post/${room}/`;
}

/** @param after key of the last row that was read */
export function postRange(room: RoomId, after: string | undefined, limit: number): KeyRange {
  const prefix = postPrefix(room);
  return { from: after === undefined ? prefix : `${after}!`, to: `${prefix}${RANGE_END}`, limit };
}

/** @returns NaN if the row is damaged */
export function seqOfPost(row: Uint8Array): number {
  return Number.parseInt(toHex(row), 16);
}

function editPrefix(room: RoomId, target: number): string {
  return `edit-of/${room}/${String(target).padStart(SEQ_DIGITS, "0")}/`;
}

export function editRange(room: RoomId, target: number): Omit<KeyRange, "limit"> {
  const prefix = editPrefix(room, target);
  return { from: prefix, to: `${prefix}${RANGE_END}` };
}

export function seqOf(key: string): number {
  return Number(key.slice(key.lastIndexOf("/") + 1));
}

type Ranges = readonly CountRange[];

export interface OwnCounts {
  readonly count: number;
  readonly open?: Ranges;
  /** Counts in `open` that belong to refused posts. The next posts reuse these counts. */
  readonly free?: Ranges;
}

export interface ReceivedCounts {
  readonly last: number;
  readonly open: Ranges;
}

export const NO_COUNTS: ReceivedCounts = { last: 0, open: [] };

export function assignCount(own: OwnCounts): {
  readonly count: number;
  readonly own: Required<OwnCounts>;
} {
  const { open = [], free = [] } = own;
  const [lowest] = free;
  const count = lowest?.[0] ?? own.count + 1;
  const assigned: CountRange = [count, count];
  return {
    count,
    own: {
      count: Math.max(own.count, count),
      open: mergeRanges([...open, assigned]),
      free: subtract(free, [assigned]),
    },
  };
}

/**
 * Returns the counts that may be missing without having been withheld. A message with an old count
 * also lists the counts up to the highest one, for readers who were added later.
 */
export function excusedBy(own: OwnCounts, count: number): Ranges | undefined {
  const { open = [], count: highest } = own;
  const named: Ranges = count < highest ? mergeRanges([...open, [highest, highest]]) : open;
  const others = limitRanges(subtract(named, [[count, count]]));
  return others.length === 0 ? undefined : others;
}

export function settleCount(own: OwnCounts, count: number): OwnCounts {
  const settled: CountRange = [count, count];
  const { open = [], free = [] } = own;
  return { count: own.count, open: subtract(open, [settled]), free: subtract(free, [settled]) };
}

/** Excuses messages that the log no longer has: readers must not report them as withheld. */
export function excuseCount(own: OwnCounts, count: number): OwnCounts {
  return { ...own, open: limitRanges(mergeRanges([...(own.open ?? []), [count, count]])) };
}

export function freeCount(own: OwnCounts, count: number): OwnCounts {
  const { open = [], free = [] } = own;
  const isOpen = open.some(([first, last]) => first <= count && count <= last);
  return isOpen ? { ...own, free: limitRanges(mergeRanges([...free, [count, count]])) } : own;
}

/**
 * @param seen `undefined` for a device's first message, which may have any count
 * @returns the number of missing messages to report
 */
export function receiveCount(
  seen: ReceivedCounts | undefined,
  count: number,
  excused: Ranges = [],
): { readonly seen: ReceivedCounts; readonly missed: number } {
  if (seen === undefined) {
    const [, highest = 0] = excused.at(-1) ?? [];
    return { seen: { last: Math.max(count, highest), open: [] }, missed: 0 };
  }
  const { last, open } = seen;
  const isNewer = count > last;
  const skipped: CountRange[] = count > last + 1 ? [[last + 1, count - 1]] : [];
  const absent = isNewer ? mergeRanges([...open, ...skipped]) : subtract(open, [[count, count]]);
  // A late message was written before those with higher counts, so it cannot list their counts.
  const unknown: CountRange[] = isNewer ? [] : [[count + 1, last]];
  const missing = subtract(absent, [...excused, ...unknown]);
  const excusedCounts = subtract(absent, missing);
  const retained = excusedCounts.slice(-SEALED_UNSETTLED_MAX);
  const missed = sizeOf(missing) + sizeOf(excusedCounts) - sizeOf(retained);
  return { seen: { last: Math.max(last, count), open: retained }, missed };
}

function sizeOf(ranges: Ranges): number {
  let size = 0;
  for (const [first, last] of ranges) size += last - first + 1;
  return Math.min(size, Number.MAX_SAFE_INTEGER);
}

function mergeRanges(ranges: Ranges): CountRange[] {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const result: CountRange[] = [];
  for (const [first, last] of sorted) {
    const before = result.at(-1);
    if (before === undefined || first > before[1] + 1) result.push([first, last]);
    else result[result.length - 1] = [before[0], Math.max(before[1], last)];
  }
  return result;
}

function subtract(ranges: Ranges, removed: Ranges): CountRange[] {
  let remaining = [...ranges];
  for (const [from, to] of removed) {
    remaining = remaining.flatMap(([first, last]): CountRange[] => {
      if (to < first || last < from) return [[first, last]];
      const before: CountRange[] = first < from ? [[first, from - 1]] : [];
      return to < last ? [...before, [to + 1, last]] : before;
    });
  }
  return remaining;
}

/**
 * Merges the oldest ranges if there are too many. Readers then excuse additional messages instead
 * of raising a false alarm.
 */
function limitRanges(ranges: Ranges): CountRange[] {
  const surplus = ranges.length - SEALED_UNSETTLED_MAX;
  const [first] = ranges;
  const joined = ranges[surplus];
  if (surplus <= 0 || first === undefined || joined === undefined) return [...ranges];
  return [[first[0], joined[1]], ...ranges.slice(surplus + 1)];
}
