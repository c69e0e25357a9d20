/** Writes a snapshot when enough records have been added. */

import { dirname } from "node:path";
import type { Fault } from "../../base/fault.ts";
import type { Clock } from "../clock.ts";
import { diskFault } from "../disk/disk.ts";
import type { LogFile } from "./log-file.ts";
import { removeSnapshot, type SnapshotPlace, writeSnapshot } from "./snapshot.ts";

export interface SnapshotKeeperOptions<Folds> extends SnapshotPlace {
  readonly clock: Clock;
  readonly log: Pick<LogFile, "value" | "sizeBytes" | "coveredBytes" | "head" | "follow">;
  /** State of the log's followers at its head; `undefined` if they are behind. */
  readonly folds: () => Folds | undefined;
  /** Smaller logs are read as a whole, which takes less than half a second. */
  readonly bytesMin?: number;
  /** A file cannot be written: called once. */
  readonly onTrouble: (fault: Fault) => void;
}

const BYTES_MIN = 64 << 20;
/** Bytes after a snapshot that are read at most after a crash. */
const EVERY_BYTES = 64 << 20;
const LOOK_EVERY_MS = 60_000;

/**
 * Writes a snapshot of a log and its folds when enough was appended, and at the end. The folds
 * contain names of files: an erasure removes the snapshot immediately, and another one is written.
 */
export class SnapshotKeeper<Folds> {
  readonly #options: SnapshotKeeperOptions<Folds>;
  #savedBytes: number;
  #saving: Promise<void> | undefined;
  #isDue: boolean;
  #cancelTimer = () => {};
  #unfollow = () => {};
  #forgotten = 0;
  #isTroubled = false;
  #isClosed = false;

  constructor(options: SnapshotKeeperOptions<Folds>) {
    this.#options = options;
    const { log } = options;
    this.#savedBytes = log.coveredBytes;
    // Records after the snapshot may have erased something in it.
    this.#isDue = log.sizeBytes() !== this.#savedBytes;
    this.#arm();
  }

  async start(): Promise<void> {
    const { log } = this.#options;
    this.#unfollow = await log.follow(log.head() + 1, ({ head }) => {
      if (head.kind === "erase") this.#forget();
    });
  }

  /** Removes a wrong snapshot; none is written any more in this run. */
  discard(): void {
    this.#end();
    this.#remove();
  }

  /** Call while the log is open and all its records were folded. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#end();
    await this.#saving;
    const isOld = this.#options.log.sizeBytes() !== this.#savedBytes;
    if (isOld || this.#isDue) await this.#save();
  }

  #end(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#unfollow();
  }

  #forget(): void {
    this.#isDue = true;
    this.#forgotten += 1;
    this.#remove();
  }

  #remove(): void {
    const { disk, path, onTrouble } = this.#options;
    try {
      if (!removeSnapshot(disk, path)) return;
      void disk.syncFolder(dirname(path)).catch(() => undefined);
    } catch (error) {
      onTrouble(diskFault(error, path));
    }
  }

  #arm(): void {
    this.#cancelTimer = this.#options.clock.after(LOOK_EVERY_MS, () => {
      const grownBytes = this.#options.log.sizeBytes() - this.#savedBytes;
      const isDue = this.#isDue || grownBytes >= EVERY_BYTES;
      this.#saving = (isDue ? this.#save() : Promise.resolve()).finally(() => {
        if (!this.#isClosed) this.#arm();
      });
    });
  }

  async #save(): Promise<void> {
    const { log, folds, bytesMin = BYTES_MIN, onTrouble } = this.#options;
    const sizeBytes = log.sizeBytes();
    const value = sizeBytes < bytesMin ? undefined : log.value();
    const made = value === undefined ? undefined : folds();
    if (value === undefined || made === undefined) return;
    const forgotten = this.#forgotten;
    try {
      await writeSnapshot(this.#options, { log: value, folds: made });
      this.#savedBytes = sizeBytes;
      this.#isTroubled = false;
      this.#isDue = forgotten !== this.#forgotten;
      if (this.#isDue) this.#remove(); // Something in it was erased during the write.
    } catch (error) {
      if (forgotten !== this.#forgotten) return; // It was removed during the write.
      // A failure only costs the next start some time.
      if (!this.#isTroubled) onTrouble(diskFault(error, this.#options.path));
      this.#isTroubled = true;
    }
  }
}
