import { afterEach, expect, jest, test } from "bun:test";
import { withFetchFault } from "../../../src/web/browser/parts.ts";

afterEach(() => void jest.useRealTimers());

test("says of a part that fails or never arrives that it could not be loaded", async () => {
  jest.useFakeTimers();
  const outcomeOf = async (load: () => Promise<string>, afterMs: number) => {
    let outcome = "waiting";
    const settle = (text: string) => {
      outcome = text;
    };
    const done = withFetchFault(load)().then(settle, ({ code, text }) => settle(`${code} ${text}`));
    await Promise.resolve();
    jest.advanceTimersByTime(afterMs);
    if (afterMs === 0 || afterMs >= 30_000) await done;
    return outcome;
  };
  const silence = () => new Promise<string>(() => {});
  expect(await outcomeOf(async () => "the part", 0)).toBe("the part");
  const refused = () => Promise.reject(new TypeError("refused"));
  expect(await outcomeOf(refused, 0)).toBe("unreachable loadFailed");
  expect(await outcomeOf(silence, 29_000)).toBe("waiting");
  expect(await outcomeOf(silence, 30_000)).toBe("unreachable loadFailed");
});
