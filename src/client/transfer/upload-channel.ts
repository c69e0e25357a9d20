import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import type { WaitsAt } from "../../core/transfer/progress.ts";
import { Sending, type Whole } from "../../core/transfer/sender.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import type { Clock } from "../../io/clock.ts";
import type { Connection, ServerNotice } from "../link/connection.ts";
import { ChannelNews } from "./channel-events.ts";
import type { ReadAhead, ReadChunk } from "./read-ahead.ts";
import type { UploadChecksums } from "./upload-checksums.ts";

export interface UploadChannelOptions {
  readonly clock: Clock;
  readonly file: FileId;
  readonly source: Source;
  readonly ahead: ReadAhead;
  readonly checksums: UploadChecksums;
  /** The server has so many bytes of it, and found them right. */
  readonly done: (bytes: number) => void;
}

/** Sends the chunks of one file over one lane, from where the server is to the end. */
export class UploadChannel {
  readonly #parts: UploadChannelOptions;
  readonly #channel: Connection;
  readonly #news: ChannelNews;
  readonly #sending: Sending;

  /** Made after the offer was answered, and all up to `from` is in front. */
  constructor(parts: UploadChannelOptions, lane: Connection, windowBytes: number) {
    const { checksums: front, source, clock } = parts;
    const { sizeBytes } = source;
    this.#parts = parts;
    this.#channel = lane;
    this.#sending = new Sending({
      from: front.next,
      windowBytes,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      now: clock.now(),
    });
    this.#news = new ChannelNews(lane, (notice) => this.#notice(notice));
  }

  /** Where it waits now. */
  get where(): WaitsAt {
    if (this.isAcked || this.#parts.checksums.isFull) return "server-disk";
    const where = this.#sending.waits(this.#parts.clock.now())?.where ?? "network";
    return where === "more" ? "source" : where;
  }

  /** The server has found every chunk right. */
  get isAcked(): boolean {
    return this.#sending.isAcked;
  }

  /** Resolves when every chunk was sent. @throws Fault the lane's, the source's, the journal's */
  async send(): Promise<Whole> {
    const { checksums: front, ahead, clock } = this.#parts;
    ahead.seek(front.next);
    for (;;) {
      this.#news.check();
      const index = front.isFull ? undefined : this.#sending.take(clock.now());
      if (index !== undefined) await this.#send(index);
      else if (this.#sending.isSent) break;
      else await this.#news.next();
    }
    const { whole } = this.#sending;
    assert(whole !== undefined, "whoever has sent all knows how much it was");
    return whole;
  }

  async #send(index: number): Promise<void> {
    const chunk = await this.#news.unlessEnded(this.#parts.ahead.take(index));
    if (chunk === undefined) return this.#sending.ended(index);
    this.#sending.sent(index, chunk.bytes.length, this.#parts.clock.now());
    this.#tell(index, chunk);
    const { link } = this.#channel;
    if (link.queuedBytes() > SEND_QUEUE_LOW_BYTES) await link.drained();
  }

  #tell(index: number, { sha256, bytes }: ReadChunk): void {
    const { file, checksums: front, source } = this.#parts;
    front.add(sha256);
    // What cannot be read twice may have to be sent twice: it is not the link's to give back.
    const sent = source.path === undefined ? bytes.slice() : bytes;
    this.#channel.tell({ kind: "chunk", file, index, sha256, bytes: sent });
  }

  #notice(notice: ServerNotice): void {
    switch (notice.kind) {
      case "ack":
        this.#own(notice.file);
        this.#sending.acked(notice.index, this.#parts.clock.now());
        this.#parts.done(this.#sending.ackedBytes);
        return;
      case "durable":
        this.#own(notice.file);
        this.#sending.durable(notice.upTo);
        this.#parts.checksums.sure(notice.upTo);
        this.#parts.source.release(notice.upTo);
        return;
      case "held":
        this.#sending.held();
        return;
      default:
        throw new Fault("out-of-order", `'${notice.kind}' was not expected on a lane that sends`);
    }
  }

  #own(file: string): void {
    if (file === this.#parts.file) return;
    throw new Fault("out-of-order", "the server speaks of another file than this lane's");
  }
}
