/** Messages of a cluster's shared stream, which put decisions in order. */

import { utf8Decode } from "../../base/bytes.ts";
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
  isHeadId,
  LINE_FRAME_BYTES_MAX,
  SALT_BYTES,
  type SealedDraft,
} from "../../wire/record.ts";
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

const VERSION = 1;
/** A program that does not support this version of the copies' format stops reading the stream. */
const COPY_VERSION = 2;
const ROOT_BYTES = 32;
const NEWLINE = 0x0a;

export function packProposals({ id, proposals }: ProposalMessage): Uint8Array {
  return packValue({
    v: VERSION,
    id,
    proposals: proposals.map(({ history, accounts, drafts }) => [
      history,
      accounts,
      drafts.map(({ sealed: { draft, salt, bodyBytes }, follows = 0 }) => {
        const { kind, room, by, id: post } = draft;
        return [kind, room, by, post, follows, salt, bodyBytes];
      }),
    ]),
  });
}

export function packCopied(place: Place, lines: Uint8Array): Uint8Array {
  return packValue({ v: COPY_VERSION, place, lines });
}

export function packCopyEnd({ history, accounts }: CopyEnd): Uint8Array {
  const end = [history.size, history.root, accounts.size, accounts.root];
  return packValue({ v: COPY_VERSION, end });
}

/** @param id random id, because the stream can lose the same records twice */
export function packRestored(id: string, records: readonly RestoredRecord[]): Uint8Array {
  return packValue({
    v: COPY_VERSION,
    id,
    restored: records.map((record) => {
      if ("line" in record) return record.line.bytes;
      const { draft, salt, bodyBytes } = record.sealed;
      const { kind, room, by, id: post } = draft;
      return [record.seq, record.time, [kind, room, by, post, 0, salt, bodyBytes]];
    }),
  });
}

/**
 * All servers get the same result, including the same faults.
 * @throws {Fault} frame-malformed if the bytes are invalid
 * @throws {Fault} version-unsupported if a later version of this program wrote the message
 */
export function readStream(bytes: Uint8Array, sha256: Sha256): StreamContent {
  const value = unpackValue(bytes) as Readonly<Record<string, unknown>>;
  const { v, id, proposals, place, lines, end, restored } = value;
  if (v === VERSION) {
    if (typeof id !== "string" || !Array.isArray(proposals)) throw malformed();
    const message = { id, proposals: proposals.map((item: unknown) => proposalOf(item, sha256)) };
    return { kind: "proposals", message };
  }
  if (v !== COPY_VERSION) {
    throw new Fault(
      "version-unsupported",
      msg`the stream contains a message of unsupported version ${String(v)}`,
    );
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
    const line = copyLine(value.subarray(at, end));
    if (line === undefined) throw malformed();
    lines.push(line);
    at = end + 1;
  }
  return lines;
}

function copyEndOf(value: unknown): CopyEnd {
  if (!Array.isArray(value)) throw malformed();
  const [history, historyRoot, accounts, accountsRoot] = value as readonly unknown[];
  return { history: logEndOf(history, historyRoot), accounts: logEndOf(accounts, accountsRoot) };
}

function logEndOf(size: unknown, root: unknown): LogEnd {
  if (!isCount(size) || !(root instanceof Uint8Array) || root.length !== ROOT_BYTES) {
    throw malformed();
  }
  return { size, root: new Uint8Array(root) };
}

function restoredOf(value: unknown, sha256: Sha256): RestoredRecord {
  if (value instanceof Uint8Array) {
    const line = copyLine(value.subarray(0, -1));
    if (line?.record.erased === undefined) throw malformed();
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
    isKnownKind(kind) &&
    isHeadId(room, "id") &&
    isHeadId(by, "id") &&
    (id === "" || isHeadId(id, "post")) &&
    isCount(follows) &&
    salt instanceof Uint8Array &&
    salt.length === SALT_BYTES &&
    bodyBytes instanceof Uint8Array &&
    bodyBytes.length + LINE_FRAME_BYTES_MAX <= LINE_BYTES_MAX;
  if (!isValid) throw malformed();
  const draft = { kind, id, body: bodyOf(bodyBytes), room: room as RoomId, by: by as UserId };
  const sealed = { draft, salt, bodyBytes, commit: commitment(salt, bodyBytes, sha256) };
  return follows === 0 ? { sealed } : { sealed, follows };
}

function bodyOf(bytes: Uint8Array): unknown {
  try {
    if (bytes.includes(0x0a)) throw malformed();
    return JSON.parse(utf8Decode(bytes)) as unknown;
  } catch (error) {
    throw malformed(error);
  }
}

export function packNodeMessage(node: string, message: unknown): Uint8Array {
  return packValue({ v: VERSION, node, news: message });
}

export function readNodeMessage(
  bytes: Uint8Array,
): { readonly node: string; readonly news: unknown } | undefined {
  try {
    const { v, node, news } = unpackValue(bytes) as Readonly<Record<string, unknown>>;
    return v === VERSION && typeof node === "string" ? { node, news } : undefined;
  } catch {
    return undefined;
  }
}

function malformed(cause?: unknown): Fault {
  return new Fault("frame-malformed", "the stream contains an unreadable message", { cause });
}
