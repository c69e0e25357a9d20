/** Keywords of an account: words that notify it like a mention. */

import { utf8Encode } from "../../base/bytes.ts";
import { foldCase } from "../../base/case-fold.ts";
import { KEYWORD_BYTES_MAX, KEYWORDS_MAX } from "../../base/limits.ts";
import { cleanText } from "../../base/text.ts";

/** Scripts without spaces between words. */
const UNSPACED = ["Han", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr"];
/** Signs, and letters of those scripts: each counts as a word. */
const SINGLE = new RegExp(
  `[${UNSPACED.map((script) => `\\p{sc=${script}}`).join("")}]|[^\\p{L}\\p{M}\\p{N}_\\s]`,
  "gu",
);

/** Signs of emphasis around words, unlike those within a word such as `bus_stop`. */
const MARKS = /(?<![\p{L}\p{M}\p{N}_])_+|(?<!_)_+(?![\p{L}\p{M}\p{N}_])/gu;

/** The end of "isn't" or "we'll" belongs to the word, unlike that of "ana's". */
const CONTRACTION = /(?<=\p{L})'(?=(?:t|re|ve|ll|d|m)(?![\p{L}\p{M}\p{N}_]))/gu;
const POSSESSIVE = /(?<=\p{L})'(?=s(?![\p{L}\p{M}\p{N}_]))/gu;
/** Counts as a letter. */
const APOSTROPHE = "\u02bc";

/** Ignores case, width and the form of apostrophes. */
function fold(text: string): string {
  return foldCase(text.normalize("NFKC")).replace(/[\u2019\u02bc]/g, "'");
}

/** Separates the words with single spaces, so that whole words are found as a substring. */
function wordsIn(text: string): string {
  const joined = fold(text).replace(CONTRACTION, APOSTROPHE).replace(POSSESSIVE, ` ${APOSTROPHE}`);
  const spaced = joined.replace(SINGLE, " $& ").replace(MARKS, " $& ");
  return ` ${spaced.trim().replace(/\s+/g, " ")} `;
}

export function isKeywordFit(keyword: string): boolean {
  return utf8Encode(keyword).length <= KEYWORD_BYTES_MAX;
}

/** Folded keywords without repetitions, which can still exceed the limits. */
export function foldKeywords(values: readonly unknown[]): string[] {
  const texts = values.filter((value) => typeof value === "string");
  const folded = texts.map((text) => fold(cleanText(text)).trim().replace(/\s+/g, " "));
  return [...new Set(folded)].filter((keyword) => keyword !== "");
}

/** Returns the keywords as stored: those that fit; `undefined` if there are none. */
export function keywordsOf(values: readonly unknown[] | undefined): string[] | undefined {
  if (values === undefined || values.length === 0) return undefined;
  const keywords = foldKeywords(values).filter(isKeywordFit).slice(0, KEYWORDS_MAX);
  return keywords.length === 0 ? undefined : keywords;
}

/** Returns a function that reports whether a text contains one of the keywords as whole words. */
export function keywordSearch(text: string): (keywords: readonly string[] | undefined) => boolean {
  let letters: string | undefined;
  let words: string | undefined;
  const contains = (keyword: string) => {
    letters ??= fold(text).replace(/\s+/g, "");
    // Compares letters first, which is faster: few texts contain the letters of a keyword.
    if (!letters.includes(keyword.replaceAll(" ", ""))) return false;
    words ??= wordsIn(text);
    return words.includes(wordsIn(keyword));
  };
  return (keywords = []) => keywords.some(contains);
}
