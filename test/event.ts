/**
 * The only place where a test waits on the clock of the machine. A test names the event that it
 * waits for; the deadline only turns a hang into a failure.
 */

/** Long enough for a machine that is twenty times slower than usual. */
export const DEADLINE_MS = 120_000;
const PAUSE_MS = 5;
/** A look may be a round trip to a browser, which costs more than a later answer. */
const PAUSE_MS_MAX = 40;

/** @returns what the promise resolves to @throws after the deadline, naming what did not happen */
export async function within<Value>(
  what: string,
  promise: Promise<Value>,
  deadlineMs = DEADLINE_MS,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${deadlineMs} ms: ${what}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Calls `look` until it returns neither undefined nor false. For changes that cause no event. */
export async function until<Value>(
  what: string,
  look: () => Value | Promise<Value>,
  deadlineMs = DEADLINE_MS,
): Promise<Exclude<Value, undefined | false>> {
  const end = performance.now() + deadlineMs;
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<Value, undefined | false>;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await Bun.sleep(pauseMs);
  }
}
