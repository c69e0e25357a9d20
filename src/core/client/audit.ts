/**
 * Client-side verification that a server's log continues the pinned log and contains the records
 * that this device has read.
 */

import { equalBytes } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import { counted } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import type { LogName } from "../../wire/kinds.ts";
import { verifyConsistency, verifyInclusion } from "../log/proofs.ts";

export interface LogPin {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

export interface KnownRecord {
  readonly seq: number;
  readonly leaf: Uint8Array;
  readonly room: string;
  readonly place: string;
  readonly from: string | undefined;
  readonly timeUnixMs: number;
}

export interface ServerCheckpoint {
  readonly pin: LogPin;
  /** Consistency proof from the requested size; empty if no proof is needed. */
  readonly path: readonly Uint8Array[];
}

export type AuditReason =
  | "rolled-back"
  /** The log contains different records in place of records known to this device. */
  | "forked"
  | "other-origin"
  | "record-missing"
  /** The server omits the proof of a record that this account has read and may still read. */
  | "left-out"
  | "unproved"
  /** The checkpoint is malformed, or not signed by the server's key. */
  | "unsigned"
  /** The server does not prove each record of this device's account. */
  | "own-unproved"
  /** The server does not prove the public records of another user's account. */
  | "person-unproved";

export type CheckpointVerdict =
  | { readonly kind: "first" }
  | { readonly kind: "same" }
  | { readonly kind: "grown" }
  | { readonly kind: "alarm"; readonly reason: AuditReason };

export function judgeCheckpoint(
  known: LogPin | undefined,
  { pin: presented, path }: ServerCheckpoint,
  sha256: Sha256,
): CheckpointVerdict {
  if (known === undefined) return { kind: "first" };
  if (presented.origin !== known.origin) return { kind: "alarm", reason: "other-origin" };
  if (presented.size < known.size) return { kind: "alarm", reason: "rolled-back" };
  if (presented.size === known.size) {
    const isSame = equalBytes(presented.root, known.root);
    return isSame ? { kind: "same" } : { kind: "alarm", reason: "forked" };
  }
  const isGrown = verifyConsistency(
    {
      oldSize: known.size,
      oldRoot: known.root,
      newSize: presented.size,
      newRoot: presented.root,
      path,
    },
    sha256,
  );
  return isGrown ? { kind: "grown" } : { kind: "alarm", reason: "forked" };
}

export interface RecordProof {
  readonly seq: number;
  readonly leaf: Uint8Array;
  readonly path: readonly Uint8Array[];
}

export interface KnownRecordsVerdict {
  readonly proved: readonly KnownRecord[];
  readonly changed: readonly KnownRecord[];
  readonly beyondEnd: readonly KnownRecord[];
  /**
   * Records without a proof: this account may no longer read them, or the server withholds the
   * proof.
   */
  readonly withheld: readonly KnownRecord[];
}

export function judgeKnownRecords(
  readRecords: readonly KnownRecord[],
  proofs: readonly RecordProof[],
  { size, root }: Pick<LogPin, "size" | "root">,
  sha256: Sha256,
): KnownRecordsVerdict {
  const bySeq = new Map(proofs.map((proof) => [proof.seq, proof]));
  const proved: KnownRecord[] = [];
  const changed: KnownRecord[] = [];
  const removed: KnownRecord[] = [];
  const omitted: KnownRecord[] = [];
  for (const record of readRecords) {
    const { seq, leaf } = record;
    const proof = bySeq.get(seq);
    if (seq > size) removed.push(record);
    else if (proof === undefined) omitted.push(record);
    else {
      const inclusion = { leaf, index: seq - 1, size, path: proof.path, root };
      (verifyInclusion(inclusion, sha256) ? proved : changed).push(record);
    }
  }
  return { proved, changed, beyondEnd: removed, withheld: omitted };
}

export interface AuditFinding {
  readonly log?: LogName;
  readonly reason: AuditReason;
  /** The user whose keys are not proved. */
  readonly user?: string;
  /** The log once had at least this many records; 0 if this device knows only single records. */
  readonly knownSize: number;
  readonly presented: Pick<LogPin, "origin" | "size"> | undefined;
  /** Changed, removed or omitted records that this device has read, oldest first. */
  readonly missing: readonly KnownRecord[];
  /** Owner of the contradicted checkpoint. Default: this device. */
  readonly witness?: string | undefined;
}

export function formatFinding(
  { log = "history", reason, user, knownSize, presented, missing, witness }: AuditFinding,
  clock: (unixMs: number) => string,
): string {
  const sentence = formatReason(log, reason, knownSize, presented, user);
  const parts = [witness === undefined ? sentence : sentence.replace("this device", witness)];
  if (log === "accounts") parts.push("it may hide password resets and new devices");
  const [first, ...others] = missing;
  if (first !== undefined) {
    parts.push(formatMissing(reason, formatRecord(first, clock), others.length));
  }
  return parts.filter((part) => part !== "").join("; ");
}

function formatMissing(reason: AuditReason, record: string, laterCount: number): string {
  if (reason === "left-out") {
    const suffix = laterCount === 0 ? "" : `, or ${counted(laterCount, "later record")}`;
    const proof = `the server did not prove that it still has ${record}`;
    return `${proof}, which this device has read${suffix}`;
  }
  const suffix = laterCount === 0 ? "" : `, nor ${are(laterCount, "later one")}`;
  return `${record} that this device has read is not in the server's history${suffix}`;
}

function formatRecord(
  { seq, place, from, timeUnixMs }: KnownRecord,
  clock: (unixMs: number) => string,
): string {
  const author = from === undefined ? "" : `${from}, `;
  return `record ${seq} in ${place} (${author}${clock(timeUnixMs)})`;
}

function formatReason(
  log: LogName,
  reason: AuditReason,
  size: number,
  presented: Pick<LogPin, "origin" | "size"> | undefined,
  user = "?",
): string {
  const records = presented === undefined ? "" : counted(presented.size, "record");
  const name = log === "history" ? "history" : "log of accounts";
  switch (reason) {
    case "rolled-back":
      return `the server's ${name} has only ${records}, but this device has seen ${size}`;
    case "forked": {
      const first = size === 1 ? "the first is" : `its first ${size} are`;
      return `the server's ${name} has ${records}, but ${first} not what this device has seen`;
    }
    case "other-origin":
      return (
        `the server presents a different ${name} (${records}, ${presented?.origin ?? ""}) from` +
        ` the one that this device has seen (${counted(size, "record")})`
      );
    case "record-missing":
      return "the server changed or removed records that this device has read";
    case "left-out":
      return "the server does not prove that its history contains a room that you joined";
    case "unproved":
      return `the server no longer proves its ${name} to this device`;
    case "own-unproved":
      return "the server does not prove that it shows this device each change of your account";
    case "person-unproved":
      return `the server does not prove the keys of ${cleanText(user)}`;
    case "unsigned":
      return "the server's checkpoint is not signed by its key";
    default:
      return reason satisfies never;
  }
}

function are(number: number, noun: string): string {
  return `${number === 1 ? "is" : "are"} ${counted(number, noun)}`;
}
