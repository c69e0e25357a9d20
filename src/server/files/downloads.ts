/** Download of one file over a data channel. */

import { assert } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX, SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import type { FileFact } from "../../core/rooms/files.ts";
import { Sending } from "../../core/transfer/sender.ts";
import type { Blob, BlobAbout } from "../../io/blob/interfaces.ts";
import type { Clock } from "../../io/clock.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { Answer, NoticeOf, RequestOf } from "../../wire/messages.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Arrival } from "./arrivals.ts";
import { damaged, readStored } from "./offer-checks.ts";

export interface DownloadSenderOptions {
  readonly lane: ClientConnection;
  /** Closed by the sender. */
  readonly blob: Blob;
  /**
   * Fetch of the chunks that the blob lacks. `undefined` if none are missing or a client is
   * uploading them here.
   */
  readonly arrival: Pick<Arrival, "fault"> | undefined;
  readonly from: number;
  readonly windowBytes: number;
  readonly clock: Clock;
  /** The posted file. `undefined` if it was not posted yet or was erased. */
  fact(): FileFact | undefined;
  /** @throws Fault file-unknown (it was erased), not-member */
  checkMayRead(): void;
  sent(bytes: number): void;
  /** Returns the fault for the client in place of a local fault of this machine. */
  trouble(fault: Fault): Fault;
}

/** Chunks read per trip to the disk's thread, which costs as much as reading one. */
const READ_AT_ONCE = 4;

/**
 * Reads and sends a few chunks at a time, limited by the reader's window, the link's queue and a
 * running upload. The reader's right is checked for every chunk.
 */
export class DownloadSender {
  readonly #options: DownloadSenderOptions;
  readonly #file: FileId;
  readonly #sending: Sending;
  #isOver = false;
  #isHeld = false;
  #wake: () => void = () => undefined;
  #isWoken = false;
  /** Resolves when the last read has ended. */
  readonly over: Promise<void>;

  constructor(options: DownloadSenderOptions) {
    this.#options = options;
    const { blob, from, windowBytes } = options;
    this.#file = blob.about.file;
    const sizeBytes = options.fact()?.size ?? blob.about.sizeBytes;
    const now = options.clock.now();
    this.#sending = new Sending(
      defined({ from, windowBytes, available: blob.have, now, sizeBytes }),
    );
    this.over = this.#run();
  }

  /** The download has ended: the channel is free for another. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get about(): BlobAbout {
    return this.#options.blob.about;
  }

  /** Bytes, from the start of the file, that the reader has. */
  get doneBytes(): number {
    return this.#sending.ackedBytes;
  }

  get sizeBytes(): number | undefined {
    return this.#sending.whole?.sizeBytes;
  }

  acked({ file, index }: NoticeOf<"ack">): void {
    if (this.#isOver || file !== this.#file) return; // A late message of an earlier download.
    try {
      this.#sending.acked(index, this.#options.clock.now());
      this.look();
    } catch (error) {
      this.#end(error);
    }
  }

  /** Called when the file has grown, has ended, or its readers have changed. */
  look(): void {
    this.#isWoken = true;
    this.#wake();
  }

  stop(): void {
    this.#isOver = true;
    this.look();
  }

  async #run(): Promise<void> {
    const { blob } = this.#options;
    try {
      await undefined; // Lets the answer go out before the first chunk.
      while (!this.#isOver) if (!(await this.#step())) await this.#changed();
    } catch (error) {
      this.#end(error);
    }
    blob.close();
  }

  /** @returns false if nothing can be done for now @throws Fault which ends the channel */
  async #step(): Promise<boolean> {
    const { lane, blob } = this.#options;
    const sending = this.#sending;
    this.#options.checkMayRead();
    const fact = this.#options.fact();
    if (fact !== undefined) this.#checkWhole(fact);
    const size = fact?.chunks === blob.have ? fact.size : undefined;
    sending.available(blob.have, size, this.#options.clock.now());
    const index = sending.take(this.#options.clock.now());
    if (index === undefined) return this.#pause(fact);
    const count = this.#takeMore();
    const hashes = Array.from({ length: count }, (_, i) => blob.hash(index + i));
    const stored = Promise.all([Promise.all(hashes), blob.readSome(index, count)]);
    const [checksums, chunks] = await readStored(stored);
    for (const [i, bytes] of chunks.entries()) {
      if (lane.link.queuedBytes() + bytes.length > SEND_QUEUE_LOW_BYTES) await lane.link.drained();
      if (this.#isOver) return true;
      this.#options.checkMayRead(); // The reader may have been removed meanwhile.
      this.#send(index + i, checksums[i], bytes);
    }
    return true;
  }

  /**
   * Takes the following chunks that the link accepts now, for one trip to the disk.
   * @returns their number, including the first
   */
  #takeMore(): number {
    const { lane, clock } = this.#options;
    let count = 1;
    // Chunks read for a slow reader would only wait in memory.
    if (lane.link.queuedBytes() > CHUNK_BYTES) return count;
    while (count < READ_AT_ONCE && this.#sending.take(clock.now()) !== undefined) count++;
    return count;
  }

  #send(index: number, sha256: Uint8Array | undefined, bytes: Uint8Array): void {
    assert(sha256 !== undefined, "each chunk has its checksum");
    const sizeBytes = bytes.length;
    this.#sending.sent(index, sizeBytes, this.#options.clock.now());
    this.#isHeld = false;
    this.#options.lane.tell({ kind: "chunk", file: this.#file, index, sha256, bytes });
    this.#options.sent(sizeBytes);
  }

  /**
   * @throws Fault usage, checksum-wrong if the disk has lost a posted file, or the fault of its
   * arrival
   */
  #checkWhole({ chunks }: FileFact): void {
    const { from, blob, arrival } = this.#options;
    if (from > chunks) throw beyond(chunks);
    if (blob.have === chunks) return;
    if (arrival === undefined) throw damaged();
    if (arrival.fault !== undefined) throw arrival.fault;
  }

  #pause(fact: FileFact | undefined): boolean {
    const { lane } = this.#options;
    const sending = this.#sending;
    const file = this.#file;
    if (fact !== undefined && sending.isSent) {
      const { size, chunks, digest } = fact;
      lane.tell({ kind: "end", file, size, chunks, digest: hexBytes(digest) });
      this.#isOver = true;
      return true;
    }
    if (!this.#isHeld && (sending.isCaughtUp || sending.isSent)) {
      this.#isHeld = true;
      lane.tell({ kind: "held", file, where: "sender" });
    }
    return false;
  }

  async #changed(): Promise<void> {
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isWoken = false;
  }

  #end(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (this.#isOver) return;
    this.#isOver = true;
    this.look();
    this.#options.lane.close(this.#options.trouble(error));
  }
}

/** Answer before the first chunk of a file. @throws Fault usage */
export function aboutDownload(
  about: BlobAbout,
  fact: FileFact | undefined,
  { from }: RequestOf<"fetch">,
  sender: string,
): Answer<"fetch"> {
  const size = fact?.size ?? about.sizeBytes;
  // The size of an unfinished upload may be unknown.
  const chunks = chunkCount(size ?? FILE_BYTES_MAX);
  if (from > chunks) throw beyond(chunks);
  const { name, folder } = about;
  const digest = fact === undefined ? undefined : hexBytes(fact.digest);
  return defined({ name, from: sender, size, digest, folder: folder && { ...folder } });
}

function beyond(chunks: number): Fault {
  return new Fault("usage", msg`the file has no more than ${chunks} chunks`, {
    remedy: "fetch it from 0",
  });
}

function hexBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
