import { Fault } from "../../../src/base/fault.ts";
import type { CopyStream } from "../../../src/io/cluster/publication.ts";
import type { Stored, Stream, StreamMessage } from "../../../src/io/cluster/stream.ts";
import { natsFault } from "../../../src/io/nats/jetstream.ts";
import type { Random } from "../disk/sim-file.ts";
import { HurriedClock } from "./hurried-clock.ts";

export class SimStream {
  readonly messages: StreamMessage[] = [];
  readonly #ids = new Map<string, number>();
  readonly #followers = new Set<() => void>();
  readonly #random: Random;
  readonly clock = hurried();
  losesPercent = 0;
  losesAfterAnswer = false;
  /** Error code of JetStream by which the stream refuses messages. */
  refusesBy: number | undefined;
  /** The stream's own clock, which stamps messages. */
  unixMs: () => number;

  constructor(random: Random, unixMs?: () => number) {
    this.#random = random;
    let time = 1_763_617_717_000;
    this.unixMs = unixMs ?? (() => (time += Math.floor(this.#random() * 20) - 2));
  }

  connect(): SimStreamLink {
    return new SimStreamLink(this, this.#random);
  }

  store(bytes: Uint8Array, id: string): Stored {
    const known = this.#ids.get(id);
    if (known !== undefined) return { seq: known, isRepeat: true };
    const unixMs = this.unixMs();
    const seq = this.messages.length + 1;
    if (this.losesAfterAnswer) {
      this.losesAfterAnswer = false;
      return { seq, isRepeat: false };
    }
    this.#ids.set(id, seq);
    this.messages.push({ seq, unixMs, bytes });
    for (const follower of this.#followers) follower();
    return { seq, isRepeat: false };
  }

  lose(count: number): void {
    const lost = new Set(this.messages.splice(this.messages.length - count).map(({ seq }) => seq));
    for (const [id, seq] of this.#ids) if (lost.has(seq)) this.#ids.delete(id);
  }

  watch(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}

class SimStreamLink implements Stream, CopyStream {
  readonly id = "chat test";
  readonly #stream: SimStream;
  readonly #random: Random;
  isCut = false;

  constructor(stream: SimStream, random: Random) {
    this.#stream = stream;
    this.#random = random;
  }

  async publish(bytes: Uint8Array, id: string): Promise<Stored> {
    await turns(this.#random);
    const code = this.#stream.refusesBy;
    if (code !== undefined) throw natsFault(Object.assign(new Error("refused"), { code }));
    const percent = this.#random() * 100;
    if (this.isCut || percent < this.#stream.losesPercent / 2) throw cut();
    const stored = this.#stream.store(new Uint8Array(bytes), id);
    await turns(this.#random);
    if (percent < this.#stream.losesPercent) throw cut();
    return stored;
  }

  async publishAfter(bytes: Uint8Array, seq: number): Promise<void> {
    const percent = this.#random() * 100;
    if (this.isCut || percent < this.#stream.losesPercent / 2) throw cut();
    if (this.#stream.messages.length !== seq) {
      throw new Fault("log-conflict", "another message has this position");
    }
    this.#stream.store(new Uint8Array(bytes), `behind ${seq}`);
    await turns(this.#random);
    if (percent < this.#stream.losesPercent) throw cut();
  }

  async get(seq: number): Promise<StreamMessage | undefined> {
    await turns(this.#random);
    if (this.isCut) throw cut();
    return this.#stream.messages[seq - 1];
  }

  watch(onNews: () => void): () => void {
    return this.#stream.watch(onNews);
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

const clocks = new Set<HurriedClock>();

export function hurried(): HurriedClock {
  const clock = new HurriedClock();
  clocks.add(clock);
  return clock;
}

export function stopTime(): void {
  for (const clock of clocks) clock.stop();
  clocks.clear();
}

async function turns(random: Random): Promise<void> {
  for (let turn = Math.floor(random() * 30); turn > 0; turn--) await undefined;
}
