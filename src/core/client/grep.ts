/** Text search in the bodies of records, as in the server's history. */

import { foldCase } from "../../base/case-fold.ts";

type MatchesBody = (body: Readonly<Record<string, unknown>> | undefined) => boolean;

/** Matches bodies whose text, topic or file name contains `grep`. */
export function bodyMatcher(grep: string, ignoreCase: boolean): MatchesBody {
  const needle = ignoreCase ? foldCase(grep) : grep;
  const contains = (text: unknown) =>
    typeof text === "string" && (ignoreCase ? foldCase(text) : text).includes(needle);
  return (body) =>
    body !== undefined &&
    (contains(body["text"]) || contains(body["topic"]) || contains(body["name"]));
}
