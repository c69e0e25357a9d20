/** Code with the roles of its parts, such as keywords and strings. */

import type { CodePart } from "../../ui/text/highlight.ts";

type Highlighting = typeof import("../../ui/text/highlight.ts");

/** The grammars are loaded at the first code block with a language. */
export function codeParts(language: string, text: string): readonly CodePart[] | undefined {
  if (language === "") return undefined;
  const { highlight }: Highlighting = require("../../ui/text/highlight.ts");
  return highlight(language, text);
}
