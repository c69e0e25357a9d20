import { assert } from "../base/assert.ts";
import { concatBytes, equalBytes } from "../base/bytes.ts";
import type { Sha256 } from "../base/ids.ts";

/** The append-only tree of RFC 6962, section 2.1. Leaves come hashed (`leafHash`). */

const NODE_PREFIX = Uint8Array.of(0x01);
const NOTHING = new Uint8Array(0);

interface Peak {
  readonly hash: Uint8Array;
  /** Leaves below it: a power of two. */
  readonly size: number;
}

function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes(NODE_PREFIX, left, right));
}

/** The right edge of a growing tree: all that appending and the root need, O(log n) hashes. */
export class MerkleEdge {
  readonly #sha256: Sha256;
  /** Whole subtrees from the left, each larger than the next. */
  readonly #peaks: Peak[] = [];
  #size = 0;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array): void {
    let peak: Peak = { hash: leaf, size: 1 };
    for (let last = this.#peaks.at(-1); last?.size === peak.size; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      peak = { hash: nodeHash(last.hash, peak.hash, this.#sha256), size: peak.size * 2 };
    }
    this.#peaks.push(peak);
    this.#size += 1;
  }

  root(): Uint8Array {
    const last = this.#peaks.at(-1);
    if (last === undefined) return this.#sha256(NOTHING);
    let root = last.hash;
    for (let i = this.#peaks.length - 2; i >= 0; i--) {
      const peak = this.#peaks[i];
      assert(peak !== undefined, "a peak stands at each index");
      root = nodeHash(peak.hash, root, this.#sha256);
    }
    return root;
  }
}

/** The largest power of two below `size` (2 or more). */
function splitOf(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

export function rootOf(leaves: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  const edge = new MerkleEdge(sha256);
  for (const leaf of leaves) edge.append(leaf);
  return edge.root();
}

/** PATH(index, leaves): the siblings from the leaf up to the root. */
export function inclusionProof(
  leaves: readonly Uint8Array[],
  index: number,
  sha256: Sha256,
): Uint8Array[] {
  assert(index >= 0 && index < leaves.length, "the leaf is in the tree");
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const left = leaves.slice(0, split);
  const right = leaves.slice(split);
  return index < split
    ? [...inclusionProof(left, index, sha256), rootOf(right, sha256)]
    : [...inclusionProof(right, index - split, sha256), rootOf(left, sha256)];
}

/** PROOF(oldSize, leaves): why the tree of the first `oldSize` leaves is how this one began. */
export function consistencyProof(
  leaves: readonly Uint8Array[],
  oldSize: number,
  sha256: Sha256,
): Uint8Array[] {
  assert(oldSize > 0 && oldSize <= leaves.length, "the older tree is not empty and not larger");
  return subproof(leaves, oldSize, true, sha256);
}

function subproof(
  leaves: readonly Uint8Array[],
  oldSize: number,
  known: boolean,
  sha256: Sha256,
): Uint8Array[] {
  if (oldSize === leaves.length) return known ? [] : [rootOf(leaves, sha256)];
  const split = splitOf(leaves.length);
  const left = leaves.slice(0, split);
  const right = leaves.slice(split);
  return oldSize <= split
    ? [...subproof(left, oldSize, known, sha256), rootOf(right, sha256)]
    : [...subproof(right, oldSize - split, false, sha256), rootOf(left, sha256)];
}

export interface InclusionClaim {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** @see RFC 9162, section 2.1.3.2. Takes any input: a false claim is false, never a crash. */
export function inclusionHolds(claim: InclusionClaim, sha256: Sha256): boolean {
  if (!isCount(claim.index) || !isCount(claim.size) || claim.index >= claim.size) return false;
  let node = claim.index;
  let last = claim.size - 1;
  let hash = claim.leaf;
  for (const sibling of claim.proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash, sha256);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling, sha256);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && equalBytes(hash, claim.root);
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** @see RFC 9162, section 2.1.4.2. Takes any input: a false claim is false, never a crash. */
export function consistencyHolds(claim: ConsistencyClaim, sha256: Sha256): boolean {
  const { oldSize, size } = claim;
  if (!isCount(oldSize) || !isCount(size) || oldSize === 0 || oldSize > size) return false;
  if (oldSize === size) return claim.proof.length === 0 && equalBytes(claim.oldRoot, claim.root);
  const path = isPowerOfTwo(oldSize) ? [claim.oldRoot, ...claim.proof] : [...claim.proof];
  const first = path.shift();
  if (first === undefined) return false;
  let node = oldSize - 1;
  let last = size - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  let oldHash = first;
  let hash = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      oldHash = nodeHash(sibling, oldHash, sha256);
      hash = nodeHash(sibling, hash, sha256);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling, sha256);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && equalBytes(oldHash, claim.oldRoot) && equalBytes(hash, claim.root);
}

// Sizes pass 2^31 one day, where bit operators would wrap.
function half(value: number): number {
  return Math.floor(value / 2);
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function isPowerOfTwo(value: number): boolean {
  return 2 ** Math.round(Math.log2(value)) === value;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
