import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { foldCase } from "../../../src/base/case-fold.ts";
import { casePattern, escapedInJson, pairsOf } from "../../../src/io/archive/case-pattern.ts";
import { SWEEP_STEP } from "../../samples.ts";

const latin1 = (text: string): string =>
  Buffer.from(escapedInJson(text), "utf8").toString("latin1");

function mayContain(text: string, needle: string): boolean {
  const pattern = casePattern(needle);
  if (pattern === undefined) return true;
  const pairs = pairsOf(pattern).map((pair) => pair.toString("latin1"));
  const hasPair = pairs.length === 0 || pairs.some((pair) => latin1(text).includes(pair));
  return hasPair && new RegExp(pattern.source).test(latin1(text));
}

const AWKWARD = [
  ...'aAbBeEfFiIjJkKlLnNsStTzZ "\\\n\t019',
  ..."éÉèüÜßẞſﬀﬁﬂﬃﬄﬅﬆŉǰİıKÅΩΣσςΐΰάᾳᾲᾼΆϐβϑθԵՎևеЕёЁѐйЙꭰᎠẖẛṡẞệỆễậǗǖ",
  ..."가각힣がガパ漢豈नमस्तेकि\u0e01\u0e34\u0e48اَلهּשׁ",
  ..."\u0301\u0302\u0307\u0308\u0323\u0345\u030c\u093c\u3099",
  "𐐀",
  "𐐨",
  "𞤀",
  "😀",
  "ǅ",
  "ǆ",
];
const awkward = fc.array(fc.constantFrom(...AWKWARD), { maxLength: 12 }).map((all) => all.join(""));
const respelled = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => text.normalize("NFC"),
  (text) => text.normalize("NFD"),
  (text) => text.normalize("NFC").toUpperCase().normalize("NFD"),
);

describe("pairsOf", () => {
  test.each([
    ["deadline", ["dl", "dL", "Dl", "DL"]],
    ["a b", [" b", " B"]],
    ["text", []],
    ["kiss", []],
    ["2024", []],
  ])("finds the rarest pair in %p", (needle, pairs) => {
    const pattern = casePattern(needle);
    expect(pattern === undefined ? [] : pairsOf(pattern).map(String)).toEqual(pairs);
  });
});

describe("casePattern", () => {
  test("matches every text that contains the needle", () => {
    fc.assert(
      fc.property(awkward, awkward, awkward, respelled, respelled, (a, b, c, one, other) => {
        const text = one(a + b + c);
        const needle = other(b);
        if (!foldCase(text).includes(foldCase(needle))) return;
        expect(mayContain(text, needle)).toBeTrue();
      }),
      { numRuns: Math.ceil(20_000 / SWEEP_STEP) },
    );
  });

  test("skips most other texts", () => {
    const texts = ["xylophonist", "Zürich", "ПРИВЕТ", "東京都", "οδός", "straße"];
    for (const needle of texts) {
      for (const text of texts) {
        expect([needle, text, mayContain(text, needle)]).toEqual([needle, text, needle === text]);
      }
    }
  });

  test("uses at most 16 letters of a text of any length", () => {
    for (const letter of ["a", "i", "\u0431", "\u{10428}"]) {
      const sourceOf = (count: number) => casePattern(letter.repeat(count))?.source;
      expect(sourceOf(1_000)).toBe(sourceOf(16));
      expect(sourceOf(15)).not.toBe(sourceOf(16));
    }
  });
});
