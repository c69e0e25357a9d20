/** Append-only Merkle tree (RFC 6962, section 2.1). Callers pass leaf hashes (`leafHash`). */

import { assert } from "../../base/assert.ts";
import { SHA256_BYTES, withCapacity } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import { type Nodes, rootOf } from "./proofs.ts";

const NODE_PREFIX = 0x01;
const PREFIX_BYTES = 1;
const GROUP_LEVEL = 8;
// `**` would yield a float, whose remainder takes as long to compute as a short hash.
export const GROUP_LEAVES = 1 << GROUP_LEVEL;

export interface MerkleTreeValue {
  readonly size: number;
  readonly groups: Uint8Array;
  readonly open: Uint8Array;
}

/**
 * Growing tree that omits the leaves of complete groups, so it needs only a quarter of a byte per
 * leaf.
 */
export class MerkleTree {
  readonly #group = new Uint8Array(GROUP_LEAVES * SHA256_BYTES);
  readonly #leafSlots = Array.from({ length: GROUP_LEAVES }, (_, leaf) =>
    hashAt(this.#group, leaf * SHA256_BYTES),
  );
  readonly #levels: HashList[] = [];
  readonly #hasher: NodeHasher;
  #size = 0;

  constructor(private readonly sha256: Sha256) {
    this.#hasher = new NodeHasher(sha256);
  }

  get size(): number {
    return this.#size;
  }

  nextLeaf(): Uint8Array {
    const slot = this.#leafSlots[this.#size % GROUP_LEAVES];
    assert(slot !== undefined, "the group has a slot for each leaf");
    return slot;
  }

  append(leaf: Uint8Array): void {
    const slot = this.nextLeaf();
    if (leaf !== slot) slot.set(leaf);
    this.#size += 1;
    if (this.#size % GROUP_LEAVES === 0) this.#addGroup(this.#hasher.over(this.#group));
  }

  value(): MerkleTreeValue {
    const openBytes = (this.#size % GROUP_LEAVES) * SHA256_BYTES;
    return {
      size: this.#size,
      groups: this.#levels[0]?.bytes() ?? new Uint8Array(0),
      open: this.#group.slice(0, openBytes),
    };
  }

  load({ size, groups, open }: MerkleTreeValue): void {
    const closed = Math.floor(size / GROUP_LEAVES);
    const isConsistent =
      groups.length === closed * SHA256_BYTES &&
      open.length === (size % GROUP_LEAVES) * SHA256_BYTES;
    assert(isConsistent, "a snapshot has a hash for each group and each leaf of the open group");
    for (let at = 0; at < groups.length; at += SHA256_BYTES) {
      this.#addGroup(groups.slice(at, at + SHA256_BYTES));
    }
    this.#group.set(open);
    this.#size = size;
  }

  root(): Uint8Array {
    return rootOf(this.#size, this.nodes(), this.sha256);
  }

  /**
   * Returns a lookup function for hashes of complete subtrees. Subtrees with fewer than
   * GROUP_LEAVES leaves are available only in the open group and in `groups`.
   * @param groups leaves of complete groups, by index
   */
  nodes(groups: ReadonlyMap<number, Uint8Array> = new Map()): Nodes {
    return (level, index) => {
      if (level >= GROUP_LEVEL) {
        const hash = this.#levels[level - GROUP_LEVEL]?.at(index);
        assert(hash !== undefined, "the tree contains this subtree");
        return hash;
      }
      const first = index * 2 ** level;
      const group = Math.floor(first / GROUP_LEAVES);
      const isOpen = group === Math.floor(this.#size / GROUP_LEAVES);
      const leaves = groups.get(group) ?? (isOpen ? this.#group : undefined);
      assert(leaves !== undefined, "the leaves of this group are passed");
      const from = (first % GROUP_LEAVES) * SHA256_BYTES;
      return this.#hasher.over(leaves.subarray(from, from + 2 ** level * SHA256_BYTES));
    };
  }

  #addGroup(group: Uint8Array): void {
    let hash = group;
    for (let level = 0; ; level++) {
      const list = this.#levels[level] ?? new HashList();
      this.#levels[level] = list;
      list.push(hash);
      if (list.length % 2 === 1) return;
      const remainingCount = list.at(list.length - 2);
      assert(remainingCount !== undefined, "a full level has pairs");
      hash = this.#hasher.pair(remainingCount, hash);
    }
  }
}

class HashList {
  #bytes = new Uint8Array(16 * SHA256_BYTES);
  length = 0;

  push(hash: Uint8Array): void {
    const at = this.length * SHA256_BYTES;
    this.#bytes = withCapacity(this.#bytes, at, SHA256_BYTES);
    this.#bytes.set(hash, at);
    this.length += 1;
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length * SHA256_BYTES);
  }

  at(index: number): Uint8Array | undefined {
    if (index >= this.length) return undefined;
    return this.#bytes.slice(index * SHA256_BYTES, (index + 1) * SHA256_BYTES);
  }
}

/**
 * Hashes many nodes without allocation: a node's prefix overwrites the byte before the node, and
 * its hash overwrites nodes that are already hashed.
 */
class NodeHasher {
  readonly #bytes = new Uint8Array(PREFIX_BYTES + GROUP_LEAVES * SHA256_BYTES);
  readonly #nodes = Array.from({ length: GROUP_LEAVES / 2 }, (_, node) => {
    const at = node * 2 * SHA256_BYTES;
    return {
      input: this.#bytes.subarray(at, at + PREFIX_BYTES + 2 * SHA256_BYTES),
      output: hashAt(this.#bytes, PREFIX_BYTES + node * SHA256_BYTES),
    };
  });

  constructor(private readonly sha256: Sha256) {}

  pair(left: Uint8Array, right: Uint8Array): Uint8Array {
    this.#bytes.set(left, PREFIX_BYTES);
    this.#bytes.set(right, PREFIX_BYTES + SHA256_BYTES);
    return this.#fold(2);
  }

  /** The number of leaves must be a power of two. */
  over(leaves: Uint8Array): Uint8Array {
    this.#bytes.set(leaves, PREFIX_BYTES);
    return this.#fold(leaves.length / SHA256_BYTES);
  }

  #fold(leaves: number): Uint8Array {
    for (let nodes = leaves / 2; nodes >= 1; nodes /= 2) {
      for (let index = 0; index < nodes; index++) {
        const node = this.#nodes[index];
        assert(node !== undefined, "the group has at most GROUP_LEAVES nodes");
        const { input, output } = node;
        input[0] = NODE_PREFIX;
        const hash = this.sha256(input, output);
        if (hash !== output) output.set(hash);
      }
    }
    return this.#bytes.slice(PREFIX_BYTES, PREFIX_BYTES + SHA256_BYTES);
  }
}

function hashAt(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.subarray(at, at + SHA256_BYTES);
}
