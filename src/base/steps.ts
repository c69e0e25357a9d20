/** Work in steps: a generator that yields after each, so that its caller can let others run. */

/** Performs all steps at once. */
export function finishSteps<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
