import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  concatBytes,
  cutText,
  equalBytes,
  fromBase64Url,
  toBase64Url,
  toHex,
  utf8Decode,
  utf8Encode,
  withCapacity,
} from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import { ANY_CHARACTER } from "../any-character.ts";

test("round-trips UTF-8 including a byte order mark", () =>
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(utf8Decode(utf8Encode(`\ufeff${text}`))).toBe(`\ufeff${text}`);
    }),
  ));

test("refuses invalid UTF-8", () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x92]]) {
    expect(() => utf8Decode(Uint8Array.from(bytes))).toThrow(Fault);
  }
});

test("round-trips base64url without padding", () =>
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = toBase64Url(bytes);
      expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
      expect(fromBase64Url(text)).toEqual(bytes);
    }),
  ));

test.each(["A", "AB", "AA==", "AA=", "+/8", "A A", "AAA\n", "ä"])(
  "rejects '%s' as canonical base64url",
  (text) => expect(() => fromBase64Url(text)).toThrow(Fault),
);

test("decodes any text or throws the peer's fault", () =>
  fc.assert(
    fc.property(fc.base64String(), (text) => {
      try {
        expect(toBase64Url(fromBase64Url(text))).toBe(text);
      } catch (error) {
        expect(error instanceof Fault && error.blame).toBe("peer");
      }
    }),
  ));

describe("cutText", () => {
  test.each([
    ["abc", 3, "abc"],
    ["abc", 2, "ab"],
    ["aé", 2, "a"],
    ["aé", 3, "aé"],
    ["\u{1f600}x", 4, "\u{1f600}"],
    ["\u{1f600}x", 3, ""],
    ["\ud83d", 3, "\ufffd"],
    ["\ud83d", 2, ""],
    ["", 0, ""],
  ])("cuts %j to %d bytes", (text, bytesMax, cut) => {
    expect(cutText(text, bytesMax)).toBe(cut);
  });

  test("returns the longest prefix that fits", () =>
    fc.assert(
      fc.property(fc.string({ unit: ANY_CHARACTER }), fc.nat(40), (text, bytesMax) => {
        const cut = cutText(text, bytesMax);
        const next = Array.from(text.toWellFormed())[Array.from(cut).length] ?? "";
        expect(utf8Encode(cut).length).toBeLessThanOrEqual(bytesMax);
        expect(text.toWellFormed().startsWith(cut)).toBe(true);
        if (next !== "") expect(utf8Encode(cut + next).length).toBeGreaterThan(bytesMax);
      }),
    ));
});

test("concatenates and compares bytes", () => {
  const whole = concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 255));
  expect(toHex(whole)).toBe("0102ff");
  expect(equalBytes(whole, Uint8Array.of(1, 2, 255))).toBe(true);
  expect(equalBytes(whole, Uint8Array.of(1, 2, 254))).toBe(false);
  expect(equalBytes(whole, Uint8Array.of(1, 2))).toBe(false);
  expect(equalBytes(concatBytes(), new Uint8Array(0))).toBe(true);
});

test("a full buffer at least doubles and retains its used bytes", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  expect(withCapacity(bytes, 3, 1)).toBe(bytes);
  expect(withCapacity(bytes, 3, 2)).toEqual(Uint8Array.of(1, 2, 3, 0, 0, 0, 0, 0));
  expect(withCapacity(bytes, 1, 20)).toHaveLength(21);
  expect(withCapacity(new Uint8Array(0), 0, 1)).toHaveLength(1);
});
