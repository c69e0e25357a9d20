/** Index from each room to the blocks that contain its records. */

import { assert } from "../../base/assert.ts";

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

export class RoomBlocks {
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
