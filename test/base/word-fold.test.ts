import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { foldCase } from "../../src/base/case-fold.ts";
import { foldWords } from "../../src/base/word-fold.ts";
import { ANY_CHARACTER } from "../any-character.ts";

describe("foldWords", () => {
  const same: readonly (readonly [string, string])[] = [
    ["Wi-Fi", "wifi"],
    ["Wi\u2011Fi", "wi−fi"],
    ["Café", "cafe"],
    ["cafe\u0301", "CAFÉ"],
    ["can't", "can’t"],
    ["can´t", "cant"],
    ["o'clock", "oʼclock"],
    ["Straße", "STRASSE"],
    ["ΟΔΟΣ", "οδός"],
    ["ＷＩＦＩ　７", "wifi 7"],
    ["İstanbul", "istanbul"],
    ["ısparta", "ISPARTA"],
    ["Łódź", "lodz"],
    ["Ærø", "aero"],
    ["ﬁn", "FIN"],
    ["ёлка", "Елка"],
    ["مُحَمَّد", "محمـد"],
    ["שָׁלוֹם", "שלום"],
    ["ｶﾞﾗｽ", "ガラス"],
    ["soft\u00adware", "software"],
    ["zero\u200bwidth", "zerowidth"],
    ["“so”, she said…", "so she said"],
    ["a \n\t b", "a b"],
    ["snake_case", "snakecase"],
    ["❤️", "❤"],
  ];
  for (const [one, other] of same) {
    test(`folds ${one} and ${other} equally`, () => expect(foldWords(one)).toBe(foldWords(other)));
  }

  test.each([
    ["C++", "C"],
    ["C#", "C"],
    ["#dev", "dev"],
    ["50%", "50"],
    ["ไม่", "ไม"],
    ["か", "が"],
  ])("tells %p from %p", (one, other) => expect(foldWords(one)).not.toBe(foldWords(other)));

  test("sorts at most 30 combining marks of a run", () => {
    const marks = (count: number) => `${"\u0e48".repeat(count)}${"\u0e38".repeat(count)}`;
    expect(foldWords(`a${marks(16_000)}b`)).toHaveLength(32);
  });

  test("is idempotent, and no finer than case", () => {
    fc.assert(
      fc.property(fc.string({ unit: ANY_CHARACTER }), (text) => {
        const folded = foldWords(text);
        expect(foldWords(folded)).toBe(folded);
        expect(foldWords(foldCase(text))).toBe(folded);
      }),
    );
  });
});
