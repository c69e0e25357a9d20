import type { ExpiryClock } from "../../src/server/kernel/server-clock.ts";
import { webCryptoDone } from "./web-crypto-calls.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Clock that advances only in `advance`. Promises settle between timers. */
export class VirtualClock implements ExpiryClock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  unixMs(): number {
    return 1_800_000_000_000 + Math.floor(this.#now);
  }

  expiryUnixMs(): number {
    return this.unixMs();
  }

  noteClock(): void {}

  status() {
    return { plausible: true, now: this.unixMs(), newest: this.unixMs() };
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  get nextInMs(): number {
    const next = this.#next();
    return next === undefined ? 1 : Math.max(1, Math.ceil(next.at - this.#now));
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  async jump(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settled();
      const next = this.#next();
      if (next === undefined || next.at > until) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.callback();
    }
    this.#now = until;
    await settled();
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
    return next;
  }
}

async function settled(): Promise<void> {
  do {
    await new Promise((resolve) => setImmediate(resolve));
  } while (await webCryptoDone());
}
