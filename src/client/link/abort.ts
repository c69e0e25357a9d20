/** Promises that are abandoned when a signal aborts. */

/** @throws {Error} the signal's reason if the signal aborts first */
export function unlessAborted<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  const { promise: outcome, resolve, reject } = Promise.withResolvers<Value>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  const settled = () => signal.removeEventListener("abort", stop);
  promise.then(resolve, reject).finally(settled);
  return outcome;
}
