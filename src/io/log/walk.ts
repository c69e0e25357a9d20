/**
 * The walk over the lines of a log which all its readers share: a start with and without a
 * snapshot, the check behind a start, `chat verify` and backups. A line that is as it should be is
 * taken in here; what any other line means differs from reader to reader.
 */
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
  /** Bytes of the file; a line begins at `from`. */
  readonly from: number;
  readonly to: number;
  readonly blockBytes?: number;
}

/** Offsets are bytes of the file. */
export interface WalkEvents {
  /**
   * A line was taken in, and `walk.line` says what stands in it until this returns. Its newline is
   * the last byte before `end`. A promise is awaited before the next line.
   */
  onSound(start: number, end: number): Promise<void> | undefined;
  /**
   * A line is no sound record, or not the one that comes next. Who goes on has taken in with
   * `advance` what it holds, as far as it holds something.
   * @returns whether to go on behind it
   */
  onDoubtful(line: ScannedLine): Promise<boolean> | boolean;
  /** A block was read. @returns whether to go on */
  onBlock?(): Promise<boolean>;
}

export class LogWalk {
  readonly order = new LogOrder();
  readonly tree: MerkleTree;
  /** The line that was read last. */
  readonly line: LineReader;
  /** Names the log, see `originOf`; undefined: it is empty so far. */
  origin: string | undefined;
  /** No record beyond this seq is looked at; it may change during the walk. */
  upTo = Number.POSITIVE_INFINITY;

  /** Where of the block the last line ended that was taken in. */
  #behind = 0;

  constructor(sha256: Sha256) {
    this.tree = new MerkleTree(sha256);
    this.line = new LineReader(sha256);
  }

  /**
   * @returns false: one of the events has stopped it
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
   * Takes in sound lines, without making objects of them: to the block's end, to the first line
   * that is not sound, or to the first event that takes its time. `#behind` says how far it came.
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
