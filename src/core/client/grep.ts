/** Text search in the bodies of records, as in the server's history. */

import { utf8Encode } from "../../base/bytes.ts";
import { foldCase } from "../../base/case-fold.ts";
import { Fault, msg } from "../../base/fault.ts";
import { listOf, objectFields } from "../../base/json-fields.ts";
import { GREP_BYTES_MAX, SEARCHED_WORDS_MAX } from "../../base/limits.ts";
import { foldedWords, hasWords, queryWords } from "../../base/query-words.ts";
import { isMarkedErased } from "../rooms/files.ts";

type Fields = Readonly<Record<string, unknown>> | undefined;
type MatchesBody = (body: Fields) => boolean;

/** Returns the text, topic and names of a body and its files, as far as it has them. */
export function searchedTexts(body: Fields): string[] {
  const values = [body?.["text"], body?.["topic"], body?.["name"], ...namesOfFiles(body)];
  return values.filter((value) => typeof value === "string");
}

export function namesOfFiles(body: Fields): readonly string[] {
  const present = listOf(body?.["files"]).filter((file) => !isMarkedErased(file));
  const names = present.map((file) => objectFields(file)?.["name"]);
  return names.filter((name) => typeof name === "string");
}

/** @throws {Fault} usage if the text is longer than a server accepts */
export function checkGrep(text: string): string {
  if (utf8Encode(text).length <= GREP_BYTES_MAX) return text;
  const remedy = msg`shorten it`;
  throw new Fault("usage", msg`search text can have at most ${GREP_BYTES_MAX} bytes`, { remedy });
}

/**
 * Returns the query that finds what was typed: each of its words, or the text if it has none.
 * @throws {Fault} usage if the text or the number of its words is larger than a server accepts
 */
export function wordQuery(text: string): TextQuery {
  const words = queryWords(checkGrep(text));
  if (words.length > SEARCHED_WORDS_MAX) {
    const remedy = msg`leave some out, or put what belongs together in quotes`;
    throw new Fault("usage", msg`a search can have at most ${SEARCHED_WORDS_MAX} words`, {
      remedy,
    });
  }
  if (words.length > 0) return { words };
  return text === "" ? {} : { grep: text, ignoreCase: true };
}

export interface TextQuery {
  /** In the text, the topic or the name of one of the files. */
  readonly grep?: string | undefined;
  readonly ignoreCase?: boolean | undefined;
  /** Each anywhere in these. */
  readonly words?: string[] | undefined;
}

/** Matches bodies as a server does; `undefined` if the query matches all. */
export function bodyMatcher({
  grep = "",
  ignoreCase = false,
  words = [],
}: TextQuery): MatchesBody | undefined {
  if (grep === "" && words.length === 0) return undefined;
  const needle = ignoreCase ? foldCase(grep) : grep;
  const folded = foldedWords(words);
  return (body) => {
    const texts = searchedTexts(body);
    return (
      texts.some((text) => (ignoreCase ? foldCase(text) : text).includes(needle)) &&
      hasWords(texts.join("\0"), folded)
    );
  };
}
