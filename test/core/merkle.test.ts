import { describe, expect, test } from "bun:test";
import { concatBytes, toHex } from "../../src/base/bytes.ts";
import {
  consistencyHolds,
  consistencyProof,
  inclusionHolds,
  inclusionProof,
  MerkleEdge,
  rootOf,
} from "../../src/core/merkle.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { leafHash } from "../../src/wire/record.ts";

/** The inputs and roots of the Certificate Transparency reference implementation. */
const REFERENCE_LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const REFERENCE_ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const SIZE_MAX = 130;

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => leafHash(Uint8Array.of(i), sha256));
const leaves = leavesOf(SIZE_MAX);
const roots = Array.from({ length: SIZE_MAX + 1 }, (_, size) =>
  rootOf(leaves.slice(0, size), sha256),
);

function rootAt(size: number): Uint8Array {
  const root = roots[size];
  if (root === undefined) throw new Error(`no root ${size}`);
  return root;
}

function altered(proof: readonly Uint8Array[], index: number): Uint8Array[] {
  return proof.map((hash, i) => (i === index ? sha256(hash) : hash));
}

test("the roots are those of the reference implementation", () => {
  const edge = new MerkleEdge(sha256);
  expect(toHex(edge.root())).toBe(toHex(sha256(new Uint8Array(0))));
  for (const [index, leaf] of REFERENCE_LEAVES.entries()) {
    edge.append(leafHash(Uint8Array.fromHex(leaf), sha256));
    expect(edge.size).toBe(index + 1);
    expect(toHex(edge.root())).toBe(REFERENCE_ROOTS[index] ?? "");
  }
});

test("the reference's inclusion proof of its first leaf among eight", () => {
  const hashed = REFERENCE_LEAVES.map((leaf) => leafHash(Uint8Array.fromHex(leaf), sha256));
  expect(inclusionProof(hashed, 0, sha256).map(toHex)).toEqual([
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
  ]);
});

test("the edge has the root that the definition gives", () => {
  const node = (left: Uint8Array, right: Uint8Array) =>
    sha256(concatBytes(Uint8Array.of(1), left, right));
  const defined = (part: readonly Uint8Array[]): Uint8Array => {
    const [only] = part;
    if (only === undefined) return sha256(new Uint8Array(0));
    if (part.length === 1) return only;
    let split = 1;
    while (split * 2 < part.length) split *= 2;
    return node(defined(part.slice(0, split)), defined(part.slice(split)));
  };
  for (let size = 0; size <= SIZE_MAX; size++) {
    expect(toHex(rootAt(size))).toBe(toHex(defined(leaves.slice(0, size))));
  }
});

describe(`up to ${SIZE_MAX} leaves`, () => {
  test("every inclusion proof holds, and no other place, root or hash does", () => {
    for (let size = 1; size <= SIZE_MAX; size++) {
      const tree = leaves.slice(0, size);
      const root = rootAt(size);
      for (const [index, leaf] of tree.entries()) {
        const proof = inclusionProof(tree, index, sha256);
        const claim = { leaf, index, size, root, proof };
        expect(inclusionHolds(claim, sha256)).toBe(true);
        expect(inclusionHolds({ ...claim, index: (index + 1) % (size + 1) }, sha256)).toBe(false);
        expect(inclusionHolds({ ...claim, root: rootAt(size - 1) }, sha256)).toBe(false);
        expect(inclusionHolds({ ...claim, leaf: sha256(leaf) }, sha256)).toBe(false);
        if (proof.length === 0) continue;
        const wrong = { ...claim, proof: altered(proof, index % proof.length) };
        expect(inclusionHolds(wrong, sha256)).toBe(false);
        expect(inclusionHolds({ ...claim, proof: proof.slice(1) }, sha256)).toBe(false);
        expect(inclusionHolds({ ...claim, proof: [...proof, root] }, sha256)).toBe(false);
      }
    }
  });

  test("every consistency proof holds, and no other past does", () => {
    for (let size = 1; size <= SIZE_MAX; size++) {
      const tree = leaves.slice(0, size);
      for (let oldSize = 1; oldSize <= size; oldSize++) {
        const proof = consistencyProof(tree, oldSize, sha256);
        const claim = { oldSize, oldRoot: rootAt(oldSize), size, root: rootAt(size), proof };
        expect(consistencyHolds(claim, sha256)).toBe(true);
        expect(consistencyHolds({ ...claim, oldRoot: rootAt(oldSize - 1) }, sha256)).toBe(false);
        expect(consistencyHolds({ ...claim, root: sha256(claim.root) }, sha256)).toBe(false);
        expect(consistencyHolds({ ...claim, proof: [...proof, claim.root] }, sha256)).toBe(false);
        if (proof.length === 0) continue;
        const wrong = { ...claim, proof: altered(proof, oldSize % proof.length) };
        expect(consistencyHolds(wrong, sha256)).toBe(false);
        expect(consistencyHolds({ ...claim, proof: proof.slice(1) }, sha256)).toBe(false);
      }
    }
  });
});

test("claims that make no sense are false", () => {
  const root = rootAt(3);
  const leaf = leaves[0] ?? root;
  for (const [index, size] of [
    [0, 0],
    [3, 3],
    [-1, 3],
    [0.5, 3],
    [0, Number.NaN],
  ] as const) {
    expect(inclusionHolds({ leaf, index, size, root, proof: [] }, sha256)).toBe(false);
  }
  const same = { oldRoot: root, root, proof: [] };
  expect(consistencyHolds({ ...same, oldSize: 0, size: 3 }, sha256)).toBe(false);
  expect(consistencyHolds({ ...same, oldSize: 4, size: 3 }, sha256)).toBe(false);
  expect(consistencyHolds({ ...same, oldSize: 3, size: 3 }, sha256)).toBe(true);
  expect(consistencyHolds({ ...same, oldSize: 3, size: 4 }, sha256)).toBe(false);
});
