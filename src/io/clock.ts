/** Time, as drivers get it. A world hands out a virtual one. */
export interface Clock {
  /** Monotonic milliseconds; the `now` of every machine. */
  now(): number;
  /** Wall time in Unix milliseconds; it may jump. */
  unixMs(): number;
  /** Calls back once after that many milliseconds; returns what calls it off. 0: soon. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Resolves once after that many milliseconds. */
export function delay(clock: Pick<Clock, "after">, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

export function systemClock(): Clock {
  return {
    now: () => performance.now(),
    unixMs: () => Math.max(0, Date.now()), // What is told as a moment is none before 1970.
    after: (delayMs, callback) => {
      if (delayMs === 0) {
        const immediate = setImmediate(callback); // No later than sockets were looked at once.
        return () => clearImmediate(immediate);
      }
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
