/** Receiver of one upload, from a data channel to the disk. */

import { equalBytes } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import {
  type ChunkAction,
  ChunkReceiver,
  foreignChunk,
  wrongChecksum,
} from "../../core/transfer/receiver.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Blob } from "../../io/blob/interfaces.ts";
import { releaseBuffer } from "../../io/disk/buffer-pool.ts";
import type { NoticeOf, RequestOf } from "../../wire/messages.ts";
import type { ClientNotice } from "../session/client-connection.ts";
import { withMessage } from "../session/redacted-fault.ts";
import type { FileService } from "./file-service.ts";
import { readStored } from "./offer-checks.ts";
import type { Quotas, UploadBudget } from "./quotas.ts";
import type { SharedUpload, UploadQuota } from "./shared-upload.ts";

/** Sender of an upload: a data channel, or a single request. */
export interface UploadClient {
  readonly isClosed: boolean;
  notify(notice: ClientNotice): void;
  close(fault: Fault): void;
}

export interface UploadReceiverOptions {
  readonly client: UploadClient;
  readonly blob: Blob;
  readonly windowBytes: number;
  readonly sizeBytesMax: number;
  readonly now: number;
  readonly budget: Pick<UploadBudget, "countQueued">;
  readonly quotas: Pick<Quotas, "refresh">;
  readonly quota: UploadQuota;
  readonly files: Pick<FileService, "onChange" | "reportFault">;
  readonly sharedUpload: SharedUpload | undefined;
  /** Runs the last sync among those of other uploads. */
  readonly inTurn: (task: () => Promise<void>) => Promise<void>;
}

type Content = Pick<RequestOf<"finish">, "size" | "chunks" | "digest">;

interface PendingChunk {
  readonly chunk: NoticeOf<"chunk">;
  readonly arrival: ChunkAction;
  readonly isRight: boolean;
}

/**
 * Checks, writes and acknowledges chunks in order. Syncs every TRANSFER_SYNC_BYTES while further
 * chunks arrive. A fault closes the channel.
 */
export class UploadReceiver {
  readonly client: UploadClient;
  readonly blob: Blob;
  readonly windowBytes: number;
  readonly #receiving: ChunkReceiver;
  readonly #pending: PendingChunk[] = [];
  #pumping: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #unsyncedBytes = 0;
  #isFinished = false;
  lastChunkAt: number;

