/** Fault messages in the user's language. */

import { type Fault, fillTemplate, type Translatable } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { faultLine } from "../../context.ts";
import type { ScreenTexts } from "./texts.ts";

/**
 * Several faults share each of these codes, so the fault's own message says more than the text for
 * its code.
 */
const GENERIC_CODES: ReadonlySet<string> = new Set([
  ...(["usage", "not-found", "port-taken", "data-foreign", "data-locked", "internal"] as const),
]);

/** The server chooses the texts of its faults. */
export function faultLineIn(texts: ScreenTexts, fault: Fault): string {
  return cleanText(translatedLine(texts, fault));
}

function translatedLine(texts: ScreenTexts, fault: Fault): string {
  const { message, remedy } = fault.translatable;
  const translation = translate(message, texts.faultTemplates);
  if (translation !== undefined) {
    return `${translation}; ${translate(remedy, texts.faultTemplates) ?? fault.remedy}`;
  }
  // The shared texts name the browser's buttons, so in English the terminal displays the fault's
  // own message, which names commands.
  const isMessage = texts.lang === "en" || GENERIC_CODES.has(fault.code);
  return isMessage ? faultLine(fault) : faultText(fault, texts);
}

/**
 * Sanitises the values, but never translates them, because they may be user input.
 * @returns `undefined` if the table lacks the template
 */
function translate(
  text: Translatable | undefined,
  table: Readonly<Record<string, string>>,
): string | undefined {
  if (text === undefined || !Object.hasOwn(table, text.template)) return undefined;
  return fillTemplate(
    table[text.template] ?? "",
    text.values.map((value) => cleanText(value)),
  );
}
