/**
 * Waiting with a deadline. All tests that wait on the system's clock do so here. The deadline only
 * turns a hang into a failure.
 */

/** Sufficient for a machine that is twenty times slower than usual. */
export const DEADLINE_MS = 120_000;
const PAUSE_MS = 5;
/** Longer pauses reduce the cost of checks that are round trips to a browser. */
const PAUSE_MS_MAX = 40;

export async function within<Value>(
  description: string,
  promise: Promise<Value>,
  deadlineMs = DEADLINE_MS,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not within ${deadlineMs} ms: ${description}`)),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Polls `check` until it returns neither undefined nor false. Use it for changes without an event.
 */
export async function until<Value>(
  description: string,
  check: () => Value | Promise<Value>,
  deadlineMs = DEADLINE_MS,
): Promise<Exclude<Value, undefined | false>> {
  const end = performance.now() + deadlineMs;
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    const value = await check();
    if (value !== undefined && value !== false) return value as Exclude<Value, undefined | false>;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${description}`);
    await Bun.sleep(pauseMs);
  }
}
