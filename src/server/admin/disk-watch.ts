import { type DiskSpace, isDiskFull } from "../../base/disk-space.ts";
import { Fault } from "../../base/fault.ts";
import {
  DISK_LOOK_EVERY_MS,
  DISK_LOW_BYTES,
  DISK_LOW_MARGIN_BYTES,
} from "../../base/limits-page.ts";
import type { BlobStore } from "../../io/blob/interfaces.ts";
import type { Clock } from "../../io/clock.ts";

export interface DiskWatchOptions {
  readonly clock: Clock;
  readonly blobs: Pick<BlobStore, "freeBytes">;
  /** With so much left files are refused. */
  readonly keepFreeBytes: number;
  /** It is low or full from now on, or is not any more. */
  readonly changed: (state: DiskSpace) => void;
}

/** Looks at the disk now and then, and says before it is full that it will be. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #state: DiskSpace | undefined;
  #isOver = false;
  #cancel = () => {};

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** As it was last seen; undefined: it was not asked yet, or does not say. */
  get state(): DiskSpace | undefined {
    return this.#state;
  }

  /** Looks now, and then every DISK_LOOK_EVERY_MS. */
  start(): void {
    if (this.#isOver) return;
    void this.#look().then(() => {
      if (this.#isOver) return;
      this.#cancel = this.#options.clock.after(DISK_LOOK_EVERY_MS, () => this.start());
    });
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    const { blobs, keepFreeBytes, changed } = this.#options;
    let freeBytes: number;
    try {
      freeBytes = Math.floor(await blobs.freeBytes());
    } catch (error) {
      // What a disk refuses is told where it is written to.
      if (!(error instanceof Fault)) throw error;
      return;
    }
    if (this.#isOver) return;
    const before = this.#state;
    const wasLow = before?.isLow === true;
    const lowBytes = keepFreeBytes + DISK_LOW_BYTES + (wasLow ? DISK_LOW_MARGIN_BYTES : 0);
    const isLow = freeBytes < lowBytes;
    const state = { freeBytes, keepFreeBytes, isLow };
    this.#state = state;
    const wasFull = before !== undefined && isDiskFull(before);
    if (isLow !== wasLow || isDiskFull(state) !== wasFull) changed(state);
  }
}
