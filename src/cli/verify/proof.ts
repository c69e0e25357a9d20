/** Creates and verifies proofs of single records. */

import { Fault } from "../../base/fault.ts";
import type { Client } from "../../client/client.ts";
import type { LogPin } from "../../core/client/audit.ts";
import type { ProofFile } from "../../core/log/proof-file.ts";
import { verifyInclusion } from "../../core/log/proofs.ts";
import { verifyNote } from "../../crypto/checkpoint.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Checkpoint } from "../../wire/checkpoint.ts";
import { type Fingerprint, fingerprintWith } from "../../wire/fingerprint.ts";
import { commitment, leafHash, parseObject } from "../../wire/record.ts";

export interface VerifiedRecord {
  readonly checkpoint: Checkpoint;
  readonly fingerprint: Fingerprint;
  readonly seq: number;
  readonly timeUnixMs: number;
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The caller must check that the key in the proof belongs to the server.
 * @throws {Fault} log-unproved
 */
export function checkProof({ key, seq, head, salt, body, path, note }: ProofFile): VerifiedRecord {
  const checkpoint = signedCheckpoint(note, key);
  const { size, root } = checkpoint;
  const leaf = leafHash(head, sha256);
  if (!verifyInclusion({ leaf, index: seq - 1, size, path, root }, sha256)) {
    throw invalidProof("the record is not covered by the checkpoint");
  }
  const fields = parseObject(head) ?? {};
  if (fields["seq"] !== seq) throw invalidProof("the record's number differs from the proof's");
  const hasContent = salt !== undefined && body !== undefined;
  if (hasContent && commitment(salt, body, sha256) !== fields["commit"]) {
    throw invalidProof("the content does not match the record");
  }
  return {
    checkpoint,
    fingerprint: fingerprintWith(key, sha256),
    seq,
    timeUnixMs: Number(fields["time"]),
    kind: String(fields["kind"]),
    body: hasContent ? parseObject(body) : undefined,
  };
}

function signedCheckpoint(note: string, key: Uint8Array): Checkpoint {
  try {
    return verifyNote(note, key);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new Fault("log-unproved", "the checkpoint is not signed by the key in the proof", {
      remedy: "do not trust it",
      cause,
    });
  }
}

function invalidProof(message: string): Fault {
  return new Fault("log-unproved", `invalid proof: ${message}`, { remedy: "do not trust it" });
}

/** @throws {Fault} not-found */
export async function proveAtServer(client: Client, pin: LogPin, seq: number): Promise<ProofFile> {
  const { size, note } = pin;
  const { proofs } = await client.request("inclusion", { size, seqs: [seq] });
  const { records } = await client.request("history", {
    after: seq - 1,
    before: seq + 1,
    limit: 1,
  });
  const [proof] = proofs;
  const [record] = records;
  if (proof === undefined || record === undefined) {
    throw new Fault("not-found", `record ${seq} does not exist, or you may not read it`, {
      remedy: "chat history --json shows the seq of each record",
    });
  }
  const { key } = client.auditedLink;
  const { head, salt, body } = record;
  return { key, seq, head, salt, body, path: proof.path, note };
}
