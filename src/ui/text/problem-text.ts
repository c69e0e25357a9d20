/** Reasons why a line of a class list prevents its import. */

import { fillTemplate } from "../../base/fault.ts";
import { type Reason, reasonText } from "../../core/people/list-text.ts";
import { INDONESIAN_PROBLEMS } from "../messages/id/class-list.ts";

/** @param lang language of the texts */
export function problemText(reason: Reason, lang: string): string {
  return reasonText(reason, ({ text, template, values }) => {
    const translated = lang === "id" ? INDONESIAN_PROBLEMS[template] : undefined;
    return translated === undefined ? text : fillTemplate(translated, values);
  });
}
