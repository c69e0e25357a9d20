import { Fault } from "../../../src/base/fault.ts";
import { CLUSTER_ANSWER_TIMEOUT_MS } from "../../../src/base/limits-cluster.ts";
import type { Clock } from "../../../src/io/clock.ts";
import type { Stored, Stream, StreamMessage } from "../../../src/io/cluster/stream.ts";
import { natsFault } from "../../../src/io/nats/jetstream.ts";
import type { SeededRandom } from "../seeded-random.ts";

export interface NatsWeather {
  delayMsMax: number;
  requestLost: number;
  answerLost: number;
  /** Probability that a replica neither answers nor fails. */
  hangs: number;
  lagMax: number;
  /** Error code by which the stream refuses messages. */
  refusedBy?: number | undefined;
}

/** Codes of a full store, a limit, an account, a sealed, removed or offline stream. */
export const REFUSAL_CODES = [
  10_002, 10_023, 10_035, 10_039, 10_047, 10_054, 10_059, 10_076, 10_077, 10_109, 10_118,
] as const;

export const FINE: NatsWeather = {
  delayMsMax: 2,
  requestLost: 0,
  answerLost: 0,
  hangs: 0,
  lagMax: 0,
};

/** Milliseconds in which a new leader may not know the end of the stream. */
const STALE_MS = 200;

export class SimNats {
  readonly messages: StreamMessage[] = [];
  weather: NatsWeather = FINE;
  isOut = false;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #ids = new Map<string, { readonly seq: number; readonly at: number }>();
  readonly #windowMs: number;
  readonly #sendsNotifications: boolean;
  readonly #links = new Set<SimLink>();
  #leaderAt = 0;
  #skewMs = 0;

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
    this.#windowMs = random.pick([10_000, 120_000]);
    this.#sendsNotifications = random.chance(0.7);
  }

  connect(): SimLink {
    const link = new SimLink(this, this.#clock, this.#random);
    this.#links.add(link);
    return link;
  }

  forget(link: SimLink): void {
    this.#links.delete(link);
  }

  get hasLeader(): boolean {
    return !this.isOut && this.#clock.now() >= this.#leaderAt;
  }

  get last(): number {
    const isStale = this.#clock.now() < this.#leaderAt + STALE_MS && this.#leaderAt > 0;
    return Math.max(0, this.messages.length - (isStale ? this.#random.int(3) : 0));
  }

  loseLeader(forMs: number): void {
    this.#leaderAt = this.#clock.now() + forMs;
    this.#skewMs = this.#random.int(8_000) - 4_000;
  }

  /** Restarts all machines without messages that were on too few disks. */
  comeBack(lost: number): void {
    const gone = this.messages.splice(Math.max(0, this.messages.length - lost));
    const first = gone[0]?.seq ?? Number.POSITIVE_INFINITY;
    for (const [id, { seq }] of this.#ids) if (seq >= first) this.#ids.delete(id);
    this.isOut = false;
    this.loseLeader(this.#random.int(400));
  }

  store(bytes: Uint8Array, id: string): Stored {
    const now = this.#clock.now();
    const known = this.#ids.get(id);
    if (known !== undefined && now - known.at < this.#windowMs) {
      return { seq: known.seq, isRepeat: true };
    }
    const seq = this.messages.length + 1;
    this.#ids.set(id, { seq, at: now });
    const unixMs = this.#clock.unixMs() + this.#skewMs;
    const message = { seq, unixMs, bytes: Uint8Array.from(bytes) };
    this.messages.push(message);
    for (const link of this.#links) {
      link.notify();
      if (this.#sendsNotifications) link.notify(message);
    }
    return { seq, isRepeat: false };
  }
}

export class SimLink implements Stream {
  readonly id = "chat test";
  isCut = false;
  readonly #nats: SimNats;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #watchers = new Set<(stored?: StreamMessage) => void>();

  constructor(nats: SimNats, clock: Clock, random: SeededRandom) {
    this.#nats = nats;
    this.#clock = clock;
    this.#random = random;
  }

  get isReachable(): boolean {
    return !this.isCut && !this.#nats.isOut;
  }

  notify(stored?: StreamMessage): void {
    if (this.#random.chance(0.1)) return;
    this.#clock.after(this.#random.int(this.#nats.weather.delayMsMax + 1), () => {
      if (this.isReachable) for (const watcher of this.#watchers) watcher(stored);
    });
  }

  async publish(bytes: Uint8Array, id: string): Promise<Stored> {
    const { weather } = this.#nats;
    await this.#travel();
    const isLost = this.#random.chance(weather.requestLost);
    if (!this.isReachable || !this.#nats.hasLeader || isLost) return await this.#silence();
    if (weather.refusedBy !== undefined) {
      await this.#travel();
      throw natsFault(Object.assign(new Error("refused"), { code: weather.refusedBy }));
    }
    const stored = this.#nats.store(bytes, id);
    await this.#travel();
    if (!this.isReachable || this.#random.chance(weather.answerLost)) return await this.#silence();
    return stored;
  }

  async get(seq: number): Promise<StreamMessage | undefined> {
    const { weather, messages } = this.#nats;
    await this.#travel();
    if (!this.isReachable) return await this.#silence();
    if (this.#random.chance(weather.hangs)) return await new Promise(() => undefined);
    const message = messages[seq - 1];
    const isBehind = seq > messages.length - this.#random.int(weather.lagMax + 1);
    await this.#travel();
    return isBehind ? undefined : message;
  }

  async last(): Promise<number> {
    await this.#travel();
    if (!this.isReachable || !this.#nats.hasLeader) return await this.#silence();
    const { last } = this.#nats;
    await this.#travel();
    return last;
  }

  watch(onMessage: (stored?: StreamMessage) => void): () => void {
    this.#watchers.add(onMessage);
    return () => this.#watchers.delete(onMessage);
  }

  close(): Promise<void> {
    this.#nats.forget(this);
    return Promise.resolve();
  }

  async #travel(): Promise<void> {
    const { delayMsMax } = this.#nats.weather;
    await this.#pause(this.#random.int(delayMsMax + 1));
  }

  async #silence(): Promise<never> {
    await this.#pause(this.#random.pick([0, CLUSTER_ANSWER_TIMEOUT_MS]));
    throw new Fault("no-majority", "the stream does not answer", { retryAfterMs: 1_000 });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}
