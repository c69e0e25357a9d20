/** Long work in turns, between which the process handles signals and other connections. */

/**
 * Performs the steps of one task.
 * @param turnMs longest turn if each step is short
 */
export async function inTurns<Result>(
  steps: Generator<void, Result>,
  turnMs: number,
): Promise<Result> {
  let turnEndMs = performance.now() + turnMs;
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() < turnEndMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    turnEndMs = performance.now() + turnMs;
  }
}
