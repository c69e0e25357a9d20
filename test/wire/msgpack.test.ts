import { expect, test } from "bun:test";
import { concatBytes } from "../../src/base/bytes.ts";
import { packValue } from "../../src/wire/codec.ts";
import { packTexts, putCount } from "../../src/wire/msgpack.ts";

const packed = (value: unknown) => new Uint8Array(packValue({ a: value }).subarray(3));

const COUNTS = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];

test.each(COUNTS)("encodes the count %i like the codec", (value) => {
  const bytes = new Uint8Array(12);
  const end = putCount(bytes, 2, value);
  expect(bytes.subarray(2, end)).toEqual(packed(value));
  expect([bytes[0], bytes[1], bytes[end]]).toEqual([0, 0, 0]);
});

test("encodes texts like the codec, up to the longest short text", () => {
  const texts = ["", "kind", "ö", "x".repeat(31)];
  expect(packTexts(...texts)).toEqual(concatBytes(...texts.map(packed)));
  expect(() => packTexts("x".repeat(32))).toThrow("short");
  expect(() => packTexts("ö".repeat(16))).toThrow("short");
});
