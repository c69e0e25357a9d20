/**
 * Raised when the program broke its own promise. Never caught: running on would corrupt the log.
 */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** Guards what we promised. What the world may do wrong is a `Fault`, never an assert. */
export function assert(condition: unknown, promise: string): asserts condition {
  if (!condition) throw new AssertionFailure(promise);
}

/** Ends a switch over a union: a new kind fails to compile until it is handled. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value: ${JSON.stringify(value)}`);
}
