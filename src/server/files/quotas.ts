import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { FILE_BYTES_MAX, FREE_BYTES_MIN } from "../../base/limits.ts";
import { formatSize } from "../../base/sizes.ts";
import type { Files } from "../../core/rooms/files.ts";
import type { BlobStore } from "../../io/blob/interfaces.ts";

/** How much the files of a server may take; each in bytes. */
export interface FileQuotas {
  readonly fileBytesMax: number;
  /** All files of one account, unfinished ones included. */
  readonly userBytesMax: number;
  readonly totalBytesMax: number;
  /** The disk is left this much: the log shares it. */
  readonly freeBytesMin: number;
}

export const QUOTAS_DEFAULT: FileQuotas = {
  fileBytesMax: FILE_BYTES_MAX,
  userBytesMax: Number.POSITIVE_INFINITY,
  totalBytesMax: Number.POSITIVE_INFINITY,
  freeBytesMin: FREE_BYTES_MIN,
};

/**
 * Counts what files take: those that rooms were told of by their fold, others chunk by chunk. What
 * an offer announces is looked at and not set aside: no client can claim room without using it.
 */
export class Quotas {
  readonly #quotas: FileQuotas;
  readonly #files: Files;
  readonly #blobs: Pick<BlobStore, "freeBytes">;
  /** Of files that no room was told of. */
  readonly #unfinishedBy = new Map<UserId, number>();
  #unfinishedBytes = 0;
  /** As last asked, less what came since. */
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

  /** Asks the disk. @throws Fault store-… */
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

  /** Whether there is room for so many bytes more. @throws Fault quota-reached, store-full */
  check(user: UserId, moreBytes: number): void {
    this.checkTotals(user, moreBytes);
    this.checkDisk(moreBytes);
  }

  /** The same without a look at the disk. @throws Fault quota-reached */
  checkTotals(user: UserId, moreBytes: number): void {
    const { userBytesMax, totalBytesMax } = this.#quotas;
    if (this.#bytesOf(user) + moreBytes > userBytesMax) {
      const used = `${formatSize(this.#bytesOf(user))} of ${formatSize(userBytesMax)}`;
      throw new Fault("quota-reached", msg`your files take ${used}, and this is too much`);
    }
    if (this.#files.totalBytes + this.#unfinishedBytes + moreBytes > totalBytesMax) {
      const sentence = msg`the files of this server may take ${formatSize(totalBytesMax)} in all`;
      throw new Fault("quota-reached", sentence, { remedy: "ask whoever runs the server" });
    }
  }

  /** @throws Fault store-full */
  checkDisk(moreBytes: number): void {
    if (this.#freeBytes - moreBytes >= this.#quotas.freeBytesMin) return;
    const sentence = "the server's disk is nearly full";
    throw new Fault("store-full", sentence, { remedy: "tell whoever runs the server" });
  }

  /** So many bytes of an unfinished file are there, or (below zero) are not any more. */
  count(user: UserId, bytes: number): void {
    const left = (this.#unfinishedBy.get(user) ?? 0) + bytes;
    if (left > 0) this.#unfinishedBy.set(user, left);
    else this.#unfinishedBy.delete(user);
    this.#unfinishedBytes += bytes;
  }

  /** They came in just now. */
  spend(bytes: number): void {
    this.#freeBytes -= bytes;
  }

  #bytesOf(user: UserId): number {
    return this.#files.bytesOf(user) + (this.#unfinishedBy.get(user) ?? 0);
  }
}
