/** Names and shorter queries that a query without results may have meant. */

import { editDistance } from "../../base/edit-distance.ts";
import { slipsMaxFor } from "../../base/near-name.ts";
import { queryParts } from "../../base/query-words.ts";
import { foldWords } from "../../base/word-fold.ts";
import type { Candidate } from "./finder.ts";

const SUGGESTED_MAX = 5;

/**
 * Returns candidates with a name, or the beginning of one word of it, that differs from the query
 * in one letter, or two in long ones: wrong, missing, too many, or exchanged. The nearest first.
 */
export function nearNames<T extends Candidate>(
  candidates: readonly T[],
  query: string,
): readonly T[] {
  const typed = foldWords(query).trim();
  const slipsMax = slipsMaxFor(typed);
  if (slipsMax === undefined) return [];
  const near: { readonly candidate: T; readonly slips: number }[] = [];
  for (const candidate of candidates) {
    const slips = Math.min(...candidate.names.map((name) => slipsIn(name, typed, slipsMax)));
    if (slips <= slipsMax) near.push({ candidate, slips });
  }
  return near
    .toSorted((a, b) => a.slips - b.slips)
    .slice(0, SUGGESTED_MAX)
    .map(({ candidate }) => candidate);
}

function slipsIn(name: string, typed: string, slipsMax: number): number {
  const folded = foldWords(name).trim();
  const parts = [
    folded,
    ...folded.split(" "),
    ...foldWords(name.replace(/\p{P}+/gu, " ")).split(" "),
  ];
  const slips = parts
    .filter(({ length }) => Math.abs(length - typed.length) <= slipsMax)
    .map((part) => editDistance(typed, part));
  return Math.min(Number.POSITIVE_INFINITY, ...slips);
}

/** Returns the query with each of its words, phrases and filters left out; none for one word. */
export function shorterQueries(query: string): readonly string[] {
  const parts = queryParts(query);
  if (parts.length < 2) return [];
  return parts
    .slice(0, SUGGESTED_MAX)
    .map((_, left) => parts.filter((_, i) => i !== left).join(" "));
}
