/** Verifies, after the start, the records that a snapshot covers. */

import { join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { SeqSet } from "../../core/log/seq-set.ts";
import { classifyLine } from "../../wire/record.ts";
import type { Disk } from "../disk/disk.ts";
import type { ScannedLine } from "./scan.ts";
import { type SegmentValue, segmentName } from "./segment.ts";
import { LogWalk } from "./walk.ts";

export interface Covered {
  readonly seq: number;
  readonly root: Uint8Array;
  readonly segments: readonly SegmentValue[];
}

export interface VerificationOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly sha256: Sha256;
  readonly covered: Covered;
  readonly erased: Pick<SeqSet, "has">;
  readonly pause: () => Promise<boolean>;
}

const BLOCK_BYTES = 256 << 10;

/**
 * Repeats the checks of a start without a snapshot; `undefined` if stopped.
 * @returns seqs of records with damaged bodies
 * @throws {Fault} log-corrupt if a line is damaged, store-… if a segment cannot be read
 */
export function verifyCovered(options: VerificationOptions): Promise<number[] | undefined> {
  return new Verification(options).run();
}

class Verification {
  readonly #options: VerificationOptions;
  readonly #walk: LogWalk;
  readonly #damaged: number[] = [];

  constructor(options: VerificationOptions) {
    this.#options = options;
    this.#walk = new LogWalk(options.sha256);
  }

  async run(): Promise<number[] | undefined> {
    const { covered, folder } = this.#options;
    for (const segment of covered.segments) {
      if (!(await this.#readSegment(segment))) return undefined;
    }
    if (this.#walk.order.seq !== covered.seq || !equalBytes(this.#walk.tree.root(), covered.root)) {
      const message = `${folder} does not match the root in its snapshot`;
      throw new Fault("log-corrupt", message);
    }
    return this.#damaged;
  }

  async #readSegment({ firstSeq, sizeBytes }: SegmentValue): Promise<boolean> {
    const { disk, folder, pause } = this.#options;
    const path = join(folder, segmentName(firstSeq));
    using file = disk.open(path, "read");
    const range = { file, from: 0, to: sizeBytes, blockBytes: BLOCK_BYTES };
    return await this.#walk.read(range, {
      onValid: () => this.#checkErasure(),
      onInvalid: (line) => this.#handleInvalid(path, line),
      onBlock: pause,
    });
  }

  #checkErasure(): undefined {
    const { seq, erased } = this.#walk.line;
    if (erased > 0 && !this.#options.erased.has(seq)) this.#damaged.push(seq);
  }

  #handleInvalid(path: string, line: ScannedLine): true {
    const { sha256, erased } = this.#options;
    const { kind, record, reason: flaw } = classifyLine(line.bytes, sha256);
    const objection = record === undefined ? undefined : this.#walk.order.violation(record.head);
    const isErased = record !== undefined && erased.has(record.head.seq);
    if (record === undefined || objection !== undefined || (kind === "torn" && !isErased)) {
      const reason = objection ?? flaw;
      const seq = this.#walk.order.seq + 1;
      throw new Fault(
        "log-corrupt",
        `${path} is damaged at byte ${line.offset}, where seq ${seq} was acknowledged: ${reason}`,
      );
    }
    this.#walk.accept(record);
    if (!isErased && kind === "damaged") this.#damaged.push(record.head.seq);
    return true;
  }
}
