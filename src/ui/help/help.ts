/** Questions of people with short answers, for the commands, the page and the documents. */

import { queryWords } from "../../base/query-words.ts";
import { foldWords } from "../../base/word-fold.ts";
import { Finder } from "../../core/finder/finder.ts";
import type { HELP_EN } from "./en.ts";

export interface HelpEntry {
  readonly question: string;
  /** At most three sentences, with `code` and **labels** of the page. */
  readonly answer: string;
  /** Other words by which people look for it. */
  readonly words: string;
  /** Name of the guide that says more. */
  readonly guide?: string;
}

type Parts = typeof HELP_EN;

export type HelpPart = keyof Parts;
export type HelpId = { [P in HelpPart]: keyof Parts[P]["entries"] }[HelpPart];

/** Entry with its name, which is the same in all languages. */
export interface HelpAnswer extends HelpEntry {
  readonly id: HelpId;
  readonly part: HelpPart;
}

export type HelpTexts = {
  readonly [P in keyof Parts]: {
    readonly title: string;
    readonly entries: Readonly<Record<keyof Parts[P]["entries"], HelpEntry>>;
  };
};

export function helpEntries(texts: HelpTexts): readonly HelpAnswer[] {
  return (Object.keys(texts) as HelpPart[]).flatMap((part) => helpEntriesOf(texts, part));
}

export function helpEntriesOf(texts: HelpTexts, part: HelpPart): readonly HelpAnswer[] {
  return Object.entries<HelpEntry>(texts[part].entries).map(([id, entry]) => ({
    ...entry,
    id: id as HelpId,
    part,
  }));
}

/** Answers found at once. */
const ANSWERS_MAX = 20;
/** Shorter words, such as "how" and "the", decide nothing. */
const WORD_LETTERS_MIN = 4;

/**
 * Returns the answers to a question in any words, the best one first: those that have all words in
 * the question, those that have them in the answer, and those with most of the longer words.
 */
export function findAnswers(texts: HelpTexts, query: string): readonly HelpAnswer[] {
  const entries = helpEntries(texts);
  const asked = (textOf: (entry: HelpAnswer) => string) =>
    new Finder(
      entries.map((entry) => ({ id: entry.question, names: [], texts: [textOf(entry)], entry })),
    )
      .find(query, ANSWERS_MAX)
      .map(({ entry }) => entry);
  if (queryWords(query).length === 0) return [];
  const whole = [
    ...asked(({ question, words }) => `${question} ${words}`),
    ...asked(({ question, words, answer }) => `${question} ${words} ${answer}`),
  ];
  const found = whole.length > 0 ? whole : byMostWords(entries, query);
  return [...new Set(found)].slice(0, ANSWERS_MAX);
}

function byMostWords(entries: readonly HelpAnswer[], query: string): readonly HelpAnswer[] {
  const scored = scoredBy(entries, query);
  const best = Math.max(0, ...scored.map(({ score }) => score));
  return best === 0 ? [] : scored.filter(({ score }) => score === best).map(({ entry }) => entry);
}

/** Counts the longer words of the query in each question. */
function scoredBy(entries: readonly HelpAnswer[], query: string) {
  const words = foldWords(query).split(" ");
  const longer = new Set(words.filter(({ length }) => length >= WORD_LETTERS_MIN));
  return entries.map((entry) => {
    const asked = ` ${foldWords(`${entry.question} ${entry.words}`)}`;
    const score = [...longer].filter((word) => asked.includes(` ${word}`)).length;
    return { entry, score };
  });
}

/** Other questions that are named below an answer. */
const RELATED_MAX = 3;

/** Returns the questions that share the most words with an answer. */
export function relatedAnswers(
  texts: HelpTexts,
  { id, question, words }: HelpAnswer,
): readonly HelpAnswer[] {
  const others = helpEntries(texts).filter((entry) => entry.id !== id);
  return scoredBy(others, `${question} ${words}`)
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, RELATED_MAX)
    .map(({ entry }) => entry);
}

/** The answer without its markup. */
export function answerText({ answer }: HelpEntry): string {
  return answer.replaceAll("**", "").replaceAll("`", "");
}

/** Sentences of an answer, with their markup. */
export function answerSentences({ answer }: HelpEntry): readonly string[] {
  return answer.split(/(?<=[.?!]) (?=[\p{Lu}*`])/u);
}
