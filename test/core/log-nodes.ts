import { concatBytes } from "../../src/base/bytes.ts";
import type { Nodes } from "../../src/core/log/proofs.ts";
import { sha256 } from "../../src/crypto/sha256.ts";

/** Computes every subtree of these leaves directly from RFC 6962. */
export function nodesOf(leaves: readonly Uint8Array[]): Nodes {
  const known = new Map<string, Uint8Array>();
  const nodes: Nodes = (level, index) => {
    if (level > 0) {
      const name = `${level} ${index}`;
      const before = known.get(name);
      if (before !== undefined) return before;
      const children = [nodes(level - 1, 2 * index), nodes(level - 1, 2 * index + 1)];
      const node = sha256(concatBytes(Uint8Array.of(1), ...children));
      known.set(name, node);
      return node;
    }
    const leaf = leaves[index];
    if (leaf === undefined) throw new Error(`there is no leaf ${index}`);
    return leaf;
  };
  return nodes;
}
