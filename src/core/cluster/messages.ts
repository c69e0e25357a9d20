/** Messages of a cluster's shared stream, which put decisions in order. */

import { NEWLINE } from "../../base/ascii.ts";
import { concatBytes, equalBytes, SHA256_BYTES, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, Sha256, UserId } from "../../base/ids.ts";
import { LINE_BYTES_MAX } from "../../base/limits.ts";
import { isCount } from "../../base/values.ts";
import { packValue, unpackValue } from "../../wire/codec.ts";
import { isKnownKind } from "../../wire/kinds.ts";
import {
  type CopiedLine,
  commitment,
  copyLine,
  type Draft,
  isHeadId,
  LINE_FRAME_BYTES_MAX,
  parseBody,
  parseLine,
  SALT_BYTES,
  type SealedDraft,
} from "../../wire/record.ts";
import { FIRST_VERSION, knownVersion, newerOf, type Version, versionOf } from "../../wire/since.ts";
import type { Place } from "./claims.ts";

export interface ProposalMessage {
  readonly id: string;
  readonly proposals: readonly SealedProposal[];
}

export interface SealedProposal {
  readonly history: number;
  readonly accounts: number;
  readonly drafts: readonly FollowingDraft[];
}

export interface FollowingDraft {
  readonly sealed: SealedDraft;
  readonly follows?: number;
}

export interface CopiedLines {
  readonly place: Place;
  readonly lines: readonly CopiedLine[];
}

/** End of the copies of both logs. Decisions are valid only after this message. */
export interface CopyEnd {
  readonly history: LogEnd;
  readonly accounts: LogEnd;
}

export interface LogEnd {
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * Record that the stream has lost and that a server restores from its disk at the old position.
 * Servers that have the record ignore it. An erased record is restored as a blank line.
 */
export type RestoredRecord =
  | { readonly seq: number; readonly time: number; readonly sealed: SealedDraft }
  | { readonly line: CopiedLine };

export type StreamContent =
  | { readonly kind: "proposals"; readonly message: ProposalMessage }
  | { readonly kind: "copied"; readonly copied: CopiedLines }
  | { readonly kind: "copy-end"; readonly end: CopyEnd }
  | { readonly kind: "restored"; readonly records: readonly RestoredRecord[] };

/** Stream that a message belongs to. Messages of other streams are invalid in it. */
export interface StreamScope {
  /** Cluster and identity of its servers. */
  readonly id: string;
  readonly sha256: Sha256;
}

/** Newest version of the messages of 0.1 to 0.3, which this program does not read. */
const FORMER_VERSION = 3;
const MESSAGES_VERSION = 4;
/** A program that does not support this version of the copies' format stops reading the stream. */
const COPY_VERSION = 5;
/**
 * Messages with records that released programs do not know. Such a message names the version that
 * it needs, so that older programs stop instead of building a different log.
 */
const NEEDS_VERSION = 6;
const KIND = /^[a-z-]{1,64}$/;

/** Newest version that introduced one of the drafts. */
export function neededVersion(drafts: readonly Pick<Draft, "kind" | "body">[]): Version {
  return drafts.reduce<Version>(
    (newest, draft) => newerOf(newest, versionOf(draft)),
    FIRST_VERSION,
  );
}

function versionFields(v: number, drafts: readonly Pick<Draft, "kind" | "body">[]) {
  const needs = neededVersion(drafts);
  return needs === FIRST_VERSION ? { v } : { v: NEEDS_VERSION, needs };
}

/**
 * Appends a digest of the message as its last field.
 * @internal
 */
export function packDigested(
  fields: Readonly<Record<string, unknown>>,
  scope: StreamScope,
): Uint8Array {
  const bytes = packValue({ ...fields, digest: new Uint8Array(SHA256_BYTES) });
  bytes.set(digestOf(bytes, scope), bytes.length - SHA256_BYTES);
  return bytes;
}

function digestOf(bytes: Uint8Array, { id, sha256 }: StreamScope): Uint8Array {
  return sha256(concatBytes(utf8Encode(`${id}\n`), bytes.subarray(0, -SHA256_BYTES)));
}

export function packProposals({ id, proposals }: ProposalMessage, scope: StreamScope): Uint8Array {
  const all = proposals.flatMap(({ drafts }) => drafts.map(({ sealed }) => sealed.draft));
  const fields = {
    ...versionFields(MESSAGES_VERSION, all),
    id,
    proposals: proposals.map(({ history, accounts, drafts }) => [
      history,
      accounts,
      drafts.map(({ sealed: { draft, salt, bodyBytes }, follows = 0 }) => {
        const { kind, room, by, id: post } = draft;
        return [kind, room, by, post, follows, salt, bodyBytes];
      }),
    ]),
  };
  return packDigested(fields, scope);
}

export function packCopied(place: Place, lines: Uint8Array, scope: StreamScope): Uint8Array {
  const version = versionFields(COPY_VERSION, draftsIn(lines));
  return packDigested({ ...version, place, lines }, scope);
}

function draftsIn(lines: Uint8Array): Pick<Draft, "kind" | "body">[] {
  const drafts: Pick<Draft, "kind" | "body">[] = [];
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf(NEWLINE, at);
    if (end < 0) break;
    const parsed = parseLine(lines.subarray(at, end));
    if (parsed.kind === "record") drafts.push(lineDraft(parsed));
    at = end + 1;
  }
  return drafts;
}

