/** Download of one file over one data channel, which acknowledges each stored chunk. */

import { equalBytes } from "../../base/bytes.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { TRANSFER_SYNC_BYTES } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import type { PauseCause } from "../../core/transfer/progress.ts";
import { ChunkReceiver, foreignChunk } from "../../core/transfer/receiver.ts";
import type { Sink } from "../../io/blob/interfaces.ts";
import { releaseBuffer } from "../../io/disk/buffer-pool.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { Answer, NoticeOf } from "../../wire/messages.ts";
import type { Connection, ServerNotice } from "../link/connection.ts";
import { ChannelEvents } from "./channel-events.ts";
import type { Hashing } from "./hashing.ts";

type Chunk = NoticeOf<"chunk">;
type End = NoticeOf<"end">;
type ChunkSink = Pick<Sink, "append" | "concurrentAppends" | "isExisting" | "sync">;

/**
 * Maximum number of bytes queued for the disk: 100 ms at 600 Mbit/s, with total memory below 120
 * MB.
 */
const WINDOW_BYTES = 8 * 1024 * 1024;

export interface DownloadChannelOptions {
  readonly connection: Connection;
  readonly hashing: Hashing;
  readonly file: FileId;
  readonly from: number;
  /** Requests the digest of the chunks before `from`. */
  readonly needsPrefix?: boolean;
}

export class DownloadChannel {
  #events: ChannelEvents | undefined;
  #receiving: ChunkReceiver | undefined;
  #name = "";
  readonly #received: Chunk[] = [];
  #prefix: Uint8Array | undefined;
  #end: End | undefined;
  #waitsAt: PauseCause = "network";
  #isStoring = false;
  #unsyncedBytes = 0;
  #syncing: Promise<void> | undefined;
  #syncFault: Fault | undefined;

  constructor(private readonly options: DownloadChannelOptions) {}

  get waitsAt(): PauseCause {
    return this.#isStoring ? "disk" : this.#waitsAt;
  }

  fetch(): Promise<Answer<"fetch">> {
    const { connection, file, from, needsPrefix } = this.options;
    const prefix = needsPrefix === true ? true : undefined;
    return new Promise((resolve, reject) => {
      const request = defined({ file, from, window: WINDOW_BYTES, prefix });
      connection.requestThen("fetch", request, (outcome) => {
        if (outcome.kind === "refused") return reject(outcome.fault);
        this.#start(outcome.answer); // Must run before the first chunk is delivered.
        resolve(outcome.answer);
      });
    });
  }

  /**
   * Digest of the chunks before `from`, on which the server may have to wait for the sender.
   * `undefined` if the server is too old to compute it.
   */
  async prefix(): Promise<Uint8Array | undefined> {
    while (this.#prefix === undefined && this.#received.length === 0 && this.#end === undefined)
      await this.#nextEvent();
    return this.#prefix;
  }

  /**
   * Resolves when all chunks are in the sink, or to `undefined` as soon as the sink has found an
   * existing copy.
   * @throws {Fault} checksum-wrong with file and chunk if a chunk is damaged; earlier chunks are
   * then in the sink
   */
  async receive(sink: ChunkSink, onStored: () => void): Promise<End | undefined> {
    const isExisting = () => sink.isExisting === true;
    const wasExisting = isExisting();
    try {
      for (;;) {
        if (!wasExisting && isExisting()) return undefined;
        const chunks = this.#received.splice(0, sink.concurrentAppends ?? 1);
        if (chunks.length === 0 && this.#end !== undefined) return this.#end;
        if (chunks.length === 0) await this.#nextEvent();
        else await this.#store(chunks, sink, onStored);
        if (this.#syncFault !== undefined) throw this.#syncFault;
      }
    } finally {
      await this.#syncing;
    }
  }

  async untilEnd(): Promise<void> {
    while (this.#end === undefined) await this.#nextEvent();
  }

  #start({ name, size }: Answer<"fetch">): void {
    this.#name = name;
    const isSizeValid = size !== undefined && this.options.from <= chunkCount(size);
    this.#receiving = new ChunkReceiver({
      storedChunks: this.options.from,
      windowBytes: WINDOW_BYTES,
      sizeBytes: isSizeValid ? size : undefined,
    });
    this.#events = new ChannelEvents(this.options.connection, (notice) => this.#notice(notice));
  }

  async #nextEvent(): Promise<void> {
    this.#events?.check();
    await this.#events?.next();
  }

  #notice(notice: ServerNotice): void {
    switch (notice.kind) {
      case "chunk":
        return this.#chunk(notice);
      case "held":
        this.#waitsAt = notice.where === "sender" ? "sender" : "server-disk";
        return;
      case "prefix":
        this.#checkFile(notice.file, this.options.from);
        if (notice.chunks === this.options.from) this.#prefix = notice.digest;
        return;
      case "end":
        this.#checkFile(notice.file, this.#receiving?.next ?? 0);
        this.#receiving?.end({ sizeBytes: notice.size, chunks: notice.chunks });
        this.#end = notice;
        return;
      default:
        throw new Fault("out-of-order", msg`unexpected '${notice.kind}' during a download`);
    }
  }

  #chunk(chunk: Chunk): void {
    const { file, index, bytes } = chunk;
    this.#checkFile(file, index);
    if (this.#end !== undefined || this.#receiving?.chunk(index, bytes.length) !== "store") {
      throw new Fault("out-of-order", msg`chunk ${index} is repeated or beyond the end`);
    }
    if (!equalBytes(this.options.hashing.sha256(bytes), chunk.sha256)) {
      const text = msg`chunk ${index} of '${this.#name}' (${file}) has a wrong checksum`;
      throw new Fault("checksum-wrong", text);
    }
    this.#waitsAt = "network";
    this.#received.push(chunk);
  }

  #checkFile(file: string, index: number): void {
    if (file !== this.options.file) throw foreignChunk(index);
  }

  async #store(chunks: readonly Chunk[], sink: ChunkSink, onStored: () => void): Promise<void> {
    this.#isStoring = true;
    const writes = chunks.map(({ sha256, bytes }) => sink.append(sha256, bytes));
    const outcomes = await Promise.allSettled(writes);
    this.#isStoring = false;
    for (const [i, { index, bytes }] of chunks.entries()) {
      const outcome = outcomes[i];
      if (outcome?.status === "rejected") throw outcome.reason;
      onStored();
      this.#receiving?.acked(index);
      this.options.connection.send({ kind: "ack", file: this.options.file, index });
      this.#unsyncedBytes += bytes.length;
      releaseBuffer(bytes);
    }
    if (this.#unsyncedBytes >= TRANSFER_SYNC_BYTES && this.#syncing === undefined) this.#sync(sink);
  }

  #sync(sink: ChunkSink): void {
    this.#unsyncedBytes = 0;
    const syncEnded = () => {
      this.#syncing = undefined;
    };
    this.#syncing = sink.sync().then(syncEnded, (error: unknown) => {
      syncEnded();
      this.#syncFault = asFault(error);
      this.#events?.notify();
    });
  }
}
