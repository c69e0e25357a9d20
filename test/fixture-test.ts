import { test } from "bun:test";

/**
 * Returns a function that defines tests like `test`. The body of each receives a new fixture, which
 * is disposed afterwards if it is disposable.
 */
export function fixtureTest<Fixture>(open: () => Fixture | Promise<Fixture>) {
  return (name: string, body: (fixture: Fixture) => unknown, timeoutMs?: number): void => {
    const run = async () => {
      const fixture = await open();
      await using _ = isDisposable(fixture) ? fixture : undefined;
      await body(fixture);
    };
    test(name, run, timeoutMs);
  };
}

function isDisposable(value: unknown): value is AsyncDisposable {
  return typeof value === "object" && value !== null && Symbol.asyncDispose in value;
}
