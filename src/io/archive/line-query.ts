/** Prepares queries, so that most lines can be rejected before parsing. */

import { isWellFormed } from "../../base/bytes.ts";
import { foldCase } from "../../base/case-fold.ts";
import { READ_KINDS } from "../../wire/kinds.ts";
import type { LineQuery } from "../disk/line-matcher.ts";
import type { PageQuery } from "../log/log.ts";
import { casePattern, escapedInJson } from "./case-pattern.ts";
import { chooseSearch } from "./search-choice.ts";
import { assembleSearch } from "./search-module.ts";

export interface SearchQuery extends LineQuery {
  readonly from: PageQuery["from"];
  /** Byte spellings of each letter of `pattern`, in Latin-1. */
  readonly letters?: readonly (readonly string[])[];
}

export function lineQueryOf(query: PageQuery): SearchQuery {
  const { grep, ignoreCase } = query;
  const needle = needleOf(query);
  const prefilter = needle === undefined ? {} : { needle };
  if (grep === undefined || ignoreCase !== true) return { ...query, ...prefilter };
  // A lone surrogate has no byte pattern. Without a pattern, all lines are parsed.
  const found = isWellFormed(grep) ? casePattern(grep) : undefined;
  return { ...query, ...prefilter, grep: foldCase(grep), ...found };
}

/** More bytes would rarely include a rarer pair of bytes to search for. */
const SEARCHED_BYTES_MAX = 64;

/** Adds the search module, which only pays off for the threads that search most of the log. */
export function threadQueryOf({ letters, ...query }: SearchQuery): LineQuery {
  const search = chooseSearch(letters ?? exactLetters(query));
  return search === undefined ? query : { ...query, module: assembleSearch(search) };
}

function exactLetters({ needle, grep, by }: LineQuery): readonly (readonly string[])[] {
  // Every line contains the rare bytes of a needle that names only a room or a kind.
  if (needle === undefined || (grep === undefined && by === undefined)) return [];
  const bytes = needle.subarray(0, SEARCHED_BYTES_MAX);
  return Array.from(bytes, (byte) => [String.fromCharCode(byte)]);
}

export function isRare({ grep, by, kinds }: LineQuery): boolean {
  return (
    grep !== undefined || by !== undefined || (kinds?.size ?? READ_KINDS.size) < READ_KINDS.size
  );
}

function needleOf(query: PageQuery): Buffer | undefined {
  if (query.grep !== undefined && query.grep !== "" && query.ignoreCase !== true) {
    return isWellFormed(query.grep) ? Buffer.from(escapedInJson(query.grep), "utf8") : undefined;
  }
  if (query.by !== undefined) return Buffer.from(`"by":"${query.by}","id":`, "latin1");
  const [room] = query.rooms?.size === 1 ? query.rooms : [];
  const [kind] = query.kinds?.size === 1 ? query.kinds : [];
  if (kind === undefined && room === undefined) return undefined;
  if (room === undefined) return Buffer.from(`"kind":"${kind}","room":`, "latin1");
  const ofKind = kind === undefined ? "" : `"kind":"${kind}",`;
  return Buffer.from(`${ofKind}"room":"${room}","n":`, "latin1");
}
