import { expect, test } from "bun:test";
import { concatBytes, toHex } from "../../../src/base/bytes.ts";
import { MerkleTree } from "../../../src/core/log/merkle.ts";
import {
  consistencyPath,
  inclusionPath,
  type Nodes,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../../src/core/log/proofs.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { leafHash } from "../../../src/wire/record.ts";
import { nodesOf } from "../log-nodes.ts";

/** Inputs from the reference implementation of Certificate Transparency. */
const REFERENCE_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
  .concat("606162636465666768696a6b6c6d6e6f")
  .map((hex) => leafHash(Uint8Array.fromHex(hex), sha256));
/** Inclusion proofs: leaf (from 1), tree size, path. */
const REFERENCE_INCLUSIONS: readonly [number, number, readonly string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    6,
    8,
    [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
  [
    2,
    5,
    [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
];
/** Consistency proofs: old size, new size, path. */
const REFERENCE_CONSISTENCIES: readonly [number, number, readonly string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    6,
    8,
    [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [
    2,
    5,
    [
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
];
const SIZE_MAX = 130;

const leaves = Array.from({ length: SIZE_MAX }, (_, i) => leafHash(Uint8Array.of(i), sha256));
const nodes = nodesOf(leaves);
const roots = rootsOver(leaves);

function rootsOver(over: readonly Uint8Array[]): Uint8Array[] {
  const tree = new MerkleTree(sha256);
  const found = [tree.root()];
  for (const leaf of over) {
    tree.append(leaf);
    found.push(tree.root());
  }
  return found;
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new Error(`there is no item ${index}`);
  return item;
}

function* spoiled(path: readonly Uint8Array[]): Generator<Uint8Array[]> {
  for (const [index, hash] of path.entries()) {
    yield path.with(index, flipped(hash));
    yield path.with(index, hash.subarray(1));
    yield path.toSpliced(index, 1);
    yield path.toSpliced(index, 0, hash);
  }
  yield [...path, at(leaves, 0)];
}

function flipped(hash: Uint8Array): Uint8Array {
  const other = hash.slice();
  other[7] = (other[7] ?? 0) ^ 1;
  return other;
}

test("computes the roots of a tree that only appends", () => {
  for (const [size, root] of roots.entries()) {
    expect(toHex(rootOf(size, nodes, sha256))).toBe(toHex(root));
  }
});

test("creates the proofs of the reference implementation", () => {
  const reference = nodesOf(REFERENCE_LEAVES);
  for (const [leaf, size, path] of REFERENCE_INCLUSIONS) {
    expect(inclusionPath(leaf - 1, size, reference, sha256).map(toHex)).toEqual([...path]);
  }
  for (const [oldSize, newSize, path] of REFERENCE_CONSISTENCIES) {
    expect(consistencyPath(oldSize, newSize, reference, sha256).map(toHex)).toEqual([...path]);
  }
});

test("proves each leaf of each tree only with its own path, position and root", () => {
  for (let size = 1; size <= SIZE_MAX; size++) {
    const root = at(roots, size);
    for (let index = 0; index < size; index++) {
      const leaf = at(leaves, index);
      const path = inclusionPath(index, size, nodes, sha256);
      const proof = { leaf, index, size, path, root };
      expect(verifyInclusion(proof, sha256)).toBe(true);
      const wrong = [
        { ...proof, leaf: flipped(leaf) },
        { ...proof, root: flipped(root) },
        { ...proof, root: at(roots, size - 1) },
        { ...proof, index: index + 1 },
        { ...proof, index: index - 1 },
        { ...proof, index: size },
        ...[...spoiled(path)].map((other) => ({ ...proof, path: other })),
      ];
      expect(wrong.filter((other) => verifyInclusion(other, sha256))).toEqual([]);
    }
  }
});

test("proves that each tree continues each smaller one, and nothing else", () => {
  for (let newSize = 0; newSize <= SIZE_MAX; newSize++) {
    for (let oldSize = 0; oldSize <= newSize; oldSize++) {
      const [oldRoot, newRoot] = [at(roots, oldSize), at(roots, newSize)];
      const path = consistencyPath(oldSize, newSize, nodes, sha256);
      const proof = { oldSize, oldRoot, newSize, newRoot, path };
      expect(verifyConsistency(proof, sha256)).toBe(true);
      const wrong = [
        { ...proof, oldRoot: flipped(oldRoot) },
        ...(oldSize === 0 ? [] : [{ ...proof, newRoot: flipped(newRoot) }]),
        ...[...spoiled(path)].map((other) => ({ ...proof, path: other })),
      ];
      expect(wrong.filter((other) => verifyConsistency(other, sha256))).toEqual([]);
      if (oldSize === newSize) continue;
      const turned = { oldSize: newSize, oldRoot: newRoot, newSize: oldSize, newRoot: oldRoot };
      expect(verifyConsistency({ ...turned, path }, sha256)).toBe(false);
    }
  }
});

test("detects a log with a different past", () => {
  const other = leaves.with(3, flipped(at(leaves, 3)));
  const [otherNodes, otherRoots] = [nodesOf(other), rootsOver(other)];
  for (let oldSize = 4; oldSize < SIZE_MAX; oldSize++) {
    const newSize = SIZE_MAX;
    const path = consistencyPath(oldSize, newSize, otherNodes, sha256);
    const proof = { oldSize, newSize, newRoot: at(otherRoots, newSize), path };
    expect(verifyConsistency({ ...proof, oldRoot: at(roots, oldSize) }, sha256)).toBe(false);
    expect(verifyConsistency({ ...proof, oldRoot: at(otherRoots, oldSize) }, sha256)).toBe(true);
  }
});

test("has no path for a leaf outside of the tree", () => {
  for (const index of [-1, 5]) {
    expect(() => inclusionPath(index, 5, nodes, sha256)).toThrow("the tree contains the leaf");
  }
});

test("supports sizes beyond 32 bits and rejects invalid proofs", () => {
  const levels = [at(leaves, 0)];
  for (let level = 1; level < 41; level++) {
    const below = at(levels, level - 1);
    levels.push(sha256(concatBytes(Uint8Array.of(1), below, below)));
  }
  const equal: Nodes = (level) => at(levels, level);
  const size = 10 ** 12 - 1;
  const root = rootOf(size, equal, sha256);
  const leaf = at(leaves, 0);
  for (const index of [0, 2 ** 31, 2 ** 32 + 1, size - 1]) {
    const path = inclusionPath(index, size, equal, sha256);
    expect(verifyInclusion({ leaf, index, size, path, root }, sha256)).toBe(true);
    const oldSize = index + 1;
    const oldRoot = rootOf(oldSize, equal, sha256);
    const proof = { oldSize, oldRoot, newSize: size, newRoot: root };
    const longer = consistencyPath(oldSize, size, equal, sha256);
    expect(verifyConsistency({ ...proof, path: longer }, sha256)).toBe(true);
  }
  for (const nonsense of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(verifyInclusion({ leaf, index: 0, size: nonsense, path: [], root }, sha256)).toBe(false);
    const proof = { oldSize: nonsense, oldRoot: root, newSize: size, newRoot: root, path: [] };
    expect(verifyConsistency(proof, sha256)).toBe(false);
  }
  const two = rootOf(2, equal, sha256);
  for (const [oldSize, newSize, path] of [
    [1.5, 2, [leaf, leaf]],
    [Number.NaN, 2, [leaf, leaf]],
    [1, 2.5, [leaf]],
  ] as const) {
    const proof = { oldSize, oldRoot: leaf, newSize, newRoot: two, path };
    expect(verifyConsistency(proof, sha256)).toBe(false);
  }
  expect(() => consistencyPath(2, 1, equal, sha256)).toThrow("a tree only grows");
  for (const index of [-1, 2])
    expect(() => inclusionPath(index, 2, equal, sha256)).toThrow("the tree contains the leaf");
});
