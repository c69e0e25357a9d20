/** Text search in the bodies of records, as in the server's history. */

import { utf8Encode } from "../../base/bytes.ts";
import { foldCase } from "../../base/case-fold.ts";
import { Fault, msg } from "../../base/fault.ts";
import { listOf, objectFields } from "../../base/json-fields.ts";
import { GREP_BYTES_MAX } from "../../base/limits.ts";
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

/** Matches bodies whose text, topic or one of whose file names contains `grep`. */
export function bodyMatcher(grep: string, ignoreCase: boolean): MatchesBody {
  const needle = ignoreCase ? foldCase(grep) : grep;
  return (body) =>
    searchedTexts(body).some((text) => (ignoreCase ? foldCase(text) : text).includes(needle));
}
