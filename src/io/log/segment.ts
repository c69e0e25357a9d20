/** Log segment, which is a single file. */

import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { firstIndex } from "../../base/binary-search.ts";
import type { Disk } from "../disk/disk.ts";

const SEGMENT_NAME = /^[0-9]{12}\.jsonl$/;
/** Distance between indexed lines, and maximum distance that a reader must skip. */
const MARK_INTERVAL_BYTES = 64 << 10;

export class Segment {
  readonly firstSeq: number;
  readonly path: string;
  sizeBytes = 0;
  readonly #markSeqs: number[] = [];
  readonly #markOffsets: number[] = [];

  constructor(folder: string, firstSeq: number) {
    this.firstSeq = firstSeq;
    this.path = join(folder, segmentName(firstSeq));
  }

  mark(seq: number, offset: number): void {
    const last = this.#markOffsets.at(-1) ?? 0;
    if (offset - last < MARK_INTERVAL_BYTES) return;
    this.#markSeqs.push(seq);
    this.#markOffsets.push(offset);
  }

  value(): SegmentValue {
    const gaps = (values: readonly number[]) =>
      values.map((value, index) => value - (values[index - 1] ?? 0));
    const { firstSeq, sizeBytes } = this;
    return { firstSeq, sizeBytes, seqs: gaps(this.#markSeqs), offsets: gaps(this.#markOffsets) };
  }

  load({ sizeBytes, seqs, offsets }: SegmentValue): void {
    this.sizeBytes = sizeBytes;
    this.#markSeqs.push(...sums(seqs));
    this.#markOffsets.push(...sums(offsets));
  }

  seek(seq: number): number {
    return this.#markOffsets[this.#markAt(seq)] ?? 0;
  }

  markBefore(seq: number): number {
    return this.#markSeqs[this.#markAt(seq)] ?? this.firstSeq;
  }

  #markAt(seq: number): number {
    return firstIndex(this.#markSeqs.length, (i) => (this.#markSeqs[i] ?? 0) <= seq) - 1;
  }
}

export interface SegmentValue {
  readonly firstSeq: number;
  readonly sizeBytes: number;
  readonly seqs: readonly number[];
  readonly offsets: readonly number[];
}

function sums(gaps: readonly number[]): number[] {
  let sum = 0;
  return gaps.map((gap) => {
    sum += gap;
    return sum;
  });
}

export function segmentName(firstSeq: number): string {
  assert(firstSeq >= 1 && firstSeq < 1e12, "a segment's name has twelve digits");
  return `${String(firstSeq).padStart(12, "0")}.jsonl`;
}

export function listSegments(disk: Disk, folder: string): number[] {
  const names = disk.list(folder).filter((name) => SEGMENT_NAME.test(name));
  return names.map((name) => Number(name.slice(0, 12))).filter((firstSeq) => firstSeq > 0);
}

export function matchSizes(
  disk: Disk,
  folder: string,
  segments: readonly Pick<SegmentValue, "firstSeq" | "sizeBytes">[],
): boolean {
  return segments.every(({ firstSeq, sizeBytes }, index) => {
    using file = disk.open(join(folder, segmentName(firstSeq)), "read");
    const isLast = index === segments.length - 1;
    return isLast ? file.sizeBytes() >= sizeBytes : file.sizeBytes() === sizeBytes;
  });
}
