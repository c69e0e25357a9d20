/**
 * The only place where a test waits on the clock of the machine. A test names the event that it
 * waits for; the deadline only turns a hang into a failure.
 */

const DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 5;

/** What the promise brings, or a failure that says what did not happen. */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
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

/** Looks again and again until it is neither undefined nor false. For what tells nobody. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  deadlineMs = DEADLINE_MS,
): Promise<Exclude<T, undefined | false>> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
    if (performance.now() > until) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
