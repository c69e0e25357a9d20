/** Reasons why a line of a class list prevents its import. */

import { fillTemplate, type Translatable } from "../../base/fault.ts";
import { INDONESIAN_PROBLEMS } from "../messages/id/class-list.ts";

/** @param lang language of the texts */
export function problemText({ text, template, values }: Translatable, lang: string): string {
  const translated = lang === "id" ? INDONESIAN_PROBLEMS[template] : undefined;
  return translated === undefined ? text : fillTemplate(translated, values);
}
