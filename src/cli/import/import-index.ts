/** Imported messages of a room, found by digest in little memory: a room may have millions. */

/** Bytes of a digest in the index. */
export const DIGEST_BYTES = 16;
const WORDS = DIGEST_BYTES / 4;
const NONE = -1;
const LENGTH_MIN = 1 << 10;

/**
 * Multimap from digests to messages, each of which can be taken once, the oldest first. A message
 * with one digest uses 50 to 100 bytes.
 */
export class ImportIndex {
  /** Per message: its `seq`, 0 once it is taken. */
  #seqs = new Float64Array(LENGTH_MIN);
  #seqCount = 0;
  /** Per different digest: its words, and the first and last link of its list. */
  #words = new Uint32Array(LENGTH_MIN * WORDS);
  #heads = new Int32Array(LENGTH_MIN);
  #tails = new Int32Array(LENGTH_MIN);
  #digestCount = 0;
  /** Chains of messages with the same digest: at each link, a message and the next link. */
  #messages = new Int32Array(LENGTH_MIN);
  #links = new Int32Array(LENGTH_MIN);
  #linkCount = 0;
  /** Hash table of digests with linear probing, at most half full. */
  #slots = new Int32Array(2 * LENGTH_MIN).fill(NONE);

  add(seq: number, digests: readonly string[]): void {
    if (this.#seqCount === this.#seqs.length) this.#seqs = doubled(this.#seqs, Float64Array);
    const message = this.#seqCount++;
    this.#seqs[message] = seq;
    for (const digest of digests) this.#link(message, wordsOf(digest));
  }

  /** @returns `undefined` if no message with the digest is left */
  take(digest: string): number | undefined {
    const at = this.#slots[this.#slotOf(wordsOf(digest))] ?? NONE;
    if (at === NONE) return undefined;
    for (let link = this.#heads[at] ?? NONE; link !== NONE; link = this.#links[link] ?? NONE) {
      this.#heads[at] = this.#links[link] ?? NONE;
      const message = this.#messages[link] ?? 0;
      const seq = this.#seqs[message] ?? 0;
      this.#seqs[message] = 0;
      if (seq !== 0) return seq;
    }
    return undefined;
  }

  #link(message: number, words: Uint32Array): void {
    if (this.#linkCount === this.#links.length) {
      this.#messages = doubled(this.#messages, Int32Array);
      this.#links = doubled(this.#links, Int32Array);
    }
    const link = this.#linkCount++;
    this.#messages[link] = message;
    this.#links[link] = NONE;
    const at = this.#digestAt(words);
    if (this.#heads[at] === NONE) this.#heads[at] = link;
    else this.#links[this.#tails[at] ?? 0] = link;
    this.#tails[at] = link;
  }

  /** Returns the number of the digest, and adds it if it is new. */
  #digestAt(words: Uint32Array): number {
    const known = this.#slots[this.#slotOf(words)] ?? NONE;
    if (known !== NONE) return known;
    if (this.#digestCount === this.#heads.length) this.#grow();
    const at = this.#digestCount++;
    this.#words.set(words, at * WORDS);
    this.#heads[at] = NONE;
    this.#slots[this.#slotOf(words)] = at;
    return at;
  }

  #grow(): void {
    this.#words = doubled(this.#words, Uint32Array);
    this.#heads = doubled(this.#heads, Int32Array);
    this.#tails = doubled(this.#tails, Int32Array);
    this.#slots = new Int32Array(2 * this.#slots.length).fill(NONE);
    for (let at = 0; at < this.#digestCount; at++) {
      this.#slots[this.#slotOf(this.#words.subarray(at * WORDS, (at + 1) * WORDS))] = at;
    }
  }

  /** Returns the slot of the digest, or the free slot where it belongs. */
  #slotOf(words: Uint32Array): number {
    let slot = (words[0] ?? 0) % this.#slots.length;
    for (;;) {
      const at = this.#slots[slot] ?? NONE;
      if (at === NONE || this.#isAt(at, words)) return slot;
      slot = (slot + 1) % this.#slots.length;
    }
  }

  #isAt(at: number, words: Uint32Array): boolean {
    for (let index = 0; index < WORDS; index++) {
      if (this.#words[at * WORDS + index] !== words[index]) return false;
    }
    return true;
  }
}

/** Copies the numbers to an array of twice the length. */
export function doubled<Numbers extends Float64Array | Uint32Array | Int32Array | Uint8Array>(
  numbers: Numbers,
  Kind: new (length: number) => Numbers,
): Numbers {
  const larger = new Kind(2 * numbers.length);
  larger.set(numbers);
  return larger;
}

function wordsOf(digest: string): Uint32Array {
  const bytes = new Uint8Array(DIGEST_BYTES);
  bytes.set(Buffer.from(digest, "base64url"));
  return new Uint32Array(bytes.buffer);
}