function lineDraft({ record }: Pick<CopiedLine, "record">): Pick<Draft, "kind" | "body"> {
  return { kind: record.head.kind, body: parseBody(record) };
}

export function packCopyEnd({ history, accounts }: CopyEnd, scope: StreamScope): Uint8Array {
  const end = [history.size, history.root, accounts.size, accounts.root];
  return packDigested({ v: COPY_VERSION, end }, scope);
}

/** @param id random id, because the stream can lose the same records twice */
export function packRestored(
  id: string,
  records: readonly RestoredRecord[],
  scope: StreamScope,
): Uint8Array {
  const drafts = records.map((record) => {
    return "line" in record ? lineDraft(record.line) : record.sealed.draft;
  });
  const fields = {
    ...versionFields(COPY_VERSION, drafts),
    id,
    restored: records.map((record) => {
      if ("line" in record) return record.line.bytes;
      const { draft, salt, bodyBytes } = record.sealed;
      const { kind, room, by, id: post } = draft;
      return [record.seq, record.time, [kind, room, by, post, 0, salt, bodyBytes]];
    }),
  };
  return packDigested(fields, scope);
}

/**
 * All servers get the same result, including the same faults. The digest is checked before anything
 * else, because a changed byte can turn a kind or version into that of a later program, at which
 * every server would stop.
 * @throws {Fault} frame-malformed if no version of this program wrote the bytes for this stream,
 * which all servers then ignore
 * @throws {Fault} version-unsupported if a later version of this program wrote the message, or 0.1
 * to 0.3
 */
export function readStream(bytes: Uint8Array, scope: StreamScope): StreamContent {
  const value: unknown = unpackValue(bytes);
  if (typeof value !== "object" || value === null) throw malformed();
  const fields = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(fields, "digest")) {
    const digest = bytes.subarray(-SHA256_BYTES);
    if (!equalBytes(digest, digestOf(bytes, scope))) throw malformed();
    return contentOf(fields, scope.sha256);
  }
  // Version 0.2.0 wrote no digests. No single changed byte makes such a message of ours.
  if (isFormer(fields["v"])) throw formerVersion();
  throw malformed();
}

function isFormer(v: unknown): boolean {
  return isCount(v) && v > 0 && v <= FORMER_VERSION;
}

function formerVersion(): Fault {
  const message = msg`the stream was written by chat 0.3.0 or earlier`;
  return new Fault("version-unsupported", message, { remedy: msg`use another --cluster name` });
}

function contentOf(fields: Readonly<Record<string, unknown>>, sha256: Sha256): StreamContent {
  const { v, needs, id, proposals, place, lines, end, restored } = fields;
  if (!isCount(v) || v === 0) throw malformed();
  if (isFormer(v)) throw formerVersion();
  if (v > NEEDS_VERSION) throw laterVersion(`version ${v} of the format`);
  if (v === NEEDS_VERSION) {
    if (typeof needs !== "string") throw malformed();
    if (knownVersion(needs) === undefined) throw laterVersion(`chat ${needs}`);
  }
  if (v === MESSAGES_VERSION || (v === NEEDS_VERSION && proposals !== undefined)) {
    if (typeof id !== "string" || !Array.isArray(proposals)) throw malformed();
    const message = { id, proposals: proposals.map((item: unknown) => proposalOf(item, sha256)) };
    return { kind: "proposals", message };
  }
  if (end !== undefined) return { kind: "copy-end", end: copyEndOf(end) };
  if (Array.isArray(restored)) {
    return { kind: "restored", records: restored.map((item: unknown) => restoredOf(item, sha256)) };
  }
  if (place !== "history" && place !== "accounts") throw malformed();
  return { kind: "copied", copied: { place, lines: copiedLinesOf(lines) } };
}

