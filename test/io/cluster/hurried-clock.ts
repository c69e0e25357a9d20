import type { Clock } from "../../../src/io/clock.ts";

/** A clock that advances when nothing else happens. */
export class HurriedClock implements Clock {
  #now = 0;
  #isStopped = false;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  #pump: NodeJS.Immediate | undefined;

  now(): number {
    return this.#now;
  }

  unixMs(): number {
    return 0;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    if (!this.#isStopped) this.#pump ??= setImmediate(() => this.#next());
    return () => this.#timers.delete(timer);
  }

  jump(ms: number): void {
    this.#now += ms;
  }

  stop(): void {
    this.#isStopped = true;
    clearImmediate(this.#pump);
    this.#timers.clear();
  }

  #next(): void {
    this.#pump = undefined;
    let next: { readonly at: number; readonly callback: () => void } | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
    if (next === undefined) return;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    if (this.#timers.size > 0) this.#pump ??= setImmediate(() => this.#next());
    next.callback();
  }
}
