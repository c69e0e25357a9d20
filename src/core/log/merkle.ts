/** The append-only tree of RFC 6962, section 2.1. Leaves come hashed (`leafHash`). */

import { assert } from "../../base/assert.ts";
import { concatBytes } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";

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
