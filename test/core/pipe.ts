import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { ChunkSender } from "../../src/core/transfer/sender.ts";

/**
 * Link in virtual time with a queue, a transmission rate and a delay in each direction. The
 * receiver acknowledges arrivals immediately, or after a pause of its disk.
 */
export interface PipeOptions {
  readonly bytesPerS: number;
  readonly roundTripMs: number;
  readonly windowBytes: number;
  readonly readMs?: number;
  readonly pause?: { readonly everyBytes: number; readonly forMs: number };
}

interface Event {
  readonly at: number;
  readonly run: () => void;
}

export class Pipe {
  bytesPerS: number;
  roundTripMs: number;
  pause: PipeOptions["pause"];
  now = 0;
  ackedBytes = 0;
  queueBytesMax = 0;
  readonly sending: ChunkSender;
  readonly #readMs: number;
  #wireFreeAt = 0;
  #thereAt = 0;
  #backAt = 0;
  #diskFreeAt = 0;
  #diskBytes = 0;
  #reading = false;
  readonly #events: Event[] = [];

  constructor(options: PipeOptions) {
    this.bytesPerS = options.bytesPerS;
    this.roundTripMs = options.roundTripMs;
    this.#readMs = options.readMs ?? 0;
    this.pause = options.pause;
    this.sending = new ChunkSender({ from: 0, windowBytes: options.windowBytes, now: 0 });
  }

  run(forMs: number): number {
    const [until, before] = [this.now + forMs, this.ackedBytes];
    this.#fill();
    for (let event = this.#events[0]; event !== undefined && event.at <= until; ) {
      this.#events.shift();
      this.now = event.at;
      event.run();
      this.#fill();
      event = this.#events[0];
    }
    this.now = until;
    return ((this.ackedBytes - before) / forMs) * 1_000;
  }

  #fill(): void {
    while (!this.#reading) {
      const index = this.sending.take(this.now);
      if (index === undefined) return;
      if (this.#readMs === 0) this.#send(index);
      else {
        this.#reading = true;
        this.#at(this.now + this.#readMs, () => {
          this.#reading = false;
          this.#send(index);
        });
      }
    }
  }

  #send(index: number): void {
    this.sending.sent(index, CHUNK_BYTES, this.now);
    const sendMs = (CHUNK_BYTES / this.bytesPerS) * 1_000;
    this.#wireFreeAt = Math.max(this.#wireFreeAt, this.now) + sendMs;
    const queueBytes = ((this.#wireFreeAt - this.now) / 1_000) * this.bytesPerS;
    this.queueBytesMax = Math.max(this.queueBytesMax, queueBytes);
    // Chunks keep their order even after the delay has decreased.
    this.#thereAt = Math.max(this.#thereAt, this.#wireFreeAt + this.roundTripMs / 2);
    this.#at(this.#thereAt, () => this.#arrive(index));
  }

  #arrive(index: number): void {
    this.#diskFreeAt = Math.max(this.#diskFreeAt, this.now);
    this.#diskBytes += CHUNK_BYTES;
    const { pause } = this;
    if (pause !== undefined && this.#diskBytes % pause.everyBytes === 0) {
      this.#diskFreeAt += pause.forMs;
    }
    this.#backAt = Math.max(this.#backAt, this.#diskFreeAt + this.roundTripMs / 2);
    this.#at(this.#backAt, () => {
      this.sending.acked(index, this.now);
      this.ackedBytes += CHUNK_BYTES;
    });
  }

  #at(at: number, run: () => void): void {
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1]?.at ?? 0) > at) index -= 1;
    this.#events.splice(index, 0, { at, run });
  }
}
