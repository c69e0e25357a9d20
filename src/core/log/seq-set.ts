/** Set of sequence numbers as a bitmap. */

/** Numbers per block, which takes 1 KiB. A set takes at most about a bit per record of its log. */
const BLOCK_SEQS = 8_192;

export type SeqSetValue = readonly (readonly [block: number, bits: string])[];

export class SeqSet {
  readonly #blocks = new Map<number, Uint8Array>();

  constructor(value: SeqSetValue = []) {
    for (const [block, bits] of value) this.#blocks.set(block, Uint8Array.fromBase64(bits));
  }

  has(seq: number): boolean {
    const bits = this.#blocks.get(Math.floor(seq / BLOCK_SEQS));
    return ((bits?.[(seq % BLOCK_SEQS) >> 3] ?? 0) & (1 << (seq & 7))) !== 0;
  }

  /** @param seq a safe integer, 0 or more */
  add(seq: number): void {
    const block = Math.floor(seq / BLOCK_SEQS);
    const bits = this.#blocks.get(block) ?? new Uint8Array(BLOCK_SEQS / 8);
    const at = (seq % BLOCK_SEQS) >> 3;
    bits[at] = (bits[at] ?? 0) | (1 << (seq & 7));
    this.#blocks.set(block, bits);
  }

  value(): SeqSetValue {
    return [...this.#blocks].map(([block, bits]) => [block, bits.toBase64()]);
  }
}
