/** Clock interface for drivers. Simulations provide a virtual clock. */

export interface Clock {
  /** Monotonic milliseconds, the time base of all state machines. */
  now(): number;
  /** Wall-clock time in Unix milliseconds, which may jump. */
  unixMs(): number;
  /** Calls back as soon as possible if the delay is 0. Returns a function that cancels the call. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Maximum timer delay in browsers and in Bun, in ms. */
export const TIMER_MS_MAX = 0x7fffffff;

export function delay(clock: Pick<Clock, "after">, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/**
 * Calls back again and again, each time an interval after the last call has ended.
 * @returns a function that ends this; a call that has begun is completed
 */
export function every(
  clock: Pick<Clock, "after">,
  intervalMs: number,
  callback: () => void | Promise<void>,
): () => void {
  let isStopped = false;
  let cancel = () => {};
  const schedule = () => {
    cancel = clock.after(intervalMs, async () => {
      await callback();
      if (!isStopped) schedule();
    });
  };
  schedule();
  return () => {
    isStopped = true;
    cancel();
  };
}

/** Settles like the promise, or like `onTimeout` if `timeoutMs` passes first. */
export async function withTimeout<Result, TimeoutResult>(
  promise: Promise<Result>,
  timeoutMs: number,
  onTimeout: () => TimeoutResult,
  clock: Pick<Clock, "after"> = systemClock(),
): Promise<Result | TimeoutResult> {
  const { promise: timedOut, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(timeoutMs, resolve);
  try {
    return await Promise.race([promise, timedOut.then(onTimeout)]);
  } finally {
    cancel();
  }
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly until?: number;
  readonly isTransient: (error: unknown) => boolean;
}

export async function retry<Result>(
  act: () => Promise<Result>,
  { clock, intervalMs, until = Number.POSITIVE_INFINITY, isTransient }: RetryOptions,
): Promise<Result> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isTransient(error) || clock.now() >= until) throw error;
    }
    await delay(clock, intervalMs);
  }
}

export function systemClock(): Clock {
  return {
    now: () => performance.now(),
    unixMs: () => Math.max(0, Date.now()),
    after: (delayMs, callback) => {
      // On a busy machine, the time may have passed before the caller has computed the delay.
      if (delayMs <= 0) {
        const immediate = setImmediate(callback); // Runs after one poll of the sockets.
        return () => clearImmediate(immediate);
      }
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
