/** Queue of unacknowledged frames, at both ends of a link over plain HTTP requests. */

import { Fault } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS, MESSAGE_BYTES_MAX, SEND_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import type { Clock } from "../clock.ts";
import { BaseLink, slowReaderFault } from "../link/base-link.ts";
import { FRAME_HEADER_BYTES } from "../link/frame.ts";
import type { Topics } from "../link/topics.ts";
import { encodeControl, encodeMessage, FRAME_OVERHEAD_BYTES } from "./frames.ts";

export abstract class QueuedLink extends BaseLink {
  protected readonly clock: Pick<Clock, "now" | "after">;
  /** Unacknowledged frames. */
  protected readonly frames: Uint8Array[] = [];
  /** Number of the first unacknowledged frame. */
  protected firstFrame = 0;
  protected outcome: { readonly fault: Fault | undefined } | undefined;
  #frameBytes = 0;
  #cancelDrain = () => {};

  constructor(clock: Pick<Clock, "now" | "after">, topics?: Topics<BaseLink>) {
    super(topics);
    this.clock = clock;
  }

  /** Sends the queued frames soon. */
  protected abstract schedule(): void;
  protected abstract codeOf(fault: Fault | undefined): number;

  send(message: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const sizeBytes = message.length + (tail?.length ?? 0);
    if (sizeBytes > MESSAGE_BYTES_MAX) {
      this.closeWith(new Fault("too-large", "the message exceeds the size limit"));
      return false;
    }
    const costBytes = FRAME_OVERHEAD_BYTES + FRAME_HEADER_BYTES + sizeBytes;
    if (this.#frameBytes + costBytes > SEND_QUEUE_BYTES_MAX) {
      this.drop(slowReaderFault());
      return false;
    }
    this.countSent(1, sizeBytes);
    this.#queue(encodeMessage(message, tail));
    return true;
  }

  queuedBytes(): number {
    return this.#frameBytes;
  }

  close(): void {
    if (this.state !== "open") return;
    this.inbox.mute();
    this.closeWith(undefined);
  }

  protected closeWith(fault: Fault | undefined): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.outcome = { fault };
    this.leaveTopics();
    this.#cancelDrain = this.clock.after(DRAIN_TIMEOUT_MS, () => this.drop(fault));
    this.#queue(encodeControl(this.codeOf(fault)));
  }

  /** Removes the oldest frames. */
  protected acknowledge(count: number): void {
    for (const frame of this.frames.splice(0, count)) this.#frameBytes -= costOf(frame);
    this.firstFrame += count;
    this.settle();
  }

  protected forgetFrames(): void {
    this.frames.length = 0;
    this.#frameBytes = 0;
    this.#cancelDrain();
  }

  #queue(frame: Uint8Array): void {
    this.frames.push(frame);
    this.#frameBytes += costOf(frame);
    this.schedule();
  }
}

export function costOf(frame: Uint8Array): number {
  return FRAME_OVERHEAD_BYTES + frame.length;
}
