/** A snapshot of a log and of the folds over it, cached in a file. */

// The file may be deleted at any time: a signature of the rest by the server's key, then JSON. It
// is used only if the signature is valid, this version of the program wrote it, and the log's files
// match as far as that can be seen quickly; the rest of them is verified after the start
// (`verification.ts`).

import { dirname, join } from "node:path";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import { LINE_BYTES_MAX } from "../../base/limits.ts";
import type { LogOrderValue } from "../../core/log/order.ts";
import type { Disk } from "../disk/disk.ts";
import { readWholeFile, writeWholeFile } from "../disk/whole-file.ts";
import { LineReader } from "./line-reader.ts";
import { fitSizes, listSegments, type SegmentValue, segmentName } from "./segment.ts";

/** All of a log but its bytes. Hashes are base64. */
export interface LogValue {
  readonly order: LogOrderValue;
  readonly tree: { readonly size: number; readonly groups: string; readonly open: string };
  readonly origin: string | undefined;
  readonly segments: readonly SegmentValue[];
  /** Erased records, each with the seq of the record that ordered it. */
  readonly erased: readonly (readonly [seq: number, eraseSeq: number])[];
  /** Erased records that may not be blank on disk yet. */
  readonly unfinished: readonly number[];
  readonly damaged: readonly number[];
}

/** The server's key: the folds decide who may read what, and any process may write the file. */
export interface SnapshotKey {
  /** @param digest SHA-256 of a snapshot */
  readonly sign: (digest: Uint8Array) => Uint8Array;
  readonly hasSigned: (digest: Uint8Array, signature: Uint8Array) => boolean;
}

export interface SnapshotPlace {
  readonly disk: Disk;
  readonly path: string;
  readonly folder: string;
  readonly sha256: Sha256;
  /** Version of the program: another one may fold differently. */
  readonly version: string;
  readonly key: SnapshotKey;
}

export interface Snapshot<Folds> {
  readonly log: LogValue;
  readonly folds: Folds;
}

interface Content<Folds> extends Snapshot<Folds> {
  readonly format: number;
  readonly version: string;
  /** Leaf of the last record, base64; its commitment differs from that of any other log. */
  readonly leaf: string;
}

/** Incremented with any change of the values' meaning, or of what the folds make of records. */
const FORMAT = 3;
const SIGNATURE_BYTES = 64;
const NEWLINE = 0x0a;
const SNAPSHOT_BYTES_MAX = 1 << 30;

/** @throws Fault store-… */
export async function writeSnapshot<Folds>(
  { disk, path, folder, sha256, version, key }: SnapshotPlace,
  { log, folds }: Snapshot<Folds>,
): Promise<void> {
  const leaf = lastLeaf({ disk, folder, sha256 }, log.segments);
  if (leaf === undefined) return;
  const content: Content<Folds> = {
    format: FORMAT,
    version,
    leaf: leaf.toBase64(),
    log,
    folds,
  };
  const payload = utf8Encode(JSON.stringify(content));
  const bytes = new Uint8Array(SIGNATURE_BYTES + payload.length);
  bytes.set(key.sign(sha256(payload)));
  bytes.set(payload, SIGNATURE_BYTES);
  disk.makeFolder(dirname(path));
  try {
    await writeWholeFile(disk, path, bytes, dirname(path));
  } catch (error) {
    try {
      disk.remove(temporaryPath(path)); // The log needs the space.
    } catch {
      // The first error is the one reported.
    }
    throw error;
  }
}

/**
 * Removes the snapshot and its temporary file.
 * @returns whether there was one
 */
export function removeSnapshot(disk: Disk, path: string): boolean {
  const found = [path, temporaryPath(path)].filter((one) => disk.exists(one));
  for (const one of found) disk.remove(one);
  return found.length > 0;
}

/** The name that `writeWholeFile` uses. */
function temporaryPath(path: string): string {
  return `${path}.tmp`;
}

/** @returns undefined if there is none that can be trusted */
export function readSnapshot<Folds>(place: SnapshotPlace): Snapshot<Folds> | undefined {
  const { disk, path, sha256, version, key } = place;
  try {
    const bytes = readWholeFile(disk, path, SNAPSHOT_BYTES_MAX);
    const payload = bytes?.subarray(SIGNATURE_BYTES);
    if (bytes === undefined || payload === undefined) return undefined;
    if (!key.hasSigned(sha256(payload), bytes.subarray(0, SIGNATURE_BYTES))) return undefined;
    // This server wrote it, in this shape if format and version are the same.
    const content = JSON.parse(utf8Decode(payload)) as Content<Folds>;
    if (content.format !== FORMAT || content.version !== version) return undefined;
    if (!fitsFiles(place, content.log.segments)) return undefined;
    const leaf = lastLeaf(place, content.log.segments);
    return leaf?.toBase64() === content.leaf ? content : undefined;
  } catch {
    return undefined;
  }
}

function fitsFiles({ disk, folder }: SnapshotPlace, segments: readonly SegmentValue[]): boolean {
  const firstSeqs = listSegments(disk, folder);
  const areThere = segments.every(({ firstSeq }, index) => firstSeqs[index] === firstSeq);
  return areThere && fitSizes(disk, folder, segments);
}

/** Leaf of the record at which the snapshot ends; `undefined` if no record ends there. */
function lastLeaf(
  { disk, folder, sha256 }: Pick<SnapshotPlace, "disk" | "folder" | "sha256">,
  segments: readonly SegmentValue[],
): Uint8Array | undefined {
  const last = segments.at(-1);
  if (last === undefined || last.sizeBytes === 0) return undefined;
  using file = disk.open(join(folder, segmentName(last.firstSeq)), "read");
  const from = Math.max(0, last.sizeBytes - LINE_BYTES_MAX - 1);
  const bytes = Buffer.alloc(last.sizeBytes - from);
  if (file.read(bytes, from) < bytes.length || bytes.at(-1) !== NEWLINE) return undefined;
  const start = bytes.length < 2 ? 0 : bytes.lastIndexOf(NEWLINE, bytes.length - 2) + 1;
  const reader = new LineReader(sha256);
  const isRead = reader.read(bytes, start) && reader.end === bytes.length - 1;
  return isRead ? reader.leaf() : undefined;
}
