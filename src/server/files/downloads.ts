import { assert } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX, SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
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
  readonly user: UserId;
  /** Its to close. */
  readonly blob: Blob;
  /** What the blob lacks is on its way; undefined: it lacks nothing, or is being sent here. */
  readonly arrival: Pick<Arrival, "fault"> | undefined;
  readonly from: number;
  readonly windowBytes: number;
  readonly clock: Clock;
  /** What rooms were told; undefined: not yet, or not any more. */
  fact(file: FileId): FileFact | undefined;
  /** @throws Fault file-unknown (it is gone), not-member */
  checkMayRead(user: UserId, file: FileId): void;
  sent(bytes: number): void;
  /** What the client is told instead of this machine's own fault. */
  trouble(fault: Fault): Fault;
}

/** Chunks that are read in one trip to the disk's thread, which costs as much as one of them. */
const READ_AT_ONCE = 4;

/**
 * Sends one file over one lane: some chunks are read and sent at a time, as the reader's window,
 * the link's queue and a running upload let it. Whether the reader still may is asked for each.
 */
export class DownloadSender {
  readonly #options: DownloadSenderOptions;
  readonly #file: FileId;
  readonly #sending: Sending;
  #isOver = false;
  #isHeld = false;
  #wake: () => void = () => undefined;
  #isWoken = false;
  /** Resolves when nothing is read any more. */
  readonly over: Promise<void>;

  constructor(options: DownloadSenderOptions) {
    this.#options = options;
    const { blob, from, windowBytes } = options;
    this.#file = blob.about.file;
    const sizeBytes = options.fact(this.#file)?.size ?? blob.about.sizeBytes;
    this.#sending = new Sending({
      from,
      windowBytes,
      available: blob.have,
      now: options.clock.now(),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    });
    this.over = this.#run();
  }

  /** The last word was said: the lane is free for something else. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get about(): BlobAbout {
    return this.#options.blob.about;
  }

  /** Of the file, from its start, with the reader. */
  get doneBytes(): number {
    return this.#sending.ackedBytes;
  }

  get sizeBytes(): number | undefined {
    return this.#sending.whole?.sizeBytes;
  }

  acked({ file, index }: NoticeOf<"ack">): void {
    if (this.#isOver || file !== this.#file) return; // Late, of what went before.
    try {
      this.#sending.acked(index, this.#options.clock.now());
      this.look();
    } catch (error) {
      this.#end(error);
    }
  }

  /** Something has changed: more of the file, its end, or who may read it. */
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
      await undefined; // The answer comes before the first chunk.
      while (!this.#isOver) if (!(await this.#step())) await this.#changed();
    } catch (error) {
      this.#end(error);
    }
    blob.close();
  }

  /** @returns false: nothing can be done for now @throws Fault, with which the lane ends */
  async #step(): Promise<boolean> {
    const { lane, blob, user } = this.#options;
    const sending = this.#sending;
    this.#options.checkMayRead(user, this.#file);
    const fact = this.#options.fact(this.#file);
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
      this.#options.checkMayRead(user, this.#file); // Meanwhile they may have been put out.
      this.#send(index + i, checksums[i], bytes);
    }
    return true;
  }

  /**
   * The chunks after one that was taken, where the link takes them at once: one trip to the disk.
   * @returns how many there are with that one
   */
  #takeMore(): number {
    const { lane, clock } = this.#options;
    let count = 1;
    // What is read for a slow reader would only wait.
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

  /** @throws Fault usage, checksum-wrong: a disk has lost what was told of; as its arrival ends */
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

/** What is told of a file before its first chunk. @throws Fault usage */
export function aboutDownload(
  about: BlobAbout,
  fact: FileFact | undefined,
  { from }: RequestOf<"fetch">,
  sender: string,
): Answer<"fetch"> {
  const size = fact?.size ?? about.sizeBytes;
  const chunks = chunkCount(size ?? FILE_BYTES_MAX); // Of a file under way it may not be known.
  if (from > chunks) throw beyond(chunks);
  const { name, folder } = about;
  return {
    name,
    from: sender,
    ...(size === undefined ? {} : { size }),
    ...(fact === undefined ? {} : { digest: hexBytes(fact.digest) }),
    ...(folder === undefined ? {} : { folder: { ...folder } }),
  };
}

function beyond(chunks: number): Fault {
  return new Fault("usage", msg`the file has no more than ${chunks} chunks`, {
    remedy: "fetch it from 0",
  });
}

function hexBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
