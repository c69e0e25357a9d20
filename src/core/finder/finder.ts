/** The ranking of everything that can be found by its name. */

import { queryWords } from "../../base/query-words.ts";
import { foldWords } from "../../base/word-fold.ts";

export interface Candidate {
  readonly id: string;
  readonly names: readonly string[];
  /** Other texts, in which only words are found. */
  readonly texts?: readonly string[];
}

export interface RankedHit<T extends Candidate> {
  readonly candidate: T;
  /** From 0, the name itself. */
  readonly rank: number;
  /**
   * Returns the first of the texts that has a word which is in no name; `undefined` if the names
   * have all. Takes time, so it is called for visible rows only.
   */
  readonly text: () => string | undefined;
}

interface Folded<T> {
  readonly candidate: T;
  readonly names: readonly string[];
  /** Names, each word after a blank, and likewise names and texts. */
  readonly named: string;
  readonly all: string;
}

/** From here on, letters in this order, which need not be neighbours, find a name. */
const SUBSEQUENCE_LETTERS_MIN = 2;
/** Numbers of `rankOf`. */
const RANKS = 6;
const SEPARATORS = /[\s\p{P}]+/gu;

/**
 * Finds candidates by a query that has all of its words in them, compared by `foldWords`, in this
 * order: the name itself, names that begin with the query, names with words that begin with the
 * query's words, the same with the texts, names and texts that contain them, and names with the
 * letters of the query in its order. Equal ones stay in the order of the candidates.
 */
export class Finder<T extends Candidate> {
  readonly #folded: readonly Folded<T>[];
  /** The last query, and what it found. */
  #last: { readonly words: readonly string[]; readonly found: readonly Folded<T>[] } | undefined;

  constructor(candidates: Iterable<T>) {
    this.#folded = Array.from(candidates, (candidate) => {
      const names = candidate.names.map((name) => foldWords(name).trim());
      const named = wordsOf(candidate.names);
      const { texts = [] } = candidate;
      return { candidate, names, named, all: texts.length === 0 ? named : named + wordsOf(texts) };
    });
  }

  /** Returns all candidates for a query without words. */
  find(query: string, limit: number): readonly T[] {
    return this.search(query)
      .slice(0, limit)
      .map(({ candidate }) => candidate);
  }

  search(query: string): readonly RankedHit<T>[] {
    const words = queryWords(query);
    const last = this.#last;
    const isLonger = last !== undefined && isExtended(last.words, words);
    const candidates = isLonger ? last.found : this.#folded;
    const ranks: RankedHit<T>[][] = Array.from({ length: RANKS }, () => []);
    const found: Folded<T>[] = [];
    for (const folded of candidates) {
      const rank = words.length === 0 ? 0 : rankOf(folded, words);
      if (rank === undefined) continue;
      found.push(folded);
      const text = () => (rank === 0 ? undefined : foundText(folded, words));
      ranks[rank]?.push({ candidate: folded.candidate, rank, text });
    }
    this.#last = { words, found };
    return ranks.flat();
  }
}

/** Whether all that is found by `words` is also found by the words before, without their ends. */
export function isExtended(before: readonly string[], words: readonly string[]): boolean {
  return (
    before.length <= words.length &&
    before.every((word, at) => words[at]?.startsWith(word) === true)
  );
}

/** Words that punctuation separates begin at it, too: "lab" begins a word of "room-lab". */
function wordsOf(parts: readonly string[]): string {
  const separated = parts.map((part) => part.replace(SEPARATORS, " "));
  return [...separated, ...parts].map((part) => ` ${foldWords(part).trim()}`).join("");
}

function rankOf({ names, named, all }: Folded<unknown>, words: string[]): number | undefined {
  const phrase = words.join(" ");
  if (names.includes(phrase)) return 0;
  if (names.some((name) => name.startsWith(phrase))) return 1;
  if (words.every((word) => named.includes(` ${word}`))) return 2;
  if (words.every((word) => all.includes(` ${word}`))) return 3;
  if (words.every((word) => all.includes(word))) return 4;
  const letters = words.join("");
  if (letters.length < SUBSEQUENCE_LETTERS_MIN) return undefined;
  return names.some((name) => hasSubsequence(name, letters)) ? 5 : undefined;
}

function foundText({ candidate, named }: Folded<Candidate>, words: string[]): string | undefined {
  const others = words.filter((word) => !named.includes(word));
  if (others.length === 0) return undefined;
  return candidate.texts?.find((text) => {
    const folded = foldWords(text);
    return others.some((word) => folded.includes(word));
  });
}

function hasSubsequence(name: string, letters: string): boolean {
  let at = 0;
  for (const letter of letters) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
