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

/**
 * Settles as the promise does, or as `onLate` does if that takes longer.
 * @param onLate may throw
 */
export async function within<Result, Late>(
  promise: Promise<Result>,
  withinMs: number,
  onLate: () => Late,
  clock: Pick<Clock, "after"> = systemClock(),
): Promise<Result | Late> {
  const { promise: passed, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(withinMs, resolve);
  try {
    return await Promise.race([promise, passed.then(onLate)]);
  } finally {
    cancel();
  }
}

export interface Retry {
  readonly clock: Clock;
  readonly everyMs: number;
  /** Time by the clock after which an error is final. Default: none. */
  readonly until?: number;
  /** Reports whether another attempt may succeed. */
  readonly isPassing: (error: unknown) => boolean;
}

/**
 * Repeats an action until it succeeds.
 * @throws its last error, if that is final
 */
export async function retry<Result>(
  act: () => Promise<Result>,
  { clock, everyMs, until = Number.POSITIVE_INFINITY, isPassing }: Retry,
): Promise<Result> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isPassing(error) || clock.now() >= until) throw error;
    }
    await delay(clock, everyMs);
  }
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
