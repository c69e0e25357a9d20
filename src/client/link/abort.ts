/** Races of promises against abort signals. */

/**
 * Returns the outcome of `promise` unless the signal aborts first.
 * @throws {Error} the signal's reason if the signal aborts
 */
export function unlessAborted<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  const { promise: outcome, resolve, reject } = Promise.withResolvers<Value>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  const settled = () => signal.removeEventListener("abort", stop);
  promise.then(resolve, reject).finally(settled);
  return outcome;
}
