/** The walk over the lines of a log that all its readers share. */

// Its readers are starts with and without a snapshot, the check after a start, `chat verify` and
// backups. Valid lines are processed here; the meaning of any other line differs from reader to
// reader.

import type { Sha256 } from "../../base/ids.ts";
import { MerkleTree } from "../../core/log/merkle.ts";
import { LogOrder } from "../../core/log/order.ts";
import { originOf } from "../../wire/checkpoint.ts";
import { beginsLog, type Head } from "../../wire/record.ts";
import type { DiskFile } from "../disk/disk.ts";
import { LineReader } from "./line-reader.ts";
import { type Block, lineAt, type ScannedLine, scanBlocks } from "./scan.ts";

export interface Stretch {
  readonly file: DiskFile;
  /** Offset in the file at which a line begins. */
  readonly from: number;
  readonly to: number;
  readonly blockBytes?: number;
}

/** Offsets are bytes of the file. */
export interface WalkEvents {
  /**
   * A valid line was added, and `walk.line` describes it until this returns. Its newline is the
   * last byte before `end`. A promise is awaited before the next line.
   */
  onSound(start: number, end: number): Promise<void> | undefined;
  /**
   * A line is not a valid record, or not the next one. To continue, the handler must first call
   * `advance` with whatever the line holds.
   * @returns whether to continue after it
   */
  onDoubtful(line: ScannedLine): Promise<boolean> | boolean;
  /**
   * A block was read.
   * @returns whether to continue
   */
  onBlock?(): Promise<boolean>;
}

export class LogWalk {
  readonly order = new LogOrder();
  readonly tree: MerkleTree;
  /** The line read last. */
  readonly line: LineReader;
  /** Identifies the log, see `originOf`; `undefined` while it is empty. */
  origin: string | undefined;
  /** Last seq to read; may change during the walk. */
  upTo = Number.POSITIVE_INFINITY;

  /** Offset in the block at which the last added line ended. */
  #behind = 0;

  constructor(sha256: Sha256) {
    this.tree = new MerkleTree(sha256);
    this.line = new LineReader(sha256);
  }

  /**
   * @returns false if an event handler stopped it
   * @throws Fault store-…
   */
  async read({ file, from, to, blockBytes }: Stretch, events: WalkEvents): Promise<boolean> {
    for await (const block of scanBlocks(file, from, to, blockBytes)) {
      const sizeBytes = block.bytes.length;
      for (let at = 0; at < sizeBytes; ) {
        const pending = this.#takeSound(block, at, events);
        at = this.#behind;
        if (pending !== undefined) await pending;
        else if (this.order.seq >= this.upTo) return true;
        else if (at < sizeBytes) {
          const line = lineAt(block, at);
          if (!(await events.onDoubtful(line))) return false;
          at += line.bytes.length + 1;
        }
      }
      if ((await events.onBlock?.()) === false) return false;
    }
    return true;
  }

  /**
   * Adds valid lines without allocating objects, up to the block's end, the first invalid line, or
   * the first event that returns a promise. Sets `#behind`.
   */
  #takeSound(
    { bytes, offset }: Block,
    from: number,
    events: WalkEvents,
  ): Promise<void> | undefined {
    const { line, order, tree } = this;
    this.#behind = from;
    for (let start = from; start < bytes.length && order.seq < this.upTo; ) {
      if (!line.readSound(bytes, start) || order.objection(line) !== undefined) return undefined;
      this.advance(line, line.leaf(tree.next()));
      const { end } = line;
      const pending = events.onSound(offset + start, offset + end + 1);
      start = end + 1;
      this.#behind = start;
      if (pending !== undefined) return pending;
    }
    return undefined;
  }

  advance(head: Pick<Head, "seq" | "time" | "n" | "kind"> & { room: string }, leaf: Uint8Array) {
    this.order.advance(head);
    this.tree.append(leaf);
    if (beginsLog(head)) this.origin = originOf(leaf);
  }
}
