/** A sparse index of a log by block. */

import { assert } from "../../base/assert.ts";
import { HeadScanner } from "./head-scanner.ts";
import { RoomBlocks } from "./room-index.ts";

/** Bytes of lines that the index knows as one: small enough to read for one record. */
const INDEX_BLOCK_BYTES = 64 << 10;

/** Bytes of one segment, from the beginning of a line to the end of one. */
export interface Stretch {
  readonly firstSeq: number;
  readonly from: number;
  readonly to: number;
  /** Not known to be durable: a line there that makes no sense was never said. */
  readonly isLoose?: true;
}

export interface IndexedSegment {
  readonly firstSeq: number;
  /** Number of its first block. */
  readonly firstBlock: number;
  /** Bytes the index covers, from the first on. */
  coveredBytes: number;
}

/** Bounds of a search, as the index understands them. */
export interface IndexQuery {
  readonly rooms?: ReadonlySet<string>;
  readonly seqMin: number;
  readonly seqMax: number;
  readonly timeMin: number;
  readonly timeMax: number;
}

/**
 * The sparse index of a log: where each block begins, with which seq and time, and which rooms it
 * holds. It only ever rules blocks out; what is in the others, the reader sees for itself.
 */
export class BlockIndex {
  readonly segments: IndexedSegment[] = [];
  /** Per block: its segment's number, offset there, first seq and first time. */
  readonly segmentOf: number[] = [];
  readonly offsets: number[] = [];
  readonly firstSeqs: number[] = [];
  readonly firstTimes: number[] = [];
  readonly rooms = new RoomBlocks();
  /** Blocks with a line that is none of ours: they may hold anything. */
  readonly odd = new Set<number>();
  /** Where the last covered line begins, in the last segment. */
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
   * Takes in the lines that follow what is covered of the last segment.
   * @param limitSeq a line beyond it is not durable yet and ends the taking
   * @returns how many of the bytes are covered now
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
    // An odd line knows no time; the block before it bounds it well enough.
    const time = this.#head.isHead ? this.#head.time : 0;
    this.firstTimes.push(Math.max(time, this.firstTimes.at(-1) ?? 0));
  }

  /** Numbers of the blocks that may hold matches, ascending. */
  candidates(query: IndexQuery): number[] {
    const from = Math.max(
      upperBound(this.firstSeqs, query.seqMin) - 1,
      // Equal times may begin in the block before the first that begins with them.
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

  /** The blocks `first`..`last` of one segment as bytes. */
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

/** How many of the ascending values are at most `limit`. */
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