function copiedLinesOf(value: unknown): CopiedLine[] {
  if (!(value instanceof Uint8Array) || value.at(-1) !== NEWLINE) throw malformed();
  const lines: CopiedLine[] = [];
  for (let at = 0; at < value.length; ) {
    const end = value.indexOf(NEWLINE, at);
    lines.push(copiedLineOf(value.subarray(at, end)));
    at = end + 1;
  }
  return lines;
}

function copiedLineOf(bytes: Uint8Array): CopiedLine {
  const line = copyLine(bytes);
  if (line !== undefined) return line;
  const parsed = parseLine(bytes);
  throw parsed.kind === "newer" ? unknownKind(parsed.recordKind) : malformed();
}

function copyEndOf(value: unknown): CopyEnd {
  if (!Array.isArray(value)) throw malformed();
  const [history, historyRoot, accounts, accountsRoot] = value as readonly unknown[];
  return { history: logEndOf(history, historyRoot), accounts: logEndOf(accounts, accountsRoot) };
}

function logEndOf(size: unknown, root: unknown): LogEnd {
  if (!isCount(size) || !(root instanceof Uint8Array) || root.length !== SHA256_BYTES) {
    throw malformed();
  }
  return { size, root: new Uint8Array(root) };
}

function restoredOf(value: unknown, sha256: Sha256): RestoredRecord {
  if (value instanceof Uint8Array) {
    const line = copiedLineOf(value.subarray(0, -1));
    if (line.record.erased === undefined) throw malformed();
    return { line };
  }
  if (!Array.isArray(value)) throw malformed();
  const [seq, time, draft] = value as readonly unknown[];
  if (!isCount(seq) || !isCount(time)) throw malformed();
  return { seq, time, sealed: draftOf(draft, sha256).sealed };
}

function proposalOf(value: unknown, sha256: Sha256): SealedProposal {
  if (!Array.isArray(value)) throw malformed();
  const [history, accounts, drafts] = value as readonly unknown[];
  if (!isCount(history) || !isCount(accounts) || !Array.isArray(drafts) || drafts.length === 0) {
    throw malformed();
  }
  return { history, accounts, drafts: drafts.map((item: unknown) => draftOf(item, sha256)) };
}

function draftOf(value: unknown, sha256: Sha256): FollowingDraft {
  if (!Array.isArray(value)) throw malformed();
  const [kind, room, by, id, follows, salt, bodyBytes] = value as readonly unknown[];
  const isValid =
    typeof kind === "string" &&
    KIND.test(kind) &&
    isHeadId(room, "id") &&
    isHeadId(by, "id") &&
    (id === "" || isHeadId(id, "post")) &&
    isCount(follows) &&
    salt instanceof Uint8Array &&
    salt.length === SALT_BYTES &&
    bodyBytes instanceof Uint8Array &&
    bodyBytes.length + LINE_FRAME_BYTES_MAX <= LINE_BYTES_MAX;
  if (!isValid) throw malformed();
  if (!isKnownKind(kind)) throw unknownKind(kind);
  const draft = { kind, id, body: bodyOf(bodyBytes), room: room as RoomId, by: by as UserId };
  const sealed = { draft, salt, bodyBytes, commit: commitment(salt, bodyBytes, sha256) };
  return follows === 0 ? { sealed } : { sealed, follows };
}

function bodyOf(bytes: Uint8Array): unknown {
  try {
    if (bytes.includes(0x0a)) throw malformed();
    return decodeJson(utf8Decode(bytes)) as unknown;
  } catch (error) {
    throw malformed(error);
  }
}

/** @param instance differs between processes, also if they have copies of one data folder */
export function packNodeMessage(node: string, message: unknown, instance: string): Uint8Array {
  return packValue({ v: MESSAGES_VERSION, node, news: message, instance });
}

export interface NodeMessage {
  readonly node: string;
  readonly instance: string;
  readonly news: unknown;
}

export function readNodeMessage(bytes: Uint8Array): NodeMessage | undefined {
  try {
    const { v, node, news, instance } = unpackValue(bytes) as Readonly<Record<string, unknown>>;
    if (v !== MESSAGES_VERSION || typeof node !== "string") return undefined;
    return typeof instance === "string" ? { node, news, instance } : undefined;
  } catch {
    return undefined;
  }
}

function unknownKind(kind: string): Fault {
  return laterVersion(`a version that knows '${kind}'`);
}

function laterVersion(needed: string): Fault {
  return new Fault("version-unsupported", msg`the cluster's stream needs ${needed}`, {
    remedy: "upgrade chat on this machine",
  });
}

function malformed(cause?: unknown): Fault {
  return new Fault("frame-malformed", "the stream contains an unreadable message", { cause });
}
