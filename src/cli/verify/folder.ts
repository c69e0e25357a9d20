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
import { type Fingerprint, fingerprintWith, formatFingerprint } from "../../wire/fingerprint.ts";
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
  const history = await verifyLog({ disk, folder: join(folder, "history"), sha256, isSigned });
  return { ok: accounts.ok && history.ok, history, accounts, key };
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

interface HomeVerdict {
  readonly verdict: FolderVerdict;
  readonly findings: readonly Flaw[];
}

/**
 * Compares the history with the pinned checkpoint and all records that this device has read or the
 * server has confirmed.
 * @throws {Fault} as `verifyFolder`
 */
export async function verifyForHome(data: string, logs: HomeLogPins): Promise<HomeVerdict> {
  const first = await verifyFolder(data);
  const fingerprint = fingerprintWith(first.key, sha256);
  const pin = logs.pinOf(fingerprint, first.history.origin ?? "");
  const expected = logs.expectedRecords({ fingerprint: pin?.fingerprint ?? fingerprint });
  const size = Math.max(pin?.size ?? 0, expected.size);
  // If the server is running, the folder may contain records that this device received after the
  // first verification.
  const verdict = first.history.size < size ? await verifyFolder(data) : first;
  const { history, accounts } = verdict;
  const findings = [...history.findings, ...accounts.findings];
  const folder = join(checkDataFolder(data), "history");
  findings.push(...(await compareWithKnown(folder, history, { pin, expected, size })));
  if (pin !== undefined && pin.fingerprint !== fingerprint) {
    const known = formatFingerprint(pin.fingerprint as Fingerprint);
    const reason = `this device expects its records to be signed by ${known}`;
    findings.push({ seq: 1, file: data, offset: 0, reason });
  }
  return { verdict, findings };
}

interface KnownHistory {
  readonly pin: LogPin | undefined;
  readonly expected: ExpectedRecords;
  readonly size: number;
}

async function compareWithKnown(
  folder: string,
  { origin, size }: LogVerdict,
  { pin, expected, size: known }: KnownHistory,
): Promise<Flaw[]> {
  const finding = (seq: number, reason: string): Flaw => ({ seq, file: folder, offset: 0, reason });
  if (pin !== undefined && origin !== pin.origin) {
    const description = `${pin.origin} with ${counted(pin.size, "record")}`;
    return [finding(1, `this device has seen a different history, ${description}`)];
  }
  const findings: Flaw[] = [];
  if (size < known) {
    const reason = `it has ${counted(size, "record")}, but this device has seen ${known}`;
    findings.push(finding(size + 1, reason));
  }
  const { leaves } = await readLeaves(folder, Math.min(size, known), 0);
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
