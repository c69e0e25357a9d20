/** Assertions for the program's own invariants. */

/** Broken invariant. Never caught by the program, because continuing could corrupt the log. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Makes a switch over a union exhaustive: a switch that omits a kind does not compile. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value: ${JSON.stringify(value)}`);
}
