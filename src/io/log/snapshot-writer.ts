/** Writes snapshots of a log, after every 64 MiB of records and at shutdown. */

import { dirname } from "node:path";
import type { Fault } from "../../base/fault.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import type { Clock } from "../clock.ts";
import { diskFault } from "../disk/disk.ts";
import type { LogFile } from "./log-file.ts";
import { removeSnapshot, type SnapshotLocation, writeSnapshot } from "./snapshot.ts";

export interface SnapshotWriterOptions<Folds> extends SnapshotLocation {
  readonly clock: Clock;
  readonly log: Pick<LogFile, "value" | "sizeBytes" | "coveredBytes" | "head" | "follow">;
  readonly folds: () => Folds | undefined;
  /** Reports whether the folds may contain text of a record, such as a file's name. */
  readonly holdsText: (seq: number) => boolean;
  readonly bytesMin?: number;
  readonly onWriteError: (fault: Fault) => void;
}

const LOG_BYTES_MIN = 64 << 20;
/** Approximate maximum number of bytes that a start reads in addition to the snapshot. */
const SNAPSHOT_INTERVAL_BYTES = 64 << 20;
const CHECK_INTERVAL_MS = 60_000;
/**
 * Minimum time before a removed snapshot is written again. Retention may remove it every minute,
 * and without it only the start after a crash is slower.
 */
const REWRITE_INTERVAL_MS = 60 * 60_000;

/** An erasure deletes the snapshot immediately if the snapshot may contain the erased text. */
export class SnapshotWriter<Folds> {
  readonly #options: SnapshotWriterOptions<Folds>;
  #savedBytes: number;
  #savedAt = Number.NEGATIVE_INFINITY;
  #saving: Promise<void> | undefined;
  #isDue: boolean;
  #cancelTimer = () => {};
  #unfollow = () => {};
  #invalidations = 0;
  #hasFailed = false;
  #isClosed = false;

  constructor(options: SnapshotWriterOptions<Folds>) {
    this.#options = options;
    const { log } = options;
    this.#savedBytes = log.coveredBytes;
    this.#isDue = log.sizeBytes() !== this.#savedBytes;
    this.#arm();
  }

  async start(): Promise<void> {
    const { log, holdsText } = this.#options;
    this.#unfollow = await log.follow(log.head() + 1, (record) => {
      if (erasuresOf(record).some(holdsText)) this.#invalidate();
    });
  }

  discard(): void {
    this.#stop();
    this.#remove();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#stop();
    await this.#saving;
    const isOld = this.#options.log.sizeBytes() !== this.#savedBytes;
    if (isOld || this.#isDue) await this.#save();
  }

  #stop(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#unfollow();
  }

  #invalidate(): void {
    this.#isDue = true;
    this.#invalidations += 1;
    this.#remove();
  }

  #remove(): void {
    const { disk, path, onWriteError: onTrouble } = this.#options;
    try {
      if (!removeSnapshot(disk, path)) return;
      void disk.syncFolder(dirname(path)).catch(() => undefined);
    } catch (error) {
      onTrouble(diskFault(error, path));
    }
  }

  #arm(): void {
    const { clock, log } = this.#options;
    this.#cancelTimer = clock.after(CHECK_INTERVAL_MS, () => {
      const mayRewrite = clock.now() - this.#savedAt >= REWRITE_INTERVAL_MS;
      const grownBytes = log.sizeBytes() - this.#savedBytes;
      const isDue = (this.#isDue && mayRewrite) || grownBytes >= SNAPSHOT_INTERVAL_BYTES;
      this.#saving = (isDue ? this.#save() : Promise.resolve()).finally(() => {
        if (!this.#isClosed) this.#arm();
      });
    });
  }

  async #save(): Promise<void> {
    const { clock, log, folds } = this.#options;
    const { bytesMin = LOG_BYTES_MIN, onWriteError: onTrouble } = this.#options;
    const sizeBytes = log.sizeBytes();
    const value = sizeBytes < bytesMin ? undefined : log.value();
    const state = value === undefined ? undefined : folds();
    if (value === undefined || state === undefined) return;
    const invalidationsBefore = this.#invalidations;
    try {
      await writeSnapshot(this.#options, { log: value, folds: state });
      this.#savedBytes = sizeBytes;
      this.#savedAt = clock.now();
      this.#hasFailed = false;
      this.#isDue = invalidationsBefore !== this.#invalidations;
      if (this.#isDue) this.#remove();
    } catch (error) {
      // Ignore the failure if the snapshot was removed during the write.
      if (invalidationsBefore !== this.#invalidations) return;
      // Only warn, because a missing snapshot only slows the next start.
      if (!this.#hasFailed) onTrouble(diskFault(error, this.#options.path));
      this.#hasFailed = true;
    }
  }
}
