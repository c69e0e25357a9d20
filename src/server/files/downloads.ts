/** Download of one file over a data channel. */

import { assert } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import {
  CHUNK_BYTES,
  DOWNLOAD_QUEUES_BYTES,
  DOWNLOAD_QUEUES_PER_ACCOUNT_BYTES,
  FILE_BYTES_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import { ChunkSender } from "../../core/transfer/sender.ts";
import type { BlobMetadata } from "../../io/blob/interfaces.ts";
import type { Clock } from "../../io/clock.ts";
import { chunkCount, Digest } from "../../wire/chunks.ts";
import type { Answer, NoticeOf } from "../../wire/messages.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { DownloadContent, FileFact } from "../session/connection-state.ts";
import { damagedFile, readStored } from "./offer-checks.ts";
import type { SharedFetch } from "./shared-fetches.ts";

export interface DownloadSenderOptions {
  readonly client: ClientConnection;
  readonly blob: DownloadContent;
  /** `undefined` if no chunk is missing, or if a client is uploading the file to this server. */
  readonly fetch: Pick<SharedFetch, "fault"> | undefined;
  readonly from: number;
  /** True if the client requests the digest of the chunks before `from`. */
  readonly sendsPrefix: boolean;
  readonly windowBytes: number;
  readonly clock: Clock;
  fact(): FileFact | undefined;
  /** Share of this download in the bytes that may be queued, at least CHUNK_BYTES. */
  queueBytesMax(): number;
  checkMayRead(): void;
  countSent(bytes: number): void;
  reportFault(fault: Fault): Fault;
}

const READ_BATCH_CHUNKS = 4;

/**
 * Sends a few chunks at a time, within the reader's window and the link's queue. Checks access
 * before every chunk.
 */
export class DownloadSender {
  readonly #file: FileId;
  readonly #sending: ChunkSender;
  #isFinished = false;
  #isPaused = false;
  #wake: () => void = () => undefined;
  #isWoken = false;
  #owesPrefix: boolean;
  readonly done: Promise<void>;

  constructor(private readonly options: DownloadSenderOptions) {
    const { blob, from, windowBytes, sendsPrefix } = options;
    this.#owesPrefix = sendsPrefix;
    this.#file = blob.metadata.file;
    const sizeBytes = options.fact()?.size ?? blob.metadata.sizeBytes;
    const now = options.clock.now();
    this.#sending = new ChunkSender(
      defined({ from, windowBytes, available: blob.have, now, sizeBytes }),
    );
    this.done = this.#run();
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get client(): ClientConnection {
    return this.options.client;
  }

  get about(): BlobMetadata {
    return this.options.blob.metadata;
  }

  get doneBytes(): number {
    return this.#sending.ackedBytes;
  }

  get sizeBytes(): number | undefined {
    return this.#sending.fileSize?.sizeBytes;
  }

  onAck({ file, index }: NoticeOf<"ack">): void {
    if (this.#isFinished || file !== this.#file) return;
    try {
      this.#sending.acked(index, this.options.clock.now());
      this.refresh();
    } catch (error) {
      this.#end(error);
    }
  }

  refresh(): void {
    this.#isWoken = true;
    this.#wake();
  }

  stop(): void {
    this.#isFinished = true;
    this.refresh();
  }

  async #run(): Promise<void> {
    const { blob } = this.options;
    try {
      await undefined;
      while (!this.#isFinished) if (!(await this.#step())) await this.#waitForChange();
    } catch (error) {
      this.#end(error);
    }
    blob.close();
  }

  async #step(): Promise<boolean> {
    const { client, blob } = this.options;
    const sending = this.#sending;
    this.options.checkMayRead();
    const fact = this.options.fact();
    if (fact !== undefined) this.#checkComplete(fact);
    const size = fact?.chunks === blob.have ? fact.size : undefined;
    sending.available(blob.have, size, this.options.clock.now());
    if (this.#owesPrefix && blob.have >= this.options.from) {
      this.#owesPrefix = false;
      await this.#sendPrefix();
    }
    const queueBytesMax = this.options.queueBytesMax();
    // Chunks that wait for a slow reader would only occupy memory.
    if (client.link.queuedBytes() > queueBytesMax - CHUNK_BYTES) {
      await client.link.drained(queueBytesMax - CHUNK_BYTES);
      if (this.#isFinished) return true;
    }
    const index = sending.take(this.options.clock.now());
    if (index === undefined) return this.#pause(fact);
    const count = this.#claimMore(queueBytesMax);
    if (index + count > blob.have) throw replacedFile();
    const hashes = Array.from({ length: count }, (_, i) => blob.hash(index + i));
    const stored = Promise.all([Promise.all(hashes), blob.readSome(index, count)]);
    const [checksums, chunks] = await readStored(stored);
    for (const [i, bytes] of chunks.entries()) {
      const queueBytes = queueBytesMax - bytes.length;
      if (client.link.queuedBytes() > queueBytes) await client.link.drained(queueBytes);
      if (this.#isFinished) return true;
      this.options.checkMayRead(); // Access may have been revoked.
      this.#send(index + i, checksums[i], bytes);
    }
    return true;
  }

  /** Reads 46 bytes per chunk, a fraction of what the client could request as content. */
  async #sendPrefix(): Promise<void> {
    const { client, blob, from: chunks } = this.options;
    const digest = new Digest(new Bun.CryptoHasher("sha256"));
    for (let index = 0; index < chunks && !this.#isFinished; index++) {
      digest.add(await readStored(blob.hash(index)));
    }
    if (this.#isFinished) return;
    client.notify({ kind: "prefix", file: this.#file, chunks, digest: digest.value() });
  }

  #claimMore(queueBytesMax: number): number {
    const { client, clock } = this.options;
    let count = 1;
    if (client.link.queuedBytes() > CHUNK_BYTES) return count;
    const countMax = Math.min(READ_BATCH_CHUNKS, Math.floor(queueBytesMax / CHUNK_BYTES));
    while (count < countMax && this.#sending.take(clock.now()) !== undefined) count++;
    return count;
  }

  #send(index: number, sha256: Uint8Array | undefined, bytes: Uint8Array): void {
    assert(sha256 !== undefined, "each chunk has its checksum");
    const sizeBytes = bytes.length;
    this.#sending.sent(index, sizeBytes, this.options.clock.now());
    this.#isPaused = false;
    this.options.client.notify({ kind: "chunk", file: this.#file, index, sha256, bytes });
    this.options.countSent(sizeBytes);
  }

  #checkComplete({ chunks }: FileFact): void {
    const { from, blob, fetch: arrival } = this.options;
    if (from > chunks) throw beyondEnd(chunks);
    if (blob.have === chunks) return;
    if (arrival === undefined) throw damagedFile();
    if (arrival.fault !== undefined) throw arrival.fault;
  }

  #pause(fact: FileFact | undefined): boolean {
    const { client } = this.options;
    const sending = this.#sending;
    const file = this.#file;
    if (fact !== undefined && sending.isSent) {
      const { size, chunks, digest } = fact;
      client.notify({ kind: "end", file, size, chunks, digest: hexBytes(digest) });
      this.#isFinished = true;
      return true;
    }
    if (!this.#isPaused && (sending.isCaughtUp || sending.isSent)) {
      this.#isPaused = true;
      client.notify({ kind: "held", file, where: "sender" });
    }
    return false;
  }

  async #waitForChange(): Promise<void> {
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isWoken = false;
  }

  #end(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.refresh();
    this.options.client.close(this.options.reportFault(error));
  }
}

/**
 * Bytes that one download may have queued.
 * @param own downloads of its account; `all`: of all accounts
 */
export function downloadQueueBytes(own: number, all: number): number {
  const share = Math.min(
    SEND_QUEUE_LOW_BYTES,
    DOWNLOAD_QUEUES_PER_ACCOUNT_BYTES / Math.max(1, own),
    DOWNLOAD_QUEUES_BYTES / Math.max(1, all),
  );
  return Math.max(CHUNK_BYTES, Math.floor(share));
}

export function downloadInfo(
  { metadata: { name, folder, details, sizeBytes }, diskBytes }: DownloadContent,
  fact: FileFact | undefined,
  from: number,
  sender: string,
): Answer<"fetch"> {
  const size = fact?.size ?? sizeBytes;
  const chunks = chunkCount(size ?? FILE_BYTES_MAX);
  if (from > chunks) throw beyondEnd(chunks);
  const digest = fact === undefined ? undefined : hexBytes(fact.digest);
  const isSparse = fact !== undefined && diskBytes !== undefined && diskBytes < fact.size;
  const data = isSparse ? diskBytes : undefined;
  const fields = { name, from: sender, size, digest, folder: folder && { ...folder } };
  return defined({ ...fields, data, details });
}

/** The sender's file changed while a reader began. */
function replacedFile(): Fault {
  const message = "the sender replaced a part of this file";
  return new Fault("link-closed", message, { retryAfterMs: 0 });
}

function beyondEnd(chunks: number): Fault {
  return new Fault("usage", msg`the file has only ${chunks} chunks`, {
    remedy: "start at chunk 0",
  });
}

function hexBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
