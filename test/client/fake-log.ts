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

  state(size = this.size): Checkpoint {
    const [first] = this.#leaves;
    if (first === undefined) throw new Fault("not-found", "there is no record yet");
    return { origin: originOf(first), size, root: rootOf(size, this.#nodes, sha256) };
  }

  note(size = this.size, accounts?: Checkpoint): string {
    return signCheckpoint(this.state(size), this.#identity, accounts);
  }

  signed(checkpoint: Checkpoint, identity: Identity): string {
    return signCheckpoint(checkpoint, identity);
  }

  path(from: number, size = this.size): Uint8Array[] {
    return from > size ? [] : consistencyPath(from, size, this.#nodes, sha256);
  }

  checkpoint(from: number, size = this.size, accounts?: Checkpoint): Answer<"checkpoint"> {
    return { note: this.note(size, accounts), path: this.path(from, size) };
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
