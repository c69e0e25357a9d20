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
  /** Byte spellings of each letter of `pattern`, or the first bytes of `needle`, in Latin-1. */
  readonly letters?: readonly (readonly string[])[];
}

/** More bytes would rarely include a rarer pair of bytes to search for. */
const SEARCHED_BYTES_MAX = 64;

export function lineQueryOf(query: PageQuery): SearchQuery {
  const { grep, ignoreCase } = query;
  const prefilter = prefilterOf(query);
  if (grep === undefined || ignoreCase !== true) return { ...query, ...prefilter };
  // A lone surrogate has no byte pattern. Without a pattern, all lines are parsed.
  const found = isWellFormed(grep) ? casePattern(grep) : undefined;
  return { ...query, ...prefilter, grep: foldCase(grep), ...found };
}

/** Adds the search module, which only pays off for the threads that search most of the log. */
export function threadQueryOf({ letters, ...query }: SearchQuery): LineQuery {
  const search = letters && chooseSearch(letters);
  return search === undefined ? query : { ...query, module: assembleSearch(search) };
}

export function isRare({ grep, by, kinds }: LineQuery): boolean {
  return (
    grep !== undefined || by !== undefined || (kinds?.size ?? READ_KINDS.size) < READ_KINDS.size
  );
}

function prefilterOf(query: PageQuery): Pick<SearchQuery, "needle" | "letters"> {
  if (query.grep !== undefined && query.grep !== "" && query.ignoreCase !== true) {
    return isWellFormed(query.grep) ? searchedFor(escapedInJson(query.grep)) : {};
  }
  if (query.by !== undefined) return searchedFor(`"by":"${query.by}","id":`);
  const [room] = query.rooms?.size === 1 ? query.rooms : [];
  const [kind] = query.kinds?.size === 1 ? query.kinds : [];
  if (kind === undefined && room === undefined) return {};
  // Without letters, because every line contains the rare bytes of these needles.
  if (room === undefined) return { needle: Buffer.from(`"kind":"${kind}","room":`, "latin1") };
  const ofKind = kind === undefined ? "" : `"kind":"${kind}",`;
  return { needle: Buffer.from(`${ofKind}"room":"${room}","n":`, "latin1") };
}

function searchedFor(text: string): Pick<SearchQuery, "needle" | "letters"> {
  const needle = Buffer.from(text, "utf8");
  const bytes = needle.subarray(0, SEARCHED_BYTES_MAX);
  return { needle, letters: Array.from(bytes, (byte) => [String.fromCharCode(byte)]) };
}
