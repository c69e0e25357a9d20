/** Queries that were typed into the finder. */

import { unlessFault } from "../../base/fault.ts";
import type { SearchQuery } from "../../core/model/state.ts";
import { parseSearch, type SearchContext } from "../search-query.ts";

export type FinderKind =
  | "people"
  | "rooms"
  | "threads"
  | "files"
  | "commands"
  | "settings"
  | "keys"
  | "answers"
  | "messages";

export interface FinderQuery {
  /** `undefined`: all. */
  readonly kinds: readonly FinderKind[] | undefined;
  readonly text: string;
}

const SIGNS: Readonly<Record<string, readonly FinderKind[]>> = {
  "@": ["people"],
  "#": ["rooms"],
  "/": ["commands", "settings"],
  "?": ["answers", "keys", "commands", "settings"],
};

/** The first letter `@`, `#`, `/` or `?` chooses kinds. */
export function parseFinder(input: string): FinderQuery {
  const typed = input.trimStart();
  const kinds = SIGNS[typed.slice(0, 1)];
  return { kinds, text: kinds === undefined ? typed : typed.slice(1) };
}

/** The server is asked from here on. */
const SEARCH_LETTERS_MIN = 3;

/** A filter whose value is not typed yet. */
const UNFINISHED = /(?<!\S)(?:from|in|since|after|until|before|has|replies):(?=\s|$)/gi;

/**
 * Returns the search for messages; `undefined` for fewer letters without a filter, for too many
 * words, and while a filter is not complete.
 */
export function searchOf(text: string, context: SearchContext): SearchQuery | undefined {
  const query = unlessFault(() => parseSearch(text.replace(UNFINISHED, ""), context));
  if (query === undefined) return undefined;
  const { text: typed, input: _, words = [], ...filters } = query;
  const isLong = words.join("").length >= SEARCH_LETTERS_MIN;
  return isLong || (typed === "" && Object.keys(filters).length > 0) ? query : undefined;
}
