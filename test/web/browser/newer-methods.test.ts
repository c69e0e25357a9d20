import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  ARRAY_METHODS,
  anySignal,
  canParse,
  fromBase64,
  groupBy,
  Segments,
  STRING_METHODS,
  toBase64,
  toHexMethod,
  withResolvers,
} from "../../../src/web/browser/newer-methods.ts";
import { ANY_CHARACTER } from "../../any-character.ts";

const bytes = fc.uint8Array({ maxLength: 40 });

test("hex and base64 equal the browser's own", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const url = { alphabet: "base64url", omitPadding: true } as const;
      expect(toHexMethod.call(value)).toBe(value.toHex());
      expect(toBase64.call(value)).toBe(value.toBase64());
      expect(toBase64.call(value, url)).toBe(value.toBase64(url));
      expect([...fromBase64(value.toBase64(url))]).toEqual([...value]);
    }),
  );
});

test.each(["a", "****", "YQ=", "é"])("base64 refuses %j", (text) => {
  expect(() => fromBase64(text)).toThrow();
});

test("a promise is settled from outside", async () => {
  const { promise, resolve } = withResolvers<number>();
  resolve(7);
  expect(await promise).toBe(7);
});

test("tells addresses from other texts", () => {
  expect(["https://example.org/", "https://", "x"].map(canParse)).toEqual([true, false, false]);
});

test("copies of arrays, well-formed texts and groups equal the browser's own", () => {
  const { toSorted, toReversed, toSpliced, with: withItem } = ARRAY_METHODS;
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.nat(9), fc.nat(3), (items, at, count) => {
      expect(toSorted.call(items, (a, b) => Number(a) - Number(b))).toEqual(
        items.toSorted((a, b) => a - b),
      );
      expect(toReversed.call(items)).toEqual(items.toReversed());
      expect(toSpliced.call(items, at, count, 7)).toEqual(items.toSpliced(at, count, 7));
      const index = (at % (items.length + 1)) - 1;
      if (items.length > 0) expect(withItem.call(items, index, 7)).toEqual(items.with(index, 7));
      const odd = (item: number) => item % 2;
      expect(groupBy(items, odd)).toEqual(Map.groupBy(items, odd));
    }),
  );
  expect(() => withItem.call([1], 1, 0)).toThrow(RangeError);
  fc.assert(
    fc.property(fc.string({ unit: ANY_CHARACTER }), fc.boolean(), (text, isCut) => {
      const given = isCut ? `${text}😀`.slice(0, -1) : text;
      expect(STRING_METHODS.isWellFormed.call(given)).toBe(given.isWellFormed());
      expect(STRING_METHODS.toWellFormed.call(given)).toBe(given.toWellFormed());
    }),
  );
});

test("a signal follows the first of several", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const any = anySignal([one.signal, other.signal]);
  expect(any.aborted).toBe(false);
  other.abort("why");
  one.abort("later");
  expect([any.aborted, any.reason]).toEqual([true, "why"]);
  expect(anySignal([other.signal]).reason).toBe("why");
});

test.each([
  "plain text",
  "a\r\nb",
  "e\u0301te\u0301",
  "👨\u200d👩\u200d👧 and 👍🏽",
  "🇮🇩🇬🇧🇩",
  "❤️ 1\u20e3",
  "کتاب\u200cها",
])("segments %j as the browser does", (text) => {
  const own = [...new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text)];
  const segments = new Segments(text);
  expect([...segments].map(({ segment }) => segment)).toEqual(own.map(({ segment }) => segment));
  expect(segments.containing(text.length - 1)?.index).toBe(own.at(-1)?.index);
  expect(segments.containing(text.length)).toBeUndefined();
});
