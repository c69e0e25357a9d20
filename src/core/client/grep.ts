/** Text search in the bodies of records, as in the server's history. */

import { foldCase } from "../../base/case-fold.ts";

type Fields = Readonly<Record<string, unknown>> | undefined;
type MatchesBody = (body: Fields) => boolean;

/** Returns the text, topic and file name of a body, as far as it has them. */
export function searchedTexts(body: Fields): string[] {
  const values = [body?.["text"], body?.["topic"], body?.["name"]];
  return values.filter((value) => typeof value === "string");
}

/** Matches bodies whose text, topic or file name contains `grep`. */
export function bodyMatcher(grep: string, ignoreCase: boolean): MatchesBody {
  const needle = ignoreCase ? foldCase(grep) : grep;
  return (body) =>
    searchedTexts(body).some((text) => (ignoreCase ? foldCase(text) : text).includes(needle));
}
