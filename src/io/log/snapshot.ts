/** Cached snapshot of a log and of the state computed from its records. */

// The file contains a signature by the server's key followed by JSON and may be deleted at any
// time. It is used if the signature is valid, the same program version wrote it, and a quick check
// matches the log's files. `log-check.ts` checks the log after the start.

import { dirname, join } from "node:path";
import { NEWLINE } from "../../base/ascii.ts";
import { concatBytes, SIGNATURE_BYTES, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import type { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { LINE_BYTES_MAX } from "../../base/limits.ts";
import type { LogOrderValue } from "../../core/log/order.ts";
import type { SeqSetValue } from "../../core/log/seq-set.ts";
import { bodyOf } from "../../wire/record.ts";
import type { Clock } from "../clock.ts";
import { type Disk, diskFault, readWholeFile, writeWholeFile } from "../disk/disk.ts";
import { ifPossible } from "../promises.ts";
import { LineReader } from "./line-reader.ts";
import type { LogFile } from "./log-file.ts";
import { listSegments, matchSizes, type SegmentValue, segmentName } from "./segment.ts";

export interface LogValue {
  readonly order: LogOrderValue;
  readonly tree: { readonly size: number; readonly groups: string; readonly open: string };
  readonly origin: string | undefined;
  readonly segments: readonly SegmentValue[];
  readonly erased: SeqSetValue;
  readonly unfinished: readonly (readonly [seq: number, eraseSeq: number])[];
  readonly damaged: readonly number[];
}

/** Signs snapshots, because they decide access rights and any process may write the file. */
export interface SnapshotKey {
  readonly sign: (digest: Uint8Array) => Uint8Array;
  readonly hasSigned: (digest: Uint8Array, signature: Uint8Array) => boolean;
}

export interface SnapshotLocation {
  readonly disk: Disk;
  readonly path: string;
  readonly folder: string;
  readonly sha256: Sha256;
  readonly version: string;
  readonly key: SnapshotKey;
}

export interface LogSnapshot<Folds> {
  readonly log: LogValue;
  readonly folds: Folds;
}

interface Content<Folds> extends LogSnapshot<Folds> {
  readonly format: number;
  readonly version: string;
  readonly leaf: string;
}

/** Increment if the meaning of stored values changes, or the way in which they are computed. */
const FORMAT = 13;
const SNAPSHOT_BYTES_MAX = 1 << 30;
/** Bytes that are hashed, and list entries that become JSON, before other tasks have a turn. */
const BLOCK_BYTES = 256 << 10;
const PIECE_ENTRIES = 64;
const PIECE_CHARS = 64 << 10;

/** @internal */
export async function writeSnapshot<Folds>(
  { disk, path, folder, sha256, version, key }: SnapshotLocation,
  { log, folds }: LogSnapshot<Folds>,
): Promise<void> {
  const leaf = lastLeaf({ disk, folder, sha256 }, log.segments);
  if (leaf === undefined) return;
  const content: Content<Folds> = { format: FORMAT, version, leaf: leaf.toBase64(), log, folds };
  const pieces: Uint8Array[] = [];
  for (const text of jsonPieces(content)) {
    pieces.push(utf8Encode(text));
    await disk.yieldNow?.();
  }
  const payload = concatBytes(...pieces);
  const hashes: Uint8Array[] = [];
  for (const block of blocksOf(payload)) {
    hashes.push(sha256(block));
    await disk.yieldNow?.();
  }
  const signature = key.sign(sha256(concatBytes(...hashes)));
  const bytes = concatBytes(signature, payload);
  disk.makeFolder(dirname(path));
  try {
    await writeWholeFile(disk, path, bytes);
  } catch (error) {
    try {
      disk.remove(temporaryPath(path));
    } catch {}
    throw error;
  }
}

/** Yields the JSON of `value` in pieces. A single piece would stall other tasks. */
function* jsonPieces(value: object): Generator<string> {
  let piece = "";
  for (const part of jsonParts(value)) {
    piece += part;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

function* jsonParts(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    yield "[";
    for (let at = 0; at < value.length; at += PIECE_ENTRIES) {
      const entries = JSON.stringify(value.slice(at, at + PIECE_ENTRIES));
      yield `${at === 0 ? "" : ","}${entries.slice(1, -1)}`;
    }
    yield "]";
  } else if (typeof value === "object" && value !== null) {
    let separator = "";
    yield "{";
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      yield `${separator}${JSON.stringify(key)}:`;
      yield* jsonParts(item);
      separator = ",";
    }
    yield "}";
  } else yield JSON.stringify(value);
}

function* blocksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    yield bytes.subarray(at, at + BLOCK_BYTES);
  }
}

function removeSnapshot(disk: Disk, path: string): boolean {
  const existing = [path, temporaryPath(path)].filter((candidate) => disk.exists(candidate));
  for (const candidate of existing) disk.remove(candidate);
  return existing.length > 0;
}

function temporaryPath(path: string): string {
  return `${path}.tmp`;
}

