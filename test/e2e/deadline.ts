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
  deadlineMs = 30_000,
): Promise<Exclude<Value, undefined | false>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<Value, undefined | false>;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause();
  }
}

/**
 * Fails unless one of `tries` is over within the limit: a promise made to people about time, which
 * a busy machine may break once and again, but not always. Each try cleans up after itself.
 */
export async function soonerThan(
  limitMs: number,
  tries: number,
  act: (attempt: number) => Promise<void>,
): Promise<void> {
  const took: number[] = [];
  for (let attempt = 0; attempt < tries; attempt++) {
    const started = performance.now();
    await act(attempt);
    took.push(performance.now() - started);
    if ((took.at(-1) ?? limitMs) < limitMs) return;
  }
  throw new Error(`not once within ${limitMs} ms, but ${took.map(Math.round).join(", ")} ms`);
}

/** A breath for those who tell nobody when they are done. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    AbortSignal.timeout(10).addEventListener("abort", () => resolve(), { once: true });
  });
}
