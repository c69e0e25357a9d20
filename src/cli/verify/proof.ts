/** Verification of single records and of whole rooms at a server. */

import { Fault } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX, VERIFIED_RECORDS_MAX } from "../../base/limits.ts";
import type { Client } from "../../client/client.ts";
import type { LogPin } from "../../core/client/audit.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";
import type { ProofFile } from "../../core/log/proof-file.ts";
import { verifyInclusion } from "../../core/log/proofs.ts";
import { verifyNote } from "../../crypto/checkpoint.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Checkpoint } from "../../wire/checkpoint.ts";
import { type Fingerprint, fingerprintWith } from "../../wire/fingerprint.ts";
import { commitment, leafHash, parseObject } from "../../wire/record.ts";

interface VerifiedRecord {
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

interface RoomFinding {
  readonly seq: number;
  readonly reason: string;
}

interface RoomsVerdict {
  readonly findings: readonly RoomFinding[];
  readonly records: number;
  readonly rooms: number;
  readonly isBounded: boolean;
}

type Source = Pick<Client, "history" | "rooms">;

/** Maximum per room. If there are more, the whole room is damaged. */
const ROOM_FINDINGS_MAX = 1_000;

/**
 * Finds gaps, damaged or withheld records, and erased records without an `erase` record. The server
 * numbers a room's records consecutively, and an erased record keeps its number.
 * @param readsAll whether to read all records instead of VERIFIED_RECORDS_MAX in each room
 */
export async function verifyRooms(client: Source, readsAll: boolean): Promise<RoomsVerdict> {
  const findings: RoomFinding[] = [];
  let [records, rooms, isBounded] = [0, 0, false];
  for (const room of client.rooms) {
    try {
      const result = await readRoom(client, room, readsAll ? Number.POSITIVE_INFINITY : undefined);
      findings.push(...result.findings);
      records += result.records;
      rooms += 1;
      isBounded ||= result.isBounded;
    } catch (error) {
      const isMember = client.rooms.some(({ id }) => id === room.id);
      // The user was removed from the room during the verification, and may no longer read it.
      if (!(error instanceof Fault) || error.blame !== "user" || isMember) throw error;
    }
  }
  findings.sort((a, b) => a.seq - b.seq);
  return { findings, records, rooms, isBounded };
}

async function readRoom(
  client: Source,
  room: RoomView,
  countMax = VERIFIED_RECORDS_MAX,
): Promise<{ findings: RoomFinding[]; records: number; isBounded: boolean }> {
  const target = `${room.kind === "person" ? "@" : ""}${room.name}`;
  const title = `${room.kind === "person" ? "@" : "#"}${room.name}`;
  const findings: RoomFinding[] = [];
  const addFinding = (seq: number, reason: string) => {
    if (findings.length < ROOM_FINDINGS_MAX)
      findings.push({ seq, reason: `${reason} in ${title}` });
  };
  const erasureTargets = new Set<unknown>();
  let [records, isBounded] = [0, false];
  let next: ChatRecord | undefined;
  for (;;) {
    const limit = Math.min(PAGE_RECORDS_MAX, countMax - records);
    const page = await client.history({ target, kinds: ["all"], before: next?.seq, limit });
    for (const record of page.records.toReversed()) {
      const reason = next === undefined ? undefined : gap(record, next);
      if (next !== undefined && reason !== undefined) {
        addFinding(next.seq, reason);
        return { findings, records, isBounded };
      }
      const { seq, state } = record;
      if (state === "damaged") addFinding(seq, "its content is damaged or withheld");
      if (state === "erased" && !erasureTargets.has(seq))
        addFinding(seq, "deleted without a request");
      for (const erased of erasedBy(record)) erasureTargets.add(erased);
      next = record;
    }
    records += page.records.length;
    isBounded = page.more && records >= countMax;
    if (!page.more || page.records.length === 0 || isBounded) break;
  }
  if (!isBounded && next !== undefined && next.n !== 1) {
    addFinding(next.seq, `records are missing: the first is number ${next.n}`);
  }
  return { findings, records, isBounded };
}

function erasedBy({ kind, body }: ChatRecord): unknown[] {
  if (kind !== "erase") return [];
  const alsoErased = body?.["also"];
  return [body?.["seq"], ...(Array.isArray(alsoErased) ? alsoErased : [])];
}

function gap(record: ChatRecord, next: ChatRecord): string | undefined {
  if (next.seq <= record.seq) return `seq ${next.seq} follows ${record.seq}`;
  if (next.n === record.n + 1) return undefined;
  const order = `number ${next.n} follows number ${record.n}`;
  return next.n > record.n ? `records are missing: ${order}` : order;
}