export function readSnapshot<Folds>(location: SnapshotLocation): LogSnapshot<Folds> | undefined {
  const { disk, path, sha256, version, key } = location;
  try {
    const bytes = readWholeFile(disk, path, SNAPSHOT_BYTES_MAX);
    const payload = bytes?.subarray(SIGNATURE_BYTES);
    if (bytes === undefined || payload === undefined) return undefined;
    const digest = sha256(concatBytes(...[...blocksOf(payload)].map((block) => sha256(block))));
    if (!key.hasSigned(digest, bytes.subarray(0, SIGNATURE_BYTES))) return undefined;
    const content = decodeJson(utf8Decode(payload)) as Content<Folds>;
    if (content.format !== FORMAT || content.version !== version) return undefined;
    if (!matchesFiles(location, content.log.segments)) return undefined;
    const leaf = lastLeaf(location, content.log.segments);
    return leaf?.toBase64() === content.leaf ? content : undefined;
  } catch {
    return undefined;
  }
}

function matchesFiles(
  { disk, folder }: SnapshotLocation,
  segments: readonly SegmentValue[],
): boolean {
  const firstSeqs = listSegments(disk, folder);
  const arePresent = segments.every(({ firstSeq }, index) => firstSeqs[index] === firstSeq);
  return arePresent && matchSizes(disk, folder, segments);
}

function lastLeaf(
  { disk, folder, sha256 }: Pick<SnapshotLocation, "disk" | "folder" | "sha256">,
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

export interface SnapshotWriterOptions<Folds> extends SnapshotLocation {
  readonly clock: Clock;
  readonly log: Pick<LogFile, "value" | "sizeBytes" | "coveredBytes" | "head" | "follow">;
  readonly folds: () => Folds | undefined;
  readonly bytesMin?: number;
  readonly onWriteError: (fault: Fault) => void;
}

const LOG_BYTES_MIN = 64 << 20;
/** Approximate maximum number of bytes that a start reads in addition to the snapshot. */
const SNAPSHOT_INTERVAL_BYTES = 64 << 20;
const CHECK_INTERVAL_MS = 60_000;
/**
 * Minimum time before a removed snapshot is written again. Retention may remove it every minute,
 * and without it only the start after a crash is slower.
 */
const REWRITE_INTERVAL_MS = 60 * 60_000;

/** An erasure deletes the snapshot immediately if the snapshot may contain the erased text. */
export class SnapshotWriter<Folds> {
  readonly #options: SnapshotWriterOptions<Folds>;
  #savedBytes: number;
  #savedAt = Number.NEGATIVE_INFINITY;
  #saving: Promise<void> | undefined;
  #isDue: boolean;
  #cancelTimer = () => {};
  #unfollow = () => {};
  #invalidations = 0;
  #hasFailed = false;
  #isClosed = false;

  constructor(options: SnapshotWriterOptions<Folds>) {
    this.#options = options;
    const { log } = options;
    this.#savedBytes = log.coveredBytes;
    this.#isDue = log.sizeBytes() !== this.#savedBytes;
    this.#arm();
  }

  async start(): Promise<void> {
    const { log } = this.#options;
    this.#unfollow = await log.follow(log.head() + 1, (record) => {
      // An order that names files erases a record that lists them, with their names.
      const isErasure = record.head.kind === "erase";
      if (isErasure && bodyOf(record, "erase")?.files !== undefined) this.#invalidate();
    });
  }

  discard(): void {
    this.#stop();
    this.#remove();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#stop();
    await this.#saving;
    const isOld = this.#options.log.sizeBytes() !== this.#savedBytes;
    if (isOld || this.#isDue) await this.#save();
  }

  #stop(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#unfollow();
  }

  #invalidate(): void {
    this.#isDue = true;
    this.#invalidations += 1;
    this.#remove();
  }

  #remove(): void {
    const { disk, path, onWriteError: onTrouble } = this.#options;
    try {
      if (!removeSnapshot(disk, path)) return;
      void ifPossible(disk.syncFolder(dirname(path)));
    } catch (error) {
      onTrouble(diskFault(error, path));
    }
  }

  #arm(): void {
    const { clock, log } = this.#options;
    this.#cancelTimer = clock.after(CHECK_INTERVAL_MS, () => {
      const mayRewrite = clock.now() - this.#savedAt >= REWRITE_INTERVAL_MS;
      const grownBytes = log.sizeBytes() - this.#savedBytes;
      const isDue = (this.#isDue && mayRewrite) || grownBytes >= SNAPSHOT_INTERVAL_BYTES;
      this.#saving = (isDue ? this.#save() : Promise.resolve()).finally(() => {
        if (!this.#isClosed) this.#arm();
      });
    });
  }

  async #save(): Promise<void> {
    const { clock, log, folds } = this.#options;
    const { bytesMin = LOG_BYTES_MIN, onWriteError: onTrouble } = this.#options;
    const sizeBytes = log.sizeBytes();
    const value = sizeBytes < bytesMin ? undefined : log.value();
    const state = value === undefined ? undefined : folds();
    if (value === undefined || state === undefined) return;
    const invalidationsBefore = this.#invalidations;
    try {
      await writeSnapshot(this.#options, { log: value, folds: state });
      this.#savedBytes = sizeBytes;
      this.#savedAt = clock.now();
      this.#hasFailed = false;
      this.#isDue = invalidationsBefore !== this.#invalidations;
      if (this.#isDue) this.#remove();
    } catch (error) {
      // Ignore the failure if the snapshot was removed during the write.
      if (invalidationsBefore !== this.#invalidations) return;
      // Only warn, because a missing snapshot only slows the next start.
      if (!this.#hasFailed) onTrouble(diskFault(error, this.#options.path));
      this.#hasFailed = true;
    }
  }
}
