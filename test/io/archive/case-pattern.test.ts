import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { foldCase } from "../../../src/base/case-fold.ts";
import { queryWords } from "../../../src/base/query-words.ts";
import { foldWords } from "../../../src/base/word-fold.ts";
import {
  casePattern,
  escapedInJson,
  lineQueryOf,
  wordPattern,
} from "../../../src/io/archive/line-query.ts";
import { lineMatcher } from "../../../src/io/disk/search-worker.ts";
import { SWEEP_STEP } from "../../samples.ts";

const latin1 = (text: string): string =>
  Buffer.from(escapedInJson(text), "utf8").toString("latin1");

function mayContain(text: string, needle: string): boolean {
  const found = casePattern(needle);
  return found === undefined || new RegExp(found.source).test(latin1(text));
}

/** Returns the numbers of the lines that a search for the needle in any case selects. */
function linesFound(texts: readonly string[], needle: string): number[] {
  const page = { from: "oldest", limit: 1, bytesMax: 1 } as const;
  const query = lineQueryOf({ grep: needle, ignoreCase: true, ...page });
  const lines = texts.map((text) => `${escapedInJson(text)}\n`);
  const bytes = Buffer.from(lines.join(""), "utf8");
  const { starts, ends } = lineMatcher(query, { foldCase, foldWords }).spans(bytes);
  expect(starts.length).toBe(ends.length);
  return ends.map((end) => bytes.toString("latin1", 0, end).split("\n").length - 1);
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

describe("a search in any case", () => {
  test("selects every line that matches the pattern", () => {
    const texts = fc.array(awkward, { maxLength: 6 });
    fc.assert(
      fc.property(texts, awkward, awkward, respelled, respelled, (all, a, b, one, other) => {
        const needle = other(b);
        if (casePattern(needle) === undefined) return;
        const lines = [...all, one(a + b), one(b + a), ...all];
        const expected = lines.flatMap((line, i) => (mayContain(line, needle) ? [i] : []));
        expect(linesFound(lines, needle)).toEqual(expected);
      }),
      { numRuns: Math.ceil(10_000 / SWEEP_STEP) },
    );
  });

  test.each(["Zurich", "zur\u{131}ch"])(
    "selects every line with %p among similar ones",
    (needle) => {
      const similar = ["lunch", "r\u{131}ng, ring", "nice", "zu", "zuri", "urich", "chchchch"];
      const lines = Array.from({ length: 2_000 }, (_, i) => {
        const words = similar
          .slice(i % similar.length)
          .join(" ")
          .repeat(1 + (i % 3));
        return i % 97 === 5 ? `${words} and ZURICH and Zur\u{131}ch ${words}` : words;
      });
      const expected = lines.flatMap((line, i) => (mayContain(line, needle) ? [i] : []));
      expect(linesFound(lines, needle)).toEqual(expected);
    },
  );

  test("skips most other texts", () => {
    const texts = ["xylophonist", "Zürich", "ПРИВЕТ", "東京都", "οδός", "straße", "KİSS", "2031"];
    for (const [i, text] of texts.entries()) {
      expect([text, linesFound(texts, foldCase(text))]).toEqual([text, [i]]);
    }
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

describe("a search by words", () => {
  test("selects every line that has them, in any spelling", () => {
    const line = (text: string) => `{"body":{"text":"${escapedInJson(text)}"}}\n`;
    fc.assert(
      fc.property(awkward, awkward, awkward, respelled, (a, b, c, respell) => {
        const words = queryWords(`${c} ${b}`);
        if (words.length === 0) return;
        const page = { from: "oldest", limit: 1, bytesMax: 1 } as const;
        const matcher = lineMatcher(lineQueryOf({ words, ...page }), { foldCase, foldWords });
        const text = `${a}${respell(b)} ${c}`;
        if (!matcher.matchesBody({ text })) return;
        expect(matcher.spans(Buffer.from(line(text), "utf8")).starts).toEqual([0]);
      }),
      { numRuns: Math.ceil(10_000 / SWEEP_STEP) },
    );
  });

  test("rejects other lines before parsing", () => {
    const pattern = wordPattern(["wifi", "on the roof"]);
    const isSelected = (text: string) => pattern !== undefined && latin1(text).search(pattern) >= 0;
    expect(isSelected('the "W.i"-Fi')).toBe(true);
    expect(isSelected("wi fi")).toBe(false);
    expect(wordPattern(["é", "wifi"])).toBeUndefined();
  });
});
