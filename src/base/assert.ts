/** Assertions: checks of the program's own invariants. */

/** Thrown when an invariant is broken. Never caught: continuing would corrupt the log. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** Checks an invariant of the program. External errors are a `Fault` instead. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Makes a switch over a union exhaustive: a new kind fails to compile until it is handled. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value: ${JSON.stringify(value)}`);
}
