/** Verifies the logs in a data folder. */

import { join } from "node:path";
import { equalBytes, tryBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { counted } from "../../base/sizes.ts";
import type { LogPin } from "../../core/client/audit.ts";
import { MerkleTree } from "../../core/log/merkle.ts";
import type { ProofFile } from "../../core/log/proof-file.ts";
import { inclusionPath, type Nodes } from "../../core/log/proofs.ts";
import { hasSigned, verifyNote } from "../../crypto/checkpoint.ts";
import { Identity, verifySignature } from "../../crypto/identity.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { successorBytes } from "../../crypto/signed-bytes.ts";
import { checkDataFolder, readSmallFile } from "../../io/disk/data-folder.ts";
import type { Disk } from "../../io/disk/disk.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { linesOf, scanBlocks } from "../../io/log/scan.ts";
import { listSegments, segmentName } from "../../io/log/segment.ts";
import { type LogVerdict, verifyLog } from "../../io/log/verify.ts";
import type { Flaw } from "../../io/log/walk.ts";
import type { ExpectedRecords, HomeLogPins } from "../../io/state/log-pins.ts";
import { accountsIn, parseNote } from "../../wire/checkpoint.ts";
import { type Fingerprint, fingerprintWith, formatFingerprint } from "../../wire/fingerprint.ts";
import type { LogName } from "../../wire/kinds.ts";
import {
  bodyOf,
  classifyLine,
  type FoldedRecord,
  type LogRecord,
  leafHash,
} from "../../wire/record.ts";

interface FolderVerdict {
  readonly ok: boolean;
  readonly history: LogVerdict;
  readonly accounts: LogVerdict;
  /** Accounts that the newest checkpoint of the history covers, but the folder lacks. */
  readonly uncovered: readonly LogFinding[];
  readonly key: Uint8Array;
}

/**
 * Verifies both logs in a data folder or backup with the server's own key. Takes no lock, so the
 * server may be running. Cannot detect a log that the server rewrote and signed again.
 * @param path data folder or backup, with `identity.key`
 * @throws {Fault} not-found, data-foreign, store-…, version-unsupported
 */
export async function verifyFolder(
  path: string,
  disk: Disk = systemDisk(),
): Promise<FolderVerdict> {
  const folder = checkDataFolder(path);
  const file = join(folder, "identity.key");
  const pem = readSmallFile(file);
  if (pem === undefined) {
    const remedy = "specify a data folder, or a backup that contains the identity";
    throw new Fault("not-found", `no such file: ${file}`, { remedy });
  }
  const key = Identity.fromPem(pem, file).publicKey;
  const keys = await keysOf(disk, join(folder, "accounts"), key);
  const isSigned = (note: string) => keys.some((signer) => hasSigned(note, signer));
  const accounts = await verifyLog({ disk, folder: join(folder, "accounts"), sha256, isSigned });
  const notes: string[] = [];
  const history = await verifyLog({
    disk,
    folder: join(folder, "history"),
    sha256,
    isSigned,
    kinds: new Set(["checkpoint"]),
    onRecord: (record) => notes.push(bodyOf(record, "checkpoint")?.note ?? ""),
  });
  if (history.checkpoint !== undefined) notes.push(history.checkpoint);
  const uncovered =
    accounts.ok && history.ok
      ? await compareCommitted(join(folder, "accounts"), accounts, notes)
      : [];
  const ok = accounts.ok && history.ok && uncovered.length === 0;
  return { ok, history, accounts, uncovered, key };
}

/** Ignores commitments to a log that was replaced when the owner accepted a loss. */
async function compareCommitted(
  folder: string,
  { origin }: LogVerdict,
  notes: readonly string[],
): Promise<LogFinding[]> {
  const committed = notes
    .flatMap((note) => accountsIn(parseNote(note))?.checkpoint ?? [])
    .filter((checkpoint) => checkpoint.origin === origin)
    .sort((a, b) => a.size - b.size);
  const { leaves } = await readLeaves(folder, committed.at(-1)?.size ?? 0, 0);
  const tree = new MerkleTree(sha256);
  for (const { size, root } of committed) {
    for (const leaf of leaves.slice(tree.size, size)) tree.append(leaf);
    if (tree.size === size && equalBytes(tree.root(), root)) continue;
    const isShort = tree.size < size;
    const reason = isShort
      ? `it has ${counted(tree.size, "record")}, but the server has signed ${size}`
      : `its first ${size} records differ from those that the server has signed`;
    return [{ log: "accounts", seq: isShort ? tree.size + 1 : 1, file: folder, offset: 0, reason }];
  }
  return [];
}

/** A predecessor's key is accepted only if it has signed its successor. */
async function keysOf(disk: Disk, folder: string, key: Uint8Array): Promise<Uint8Array[]> {
  const keys = [key];
  const records: FoldedRecord[] = [];
  const onRecord = (record: FoldedRecord) => records.push(record);
  await verifyLog({
    disk,
    folder,
    sha256,
    isSigned: () => true,
    kinds: new Set(["identity"]),
    onRecord,
  });
  for (const record of records.toReversed()) {
    const body = bodyOf(record, "identity") ?? {};
    const [former, next, signature] = [body.old, body.new, body.signature].map(tryBase64Url);
    const [oldest = key] = keys.slice(-1);
    if (former === undefined || signature === undefined) continue;
    if (next?.toHex() !== oldest.toHex()) continue;
    if (verifySignature(former, successorBytes(next), signature)) keys.push(former);
  }
  return keys;
}

/** A log that differs from this device's records at all usually differs in most of them. */
const FINDINGS_MAX = 20;

export interface LogFinding extends Flaw {
  readonly log: LogName;
}

interface HomeVerdict {
  readonly verdict: FolderVerdict;
  readonly findings: readonly LogFinding[];
}

/**
 * Compares both logs with the pinned checkpoints, and the history with all records that this device
 * has read or the server has confirmed.
 * @throws {Fault} as `verifyFolder`
 */
export async function verifyForHome(data: string, logs: HomeLogPins): Promise<HomeVerdict> {
  const first = await verifyFolder(data);
  const fingerprint = fingerprintWith(first.key, sha256);
  const pin = logs.pinOf(fingerprint, first.history.origin ?? "");
  const expected = logs.expectedRecords({ fingerprint: pin?.fingerprint ?? fingerprint });
  const accountsPin = pin && logs.pin(pin, "accounts");
  const size = Math.max(pin?.size ?? 0, expected.size);
  // If the server is running, the folder may contain records that this device received after the
  // first verification.
  const isBehind = first.history.size < size || first.accounts.size < (accountsPin?.size ?? 0);
  const verdict = isBehind ? await verifyFolder(data) : first;
  const { history, accounts, uncovered } = verdict;
  const findings: LogFinding[] = [
    ...history.findings.map((flaw) => ({ ...flaw, log: "history" as const })),
    ...accounts.findings.map((flaw) => ({ ...flaw, log: "accounts" as const })),
    ...uncovered,
  ];
  const folder = checkDataFolder(data);
  const known = { pin, expected, size };
  findings.push(...(await compareWithKnown("history", join(folder, "history"), history, known)));
  if (accountsPin !== undefined) {
    const known = { pin: accountsPin, expected: NO_RECORDS, size: accountsPin.size };
    findings.push(
      ...(await compareWithKnown("accounts", join(folder, "accounts"), accounts, known)),
    );
  }
  if (pin !== undefined && pin.fingerprint !== fingerprint) {
    const known = formatFingerprint(pin.fingerprint as Fingerprint);
    const reason = `this device expects its records to be signed by ${known}`;
    findings.push({ log: "history", seq: 1, file: data, offset: 0, reason });
  }
  return { verdict, findings };
}

interface KnownLog {
  readonly pin: LogPin | undefined;
  readonly expected: ExpectedRecords;
  readonly size: number;
}

const NO_RECORDS: ExpectedRecords = { records: [], size: 0 };

async function compareWithKnown(
  log: LogName,
  folder: string,
  { origin, size: verifiedSize }: LogVerdict,
  { pin, expected, size: known }: KnownLog,
): Promise<LogFinding[]> {
  const finding = (seq: number, reason: string): LogFinding => {
    return { log, seq, file: folder, offset: 0, reason };
  };
  if (pin !== undefined && origin !== pin.origin) {
    const description = `${pin.origin} with ${counted(pin.size, "record")}`;
    return [finding(1, `this device has seen a different log, ${description}`)];
  }
  const findings: LogFinding[] = [];
  const { leaves } = await readLeaves(folder, known, 0);
  // A running server may have appended records after the verification.
  const size = Math.max(verifiedSize, leaves.length);
  if (size < known) {
    const reason = `it has ${counted(size, "record")}, but this device has seen ${known}`;
    findings.push(finding(size + 1, reason));
  }
  for (const { seq, leaf, place } of expected.records) {
    const actual = leaves[seq - 1];
    if (actual === undefined || equalBytes(actual, leaf)) continue;
    if (findings.length === FINDINGS_MAX) break;
    findings.push(finding(seq, `differs from the record that this device has seen in ${place}`));
  }
  if (findings.length > 0 || pin === undefined) return findings;
  const pinned = leaves.slice(0, pin.size);
  if (pinned.length === pin.size && equalBytes(rootOf(pinned), pin.root)) return [];
  const reason = `its first ${pin.size} records differ from those that this device has seen`;
  return [finding(1, reason)];
}

/** @throws {Fault} not-found */
export async function createFolderProof(
  path: string,
  { key, history: { checkpoint: note } }: Pick<FolderVerdict, "history" | "key">,
  seq: number,
): Promise<ProofFile> {
  const folder = join(checkDataFolder(path), "history");
  const size = note === undefined ? 0 : verifyNote(note, key).size;
  const { leaves, record } = await readLeaves(folder, size, seq);
  if (note === undefined || record === undefined) {
    throw new Fault("not-found", `record ${seq} is not among the ${size} signed records`, {
      remedy: "use a smaller number",
    });
  }
  const nodes: Nodes = (level, index) =>
    rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
  const { headBytes: head, salt, bodyBytes: body } = record;
  return { key, seq, head, salt, body, path: inclusionPath(seq - 1, size, nodes, sha256), note };
}

function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const tree = new MerkleTree(sha256);
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

interface Leaves {
  readonly leaves: readonly Uint8Array[];
  readonly record: LogRecord | undefined;
}

async function readLeaves(folder: string, size: number, recordSeq: number): Promise<Leaves> {
  const disk = systemDisk();
  const leaves: Uint8Array[] = [];
  let record: LogRecord | undefined;
  for (const first of listSegments(disk, folder)) {
    using file = disk.open(join(folder, segmentName(first)), "read");
    for await (const block of scanBlocks(file, 0, file.sizeBytes())) {
      for (const { bytes } of linesOf(block)) {
        if (leaves.length === size) return { leaves, record };
        const { record: read } = classifyLine(bytes, sha256);
        if (read === undefined) return { leaves, record };
        leaves.push(leafHash(read.headBytes, sha256));
        if (leaves.length === recordSeq) record = read;
      }
    }
  }
  return { leaves, record };
}
