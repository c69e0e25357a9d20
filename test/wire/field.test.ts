import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { FILE_ID_LENGTH } from "../../src/base/limits.ts";
import { bytes, count, fileId, KEY, positive, text, unixMs } from "../../src/wire/field.ts";

const takes = (schema: v.GenericSchema, values: readonly unknown[]) =>
  values.filter((value) => v.is(schema, value));

describe("field schemas", () => {
  test("accept numbers that are integers, exact and not below their minimum", () => {
    const values = [-1, 0, 1, 0.5, 2 ** 53 - 1, 2 ** 53, Number.NaN, "1", 1n, null];
    expect(takes(count, values)).toEqual([0, 1, 2 ** 53 - 1]);
    expect(takes(positive, values)).toEqual([1, 2 ** 53 - 1]);
  });

  test("accept times within the range of dates", () => {
    const values = [-1, 0, 0.5, 8.64e15, 8.64e15 + 1, 2 ** 53 - 1, Number.NaN, null];
    const taken = takes(unixMs, values);
    expect(taken).toEqual([0, 8.64e15]);
    for (const value of taken) expect(new Date(Number(value)).toISOString()).toBeString();
  });

  test("limit texts by bytes", () => {
    expect(takes(text(4), ["", "abcd", "abcde", "éé", "ééé", 4])).toEqual(["", "abcd", "éé"]);
  });

  test("limit the size of bytes", () => {
    const values = [0, 1, 2, 3].map((size) => new Uint8Array(size));
    expect(takes(bytes(2), [...values, [1], "a"])).toEqual(values.slice(0, 3));
    const keys = [31, 32, 33].map((size) => new Uint8Array(size));
    expect(takes(KEY, [...keys, Array(32).fill(1)])).toEqual(keys.slice(1, 2));
  });

  test("accept file ids of f and base64url with a fixed length", () => {
    const rest = (letters: string) => `f${letters}`;
    const good = rest("aZ0-_aZ0-_a");
    expect(good.length).toBe(FILE_ID_LENGTH);
    const bad = ["", "f", rest("aZ0-_aZ0-_"), `${good}a`, rest("aZ0+/aZ0+/a"), `r${good.slice(1)}`];
    expect(takes(fileId, [good, ...bad, `${good.slice(0, -1)}\n`, 12])).toEqual([good]);
  });
});
