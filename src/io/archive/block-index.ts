/** Sparse index of a log, with one entry per block of lines, and the blocks of each room. */

import { NEWLINE } from "../../base/ascii.ts";
import { assert } from "../../base/assert.ts";
import { firstIndex } from "../../base/binary-search.ts";
import { LineScanner } from "../../wire/line-scanner.ts";

class Postings {
  bytes = new Uint8Array(4);
  sizeBytes = 0;
  last = -1;

  add(block: number): void {
    if (block === this.last) return;
    assert(block > this.last, "block numbers ascend");
    if (this.sizeBytes + 8 > this.bytes.length) {
      const larger = new Uint8Array(Math.ceil(this.bytes.length * 1.5) + 8);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    let distance = block - this.last;
    while (distance >= 0x80) {
      this.bytes[this.sizeBytes++] = (distance & 0x7f) | 0x80;
      distance >>>= 7;
    }
    this.bytes[this.sizeBytes++] = distance;
    this.last = block;
  }

  mark(flags: Uint8Array): void {
    let block = -1;
    let position = 0;
    while (position < this.sizeBytes) {
      let distance = 0;
      let shift = 0;
      for (let byte = 0x80; byte >= 0x80; shift += 7) {
        byte = this.bytes[position++] ?? 0;
        distance |= (byte & 0x7f) << shift;
      }
      block += distance;
      if (block >= flags.length) return;
      flags[block] = 1;
    }
  }
}

class RoomBlocks {
  #table = new Int32Array(64);
  readonly #names: Buffer[] = [];
  readonly #postings: Postings[] = [];

  add(bytes: Buffer, start: number, end: number, block: number): void {
    const room = this.#find(bytes, start, end);
    const postings = this.#postings[room < 0 ? this.#insert(bytes.subarray(start, end)) : room];
    assert(postings !== undefined, "each room has a postings list");
    postings.add(block);
  }

  /** Sets the flags of the blocks that contain records of the room. */
  mark(room: string, flags: Uint8Array): void {
    const name = Buffer.from(room, "latin1");
    const number = this.#find(name, 0, name.length);
    if (number >= 0) this.#postings[number]?.mark(flags);
  }

  dump(): { names: string[]; lasts: number[]; sizes: number[]; bytes: Uint8Array[] } {
    return {
      names: this.#names.map((name) => name.toString("latin1")),
      lasts: this.#postings.map((postings) => postings.last),
      sizes: this.#postings.map((postings) => postings.sizeBytes),
      bytes: this.#postings.map((postings) => postings.bytes.subarray(0, postings.sizeBytes)),
    };
  }

  load(name: string, last: number, bytes: Uint8Array): void {
    const postings = this.#postings[this.#insert(Buffer.from(name, "latin1"))];
    assert(postings !== undefined, "each room has a postings list");
    postings.bytes = new Uint8Array(bytes);
    postings.sizeBytes = bytes.length;
    postings.last = last;
  }

  #find(bytes: Buffer, start: number, end: number): number {
    const mask = this.#table.length - 1;
    for (let slot = hashOf(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const room = (this.#table[slot] ?? 0) - 1;
      if (room < 0) return -1;
      const name = this.#names[room];
      if (name !== undefined && isSame(name, bytes, start, end)) return room;
    }
  }

  #insert(name: Buffer): number {
    const room = this.#names.length;
    this.#names.push(Buffer.from(name));
    this.#postings.push(new Postings());
    if (this.#names.length * 2 > this.#table.length) this.#rehash();
    else this.#assignSlot(room);
    return room;
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    for (let room = 0; room < this.#names.length; room++) this.#assignSlot(room);
  }

  #assignSlot(room: number): void {
    const name = this.#names[room];
    assert(name !== undefined, "an indexed room has a name");
    const mask = this.#table.length - 1;
    let slot = hashOf(name, 0, name.length) & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = room + 1;
  }
}

function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function isSame(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}

const INDEX_BLOCK_BYTES = 64 << 10;

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
  return firstIndex(values.length, (i) => (values[i] ?? 0) <= limit);
}
