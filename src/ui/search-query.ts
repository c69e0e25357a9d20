/** Search queries with filters, the same in every interface. */

import { Fault, msg } from "../base/fault.ts";
import { checkName, formatTarget, parseTarget } from "../base/names.ts";
import { parseTime, type TimeContext } from "../base/parse-time.ts";
import { quoteText } from "../base/text.ts";
import { wordQuery } from "../core/client/grep.ts";
import { knownNames } from "../core/model/selectors.ts";
import type { Model, SearchQuery } from "../core/model/state.ts";
import { isSeq, joinTimes } from "./command.ts";

export interface SearchContext extends TimeContext {
  readonly open: string | undefined;
}

const FILTER = /^(from|in|since|after|until|before|has|replies):(.+)$/i;
const FILTERS = ["from:", "in:", "since:", "until:", "has:file", "replies:"];
/** A phrase in quotes, or a word. */
const WORD = /["“„«][^"“”„«»]*["“”»]|\S+/gu;

/**
 * Parses words, phrases in quotes and the filters `from:NAME`, `in:ROOM`, `in:@NAME`, `in:here`,
 * `since:TIME` and `until:TIME` (with their whole day or minute), `before:TIME` (exclusive),
 * `has:file` and `replies:SEQ`. The last filter of a kind applies.
 * @returns `undefined` if the query is empty
 * @throws {Fault} usage or name-invalid if a filter is invalid
 */
export function parseSearch(input: string, context: SearchContext): SearchQuery | undefined {
  if (input.trim() === "") return undefined;
  const words: string[] = [];
  let filters: Partial<SearchQuery> = {};
  for (const word of joinTimes(input.match(WORD) ?? [])) {
    const [, key, value] = FILTER.exec(word) ?? [];
    if (key === undefined || value === undefined) words.push(word);
    else filters = { ...filters, ...parseFilter(key.toLowerCase(), value, context) };
  }
  const text = words.join(" ");
  return { input, text, ...wordQuery(text), ...filters };
}

export function repliesQuery(target: string, re: number): SearchQuery {
  return { input: `replies:${re} in:${target}`, text: "", target, re };
}

function parseFilter(
  key: string,
  value: string,
  { open, ...times }: SearchContext,
): Partial<SearchQuery> {
  // `before:` with a day means its start, with a repeated time its second occurrence.
  const edge = value.includes(":") ? "second" : "start";
  switch (key) {
    case "from":
      return { from: checkName(value.replace(/^@/, ""), "person's name") };
    case "in":
      if (value.toLowerCase() === "here") return open === undefined ? {} : { target: open };
      return { target: formatTarget(parseTarget(value)) };
    case "since":
    case "after":
      return { sinceUnixMs: parseTime(value, times) };
    case "until":
      return { untilUnixMs: parseTime(value, { ...times, edge: "end" }) };
    case "before":
      return { untilUnixMs: Math.max(0, parseTime(value, { ...times, edge }) - 1) };
    case "replies":
      if (isSeq(value)) return { re: Number(value) };
      throw new Fault("usage", msg`${quoteText(value)} is not the number of a message`, {
        remedy: msg`check the number`,
      });
    default:
      if (/^files?$/i.test(value)) return { files: true };
      throw new Fault("usage", msg`unknown filter has:${quoteText(value)}`, {
        remedy: msg`use has:file`,
      });
  }
}

/** Completes the last word of a query to a filter, or to a filter with its value. */
export function searchCompletions(word: string, model: Model): readonly string[] {
  const key = /^[a-z]+:/i.exec(word)?.[0] ?? "";
  const completions = key === "" ? FILTERS : valuesOf(key.toLowerCase(), model);
  const typed = word.toLowerCase();
  return completions
    .map((completion) => key + completion)
    .filter((completion) => typed !== "" && completion.toLowerCase().startsWith(typed));
}

function valuesOf(key: string, model: Model): readonly string[] {
  switch (key) {
    case "from:":
      return knownNames(model);
    case "in:":
      return ["here", ...[...model.rooms.values()].map(({ target }) => target)];
    case "since:":
    case "until:":
    case "after:":
    case "before:":
      return ["today", "yesterday"];
    default:
      return key === "has:" ? ["file"] : [];
  }
}
