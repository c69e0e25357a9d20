/** Promises whose failure is no news at the place that uses them, and shared runs. */

/** The failure reaches whoever awaits the promise; until then, it must not count as unhandled. */
export function markHandled(promise: Promise<unknown>): void {
  promise.catch(() => {});
}

/** Waits for the end of a promise whose failure reaches somebody else. */
export async function settled(promise: Promise<unknown> | null | undefined): Promise<void> {
  await promise?.catch(() => {});
}

/**
 * Performs an optional action, which the system, a browser or a library may refuse at any time.
 * @returns `undefined` if it fails
 */
export async function ifPossible<Value>(
  promise: Promise<Value> | undefined,
): Promise<Value | undefined> {
  return promise?.catch(() => undefined);
}

/** Returns a function whose calls share a run in progress. */
export function sharedRun<Value>(run: () => Promise<Value>): () => Promise<Value> {
  let running: Promise<Value> | undefined;
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}
