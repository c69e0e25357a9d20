import {
  consistencyPath,
  inclusionPath,
  type Nodes,
  rootOf,
} from "../../../src/core/log/proofs.ts";
import { signCheckpoint } from "../../../src/crypto/checkpoint.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { LogProofs } from "../../../src/io/log/proofs.ts";
import { parseCheckpoint, parseNote } from "../../../src/wire/checkpoint.ts";
import { nodesOf } from "../../core/log-nodes.ts";
import type { Spoken } from "./liar.ts";
import type { Person, SealedSite } from "./sealed-site.ts";

/** The server shows a history to this user in which the third record is another one. */
export async function forkFor(world: SealedSite, person: Person): Promise<void> {
  const { site } = world;
  const proofs = new LogProofs(site.history as never, sha256);
  const sizeOf = (note: string) => parseCheckpoint(parseNote(note).text);
  const trees = new Map<number, Nodes>();
  const treeOf = (size: number) => {
    const known = trees.get(size);
    if (known === undefined) throw new Error(`no tree of ${size}`);
    return known;
  };
  const prepared = async (size: number) => {
    if (trees.has(size)) return;
    const seqs = Array.from({ length: size }, (_, at) => at + 1);
    const found = await world.wait(proofs.inclusion(seqs, size, () => true));
    const leaves = found.map(({ leaf }) => leaf);
    leaves[2] = new Uint8Array(32).fill(7);
    trees.set(size, nodesOf(leaves));
  };
  for (let size = 1; size <= 200; size++) if (size <= site.history.head()) await prepared(size);
  const answered = (word: Spoken, asked: Spoken | undefined): Spoken => {
    if (word.kind !== "ok") return word;
    if (asked?.kind === "checkpoint") {
      const { origin, size } = sizeOf(String(word["note"]));
      const known = Math.min(size, ...[Math.max(...trees.keys())]);
      const nodes = treeOf(known);
      const note = signCheckpoint(
        { origin, size: known, root: rootOf(known, nodes, sha256) },
        site.identity,
      );
      const from = Number(asked["from"]);
      return {
        ...word,
        note,
        path: from < known ? consistencyPath(from, known, nodes, sha256) : [],
      };
    }
    if (asked?.kind !== "inclusion") return word;
    const size = Number(asked["size"]);
    const nodes = treeOf(size);
    const list = word["proofs"] as readonly { seq: number }[];
    return {
      ...word,
      proofs: list.map(({ seq }) => {
        return { seq, leaf: nodes(0, seq - 1), path: inclusionPath(seq - 1, size, nodes, sha256) };
      }),
    };
  };
  person.liar.lies = { tells: (word, asked) => [answered(word, asked)] };
}
