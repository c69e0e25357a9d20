/** Opens a log from its snapshot. */

import { assert } from "../../base/assert.ts";
import { equalBytes } from "../../base/bytes.ts";
import { Erasures, erasuresOf } from "../../core/log/erasures.ts";
import { SeqSet } from "../../core/log/seq-set.ts";
import type { Checkpoint } from "../../wire/checkpoint.ts";
import type { FoldedRecord } from "../../wire/record.ts";
import type { DiskFile } from "../disk/disk.ts";
import { eraseRecord } from "./erasure.ts";
import type { Recovered, RecoveryOptions } from "./recovery.ts";
import { listSegments, Segment } from "./segment.ts";
import type { LogValue } from "./snapshot.ts";
import { LogWalk } from "./walk.ts";

/**
 * Repairs nothing: if the snapshot does not match the log's files, returns `undefined` without
 * changing anything, and the caller reads the whole log.
 */
export async function resumeLog(
  options: RecoveryOptions,
  value: LogValue,
): Promise<Recovered | undefined> {
  return await new Resumption(options, value).run();
}

class Resumption {
  readonly #options: RecoveryOptions;
  readonly #value: LogValue;
  readonly #walk: LogWalk;
  readonly #segments: Segment[] = [];
  readonly #erasures: Erasures;
  readonly #unfinished: Map<number, number>;
  readonly #tail: FoldedRecord[] = [];
  #signed: Checkpoint | undefined;

  constructor(options: RecoveryOptions, value: LogValue) {
    this.#options = options;
    this.#value = value;
    this.#walk = new LogWalk(options.sha256);
    this.#walk.origin = value.origin;
    this.#erasures = new Erasures(new SeqSet(value.erased));
    this.#unfinished = new Map(value.unfinished);
  }

  async run(): Promise<Recovered | undefined> {
    const { fold } = this.#options;
    const { order, segments, damaged } = this.#value;
    let root: Uint8Array;
    try {
      this.#signed = this.#options.stored?.checkpoint;
      root = this.#loadState();
      if (!this.#matchesCheckpoint() || !(await this.#readTail())) return undefined;
      if ((this.#signed?.size ?? 0) > this.#walk.tree.size) return undefined;
    } catch {
      return undefined;
    }
    if (fold?.load?.() !== true) return undefined;
    for (const record of this.#tail) fold.apply(record);
    await this.#finishErasures();
    return {
      segments: this.#segments,
      order: this.#walk.order,
      tree: this.#walk.tree,
      origin: this.#walk.origin,
      dropped: [],
      damaged,
      erased: this.#erasures.ordered,
      isLossAccepted: false,
      covered: { seq: order.seq, root, segments },
    };
  }

  #loadState(): Uint8Array {
    const { order, tree } = this.#value;
    this.#walk.order.load(order);
    const [groups, open] = [Uint8Array.fromBase64(tree.groups), Uint8Array.fromBase64(tree.open)];
    this.#walk.tree.load({ size: tree.size, groups, open });
    assert(this.#walk.tree.size === this.#walk.order.seq, "tree and order cover the same records");
    for (const seq of this.#unfinished.keys()) {
      assert(this.#erasures.ordered.has(seq), "an unfinished erasure has an erase record");
    }
    return this.#walk.tree.root();
  }

  #matchesCheckpoint(): boolean {
    if (this.#signed === undefined) return true;
    const { size, root, origin } = this.#signed;
    if (size > this.#walk.tree.size) return true;
    return (
      size === this.#walk.tree.size &&
      origin === this.#walk.origin &&
      equalBytes(root, this.#walk.tree.root())
    );
  }

  async #readTail(): Promise<boolean> {
    const { disk, folder } = this.#options;
    const { segments } = this.#value;
    const firstSeqs = listSegments(disk, folder);
    for (const [index, firstSeq] of firstSeqs.entries()) {
      const segment = new Segment(folder, firstSeq);
      const stored = segments[index];
      if (stored !== undefined) segment.load(stored);
      else if (firstSeq !== this.#walk.order.seq + 1) return false;
      this.#segments.push(segment);
      const isCovered = index < segments.length - 1;
      const isLast = index === firstSeqs.length - 1;
      if (!isCovered && !(await this.#readSegmentTail(segment, isLast))) return false;
    }
    return this.#erasures.unordered().length === 0;
  }

  async #readSegmentTail(segment: Segment, isLast: boolean): Promise<boolean> {
    using file = this.#options.disk.open(segment.path, isLast ? "write" : "read");
    const sizeBytes = file.sizeBytes();
    if (!(await this.#readLines(segment, file, sizeBytes))) return false;
    segment.sizeBytes = sizeBytes;
    // Sync, because a killed process may have left unsynced writes.
    if (isLast) await file.sync();
    return true;
  }

  async #readLines(segment: Segment, file: DiskFile, sizeBytes: number): Promise<boolean> {
    let isIntact = true;
    const isRead = await this.#walk.read(
      { file, from: segment.sizeBytes, to: sizeBytes },
      {
        onValid: (start) => {
          this.#add(segment, start);
          if (this.#signed?.size === this.#walk.tree.size) isIntact &&= this.#matchesCheckpoint();
          return undefined;
        },
        onInvalid: () => false,
      },
    );
    return isRead && isIntact;
  }

  #add(segment: Segment, offset: number): void {
    const { line } = this.#walk;
    segment.mark(line.seq, offset);
    const record = line.foldedRecord(this.#options.fold?.needsBody);
    const { ordered } = this.#erasures;
    for (const target of erasuresOf(record)) {
      if (!ordered.has(target)) this.#unfinished.set(target, line.seq);
    }
    this.#erasures.add(record);
    this.#tail.push(record);
  }

  async #finishErasures(): Promise<void> {
    for (const [seq, eraseSeq] of this.#unfinished) {
      await eraseRecord(this.#options, this.#segments, { seq, eraseSeq });
    }
  }
}
