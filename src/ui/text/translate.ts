/** Translation of fault messages by their templates. */

import { fillTemplate, type Translatable } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";

/**
 * Sanitises the values, but never translates them, because they may be user input.
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
