/** Prepares queries, so that most lines can be rejected before parsing. */

import { isWellFormed } from "../../base/bytes.ts";
import { foldCase } from "../../base/case-fold.ts";
import { defined } from "../../base/values.ts";
import { READ_KINDS } from "../../wire/kinds.ts";
import type { LineQuery } from "../disk/line-matcher.ts";
import type { PageQuery } from "../log/log.ts";
import { casePattern, escapedInJson } from "./case-pattern.ts";

export interface SearchQuery extends LineQuery {
  readonly from: PageQuery["from"];
}

export function lineQueryOf(query: PageQuery): SearchQuery {
  const { grep, ignoreCase } = query;
  const prefilter = prefilterOf(query);
  if (grep === undefined || ignoreCase !== true) return { ...query, ...prefilter };
  // A lone surrogate has no byte pattern. Without a pattern, all lines are parsed.
  const pattern = isWellFormed(grep) ? casePattern(grep) : undefined;
  return { ...query, ...prefilter, grep: foldCase(grep), ...defined({ pattern }) };
}

export function isRare({ grep, by, kinds }: LineQuery): boolean {
  return (
    grep !== undefined || by !== undefined || (kinds?.size ?? READ_KINDS.size) < READ_KINDS.size
  );
}

function prefilterOf(query: PageQuery): Pick<SearchQuery, "needle"> {
  if (query.grep !== undefined && query.grep !== "" && query.ignoreCase !== true) {
    return isWellFormed(query.grep) ? searchedFor(escapedInJson(query.grep)) : {};
  }
  if (query.by !== undefined) return searchedFor(`"by":"${query.by}","id":`);
  const [room] = query.rooms?.size === 1 ? query.rooms : [];
  const [kind] = query.kinds?.size === 1 ? query.kinds : [];
  if (kind === undefined && room === undefined) return {};
  if (room === undefined) return { needle: Buffer.from(`"kind":"${kind}","room":`, "latin1") };
  const ofKind = kind === undefined ? "" : `"kind":"${kind}",`;
  return { needle: Buffer.from(`${ofKind}"room":"${room}","n":`, "latin1") };
}

function searchedFor(text: string): Pick<SearchQuery, "needle"> {
  return { needle: Buffer.from(text, "utf8") };
}
