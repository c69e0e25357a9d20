/**
 * Load process that fills a room with readers and measures the server's CPU time per delivery at
 * maximum speed, and latency at a fixed rate. The argument is the order, as JSON.
 */

import { contestantNamed } from "./contestants.ts";
import { type Client, readStamp, type Sender, stampedText } from "./fan-out-contestant.ts";
import { quantile } from "./samples.ts";
import { treeCpuSeconds, treePeakBytes } from "./server-process.ts";

export interface LoadOrder {
  readonly contestant: string;
  readonly pid: number;
  readonly port: number;
  readonly readers: number;
  readonly senders: number;
  readonly deliveries: number;
  readonly deliveriesPerSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly deliveriesPerSecond: number;
  readonly deliveriesPerCpuSecond: number;
  readonly serverPeakBytes: number;
  /** Absent if the server cannot deliver at the fixed rate. */
  readonly latency?: LatencyResult;
}

export interface LatencyResult {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverCpuPercent: number;
}

/** Enough deliveries in flight to keep the server busy without reaching its limits. */
const WINDOW_DELIVERIES = 40_000;
const WINDOW_TEXTS_MAX = 512;
/** Without this limit, servers that sync each message would take minutes. */
const SATURATED_SECONDS_MAX = 5;
const CONCURRENT_CONNECTS = 50;
const STALL_TIMEOUT_MS = 60_000;

class Load {
  readonly #order: LoadOrder;
  #clients: Client[] = [];
  #senders: Sender[] = [];
  #received = 0;
  #awaitedCount = Number.POSITIVE_INFINITY;
  #onAwaitedCount = () => {};
  #samples: Float64Array | undefined;
  #next = 0;

  constructor(order: LoadOrder) {
    this.#order = order;
  }

  async connect(): Promise<void> {
    const { contestant: name, port, readers, senders } = this.#order;
    const contestant = contestantNamed(name);
    const sink = {
      delivered: (bytes: Uint8Array, offset: number) => this.#delivered(bytes, offset),
    };
    for (let from = 0; from < readers; from += CONCURRENT_CONNECTS) {
      const count = Math.min(CONCURRENT_CONNECTS, readers - from);
      const connecting = Array.from({ length: count }, (_, i) =>
        contestant.makeReader(port, from + i, sink),
      );
      this.#clients.push(...(await Promise.all(connecting)));
    }
    for (let i = 0; i < senders; i++) this.#senders.push(await contestant.makeSender(port, i));
  }

  async saturate(deliveries: number, secondsMax: number): Promise<[number, number]> {
    const { readers, pid } = this.#order;
    let texts = Math.ceil(deliveries / readers);
    const window = Math.max(1, Math.min(WINDOW_TEXTS_MAX, Math.floor(WINDOW_DELIVERIES / readers)));
    const [cpuBefore, start] = [treeCpuSeconds(pid), performance.now()];
    this.#received = 0;
    for (let sent = 0; sent < texts; ) {
      if (performance.now() - start > secondsMax * 1000) texts = sent;
      const batch = Math.min(Math.ceil(window / 2), texts - sent);
      for (let i = 0; i < batch; i++) this.#send();
      sent += batch;
      await this.#waitUntilReceived(Math.max(0, sent - Math.floor(window / 2)) * readers);
    }
    await this.#waitUntilReceived(texts * readers);
    const seconds = (performance.now() - start) / 1000;
    const cpu = treeCpuSeconds(pid) - cpuBefore;
    return [(texts * readers) / seconds, (texts * readers) / cpu];
  }

  async measureLatency(): Promise<LatencyResult> {
    const { readers, deliveriesPerSecond, seconds, pid } = this.#order;
    const texts = Math.round((deliveriesPerSecond * seconds) / readers);
    this.#samples = new Float64Array(texts * readers);
    this.#received = 0;
    const [cpuBefore, start] = [treeCpuSeconds(pid), performance.now()];
    for (let sent = 0; sent < texts; ) {
      const due = Math.min(
        texts,
        Math.ceil(((performance.now() - start) / 1000 / seconds) * texts),
      );
      for (; sent < due; sent++) this.#send();
      await Bun.sleep(1);
    }
    await this.#waitUntilReceived(texts * readers);
    const cpu = treeCpuSeconds(pid) - cpuBefore;
    const sorted = this.#samples.sort();
    const serverCpuPercent = (100 * cpu) / ((performance.now() - start) / 1000);
    return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), serverCpuPercent };
  }

  disconnect(): void {
    for (const client of [...this.#clients, ...this.#senders]) client.close();
  }

  #send(): void {
    this.#senders[this.#next++ % this.#senders.length]?.send(stampedText(performance.now()));
  }

  #delivered(bytes: Uint8Array, textOffset: number): void {
    if (this.#samples !== undefined) {
      this.#samples[this.#received] = performance.now() - readStamp(bytes, textOffset);
    }
    this.#received += 1;
    if (this.#received >= this.#awaitedCount) this.#onAwaitedCount();
  }

  async #waitUntilReceived(received: number): Promise<void> {
    if (this.#received >= received) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#awaitedCount = received;
    this.#onAwaitedCount = resolve;
    const stalled = () =>
      reject(new Error(`only ${this.#received} of ${received} deliveries arrived`));
    const timer = setTimeout(stalled, STALL_TIMEOUT_MS);
    await promise;
    clearTimeout(timer);
    this.#awaitedCount = Number.POSITIVE_INFINITY;
  }
}

const order: LoadOrder = JSON.parse(process.argv[2] ?? "");
const load = new Load(order);
await load.connect();
await load.saturate(Number.POSITIVE_INFINITY, order.warmUpSeconds);
const [deliveriesPerSecond, deliveriesPerCpuSecond] = await load.saturate(
  order.deliveries,
  SATURATED_SECONDS_MAX,
);
const isFastEnough = deliveriesPerSecond > order.deliveriesPerSecond;
const latency = isFastEnough ? await load.measureLatency() : undefined;
load.disconnect();
const result: LoadResult = {
  deliveriesPerSecond,
  deliveriesPerCpuSecond,
  serverPeakBytes: treePeakBytes(order.pid),
  ...(latency === undefined ? {} : { latency }),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
