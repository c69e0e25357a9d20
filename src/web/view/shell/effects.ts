/** Listeners and promises for effects. Each function returns its clean-up function. */

import { attempt } from "../../input/attempt.ts";

/** @param kinds event types, separated by spaces */
export function listen<EventType extends Event>(
  target: EventTarget | null | undefined,
  kinds: string,
  listener: (event: EventType) => void,
  options: AddEventListenerOptions = {},
): () => void {
  const stop = new AbortController();
  for (const kind of kinds.split(" "))
    target?.addEventListener(kind, listener as EventListener, { ...options, signal: stop.signal });
  return () => stop.abort();
}

/** Old browsers without observers report only the size of the window. */
export function observeSizes(elements: readonly Element[], onChange: () => void): () => void {
  const observer = attempt(() => new ResizeObserver(onChange));
  if (observer === undefined) return listen(window, "resize", onChange);
  for (const element of elements) observer.observe(element);
  return () => observer.disconnect();
}

/** Returns one clean-up function for several. */
export function combined(...stops: readonly (() => void)[]): () => void {
  return () => {
    for (const stop of stops) stop();
  };
}

export function whenSettled<Value>(
  promise: Promise<Value>,
  onValue: (value: Value) => void,
  onError: (error: unknown) => void = () => undefined,
): () => void {
  let isEnded = false;
  promise.then(
    (value) => !isEnded && onValue(value),
    (error: unknown) => !isEnded && onError(error),
  );
  return () => {
    isEnded = true;
  };
}
