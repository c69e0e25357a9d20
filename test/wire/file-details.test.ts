import { expect, test } from "bun:test";
import { readFileDetails } from "../../src/wire/file-details.ts";

const TIME_MAX = 8_640_000_000_000_000;

test("accepts permission bits and times before 1970, and ignores other fields", () => {
  for (const details of [
    {},
    { mode: 0 },
    { mode: 0o777, mtimeMs: -TIME_MAX },
    { mtimeMs: TIME_MAX },
    { mtimeMs: -1 },
  ]) {
    expect(readFileDetails(details)).toEqual(details);
    expect(readFileDetails({ ...details, later: "field" })).toEqual(details);
  }
});

test("rejects what no sender writes", () => {
  const modes = [0o1000, 0o4755, 0o7777, -1, 0.5, Number.NaN, 2 ** 53, "755", null];
  const times = [TIME_MAX + 1, -TIME_MAX - 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "0", null];
  for (const mode of modes) expect(readFileDetails({ mode, mtimeMs: 1 })).toBeUndefined();
  for (const mtimeMs of times) expect(readFileDetails({ mode: 1, mtimeMs })).toBeUndefined();
  for (const value of [undefined, null, 7, "x", [1]]) {
    expect(readFileDetails(value)?.mode).toBeUndefined();
  }
});
