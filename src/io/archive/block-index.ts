/** Sparse index of a log, with one entry per block of lines. */

import { assert } from "../../base/assert.ts";
import { LineScanner } from "../../wire/line-scanner.ts";
import { RoomBlocks } from "./room-index.ts";

const INDEX_BLOCK_BYTES = 64 << 10;
const NEWLINE = 0x0a;

export interface ByteRange {
  readonly firstSeq: number;
  readonly from: number;
  readonly to: number;
  readonly isUnconfirmed?: true;
}

export interface IndexedSegment {
  readonly firstSeq: number;
  readonly firstBlock: number;
  coveredBytes: number;
}

export interface IndexQuery {
  readonly rooms?: ReadonlySet<string>;
  readonly seqMin: number;
  readonly seqMax: number;
  readonly timeMin: number;
  readonly timeMax: number;
}

/** Lookups exclude blocks that cannot match; the reader checks the records in all other blocks. */
export class BlockIndex {
  readonly segments: IndexedSegment[] = [];
  readonly segmentOf: number[] = [];
  readonly offsets: number[] = [];
  readonly firstSeqs: number[] = [];
  readonly minTimes: number[] = [];
  readonly maxTimes: number[] = [];
  readonly rooms = new RoomBlocks();
  readonly unparsable = new Set<number>();
  lastLineAt = 0;
  lastSeq = 0;
  readonly #head = new LineScanner();

  get blockCount(): number {
    return this.offsets.length;
  }

  beginSegment(firstSeq: number): void {
    this.segments.push({ firstSeq, firstBlock: this.blockCount, coveredBytes: 0 });
  }

  addLines(bytes: Buffer, limitSeq: number): number {
    const segment = this.segments.at(-1);
    assert(segment !== undefined, "lines belong to a segment");
    const head = this.#head;
    const start = segment.coveredBytes;
    let position = 0;
    while (position < bytes.length) {
      const isHead = head.findRoom(bytes, position);
      const newline = bytes.indexOf(NEWLINE, isHead ? head.roomEnd : position);
      if (newline < 0 || (isHead && head.seq > limitSeq)) break;
      const offset = start + position;
      if (this.#isBlockFull(segment, offset)) this.#beginBlock(offset);
      if (isHead && head.seq === this.lastSeq + 1) {
        this.rooms.add(bytes, head.roomStart, head.roomEnd, this.blockCount - 1);
        this.#coverTime(head.time);
      } else {
        this.unparsable.add(this.blockCount - 1);
      }
      this.lastSeq = isHead ? Math.max(head.seq, this.lastSeq) : this.lastSeq + 1;
      this.lastLineAt = offset;
      position = newline + 1;
    }
    segment.coveredBytes = start + position;
    return position;
  }

  #isBlockFull(segment: IndexedSegment, offset: number): boolean {
    if (this.blockCount === segment.firstBlock) return true;
    return offset - (this.offsets[this.blockCount - 1] ?? 0) >= INDEX_BLOCK_BYTES;
  }

  #beginBlock(offset: number): void {
    this.segmentOf.push(this.segments.length - 1);
    this.offsets.push(offset);
    this.firstSeqs.push(this.lastSeq + 1);
    this.minTimes.push(Number.MAX_SAFE_INTEGER);
    this.maxTimes.push(0);
  }

  #coverTime(time: number): void {
    const block = this.blockCount - 1;
    this.minTimes[block] = Math.min(time, this.minTimes[block] ?? time);
    this.maxTimes[block] = Math.max(time, this.maxTimes[block] ?? time);
  }

  candidates(query: IndexQuery): number[] {
    const { timeMin, timeMax } = query;
    const from = Math.max(upperBound(this.firstSeqs, query.seqMin) - 1, 0);
    const to = upperBound(this.firstSeqs, query.seqMax);
    // Flags instead of a set, because a room can have records in all blocks of a large log.
    const isCandidate = new Uint8Array(to).fill(query.rooms === undefined ? 1 : 0);
    for (const room of query.rooms ?? []) this.rooms.mark(room, isCandidate);
    // Check every block, because the time of a log can fall.
    for (let block = from; block < to; block++) {
      const [min = 0, max = Number.MAX_SAFE_INTEGER] = [this.minTimes[block], this.maxTimes[block]];
      if (max < timeMin || min > timeMax) isCandidate[block] = 0;
    }
    for (const block of this.unparsable) isCandidate[block] = 1;
    const blocks: number[] = [];
    for (let block = from; block < to; block++) if (isCandidate[block] === 1) blocks.push(block);
    return blocks;
  }

  range(first: number, last: number): ByteRange {
    const segment = this.segments[this.segmentOf[first] ?? -1];
    assert(segment !== undefined, "every block belongs to a segment");
    const isLastOfSegment = this.segmentOf[last + 1] !== this.segmentOf[last];
    return {
      firstSeq: segment.firstSeq,
      from: this.offsets[first] ?? 0,
      to: isLastOfSegment ? segment.coveredBytes : (this.offsets[last + 1] ?? 0),
    };
  }
}

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
