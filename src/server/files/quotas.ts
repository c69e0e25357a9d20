/** Quotas for files on the disk, and the memory budget of uploads. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  BUSY_RETRY_MS,
  CHUNK_BYTES,
  FILE_BYTES_MAX,
  FILES_FREE_FACTOR,
  FREE_BYTES_MIN,
  TRANSFER_WINDOW_BYTES_MAX,
  TRANSFER_WINDOW_FIRST_BYTES,
  TRANSFERS_BYTES_MAX,
} from "../../base/limits.ts";
import { formatSize } from "../../base/sizes.ts";
import { type Files, fileTooLarge } from "../../core/rooms/files.ts";
import type { BlobStore } from "../../io/blob/interfaces.ts";
import type { FileQuotas } from "../kernel/context.ts";

export const QUOTAS_DEFAULT: FileQuotas = {
  fileBytesMax: FILE_BYTES_MAX,
  userBytesMax: Number.POSITIVE_INFINITY,
  totalBytesMax: Number.POSITIVE_INFINITY,
  freeBytesMin: FREE_BYTES_MIN,
};

/**
 * Counts unfinished files chunk by chunk. An announced size is not reserved, so that clients cannot
 * claim space without using it.
 */
export class Quotas {
  readonly #unfinishedBy = new Map<UserId, number>();
  #unfinishedBytes = 0;
  #freeBytes = Number.POSITIVE_INFINITY;

  constructor(
    private readonly quotas: FileQuotas,
    private readonly files: Files,
    private readonly blobs: Pick<BlobStore, "freeBytes">,
  ) {}

  get fileBytesMax(): number {
    return this.quotas.fileBytesMax;
  }

  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  async refresh(): Promise<void> {
    this.#freeBytes = await this.blobs.freeBytes();
  }

  checkFile(sizeBytes: number): void {
    const { fileBytesMax } = this.quotas;
    if (sizeBytes > fileBytesMax) throw fileTooLarge(fileBytesMax);
  }

  check(user: UserId, moreBytes: number, ownBytes = 0): void {
    this.checkTotals(user, moreBytes, ownBytes);
    this.checkDisk(moreBytes);
  }

  /** @param ownBytes bytes of the checked upload, which the fault does not count as unfinished */
  checkTotals(user: UserId, moreBytes: number, ownBytes = 0): void {
    const { userBytesMax, totalBytesMax } = this.quotas;
    const unfinishedBytes = this.unfinishedBytesOf(user);
    const fileBytes = this.files.bytesOf(user);
    if (fileBytes + unfinishedBytes + moreBytes > userBytesMax) {
      throw quotaReached(fileBytes, unfinishedBytes - ownBytes, userBytesMax);
    }
    if (this.files.totalBytes + this.#unfinishedBytes + moreBytes > totalBytesMax) {
      const message = msg`the server has reached its file limit of ${formatSize(totalBytesMax)}`;
      throw new Fault("quota-reached", message, { remedy: "ask the server's owner" });
    }
  }

  checkDisk(moreBytes: number): void {
    if (this.#freeBytes - moreBytes >= FILES_FREE_FACTOR * this.quotas.freeBytesMin) return;
    const message = "the server's disk is nearly full";
    throw new Fault("store-full", message, { remedy: "contact the server's owner" });
  }

  count(user: UserId, bytes: number): void {
    const total = this.unfinishedBytesOf(user) + bytes;
    if (total > 0) this.#unfinishedBy.set(user, total);
    else this.#unfinishedBy.delete(user);
    this.#unfinishedBytes += bytes;
  }

  spend(bytes: number): void {
    this.#freeBytes -= bytes;
  }

  unfinishedBytesOf(user: UserId): number {
    return this.#unfinishedBy.get(user) ?? 0;
  }
}

const overQuota = (own: string, rest: string, max: string) =>
  msg`this exceeds your file quota; your files use ${own} and unfinished uploads ${rest} of ${max}`;

function quotaReached(fileBytes: number, unfinishedBytes: number, bytesMax: number): Fault {
  const [own, max] = [formatSize(fileBytes), formatSize(bytesMax)];
  if (unfinishedBytes <= 0) {
    const used = `${own} of ${max}`;
    return new Fault("quota-reached", msg`this exceeds your file quota; your files use ${used}`);
  }
  const message = overQuota(own, formatSize(unfinishedBytes), max);
  return new Fault("quota-reached", message, {
    remedy: msg`delete unfinished uploads: ${"chat files --delete ID, or /files delete ID"}`,
  });
}

export class UploadBudget {
  #grantedBytes = 0;
  #queuedBytes = 0;

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Grants a quarter of the remaining budget, but at least one chunk. */
  grant(): number {
    const quarter = (TRANSFERS_BYTES_MAX - this.#grantedBytes) / 4;
    const chunks = Math.floor(quarter / CHUNK_BYTES) * CHUNK_BYTES;
    const bytes = Math.min(
      TRANSFER_WINDOW_BYTES_MAX,
      Math.max(TRANSFER_WINDOW_FIRST_BYTES, chunks),
    );
    this.#grantedBytes += bytes;
    return bytes;
  }

  release(bytes: number): void {
    this.#grantedBytes -= bytes;
  }

  /**
   * @throws {Fault} too-many if the queued bytes exceed the budget, which the granted windows do
   * not prevent
   */
  countQueued(bytes: number): void {
    if (bytes > 0 && this.#queuedBytes + bytes > TRANSFERS_BYTES_MAX) {
      const detail = { retryAfterMs: BUSY_RETRY_MS };
      throw new Fault("too-many", msg`the server's disk is busy`, detail);
    }
    this.#queuedBytes += bytes;
  }
}
