import { utf8Decode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId, Sha256, UserId } from "../../base/ids.ts";
import { LINE_BYTES_MAX } from "../../base/limits.ts";
import { packValue, unpackValue } from "../../wire/codec.ts";
import {
  commitment,
  isHeadWord,
  isKnownKind,
  LINE_FRAME_BYTES_MAX,
  SALT_BYTES,
  type SealedDraft,
} from "../../wire/record.ts";

/** What a node of a cluster asks the shared stream to hold: decisions, in their order. */
export interface ProposalMessage {
  /** Random; says whose it was to the node that made it. */
  readonly id: string;
  readonly proposals: readonly SealedProposal[];
}

/** One decision; its drafts are recorded together or not at all. */
export interface SealedProposal {
  /** Seq of the last record of each log that the decision saw. */
  readonly history: number;
  readonly accounts: number;
  readonly drafts: readonly FollowingDraft[];
}

export interface FollowingDraft {
  readonly sealed: SealedDraft;
  readonly follows?: number;
}

const VERSION = 1;

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

/**
 * All nodes read the same: what one of them cannot read, none can.
 * @throws Fault frame-malformed; version-unsupported: of a later version of this program
 */
export function readProposals(bytes: Uint8Array, sha256: Sha256): ProposalMessage {
  const { v, id, proposals } = unpackValue(bytes) as Readonly<Record<string, unknown>>;
  if (v !== VERSION) {
    throw new Fault("version-unsupported", `the stream holds a message of version ${String(v)}`);
  }
  if (typeof id !== "string" || !Array.isArray(proposals)) throw malformed();
  return { id, proposals: proposals.map((one: unknown) => proposalOf(one, sha256)) };
}

function proposalOf(value: unknown, sha256: Sha256): SealedProposal {
  if (!Array.isArray(value)) throw malformed();
  const [history, accounts, drafts] = value as readonly unknown[];
  if (!isCount(history) || !isCount(accounts) || !Array.isArray(drafts) || drafts.length === 0) {
    throw malformed();
  }
  return { history, accounts, drafts: drafts.map((one: unknown) => draftOf(one, sha256)) };
}

function draftOf(value: unknown, sha256: Sha256): FollowingDraft {
  if (!Array.isArray(value)) throw malformed();
  const [kind, room, by, id, follows, salt, bodyBytes] = value as readonly unknown[];
  const isOne =
    typeof kind === "string" &&
    isKnownKind(kind) &&
    isHeadWord(room, "id") &&
    isHeadWord(by, "id") &&
    (id === "" || isHeadWord(id, "post")) &&
    isCount(follows) &&
    salt instanceof Uint8Array &&
    salt.length === SALT_BYTES &&
    bodyBytes instanceof Uint8Array &&
    bodyBytes.length + LINE_FRAME_BYTES_MAX <= LINE_BYTES_MAX;
  if (!isOne) throw malformed();
  const draft = {
    ...{ kind, id, body: bodyOf(bodyBytes) },
    room: room as RoomId,
    by: by as UserId,
  };
  const sealed = { draft, salt, bodyBytes, commit: commitment(salt, bodyBytes, sha256) };
  return follows === 0 ? { sealed } : { sealed, follows };
}

/** One line of JSON, as `sealDraft` makes it. */
function bodyOf(bytes: Uint8Array): unknown {
  try {
    if (bytes.includes(0x0a)) throw malformed();
    return JSON.parse(utf8Decode(bytes)) as unknown;
  } catch (error) {
    throw malformed(error);
  }
}

/** Which node says it, and what: a JSON value that the receiver checks. */
export function packNews(node: string, news: unknown): Uint8Array {
  return packValue({ v: VERSION, node, news });
}

/** @returns undefined: it is nothing that this version reads */
export function readNews(
  bytes: Uint8Array,
): { readonly node: string; readonly news: unknown } | undefined {
  try {
    const { v, node, news } = unpackValue(bytes) as Readonly<Record<string, unknown>>;
    return v === VERSION && typeof node === "string" ? { node, news } : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function malformed(cause?: unknown): Fault {
  return new Fault("frame-malformed", "the stream holds a message that no node can read", {
    ...(cause === undefined ? {} : { cause }),
  });
}
