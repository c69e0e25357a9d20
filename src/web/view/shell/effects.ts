/** Listeners and promises for effects: each returns the function that ends it. */

/** Listens to several kinds of events, separated by spaces. */
export function listen<Heard extends Event>(
  target: EventTarget | null | undefined,
  kinds: string,
  listener: (event: Heard) => void,
  options: AddEventListenerOptions = {},
): () => void {
  const stop = new AbortController();
  for (const kind of kinds.split(" "))
    target?.addEventListener(kind, listener as EventListener, { ...options, signal: stop.signal });
  return () => stop.abort();
}

/** Reports the outcome of a promise, unless the effect ends before. */
export function whenSettled<Value>(
  promise: Promise<Value>,
  onValue: (value: Value) => void,
  onError: (error: unknown) => void = () => undefined,
): () => void {
  let isOver = false;
  promise.then(
    (value) => !isOver && onValue(value),
    (error: unknown) => !isOver && onError(error),
  );
  return () => {
    isOver = true;
  };
}
