/** Periodic check of the free disk space, which warns before the disk is full. */

import { type DiskSpace, isDiskFull } from "../../base/disk-space.ts";
import { asFault, Fault } from "../../base/fault.ts";
import {
  DISK_CHECK_INTERVAL_MS,
  DISK_LOW_BYTES,
  DISK_LOW_MARGIN_BYTES,
} from "../../base/limits-page.ts";
import type { BlobStore } from "../../io/blob/interfaces.ts";
import type { Clock } from "../../io/clock.ts";
import { sharedRun } from "../../io/promises.ts";

export interface DiskWatchOptions {
  readonly clock: Clock;
  readonly blobs: Pick<BlobStore, "freeBytes">;
  readonly keepFreeBytes: number;
  readonly onEvent: (event: { readonly kind: "disk" } & DiskSpace) => void;
}

export class DiskWatch {
  #state: DiskSpace | undefined;

  constructor(private readonly options: DiskWatchOptions) {}

  /** Bytes written to the logs since the last check. */
  #spentBytes = 0;
  #isStopped = false;
  #cancel = () => {};

  get state(): DiskSpace | undefined {
    return this.#state;
  }

  get isFull(): boolean {
    if (this.#state === undefined) return false;
    const { freeBytes, keepFreeBytes } = this.#state;
    // At least 0: without a reserve, only the disk itself refuses posts, and clients retry those.
    const estimatedBytes = Math.max(0, freeBytes - this.#spentBytes);
    return isDiskFull({ freeBytes: estimatedBytes, keepFreeBytes });
  }

  /** Fault for operators and monitoring while posts are refused. */
  get fault(): Fault | undefined {
    if (!this.isFull) return undefined;
    return new Fault("store-full", "the disk of this machine is full", {
      remedy: "free disk space on it, or lower --keep-free",
    });
  }

  spend(bytes: number): void {
    this.#spentBytes += bytes;
  }

  start(): void {
    if (this.#isStopped) return;
    void this.check().then(() => {
      if (this.#isStopped) return;
      this.#cancel = this.options.clock.after(DISK_CHECK_INTERVAL_MS, () => this.start());
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** Reads the free space before the next periodic check. Callers share a check in progress. */
  readonly check = sharedRun(() => this.#readDisk());

  async #readDisk(): Promise<void> {
    const { blobs, keepFreeBytes, onEvent } = this.options;
    const spentBefore = this.#spentBytes;
    const found = await blobs.freeBytes().catch(asFault);
    if (found instanceof Fault || this.#isStopped) return;
    const freeBytes = Math.floor(found);
    const before = this.#state;
    const wasLow = before?.isLow === true;
    const lowBytes = keepFreeBytes + DISK_LOW_BYTES + (wasLow ? DISK_LOW_MARGIN_BYTES : 0);
    const isLow = freeBytes < lowBytes;
    const state = { freeBytes, keepFreeBytes, isLow };
    this.#state = state;
    this.#spentBytes -= spentBefore;
    const wasFull = before !== undefined && isDiskFull(before);
    if (isLow !== wasLow || isDiskFull(state) !== wasFull) onEvent({ kind: "disk", ...state });
  }
}
