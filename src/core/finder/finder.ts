/** The ranking of everything that can be found by its name. */

import { foldWords } from "../../base/word-fold.ts";
import { queryWords } from "./words.ts";

export interface Candidate {
  readonly id: string;
  readonly names: readonly string[];
  /** Other text, in which only words are found. */
  readonly text?: string;
}

interface Folded<T> {
  readonly candidate: T;
  readonly names: readonly string[];
  /** The names and the text, each word after a blank. */
  readonly all: string;
}

/** From here on, letters in this order, which need not be neighbours, find a name. */
const SUBSEQUENCE_LETTERS_MIN = 2;
const SEPARATORS = /[\s\p{P}]+/gu;

/**
 * Finds candidates by a query that has all of its words in them, compared by `foldWords`, in this
 * order: the name itself, names that begin with the query, names with words that begin with the
 * query's words, names that contain them, and names with the letters of the query in its order.
 * Equal ones stay in the order of the candidates.
 */
export class Finder<T extends Candidate> {
  readonly #folded: readonly Folded<T>[];

  constructor(candidates: Iterable<T>) {
    this.#folded = Array.from(candidates, (candidate) => {
      const names = candidate.names.map((name) => foldWords(name).trim());
      const { text = "" } = candidate;
      // Words that punctuation separates begin at it: "lab" begins a word of "room-lab".
      const separated = [...candidate.names, text].map((part) => part.replace(SEPARATORS, " "));
      const words = [...separated.map(foldWords), ...names, foldWords(text)];
      return { candidate, names, all: ` ${words.join(" ")}` };
    });
  }

  /** Returns all candidates for a query without words. */
  find(query: string, limit: number): readonly T[] {
    const words = queryWords(query);
    if (words.length === 0) return this.#folded.slice(0, limit).map(({ candidate }) => candidate);
    const ranks: T[][] = [[], [], [], [], []];
    for (const folded of this.#folded) {
      const rank = rankOf(folded, words);
      if (rank !== undefined) ranks[rank]?.push(folded.candidate);
    }
    return ranks.flat().slice(0, limit);
  }
}

function rankOf({ names, all }: Folded<unknown>, words: readonly string[]): number | undefined {
  const phrase = words.join(" ");
  if (names.includes(phrase)) return 0;
  if (names.some((name) => name.startsWith(phrase))) return 1;
  if (words.every((word) => all.includes(` ${word}`))) return 2;
  if (words.every((word) => all.includes(word))) return 3;
  const letters = words.join("");
  if (letters.length < SUBSEQUENCE_LETTERS_MIN) return undefined;
  return names.some((name) => hasSubsequence(name, letters)) ? 4 : undefined;
}

function hasSubsequence(name: string, letters: string): boolean {
  let at = 0;
  for (const letter of letters) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
