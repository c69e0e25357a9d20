/** Signs the length and the root of a log at intervals. */

import type { Fault } from "../../base/fault.ts";
import { CHECKPOINT_INTERVAL_MS, CHECKPOINT_INTERVAL_RECORDS } from "../../base/limits.ts";
import type { Checkpoint } from "../../wire/checkpoint.ts";
import type { Clock } from "../clock.ts";
import { type Disk, diskFault } from "../disk/disk.ts";
import { LOG_PLACE, writeCheckpointFile } from "./checkpoint-file.ts";
import type { Log } from "./log.ts";
import type { LogFile } from "./log-file.ts";

export interface CheckpointsOptions {
  readonly log: Pick<LogFile, "tree" | "origin" | "head" | "lastSeq" | "follow" | "appendThen">;
  readonly folder: string;
  readonly disk: Disk;
  readonly clock: Clock;
  /** @returns the signed note */
  readonly sign: (checkpoint: Checkpoint) => string;
  /** Also records a checkpoint in the log itself at intervals. */
  readonly isRecorded: boolean;
  /** The log to record in, if it is another one. */
  readonly recordIn?: Pick<Log, "appendThen">;
  /** A file cannot be written: called once, until it can. */
  readonly onTrouble: (fault: Fault) => void;
}

export interface SignedCheckpoint {
  readonly size: number;
  readonly note: string;
}

/**
 * Signs the length and the root of a log: durable sizes only, at most once a second, at the latest
 * a second after a record, and at the end. Appending never waits for it.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #signed: SignedCheckpoint | undefined;
  #signedAt = 0;
  /** Size in the file; -1 if unknown. */
  #kept = -1;
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #isTroubled = false;
  #isClosed = false;
  #unfollow = () => {};

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** Writes one immediately, so that a log always has one. */
  async start(): Promise<void> {
    const { log } = this.#options;
    this.#unfollow = await log.follow(log.head() + 1, () => this.#arm());
    await this.#keep();
  }

  /**
   * Newest checkpoint, at most a second old while records arrive; `undefined` if the log is empty.
   * @param known records that the reader knows of: a checkpoint over fewer is signed again
   */
  newest(known = 0): SignedCheckpoint | undefined {
    const { clock } = this.#options;
    const isOld = clock.now() - this.#signedAt >= CHECKPOINT_INTERVAL_MS;
    const isEnough = this.#signed !== undefined && this.#signed.size >= known;
    return isOld || !isEnough ? this.#sign() : this.#signed;
  }

  /** Signs and stores the final state. The log is still open. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unfollow();
    this.#cancelTimer?.();
    await this.#writing;
    await this.#keep();
  }

  #arm(): void {
    if (this.#cancelTimer !== undefined || this.#isClosed) return;
    this.#cancelTimer = this.#options.clock.after(CHECKPOINT_INTERVAL_MS, () => {
      this.#writing = this.#keep().finally(() => {
        this.#writing = undefined;
        this.#cancelTimer = undefined;
        if (this.#kept !== this.#options.log.head()) this.#arm();
      });
    });
  }

  #sign(): SignedCheckpoint | undefined {
    const { log, clock, sign } = this.#options;
    const { origin, tree } = log;
    const size = log.head();
    // Between a batch and its numbers the tree is briefly ahead.
    if (origin === undefined || tree.size !== size) return this.#signed;
    this.#signedAt = clock.now();
    if (this.#signed?.size === size) return this.#signed;
    this.#signed = { size, note: sign({ origin, size, root: tree.root() }) };
    return this.#signed;
  }

  async #keep(): Promise<void> {
    const { disk, folder, onTrouble } = this.#options;
    const signed = this.#sign();
    if (signed === undefined || signed.size === this.#kept) return;
    try {
      await writeCheckpointFile(disk, folder, signed.note);
      this.#kept = signed.size;
      this.#isTroubled = false;
      this.#record(signed);
    } catch (error) {
      if (!this.#isTroubled) onTrouble(diskFault(error, folder));
      this.#isTroubled = true;
    }
  }

  /** Records a checkpoint at intervals. A refused one is replaced by the next. */
  #record({ size, note }: SignedCheckpoint): void {
    const { log, isRecorded, recordIn = log } = this.#options;
    if (!isRecorded || this.#isClosed) return;
    if (size - log.lastSeq(LOG_PLACE) < CHECKPOINT_INTERVAL_RECORDS) return;
    const body = { note };
    const draft = { kind: "checkpoint", room: LOG_PLACE, by: "server", id: "", body } as const;
    recordIn.appendThen([draft], {}, () => undefined);
  }
}
