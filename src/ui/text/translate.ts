/** Translation of fault texts by their templates. */

import { fillTemplate, type Translatable } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";

/**
 * Returns the text in the language of the table, its values cleaned. Only the template is looked
 * up: values, and texts from outside of the source, may be a user's words.
 * @returns `undefined` if the table lacks the template
 */
export function translate(
  text: Translatable | undefined,
  table: Readonly<Record<string, string>>,
): string | undefined {
  if (text === undefined || !Object.hasOwn(table, text.template)) return undefined;
  return fillTemplate(
    table[text.template] ?? "",
    text.values.map((value) => cleanText(value)),
  );
}
