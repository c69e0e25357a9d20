/** Words of a query. */

import { foldWords } from "./word-fold.ts";

const WORD = /["“”„«»]([^"“”„«»]+)["“”„«»]|[^\s"“”„«»]+/gu;

/**
 * Splits a query at its blanks; a phrase in quotes is one word. Words are folded, each once. Those
 * of punctuation alone are left out.
 */
export function queryWords(query: string): string[] {
  const words = Array.from(query.matchAll(WORD), ([word, phrase]) => phrase ?? word);
  return [...new Set(foldedWords(words))];
}

/** Splits a query as `queryWords` does, without a change. */
export function queryParts(query: string): readonly string[] {
  return query.match(WORD) ?? [];
}

/** Folds words for the comparison with texts that are folded likewise. */
export function foldedWords(words: readonly string[]): readonly string[] {
  return words.map((word) => foldWords(word).trim()).filter((word) => word !== "");
}

export function hasWords(text: string, folded: readonly string[]): boolean {
  const searched = foldWords(text);
  return folded.every((word) => searched.includes(word));
}
