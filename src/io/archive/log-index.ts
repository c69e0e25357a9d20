/** Index of a growing log. */

import { join } from "node:path";
import type { Sha256 } from "../../base/ids.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { lastRecord, scanBlocks } from "../log/scan.ts";
import { listSegments, segmentName } from "../log/segment.ts";
import { TaskQueue } from "../task-queue.ts";
import { BlockIndex, type ByteRange } from "./block-index.ts";
import { loadIndex, saveIndex } from "./index-cache.ts";

export interface ArchiveOptions {
  readonly folder: string;
  readonly disk: Disk;
  readonly sha256: Sha256;
  readonly cachePath?: string;
  readonly head?: () => number;
}

export interface IndexView {
  readonly index: BlockIndex;
  readonly lastSeq: number;
  readonly unconfirmed: readonly ByteRange[];
}

/** The cache file is rewritten after this many new bytes, which take 50 ms to scan. */
const SAVE_INTERVAL_BYTES = 32 << 20;
const NEWLINE = 0x0a;
const TAIL_BYTES = 4 << 20;

export class LogIndex {
  readonly #options: ArchiveOptions;
  #index: BlockIndex | undefined;
  readonly #refreshes = new TaskQueue();
  #unsavedBytes = 0;

  constructor(options: ArchiveOptions) {
    this.#options = options;
  }

  refresh<Plan>(plan: (view: IndexView) => Plan): Promise<Plan> {
    return this.#refreshes.run(async () => plan(await this.#refresh()));
  }

  save(): void {
    const { disk, cachePath, sha256, folder } = this.#options;
    if (this.#index === undefined || cachePath === undefined || this.#unsavedBytes === 0) return;
    saveIndex({ disk, cachePath, sha256, folder }, this.#index);
    this.#unsavedBytes = 0;
  }

  async #refresh(): Promise<IndexView> {
    const { disk, folder, sha256, cachePath } = this.#options;
    const firstSeqs = listSegments(disk, folder);
    if (this.#index === undefined && cachePath !== undefined) {
      this.#index = loadIndex({ disk, cachePath, sha256, folder });
    }
    if (this.#index !== undefined && !isPrefix(this.#index, firstSeqs)) this.#index = undefined;
    this.#index ??= new BlockIndex();
    const index = this.#index;
    let unindexed: ByteRange[] = [];
    for (const [number, firstSeq] of firstSeqs.entries()) {
      if (number < index.segments.length - 1) continue;
      const isLast = number === firstSeqs.length - 1;
      using file = disk.open(join(folder, segmentName(firstSeq)), "read");
      const sizeBytes = file.sizeBytes();
      // Rebuild the index, because a restore or repair has shortened the log.
      if (sizeBytes < (index.segments[number]?.coveredBytes ?? 0)) return await this.#rebuild();
      if (number === index.segments.length) index.beginSegment(firstSeq);
      unindexed = await this.#extend(index, { file, firstSeq, sizeBytes, isLast });
    }
    if (this.#unsavedBytes >= SAVE_INTERVAL_BYTES) this.save();
    return { index, lastSeq: index.lastSeq, unconfirmed: unindexed };
  }

  async #rebuild(): Promise<IndexView> {
    this.#index = new BlockIndex();
    return await this.#refresh();
  }

  async #extend(index: BlockIndex, tail: Tail): Promise<ByteRange[]> {
    const segment = index.segments.at(-1);
    const covered = segment?.coveredBytes ?? 0;
    if (tail.sizeBytes === covered) return [];
    const limitSeq = tail.isLast ? this.#durableSeq(tail, covered) : Number.MAX_SAFE_INTEGER;
    if (limitSeq > index.lastSeq) {
      for await (const block of scanBlocks(tail.file, covered, tail.sizeBytes)) {
        const addedBytes = index.addLines(block.bytes, limitSeq);
        this.#unsavedBytes += addedBytes;
        if (addedBytes < block.bytes.length) break;
      }
    }
    if (this.#options.head !== undefined) return [];
    const from = segment?.coveredBytes ?? 0;
    const to = lastLineEnd(tail, from);
    return to > from ? [{ firstSeq: tail.firstSeq, from, to, isUnconfirmed: true }] : [];
  }

  #durableSeq(tail: Tail, covered: number): number {
    if (this.#options.head !== undefined) return this.#options.head();
    return lastRecord(tail.file, covered, tail.sizeBytes)?.durable ?? 0;
  }
}

interface Tail {
  readonly file: DiskFile;
  readonly firstSeq: number;
  readonly sizeBytes: number;
  readonly isLast: boolean;
}

function isPrefix(index: BlockIndex, firstSeqs: readonly number[]): boolean {
  return index.segments.every((segment, number) => segment.firstSeq === firstSeqs[number]);
}

function lastLineEnd({ file, sizeBytes }: Tail, from: number): number {
  const offset = Math.max(from, sizeBytes - TAIL_BYTES);
  const bytes = Buffer.alloc(sizeBytes - offset);
  return offset + bytes.subarray(0, file.read(bytes, offset)).lastIndexOf(NEWLINE) + 1;
}
