/** Disk quotas for files. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { FILE_BYTES_MAX, FREE_BYTES_MIN } from "../../base/limits.ts";
import { formatSize } from "../../base/sizes.ts";
import type { Files } from "../../core/rooms/files.ts";
import type { BlobStore } from "../../io/blob/interfaces.ts";

/** Limits of file storage, in bytes. */
export interface FileQuotas {
  readonly fileBytesMax: number;
  /** All files of one account, including unfinished uploads. */
  readonly userBytesMax: number;
  readonly totalBytesMax: number;
  /** Left free on the disk, which the log shares. */
  readonly freeBytesMin: number;
}

export const QUOTAS_DEFAULT: FileQuotas = {
  fileBytesMax: FILE_BYTES_MAX,
  userBytesMax: Number.POSITIVE_INFINITY,
  totalBytesMax: Number.POSITIVE_INFINITY,
  freeBytesMin: FREE_BYTES_MIN,
};

/**
 * Posted files are counted by their fold, unfinished ones chunk by chunk. An announced size is
 * checked and not reserved: no client can claim space without using it.
 */
export class Quotas {
  readonly #quotas: FileQuotas;
  readonly #files: Files;
  readonly #blobs: Pick<BlobStore, "freeBytes">;
  /** Bytes of unposted files, by account. */
  readonly #unfinishedBy = new Map<UserId, number>();
  #unfinishedBytes = 0;
  /** Last known free bytes, less those used since. */
  #freeBytes = Number.POSITIVE_INFINITY;

  constructor(quotas: FileQuotas, files: Files, blobs: Pick<BlobStore, "freeBytes">) {
    this.#quotas = quotas;
    this.#files = files;
    this.#blobs = blobs;
  }

  get fileBytesMax(): number {
    return this.#quotas.fileBytesMax;
  }

  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /** Rereads the free space. @throws Fault store-… */
  async refresh(): Promise<void> {
    this.#freeBytes = await this.#blobs.freeBytes();
  }

  /** @throws Fault too-large */
  checkFile(sizeBytes: number): void {
    const { fileBytesMax } = this.#quotas;
    if (sizeBytes <= fileBytesMax) return;
    throw new Fault("too-large", msg`a file may have ${formatSize(fileBytesMax)} here`, {
      remedy: "send less, or ask whoever runs the server",
    });
  }

  /** Checks that so many more bytes fit. @throws Fault quota-reached, store-full */
  check(user: UserId, moreBytes: number): void {
    this.checkTotals(user, moreBytes);
    this.checkDisk(moreBytes);
  }

  /** Like `check`, without the disk. @throws Fault quota-reached */
  checkTotals(user: UserId, moreBytes: number): void {
    const { userBytesMax, totalBytesMax } = this.#quotas;
    if (this.#bytesOf(user) + moreBytes > userBytesMax) {
      const used = `${formatSize(this.#bytesOf(user))} of ${formatSize(userBytesMax)}`;
      throw new Fault("quota-reached", msg`your files take ${used}, and this is too much`);
    }
    if (this.#files.totalBytes + this.#unfinishedBytes + moreBytes > totalBytesMax) {
      const message = msg`the files of this server may take ${formatSize(totalBytesMax)} in all`;
      throw new Fault("quota-reached", message, { remedy: "ask whoever runs the server" });
    }
  }

  /** @throws Fault store-full */
  checkDisk(moreBytes: number): void {
    if (this.#freeBytes - moreBytes >= this.#quotas.freeBytesMin) return;
    const message = "the server's disk is nearly full";
    throw new Fault("store-full", message, { remedy: "tell whoever runs the server" });
  }

  /** Adds bytes of an unfinished file; a negative number subtracts. */
  count(user: UserId, bytes: number): void {
    const total = (this.#unfinishedBy.get(user) ?? 0) + bytes;
    if (total > 0) this.#unfinishedBy.set(user, total);
    else this.#unfinishedBy.delete(user);
    this.#unfinishedBytes += bytes;
  }

  /** Subtracts bytes just received from the free space. */
  spend(bytes: number): void {
    this.#freeBytes -= bytes;
  }

  #bytesOf(user: UserId): number {
    return this.#files.bytesOf(user) + (this.#unfinishedBy.get(user) ?? 0);
  }
}
