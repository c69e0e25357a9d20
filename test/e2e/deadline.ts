/** What the promise brings, or a failure that says what did not happen in time. */
export async function before<Value>(
  deadlineMs: number,
  what: string,
  promise: Promise<Value>,
): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const signal = AbortSignal.timeout(deadlineMs);
  const pass = () => late.reject(new Error(`not within ${deadlineMs} ms: ${what}`));
  signal.addEventListener("abort", pass, { once: true });
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    signal.removeEventListener("abort", pass);
  }
}

/**
 * Looks again and again, with the event loop's help alone, until it is neither undefined nor false.
 */
export async function until<Value>(
  what: string,
  look: () => Value | Promise<Value>,
  deadlineMs = 15_000,
): Promise<Exclude<Value, undefined | false>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<Value, undefined | false>;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause();
  }
}

/** A breath for those who tell nobody when they are done. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    AbortSignal.timeout(10).addEventListener("abort", () => resolve(), { once: true });
  });
}
