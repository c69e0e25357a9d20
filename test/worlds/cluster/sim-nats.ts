import { Fault } from "../../../src/base/fault.ts";
import { CLUSTER_ANSWER_TIMEOUT_MS } from "../../../src/base/limits-cluster.ts";
import type { Clock } from "../../../src/io/clock.ts";
import type { Stored, Stream, StreamMessage } from "../../../src/io/cluster/stream.ts";
import type { Dice } from "../dice.ts";

/** What goes wrong on the ways to the stream; probabilities. */
export interface NatsWeather {
  delayMsMax: number;
  /** A request that does not arrive, and an answer that does not. */
  requestLost: number;
  answerLost: number;
  /** A copy is asked that hangs: neither answer nor fault. */
  hangs: number;
  lagMax: number;
}

export const FINE: NatsWeather = {
  ...{ delayMsMax: 2, requestLost: 0, answerLost: 0, hangs: 0, lagMax: 0 },
};

/** For so long a leader that has just been chosen may not know the end of its stream. */
const STALE_MS = 200;

/** A replicated stream and the machines that hold it, as its users see them. */
export class SimNats {
  readonly messages: StreamMessage[] = [];
  weather: NatsWeather = FINE;
  /** All of its machines are without power. */
  isOut = false;
  readonly #clock: Clock;
  readonly #dice: Dice;
  /** Deduplication of publishes by id, in a window of time. */
  readonly #ids = new Map<string, { readonly seq: number; readonly at: number }>();
  readonly #windowMs: number;
  /** What it stores it tells to all. */
  readonly #tells: boolean;
  readonly #links = new Set<SimLink>();
  #leaderAt = 0;
  /** Each leader has its own clock. */
  #skewMs = 0;

  constructor(clock: Clock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
    this.#windowMs = dice.pick([10_000, 120_000]);
    this.#tells = dice.chance(0.7);
  }

  connect(): SimLink {
    const link = new SimLink(this, this.#clock, this.#dice);
    this.#links.add(link);
    return link;
  }

  forget(link: SimLink): void {
    this.#links.delete(link);
  }

  get hasLeader(): boolean {
    return !this.isOut && this.#clock.now() >= this.#leaderAt;
  }

  /** Its end, as whoever leads knows it. */
  get last(): number {
    const isStale = this.#clock.now() < this.#leaderAt + STALE_MS && this.#leaderAt > 0;
    return Math.max(0, this.messages.length - (isStale ? this.#dice.int(3) : 0));
  }

  /** Whoever led is gone; the others agree who leads next. */
  loseLeader(forMs: number): void {
    this.#leaderAt = this.#clock.now() + forMs;
    this.#skewMs = this.#dice.int(8_000) - 4_000;
  }

  /** All machines come back, without what was not on enough of their disks. */
  comeBack(lost: number): void {
    const gone = this.messages.splice(Math.max(0, this.messages.length - lost));
    const first = gone[0]?.seq ?? Number.POSITIVE_INFINITY;
    for (const [id, { seq }] of this.#ids) if (seq >= first) this.#ids.delete(id);
    this.isOut = false;
    this.loseLeader(this.#dice.int(400));
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
      link.news();
      if (this.#tells) link.news(message);
    }
    return { seq, isRepeat: false };
  }
}

export class SimLink implements Stream {
  isCut = false;
  readonly #nats: SimNats;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #watchers = new Set<(stored?: StreamMessage) => void>();

  constructor(nats: SimNats, clock: Clock, dice: Dice) {
    this.#nats = nats;
    this.#clock = clock;
    this.#dice = dice;
  }

  get isReachable(): boolean {
    return !this.isCut && !this.#nats.isOut;
  }

  news(stored?: StreamMessage): void {
    if (this.#dice.chance(0.1)) return;
    this.#clock.after(this.#dice.int(this.#nats.weather.delayMsMax + 1), () => {
      if (this.isReachable) for (const watcher of this.#watchers) watcher(stored);
    });
  }

  async publish(bytes: Uint8Array, id: string): Promise<Stored> {
    const { weather } = this.#nats;
    await this.#travel();
    const isLost = this.#dice.chance(weather.requestLost);
    if (!this.isReachable || !this.#nats.hasLeader || isLost) return await this.#silence();
    const stored = this.#nats.store(bytes, id);
    await this.#travel();
    if (!this.isReachable || this.#dice.chance(weather.answerLost)) return await this.#silence();
    return stored;
  }

  async get(seq: number): Promise<StreamMessage | undefined> {
    const { weather, messages } = this.#nats;
    await this.#travel();
    if (!this.isReachable) return await this.#silence();
    if (this.#dice.chance(weather.hangs)) return await new Promise(() => undefined);
    const message = messages[seq - 1];
    const isBehind = seq > messages.length - this.#dice.int(weather.lagMax + 1);
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

  watch(onNews: (stored?: StreamMessage) => void): () => void {
    this.#watchers.add(onNews);
    return () => this.#watchers.delete(onNews);
  }

  close(): Promise<void> {
    this.#nats.forget(this);
    return Promise.resolve();
  }

  async #travel(): Promise<void> {
    const { delayMsMax } = this.#nats.weather;
    await this.#pause(this.#dice.int(delayMsMax + 1));
  }

  async #silence(): Promise<never> {
    await this.#pause(this.#dice.pick([0, CLUSTER_ANSWER_TIMEOUT_MS]));
    throw new Fault("no-majority", "the stream does not answer", { retryAfterMs: 1_000 });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}
