/** Upload of one file over one data channel, starting after the chunks that the server has. */

import { assert } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import type { PauseCause } from "../../core/transfer/progress.ts";
import { ChunkSender, type FileSize } from "../../core/transfer/sender.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import type { Clock } from "../../io/clock.ts";
import { acquireBuffer } from "../../io/disk/buffer-pool.ts";
import type { Connection, ServerNotice } from "../link/connection.ts";
import { ChannelEvents } from "./channel-events.ts";
import type { ReadAhead, ReadChunk } from "./read-ahead.ts";
import type { UploadChecksums } from "./upload-checksums.ts";

export interface UploadChannelOptions {
  readonly clock: Clock;
  readonly file: FileId;
  readonly source: Source;
  readonly ahead: ReadAhead;
  readonly checksums: UploadChecksums;
  readonly onChecked: (bytes: number) => void;
  /**
   * Called before each chunk, and with `isEnd` after the last one. Returns false if sent chunks
   * have changed.
   */
  readonly prove: (isEnd: boolean) => Promise<boolean> | undefined;
}

export class UploadChannel {
  readonly #events: ChannelEvents;
  readonly #sending: ChunkSender;

  /** Call after the server's answer, when the checksums of the server's chunks are known. */
  constructor(
    private readonly options: UploadChannelOptions,
    private readonly connection: Connection,
    windowBytes: number,
  ) {
    const { checksums, source, clock } = options;
    const { sizeBytes } = source;
    this.#sending = new ChunkSender({
      from: checksums.next,
      windowBytes,
      sizeBytes,
      now: clock.now(),
    });
    this.#events = new ChannelEvents(connection, (notice) => this.#notice(notice));
  }

  get waitsAt(): PauseCause {
    if (this.isAcked || this.options.checksums.isFull) return "server-disk";
    const where = this.#sending.pause(this.options.clock.now())?.cause ?? "network";
    return where === "more" ? "source" : where;
  }

  get isAcked(): boolean {
    return this.#sending.isAcked;
  }

  /** Returns `undefined` if sent chunks have changed. */
  async send(): Promise<FileSize | undefined> {
    const { checksums, ahead, clock } = this.options;
    ahead.seek(checksums.next);
    for (;;) {
      this.#events.check();
      const proof = this.options.prove(this.#sending.isSent);
      if (proof !== undefined) {
        if (!(await proof)) return undefined;
        ahead.seek(checksums.next);
        continue;
      }
      const index = checksums.isFull ? undefined : this.#sending.take(clock.now());
      if (index !== undefined) await this.#sendNext(index);
      else if (this.#sending.isSent) break;
      else await this.#events.next();
    }
    const { fileSize } = this.#sending;
    assert(fileSize !== undefined, "the size is known after the last chunk");
    return fileSize;
  }

  /** Later channels resume after the acknowledged chunks. */
  async untilAcked(): Promise<void> {
    for (;;) {
      this.#events.check();
      if (this.isAcked) return;
      await this.#events.next();
    }
  }

  async #sendNext(index: number): Promise<void> {
    const chunk = await this.#events.unlessFailed(this.options.ahead.next(index));
    if (chunk === undefined) return this.#sending.ended(index);
    this.#sending.sent(index, chunk.bytes.length, this.options.clock.now());
    this.#sendChunk(index, chunk);
    const { link } = this.connection;
    if (link.queuedBytes() > SEND_QUEUE_LOW_BYTES) await link.drained();
  }

  #sendChunk(index: number, { sha256, bytes }: ReadChunk): void {
    const { file, checksums, source } = this.options;
    checksums.add(sha256);
    // Copy the chunk, because the link releases its buffers and a chunk of a pipe may be sent
    // again.
    const payload = source.path === undefined ? copyOf(bytes) : bytes;
    this.connection.send({ kind: "chunk", file, index, sha256, bytes: payload });
  }

  #notice(notice: ServerNotice): void {
    switch (notice.kind) {
      case "ack":
        this.#checkFile(notice.file);
        this.#sending.acked(notice.index, this.options.clock.now());
        this.options.onChecked(this.#sending.ackedBytes);
        return;
      case "durable":
        this.#checkFile(notice.file);
        this.#sending.durable(notice.upTo);
        this.options.checksums.markDurable(notice.upTo);
        this.options.source.release(notice.upTo);
        return;
      case "held":
        this.#sending.slowDisk();
        return;
      default:
        throw new Fault("out-of-order", msg`unexpected '${notice.kind}' during an upload`);
    }
  }

  #checkFile(file: string): void {
    if (file === this.options.file) return;
    throw new Fault("out-of-order", "the server named another file");
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = acquireBuffer(bytes.length);
  copy.set(bytes);
  return copy;
}
