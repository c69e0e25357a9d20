import { expect, test } from "bun:test";
import { concatBytes, toHex } from "../../../src/base/bytes.ts";
import { GROUP_LEAVES, MerkleTree } from "../../../src/core/log/merkle.ts";
import {
  consistencyPath,
  inclusionPath,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../../src/core/log/proofs.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { leafHash } from "../../../src/wire/record.ts";

/** Inputs and roots from the reference implementation of Certificate Transparency. */
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
const roots = Array.from({ length: SIZE_MAX + 1 }, (_, size) => definedRoot(leaves.slice(0, size)));

function rootAt(size: number): Uint8Array {
  const root = roots[size];
  if (root === undefined) throw new Error(`no root ${size}`);
  return root;
}

function definedRoot(of: readonly Uint8Array[]): Uint8Array {
  const tree = new MerkleTree(sha256);
  for (const leaf of of) tree.append(leaf);
  return tree.root();
}

test("computes the roots of the reference implementation", () => {
  const tree = new MerkleTree(sha256);
  expect(toHex(tree.root())).toBe(toHex(sha256(new Uint8Array(0))));
  for (const [index, leaf] of REFERENCE_LEAVES.entries()) {
    tree.append(leafHash(Uint8Array.fromHex(leaf), sha256));
    expect(tree.size).toBe(index + 1);
    expect(toHex(tree.root())).toBe(REFERENCE_ROOTS[index] ?? "");
  }
  const copying = new MerkleTree((bytes) => sha256(bytes));
  for (const leaf of leaves) copying.append(leaf);
  expect(copying.root()).toEqual(rootAt(SIZE_MAX));
});

test("computes roots as defined", () => {
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

test("proves across groups with subtrees, the open group and given leaves", () => {
  const size = 3 * GROUP_LEAVES + 7;
  const leaves = Array.from({ length: size }, (_, i) => leafHash(Uint8Array.of(i, i >> 8), sha256));
  const tree = new MerkleTree(sha256);
  const roots = [tree.root()];
  for (const leaf of leaves) {
    tree.append(leaf);
    roots.push(tree.root());
  }
  const root = roots.at(-1) ?? new Uint8Array(0);
  const groups = new Map(
    [0, 1, 2].map((group) => [
      group,
      concatBytes(...leaves.slice(group * GROUP_LEAVES, (group + 1) * GROUP_LEAVES)),
    ]),
  );
  for (const [index, leaf] of leaves.entries()) {
    const needed = new Map([...groups].filter(([group]) => group === Math.floor(index / 256)));
    const path = inclusionPath(index, size, tree.nodes(needed), sha256);
    expect(verifyInclusion({ leaf, index, size, path, root }, sha256)).toBe(true);
  }
  for (const [oldSize, oldRoot] of roots.entries()) {
    const path = consistencyPath(oldSize, size, tree.nodes(groups), sha256);
    const proof = { oldSize, oldRoot, newSize: size, newRoot: root, path };
    expect(verifyConsistency(proof, sha256)).toBe(true);
    expect(rootOf(oldSize, tree.nodes(groups), sha256)).toEqual(oldRoot);
  }
  expect(() => inclusionPath(0, size, tree.nodes(), sha256)).toThrow("leaves of this group");
  const loaded = new MerkleTree(sha256);
  loaded.load(tree.value());
  expect(loaded.value()).toEqual(tree.value());
  expect(() => tree.nodes()(8, 3)).toThrow("the tree contains this subtree");
  for (const one of [tree, loaded]) one.append(leafHash(Uint8Array.of(1), sha256));
  expect([loaded.size, loaded.root()]).toEqual([tree.size, tree.root()]);
  for (const wrong of [{ open: new Uint8Array(32) }, { groups: new Uint8Array(32) }]) {
    const load = () => new MerkleTree(sha256).load({ ...tree.value(), ...wrong });
    expect(load).toThrow("a hash for each group");
  }
});
