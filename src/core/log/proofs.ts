/**
 * Merkle proofs (RFC 6962, section 2.1) that a log contains a record, or has only grown. Indexes
 * start at 0: the record with `seq` s has index s - 1.
 */

import { assert } from "../../base/assert.ts";
import { concatBytes, equalBytes, SHA256_BYTES } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";

const NODE_PREFIX = Uint8Array.of(0x01);
const NOTHING = new Uint8Array(0);

/**
 * Returns the hash of the complete subtree over leaves `index * 2^level` to `(index + 1) * 2^level`
 * (exclusive). Level 0 is the leaf itself.
 */
export type Nodes = (level: number, index: number) => Uint8Array;

export interface InclusionProof {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

export interface ConsistencyProof {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly newSize: number;
  readonly newRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** Verifies an inclusion proof (RFC 9162, section 2.1.3.2). Returns false for malformed input. */
export function verifyInclusion(proof: InclusionProof, sha256: Sha256): boolean {
  const { leaf, index, size, path, root } = proof;
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  if (![leaf, root, ...path].every(isHash)) return false;
  const sides = sidesOf(index, size - 1, path.length);
  return sides !== undefined && equalBytes(rootOver(leaf, path, sides, sha256), root);
}

/** Whether each sibling of a path is on the left; `undefined` if the path has another length. */
function sidesOf(index: number, lastIndex: number, length: number): boolean[] | undefined {
  let [node, last] = [index, lastIndex];
  const sides: boolean[] = [];
  for (let level = 0; level < length; level++) {
    if (last === 0) return undefined;
    const isLeft = isOdd(node) || node === last;
    if (isLeft) [node, last] = upToRight(node, last);
    sides.push(isLeft);
    node = half(node);
    last = half(last);
  }
  return last === 0 ? sides : undefined;
}

function rootOver(
  start: Uint8Array,
  path: readonly Uint8Array[],
  sides: readonly boolean[],
  sha256: Sha256,
): Uint8Array {
  return path.reduce(
    (hash, sibling, i) =>
      sides[i] === true ? nodeHash(sibling, hash, sha256) : nodeHash(hash, sibling, sha256),
    start,
  );
}

/**
 * Verifies a consistency proof (RFC 9162, section 2.1.4.2). A proof between equal sizes, or from an
 * empty tree, is empty. Returns false for malformed input.
 */
export function verifyConsistency(proof: ConsistencyProof, sha256: Sha256): boolean {
  const { oldSize, oldRoot, newSize, newRoot, path } = proof;
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) return false;
  if (![oldRoot, newRoot, ...path].every(isHash)) return false;
  if (oldSize === newSize) return path.length === 0 && equalBytes(oldRoot, newRoot);
  if (oldSize === 0) return path.length === 0 && equalBytes(oldRoot, sha256(NOTHING));
  let node = oldSize - 1;
  let last = newSize - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  // If the old size is a power of two, the path omits the old root, because it is itself a subtree.
  const [start, ...rest] = node === 0 ? [oldRoot, ...path] : path;
  const sides = sidesOf(node, last, rest.length);
  if (start === undefined || sides === undefined) return false;
  const left = rest.filter((_, i) => sides[i]);
  const oldHash = left.reduce((hash, sibling) => nodeHash(sibling, hash, sha256), start);
  return equalBytes(oldHash, oldRoot) && equalBytes(rootOver(start, rest, sides, sha256), newRoot);
}

export function inclusionPath(
  index: number,
  size: number,
  nodes: Nodes,
  sha256: Sha256,
): Uint8Array[] {
  assert(index >= 0 && index < size, "the tree contains the leaf");
  const path: Uint8Array[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const split = from + largestBelow(to - from);
    if (index < split) {
      path.push(subtreeHash(split, to, nodes, sha256));
      to = split;
    } else {
      path.push(subtreeHash(from, split, nodes, sha256));
      from = split;
    }
  }
  return path.reverse();
}

/** Returns the path for `verifyConsistency` (RFC 6962, section 2.1.2). */
export function consistencyPath(
  oldSize: number,
  newSize: number,
  nodes: Nodes,
  sha256: Sha256,
): Uint8Array[] {
  assert(oldSize >= 0 && oldSize <= newSize, "a tree only grows");
  if (oldSize === 0 || oldSize === newSize) return [];
  const path: Uint8Array[] = [];
  let from = 0;
  let to = newSize;
  while (oldSize < to) {
    const split = from + largestBelow(to - from);
    if (oldSize <= split) {
      path.push(subtreeHash(split, to, nodes, sha256));
      to = split;
    } else {
      path.push(subtreeHash(from, split, nodes, sha256));
      from = split;
    }
  }
  if (from > 0) path.push(subtreeHash(from, to, nodes, sha256));
  return path.reverse();
}

export function rootOf(size: number, nodes: Nodes, sha256: Sha256): Uint8Array {
  return size === 0 ? sha256(NOTHING) : subtreeHash(0, size, nodes, sha256);
}

/**
 * `to` is exclusive. `from` must be a multiple of the smallest power of two that is at least `to -
 * from`.
 */
function subtreeHash(from: number, to: number, nodes: Nodes, sha256: Sha256): Uint8Array {
  const size = to - from;
  const below = largestBelow(size);
  if (size === 1 || below * 2 === size) return nodes(levelOf(size), from / size);
  const split = from + below;
  const left = nodes(levelOf(below), from / below);
  return nodeHash(left, subtreeHash(split, to, nodes, sha256), sha256);
}

function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes(NODE_PREFIX, left, right));
}

function largestBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

function levelOf(powerOfTwo: number): number {
  let level = 0;
  for (let size = 1; size < powerOfTwo; size *= 2) level += 1;
  return level;
}

function upToRight(node: number, last: number): [number, number] {
  let [at, end] = [node, last];
  while (!isOdd(at) && at !== 0) {
    at = half(at);
    end = half(end);
  }
  return [at, end];
}

// JavaScript limits bitwise operations to 32 bits.
const half = (number: number) => Math.floor(number / 2);
const isOdd = (number: number) => number % 2 === 1;
const isCount = (number: number) => Number.isSafeInteger(number) && number >= 0;
const isHash = (bytes: Uint8Array) => bytes.length === SHA256_BYTES;
