/** Iterates over the lines of a log. Shared by all readers of logs. */

import type { Sha256 } from "../../base/ids.ts";
import { MerkleTree } from "../../core/log/merkle.ts";
import { LogOrder } from "../../core/log/order.ts";
import { originOf } from "../../wire/checkpoint.ts";
import { beginsLog, type Head, type LogRecord, leafHash } from "../../wire/record.ts";
import type { DiskFile } from "../disk/disk.ts";
import { LineReader } from "./line-reader.ts";
import { type Block, lineAt, type ScannedLine, scanBlocks } from "./scan.ts";

export interface FileRange {
  readonly file: DiskFile;
  readonly from: number;
  readonly to: number;
  readonly blockBytes?: number | undefined;
}

export interface Tail {
  readonly file: DiskFile;
  readonly sizeBytes: number;
}

export interface WalkEvents {
  /**
   * `walk.line` describes the line until the handler returns; `end` is the offset after its
   * newline. The walk awaits a returned promise before the next line.
   */
  onValid(start: number, end: number): Promise<void> | undefined;
  /**
   * To continue after an invalid line, the handler must call `accept` with the line's record.
   * Returns false to stop the walk.
   */
  onInvalid(line: ScannedLine): Promise<boolean> | boolean;
  readonly onBlock?: (() => Promise<boolean>) | undefined;
}

export class LogWalk {
  readonly order = new LogOrder();
  readonly tree: MerkleTree;
  readonly line: LineReader;
  readonly #sha256: Sha256;
  origin: string | undefined;
  lastSeq = Number.POSITIVE_INFINITY;

  #nextAt = 0;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
    this.tree = new MerkleTree(sha256);
    this.line = new LineReader(sha256);
  }

  async read({ file, from, to, blockBytes }: FileRange, events: WalkEvents): Promise<boolean> {
    for await (const block of scanBlocks(file, from, to, blockBytes)) {
      const sizeBytes = block.bytes.length;
      for (let at = 0; at < sizeBytes; ) {
        const pending = this.#addValidLines(block, at, events);
        at = this.#nextAt;
        if (pending !== undefined) await pending;
        else if (this.order.seq >= this.lastSeq) return true;
        else if (at < sizeBytes) {
          const line = lineAt(block, at);
          if (!(await events.onInvalid(line))) return false;
          at += line.bytes.length + 1;
        }
      }
      if ((await events.onBlock?.()) === false) return false;
    }
    return true;
  }

  #addValidLines(
    { bytes, offset }: Block,
    from: number,
    events: WalkEvents,
  ): Promise<void> | undefined {
    const { line, order, tree } = this;
    this.#nextAt = from;
    for (let start = from; start < bytes.length && order.seq < this.lastSeq; ) {
      if (!line.readVerified(bytes, start) || order.violation(line) !== undefined) return undefined;
      this.#advance(line, line.leaf(tree.nextLeaf()));
      const { end } = line;
      const pending = events.onValid(offset + start, offset + end + 1);
      start = end + 1;
      this.#nextAt = start;
      if (pending !== undefined) return pending;
    }
    return undefined;
  }

  accept({ head, headBytes }: LogRecord): void {
    this.#advance(head, leafHash(headBytes, this.#sha256));
  }

  #advance(head: Pick<Head, "seq" | "time" | "n" | "kind"> & { room: string }, leaf: Uint8Array) {
    this.order.advance(head);
    this.tree.append(leaf);
    if (beginsLog(head)) this.origin = originOf(leaf);
  }
}
