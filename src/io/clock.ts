/** Time as used by drivers; a simulated world provides a virtual clock. */

export interface Clock {
  /** Monotonic milliseconds; the `now` of every state machine. */
  now(): number;
  /** Wall time in Unix milliseconds; it may jump. */
  unixMs(): number;
  /**
   * Calls back once after `delayMs` milliseconds, 0 as soon as possible. Returns a function that
   * cancels.
   */
  after(delayMs: number, callback: () => void): () => void;
}

export function delay(clock: Pick<Clock, "after">, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

export function systemClock(): Clock {
  return {
    now: () => performance.now(),
    unixMs: () => Math.max(0, Date.now()), // A timestamp is never before 1970.
    after: (delayMs, callback) => {
      if (delayMs === 0) {
        const immediate = setImmediate(callback); // Not before sockets were polled once.
        return () => clearImmediate(immediate);
      }
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
