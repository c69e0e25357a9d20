/** Assertions, which check the program's own invariants. */

/**
 * Error thrown when an invariant is broken. The program never catches this error, because
 * continuing could corrupt the log.
 */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/**
 * Checks an invariant of the program. Errors with external causes are reported as a `Fault`
 * instead.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Makes a switch over a union exhaustive: a switch that omits a kind does not compile. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value: ${JSON.stringify(value)}`);
}
