import { Fault } from "../../../src/base/fault.ts";
import type { FilledStream } from "../../../src/io/cluster/publication.ts";
import type { Stream, StreamMessage } from "../../../src/io/cluster/stream.ts";
import type { Random } from "../disk/sim-file.ts";

/** What a majority holds, whoever is connected. */
export class SimStream {
  readonly messages: StreamMessage[] = [];
  readonly #ids = new Set<string>();
  readonly #followers = new Set<() => void>();
  readonly #random: Random;
  /** In hundredths: a message that is not stored, and one of which the answer is lost. */
  losesPercent = 0;
  #unixMs = 1_763_617_717_000;

  constructor(random: Random) {
    this.#random = random;
  }

  /** One machine's way to it. */
  connect(): SimStreamLink {
    return new SimStreamLink(this, this.#random);
  }

  store(bytes: Uint8Array, id: string): void {
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    this.#unixMs += Math.floor(this.#random() * 20) - 2;
    this.messages.push({ seq: this.messages.length + 1, unixMs: this.#unixMs, bytes });
    for (const follower of this.#followers) follower();
  }

  watch(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}

class SimStreamLink implements Stream, FilledStream {
  readonly #stream: SimStream;
  readonly #random: Random;
  isCut = false;

  constructor(stream: SimStream, random: Random) {
    this.#stream = stream;
    this.#random = random;
  }

  async publish(bytes: Uint8Array, id: string): Promise<void> {
    await turns(this.#random);
    const percent = this.#random() * 100;
    if (this.isCut || percent < this.#stream.losesPercent / 2) throw cut();
    this.#stream.store(new Uint8Array(bytes), id);
    await turns(this.#random);
    if (percent < this.#stream.losesPercent) throw cut();
  }

  async publishBehind(bytes: Uint8Array, seq: number): Promise<void> {
    const percent = this.#random() * 100;
    // What one link sends comes in that order; only answers are late.
    if (this.isCut || percent < this.#stream.losesPercent / 2) throw cut();
    if (this.#stream.messages.length !== seq) {
      throw new Fault("log-conflict", "another message stands there");
    }
    this.#stream.store(new Uint8Array(bytes), `behind ${seq}`);
    await turns(this.#random);
    if (percent < this.#stream.losesPercent) throw cut();
  }

  async follow(
    seq: number,
    onMessage: (message: StreamMessage) => Promise<void> | undefined,
  ): Promise<() => void> {
    let next = seq;
    let isStopped = false;
    let isRunning = false;
    const bring = async () => {
      for (;;) {
        await turns(this.#random);
        const message = this.#stream.messages[next - 1];
        if (message === undefined || isStopped || this.isCut) return;
        next++;
        await onMessage(message);
      }
    };
    const look = () => {
      if (isRunning) return;
      isRunning = true;
      void bring().finally(() => {
        isRunning = false;
        if (this.#stream.messages.length >= next && !isStopped && !this.isCut) look();
      });
    };
    const unwatch = this.#stream.watch(look);
    look();
    return () => {
      isStopped = true;
      unwatch();
    };
  }

  last(): Promise<number> {
    return Promise.resolve(this.#stream.messages.length);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function cut(): Fault {
  return new Fault("no-majority", "the stream does not answer", { retryAfterMs: 1_000 });
}

async function turns(random: Random): Promise<void> {
  for (let turn = Math.floor(random() * 30); turn > 0; turn--) await undefined;
}
