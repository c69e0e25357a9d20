import { Fault } from "../../src/base/fault.ts";
import { consistencyPath, inclusionPath, type Nodes, rootOf } from "../../src/core/log/proofs.ts";
import { signCheckpoint } from "../../src/crypto/checkpoint.ts";
import type { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { type Checkpoint, originOf } from "../../src/wire/checkpoint.ts";
import type { Answer } from "../../src/wire/messages.ts";
import { nodesOf } from "../core/log-nodes.ts";

export class FakeLog {
  readonly #identity: Identity;
  readonly #leaves: readonly Uint8Array[];
  readonly #nodes: Nodes;

  constructor(identity: Identity, leaves: readonly Uint8Array[]) {
    this.#identity = identity;
    this.#leaves = leaves;
    this.#nodes = nodesOf(leaves);
  }

  get size(): number {
    return this.#leaves.length;
  }

  note(size = this.size): string {
    const [first] = this.#leaves;
    if (first === undefined) throw new Fault("not-found", "there is no record yet");
    const root = rootOf(size, this.#nodes, sha256);
    return this.signed({ origin: originOf(first), size, root }, this.#identity);
  }

  signed(checkpoint: Checkpoint, identity: Identity): string {
    return signCheckpoint(checkpoint, identity);
  }

  checkpoint(from: number, size = this.size): Answer<"checkpoint"> {
    const path = from > size ? [] : consistencyPath(from, size, this.#nodes, sha256);
    return { note: this.note(size), path };
  }

  inclusion(size: number, seqs: readonly number[]): Answer<"inclusion"> {
    const known = seqs.filter((seq) => seq <= size && seq <= this.size);
    return {
      proofs: known.map((seq) => ({
        seq,
        leaf: this.#nodes(0, seq - 1),
        path: inclusionPath(seq - 1, size, this.#nodes, sha256),
      })),
    };
  }
}