  constructor(private readonly options: UploadReceiverOptions) {
    const { client, blob, windowBytes, sizeBytesMax, now } = options;
    this.client = client;
    this.blob = blob;
    this.windowBytes = windowBytes;
    this.lastChunkAt = now;
    // A short chunk marks the end of a stream of unknown size.
    const isEnded = blob.sizeBytes < blob.have * CHUNK_BYTES;
    const sizeBytes = blob.metadata.sizeBytes ?? (isEnded ? blob.sizeBytes : undefined);
    const { have } = blob;
    this.#receiving = new ChunkReceiver(
      defined({ storedChunks: have, windowBytes, sizeBytesMax, sizeBytes }),
    );
  }

  /** Never throws, because an invalid chunk closes the channel. */
  receive(chunk: NoticeOf<"chunk">, now: number): void {
    if (this.#isFinished) return;
    this.lastChunkAt = now;
    try {
      if (chunk.file !== this.blob.metadata.file) throw foreignChunk(chunk.index);
      const arrival = this.#receiving.chunk(chunk.index, chunk.bytes.length);
      this.options.budget.countQueued(chunk.bytes.length);
      // Hash the chunk here, so that the time counts as a cost of the sender's message.
      const isRight = equalBytes(sha256(chunk.bytes), chunk.sha256);
      this.#pending.push({ chunk, arrival, isRight });
      this.#pumping ??= this.#pump();
    } catch (error) {
      this.#fail(error, chunk.index);
    }
  }

  /** Can be called again after it has succeeded. */
  async finish({ size, chunks, digest }: Content): Promise<void> {
    this.#receiving.end({ sizeBytes: size, chunks });
    await this.#pumping;
    try {
      const isSynced = this.blob.durable >= this.blob.have;
      if (!this.#isFinished && !isSynced) await this.options.inTurn(() => this.#syncAll());
    } catch (error) {
      this.#fail(error);
    }
    if (this.#isFinished)
      throw new Fault("link-closed", "the data channel of this file has closed");
    const { blob } = this;
    if (blob.sizeBytes === size && blob.have === chunks && equalBytes(blob.digest(), digest))
      return this.options.sharedUpload?.complete();
    throw new Fault("checksum-wrong", "the file's digest does not match its chunks", {
      remedy: "send it again",
    });
  }

  async stop(): Promise<void> {
    this.#isFinished = true;
    await this.#pumping;
    await this.options.sharedUpload?.stop();
    for (const { chunk } of this.#pending.splice(0))
      this.options.budget.countQueued(-chunk.bytes.length);
    await this.#syncAll().catch((error: unknown) => this.options.files.reportFault(error));
    this.blob.close();
  }

  /** Writes one chunk at a time, because the same disk threads write the log. */
  async #pump(): Promise<void> {
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      if (this.#isFinished) break;
      try {
        await this.#store(next);
      } catch (error) {
        this.#fail(error, next.chunk.index);
        break;
      }
      this.#pending.shift();
      this.#acknowledge(next);
    }
    this.#pumping = undefined;
  }

  async #store({ chunk, arrival, isRight }: PendingChunk): Promise<void> {
    const { index, sha256: hash, bytes } = chunk;
    if (!isRight) throw wrongChecksum(index);
    if (arrival === "store") {
      this.options.quota.check(bytes.length);
      await this.blob.append(hash, bytes);
    } else if (!equalBytes(await readStored(this.blob.hash(index)), hash)) {
      throw foreignChunk(index);
    }
  }

  #acknowledge({ chunk, arrival }: PendingChunk): void {
    const { file, index, bytes } = chunk;
    const { length } = bytes;
    if (arrival === "store") {
      this.options.quota.store(length);
      this.options.files.onChange(this.blob.metadata.file);
      this.#unsyncedBytes += length;
      this.options.sharedUpload?.pump();
    }
    this.#receiving.acked(index);
    this.client.notify({ kind: "ack", file, index });
    this.options.budget.countQueued(-length);
    releaseBuffer(bytes);
    if (this.#unsyncedBytes >= TRANSFER_SYNC_BYTES && this.#syncing === undefined) {
      this.#sync().catch((error: unknown) => this.#fail(error));
    }
  }

  #sync(): Promise<void> {
    const sync = async () => {
      this.#unsyncedBytes = 0;
      const upTo = await this.blob.sync();
      // A sender that reads a pipe drops acknowledged bytes, so those bytes must survive the loss
      // of this server.
      const isShared = (await this.options.sharedUpload?.waitForChunks(upTo)) ?? true;
      if (!isShared) return;
      this.client.notify({ kind: "durable", file: this.blob.metadata.file, upTo });
      await this.options.quotas.refresh();
    };
    this.#syncing = sync().finally(() => {
      this.#syncing = undefined;
    });
    return this.#syncing;
  }

  async #syncAll(): Promise<void> {
    while (this.blob.durable < this.blob.have) await (this.#syncing ?? this.#sync());
  }

  #fail(error: unknown, index?: number): void {
    const cause = asFault(error);
    if (this.#isFinished) return;
    this.#isFinished = true;
    const fault = this.options.files.reportFault(cause);
    this.client.close(index === undefined ? fault : withChunkIndex(fault, index));
  }
}

function withChunkIndex(fault: Fault, index: number): Fault {
  const { message } = fault;
  return message.includes(`chunk ${index}`)
    ? fault
    : withMessage(fault, `${message}, at chunk ${index}`);
}
