/** Inclusion and consistency proofs for clients. */

import { SHA256_BYTES } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import { dropOldest } from "../../core/evict.ts";
import { GROUP_LEAVES, type MerkleTree } from "../../core/log/merkle.ts";
import { consistencyPath, inclusionPath, type Nodes, rootOf } from "../../core/log/proofs.ts";
import { type Head, type LogRecord, leafHash } from "../../wire/record.ts";

const CACHED_GROUPS_MAX = 64;

export interface ProvableLog {
  readonly tree: MerkleTree;
  head(): number;
  heads(from: number, to: number): AsyncIterable<LogRecord>;
}

export interface RecordInclusion {
  readonly seq: number;
  readonly room: Head["room"];
  readonly leaf: Uint8Array;
  readonly path: readonly Uint8Array[];
  /** Without salt and body; `undefined` unless heads are kept. */
  readonly record: LogRecord | undefined;
}

interface Group {
  readonly leaves: Uint8Array;
  readonly rooms: readonly Head["room"][];
  readonly heads: readonly LogRecord[];
}

export class LogProofs {
  readonly #log: ProvableLog;
  readonly #sha256: Sha256;
  readonly #keepsHeads: boolean;
  readonly #groups = new Map<number, Promise<Group>>();

  constructor(log: ProvableLog, sha256: Sha256, keepsHeads = false) {
    this.#log = log;
    this.#sha256 = sha256;
    this.#keepsHeads = keepsHeads;
  }

  /** @param size at most the durable size */
  async root(size: number): Promise<Uint8Array> {
    return rootOf(size, await this.#nodes([size]), this.#sha256);
  }

  async consistency(from: number, size: number): Promise<Uint8Array[]> {
    const nodes = await this.#nodes([from, size]);
    return consistencyPath(from, size, nodes, this.#sha256);
  }

  /**
   * Proofs are computed one by one, because each may read several hundred lines.
   * @param size at most the durable size
   */
  async inclusion(
    seqs: readonly number[],
    size: number,
    isVisible: (room: Head["room"]) => boolean,
  ): Promise<RecordInclusion[]> {
    const inclusions: RecordInclusion[] = [];
    const known = new Map<number, Uint8Array>();
    for (const seq of seqs) {
      if (seq > size) continue;
      const index = seq - 1;
      const { leaves, rooms, heads } = await this.#group(Math.floor(index / GROUP_LEAVES));
      const room = rooms[index % GROUP_LEAVES];
      if (room === undefined || !isVisible(room)) continue;
      const at = (index % GROUP_LEAVES) * SHA256_BYTES;
      const nodes = remembering(await this.#nodes([index, size]), known);
      const path = inclusionPath(index, size, nodes, this.#sha256);
      const leaf = leaves.slice(at, at + SHA256_BYTES);
      inclusions.push({ seq, room, leaf, path, record: heads[index % GROUP_LEAVES] });
    }
    return inclusions;
  }

  async #nodes(indices: readonly number[]): Promise<Nodes> {
    const { tree } = this.#log;
    const groups = new Map<number, Uint8Array>();
    for (const index of indices) {
      const group = Math.floor(index / GROUP_LEAVES);
      if (!this.#isClosed(group)) continue;
      groups.set(group, (await this.#group(group)).leaves);
    }
    const isMissing = indices.some((index) => {
      const group = Math.floor(index / GROUP_LEAVES);
      return this.#isClosed(group) && !groups.has(group);
    });
    // If a group of leaves was completed during the read, read its nodes again.
    return isMissing ? this.#nodes(indices) : tree.nodes(groups);
  }

  #isClosed(group: number): boolean {
    return (group + 1) * GROUP_LEAVES <= this.#log.tree.size;
  }

  #group(group: number): Promise<Group> {
    const cached = this.#groups.get(group);
    this.#groups.delete(group);
    const reading = cached ?? this.#read(group);
    if (!this.#isClosed(group)) return reading;
    this.#groups.set(group, reading);
    dropOldest(this.#groups, CACHED_GROUPS_MAX);
    reading.catch(() => this.#groups.delete(group));
    return reading;
  }

  async #read(group: number): Promise<Group> {
    const leaves = new Uint8Array(GROUP_LEAVES * SHA256_BYTES);
    const rooms: Head["room"][] = [];
    const heads: LogRecord[] = [];
    const from = group * GROUP_LEAVES + 1;
    for await (const record of this.#log.heads(from, from + GROUP_LEAVES - 1)) {
      leaves.set(leafHash(record.headBytes, this.#sha256), rooms.length * SHA256_BYTES);
      rooms.push(record.head.room);
      if (this.#keepsHeads) heads.push(record);
    }
    return { leaves, rooms, heads };
  }
}

/** Levels are below 64. */
const LEVELS = 64;

/** Proofs of neighbouring records share most nodes, and a node may take a hundred hashes. */
function remembering(nodes: Nodes, known: Map<number, Uint8Array>): Nodes {
  return (level, index) => {
    const key = index * LEVELS + level;
    const node = known.get(key) ?? nodes(level, index);
    known.set(key, node);
    return node;
  };
}
