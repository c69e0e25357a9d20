/**
 * What a client makes of a server's proofs: whether the log that the server shows now is the one
 * that it showed before, and whether what this device has read is in it.
 */

import { equalBytes } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import { verifyConsistency, verifyInclusion } from "../log/proofs.ts";

/** The newest checkpoint of a log that this device has accepted. */
export interface LogPin {
  /** Names the log; another one has another name. */
  readonly origin: string;
  /** Records. */
  readonly size: number;
  /** Of the tree over them. */
  readonly root: Uint8Array;
  /** The signed note as it came. */
  readonly note: string;
}

/** A record that this device has read, as far as it is needed to ask for it later. */
export interface SeenRecord {
  readonly seq: number;
  readonly leaf: Uint8Array;
  /** Id of its room. */
  readonly room: string;
  /** As users write it: `#lobby` or `@ben`. */
  readonly place: string;
  /** Undefined: the server itself. */
  readonly from: string | undefined;
  readonly timeUnixMs: number;
}

/** A checkpoint whose signature holds, with the server's proof that it follows the pinned one. */
export interface ShownLog {
  readonly pin: LogPin;
  /** From the size that was asked about; empty where there is nothing to prove. */
  readonly path: readonly Uint8Array[];
}

/** Why a log is not accepted. */
export type AuditReason =
  /** It has fewer records than before. */
  | "rolled-back"
  /** Under numbers that were known, it has other records. */
  | "forked"
  /** It is another log. */
  | "other-origin"
  /** A record that was read is not in it. */
  | "record-missing"
  /** It gives no proof of a record that was read, though this account may read it. */
  | "left-out"
  /** The server proves nothing any more. */
  | "unproved"
  /** What it sent is no checkpoint, or not signed by its key. */
  | "unsigned";

export type CheckpointVerdict =
  /** Nothing was known of this server: what it shows now is what it is held to. */
  | { readonly kind: "first" }
  | { readonly kind: "same" }
  | { readonly kind: "grown" }
  | { readonly kind: "alarm"; readonly reason: AuditReason };

/** Holds what a server shows against what it has shown before. */
export function judgeCheckpoint(
  known: LogPin | undefined,
  { pin: shown, path }: ShownLog,
  sha256: Sha256,
): CheckpointVerdict {
  if (known === undefined) return { kind: "first" };
  if (shown.origin !== known.origin) return { kind: "alarm", reason: "other-origin" };
  if (shown.size < known.size) return { kind: "alarm", reason: "rolled-back" };
  if (shown.size === known.size) {
    const isSame = equalBytes(shown.root, known.root);
    return isSame ? { kind: "same" } : { kind: "alarm", reason: "forked" };
  }
  const isGrown = verifyConsistency(
    { oldSize: known.size, oldRoot: known.root, newSize: shown.size, newRoot: shown.root, path },
    sha256,
  );
  return isGrown ? { kind: "grown" } : { kind: "alarm", reason: "forked" };
}

/** What a server sends to show that a record is in the log. */
export interface RecordProof {
  readonly seq: number;
  readonly leaf: Uint8Array;
  readonly path: readonly Uint8Array[];
}

export interface SeenVerdict {
  readonly proved: readonly SeenRecord[];
  /** The log has another record under this number, or the proof does not hold. */
  readonly changed: readonly SeenRecord[];
  /** Beyond the end of the log. */
  readonly gone: readonly SeenRecord[];
  /** The server sent no proof: this account may read it no longer, or the server holds it back. */
  readonly leftOut: readonly SeenRecord[];
}

/** Holds what this device has read against the log of an accepted checkpoint. */
export function judgeSeen(
  seen: readonly SeenRecord[],
  proofs: readonly RecordProof[],
  { size, root }: Pick<LogPin, "size" | "root">,
  sha256: Sha256,
): SeenVerdict {
  const bySeq = new Map(proofs.map((proof) => [proof.seq, proof]));
  const proved: SeenRecord[] = [];
  const changed: SeenRecord[] = [];
  const gone: SeenRecord[] = [];
  const leftOut: SeenRecord[] = [];
  for (const record of seen) {
    const { seq, leaf } = record;
    const proof = bySeq.get(seq);
    if (seq > size) gone.push(record);
    else if (proof === undefined) leftOut.push(record);
    else {
      const inclusion = { leaf, index: seq - 1, size, path: proof.path, root };
      (verifyInclusion(inclusion, sha256) ? proved : changed).push(record);
    }
  }
  return { proved, changed, gone, leftOut };
}

/** What was found, for a sentence. */
export interface AuditFinding {
  readonly reason: AuditReason;
  /** Records that the log is known to have had; 0 = only single ones are known. */
  readonly knownSize: number;
  /** What the server shows; undefined: nothing that holds. */
  readonly shown: Pick<LogPin, "origin" | "size"> | undefined;
  /** Records of `changed`, `gone` and `leftOut` that this device has read; oldest first. */
  readonly missing: readonly SeenRecord[];
}

/** One sentence, without a full stop. @param clock how to write a moment */
export function auditSentence(
  { reason, knownSize, shown, missing }: AuditFinding,
  clock: (unixMs: number) => string,
): string {
  const parts = [reasonText(reason, knownSize, shown)];
  const [first, ...others] = missing;
  if (first !== undefined) {
    const more = others.length === 0 ? "" : `, nor ${are(others.length, "later one")}`;
    const what = reason === "left-out" ? "proved" : "in the history that it shows now";
    parts.push(`${recordText(first, clock)} that this device has read is not ${what}${more}`);
  }
  return parts.filter((part) => part !== "").join("; ");
}

/** `record 12 in #lobby (Ana, 12:04)`. */
function recordText(
  { seq, place, from, timeUnixMs }: SeenRecord,
  clock: (unixMs: number) => string,
): string {
  const who = from === undefined ? "" : `${from}, `;
  return `record ${seq} in ${place} (${who}${clock(timeUnixMs)})`;
}

function reasonText(
  reason: AuditReason,
  size: number,
  shown: Pick<LogPin, "origin" | "size"> | undefined,
): string {
  const records = shown === undefined ? "" : count(shown.size, "record");
  switch (reason) {
    case "rolled-back":
      return `the server shows ${records}, and this device has seen ${size}`;
    case "forked":
      return `the server shows ${records}, but ${firstOf(size)} not what this device has seen`;
    case "other-origin":
      return (
        `the server shows another history (${records}, ${shown?.origin ?? ""}) than the one with` +
        ` ${count(size, "record")} that this device has seen`
      );
    case "record-missing":
      return "the server's history has changed";
    case "left-out":
      return "the server leaves out proofs from a room in which you are";
    case "unproved":
      return "the server does not prove its history to this device any more";
    case "unsigned":
      return "the server's checkpoint of its history is not signed by its key";
    default:
      return reason satisfies never;
  }
}

function firstOf(size: number): string {
  return size === 1 ? "the first is" : `its first ${size} are`;
}

function are(number: number, noun: string): string {
  return `${number === 1 ? "is" : "are"} ${count(number, noun)}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
