import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { foldCase } from "../../src/base/case-fold.ts";
import { ANY_CHARACTER } from "../any-character.ts";

describe("foldCase", () => {
  const same: readonly (readonly [string, string])[] = [
    ["Straße", "STRASSE"],
    ["STRAẞE", "strasse"],
    ["ΟΔΟΣ", "οδος"],
    ["ΟΔΟς", "οδοσ"],
    ["İstanbul", "istanbul"],
    ["ISPARTA", "ısparta"],
    ["ﬁn", "FIN"],
    ["ПРИВЕТ", "привет"],
    ["\u212a", "k"],
    ["É", "e\u0301"],
    ["ệ", "e\u0302\u0323"],
    ["ԵՒ", "և"],
    ["ꭰ", "Ꭰ"],
    ["𐐀", "𐐨"],
  ];
  for (const [one, other] of same) {
    test(`folds ${one} and ${other} equally`, () => expect(foldCase(one)).toBe(foldCase(other)));
  }

  test("sorts at most 30 combining marks of a run", () => {
    const marks = (count: number) => `${"\u0301".repeat(count)}${"\u0323".repeat(count)}`;
    expect(foldCase(`a${marks(16_000)}b`)).toHaveLength(foldCase(`a${marks(30)}b`).length);
    expect(foldCase(`a${marks(15)}`.repeat(1_000))).toHaveLength(
      1_000 * foldCase(`a${marks(15)}`).length,
    );
  });

  test("is idempotent", () => {
    fc.assert(
      fc.property(fc.string({ unit: ANY_CHARACTER }), (text) => {
        const folded = foldCase(text);
        expect(foldCase(folded)).toBe(folded);
      }),
    );
  });

  test("folds upper case, lower case and composed spellings equally", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-ZäöüßéñÅΑ-Ωα-ωА-Яа-я ]*$/u), (text) => {
        const folded = foldCase(text);
        for (const other of [text.toUpperCase(), text.toLowerCase(), text.normalize("NFD")]) {
          expect(foldCase(other)).toBe(folded);
        }
      }),
    );
  });
});
