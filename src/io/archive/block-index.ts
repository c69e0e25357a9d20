/** A sparse index of a log by block. */

import { assert } from "../../base/assert.ts";
import { HeadScanner } from "./head-scanner.ts";
import { RoomBlocks } from "./room-index.ts";

/** Bytes of lines per index entry: small enough to read for a single record. */
const INDEX_BLOCK_BYTES = 64 << 10;

/** Byte range of one segment, aligned to whole lines. */
export interface Stretch {
  readonly firstSeq: number;
  readonly from: number;
  readonly to: number;
  /** Not known to be durable: an invalid line there was never acknowledged. */
  readonly isLoose?: true;
}

export interface IndexedSegment {
  readonly firstSeq: number;
  readonly firstBlock: number;
  /** Bytes covered by the index, from the start of the segment. */
  coveredBytes: number;
}

export interface IndexQuery {
  readonly rooms?: ReadonlySet<string>;
  readonly seqMin: number;
  readonly seqMax: number;
  readonly timeMin: number;
  readonly timeMax: number;
}

/**
 * Sparse index of a log: the segment, offset, first seq and first time of each block, and the rooms
 * in it. The index only rules blocks out; the reader checks the others.
 */
export class BlockIndex {
  readonly segments: IndexedSegment[] = [];
  /** Per block: segment number, offset, first seq and first time. */
  readonly segmentOf: number[] = [];
  readonly offsets: number[] = [];
  readonly firstSeqs: number[] = [];
  readonly firstTimes: number[] = [];
  readonly rooms = new RoomBlocks();
  /** Blocks with a line that is not ours: they may hold anything. */
  readonly odd = new Set<number>();
  /** Offset of the last covered line in the last segment. */
  lastLineAt = 0;
  lastSeq = 0;
  readonly #head = new HeadScanner();

  get blockCount(): number {
    return this.offsets.length;
  }

  beginSegment(firstSeq: number): void {
    this.segments.push({ firstSeq, firstBlock: this.blockCount, coveredBytes: 0 });
  }

  /**
   * Indexes the lines that follow the covered part of the last segment.
   * @param limitSeq stop before a line beyond it: that line is not durable yet
   * @returns bytes covered now
   */
  addLines(bytes: Buffer, limitSeq: number): number {
    const segment = this.segments.at(-1);
    assert(segment !== undefined, "lines belong to a segment");
    const head = this.#head;
    const start = segment.coveredBytes;
    let place = 0;
    while (place < bytes.length && head.scan(bytes, place)) {
      if (head.isHead && head.seq > limitSeq) break;
      const offset = start + place;
      if (this.#isBlockFull(segment, offset)) this.#beginBlock(offset);
      if (head.isHead && head.seq === this.lastSeq + 1) {
        this.rooms.add(bytes, head.roomStart, head.roomEnd, this.blockCount - 1);
      } else {
        this.odd.add(this.blockCount - 1);
      }
      this.lastSeq = head.isHead ? Math.max(head.seq, this.lastSeq) : this.lastSeq + 1;
      this.lastLineAt = offset;
      place = head.next;
    }
    segment.coveredBytes = start + place;
    return place;
  }

  #isBlockFull(segment: IndexedSegment, offset: number): boolean {
    if (this.blockCount === segment.firstBlock) return true;
    return offset - (this.offsets[this.blockCount - 1] ?? 0) >= INDEX_BLOCK_BYTES;
  }

  #beginBlock(offset: number): void {
    this.segmentOf.push(this.segments.length - 1);
    this.offsets.push(offset);
    this.firstSeqs.push(this.lastSeq + 1);
    // A line that is not ours has no time; the time of the block before it is a good enough bound.
    const time = this.#head.isHead ? this.#head.time : 0;
    this.firstTimes.push(Math.max(time, this.firstTimes.at(-1) ?? 0));
  }

  /** Numbers of the blocks that may hold matches, ascending. */
  candidates(query: IndexQuery): number[] {
    const from = Math.max(
      upperBound(this.firstSeqs, query.seqMin) - 1,
      // Records of the same time may begin in the block before.
      upperBound(this.firstTimes, query.timeMin - 1) - 1,
      0,
    );
    const to = Math.min(
      upperBound(this.firstSeqs, query.seqMax),
      upperBound(this.firstTimes, query.timeMax),
    );
    if (query.rooms === undefined) return Array.from({ length: to - from }, (_, i) => from + i);
    const found = new Set<number>();
    for (const room of query.rooms) this.rooms.collect(room, found, from, to);
    for (const block of this.odd) if (block >= from && block < to) found.add(block);
    return [...found].sort((left, right) => left - right);
  }

  /** Byte range of the blocks `first`..`last`, all of one segment. */
  stretch(first: number, last: number): Stretch {
    const segment = this.segments[this.segmentOf[first] ?? -1];
    assert(segment !== undefined, "a block lies in a segment");
    const isLastOfSegment = this.segmentOf[last + 1] !== this.segmentOf[last];
    return {
      firstSeq: segment.firstSeq,
      from: this.offsets[first] ?? 0,
      to: isLastOfSegment ? segment.coveredBytes : (this.offsets[last + 1] ?? 0),
    };
  }
}

/** Counts the values that are at most `limit`; `values` is ascending. */
function upperBound(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
