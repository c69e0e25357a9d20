import fc from "fast-check";

const SURROGATES = { first: 0xd800, count: 0x800 };

/**
 * Unit of strings with any character. The unit "binary" of fast-check makes the same strings, but
 * fills a map with all characters first, which takes a second in each process.
 */
export const ANY_CHARACTER = fc.integer({ min: 0, max: 0x10ffff - SURROGATES.count }).map(
  (n) => String.fromCodePoint(n < SURROGATES.first ? n : n + SURROGATES.count),
  (character) => {
    const codePoint = typeof character === "string" ? character.codePointAt(0) : undefined;
    if (codePoint === undefined || String.fromCodePoint(codePoint) !== character) {
      throw new Error("not a character");
    }
    return codePoint < SURROGATES.first ? codePoint : codePoint - SURROGATES.count;
  },
);
