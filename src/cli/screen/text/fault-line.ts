/** Fault texts in the user's language. */

import type { Fault } from "../../../base/fault.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { translate } from "../../../ui/text/translate.ts";
import { faultLine } from "../../context.ts";
import type { ScreenTexts } from "./texts.ts";

/** Codes shared by faults that differ only in their message. */
const GENERIC_CODES: ReadonlySet<string> = new Set([
  ...(["usage", "not-found", "port-taken", "data-foreign", "data-locked", "internal"] as const),
]);

/** Returns the problem and its remedy, in the user's language if a translation exists. */
export function faultLineIn(texts: ScreenTexts, fault: Fault): string {
  const { message, remedy } = fault.translatable;
  const translation = translate(message, texts.faultTemplates);
  if (translation !== undefined) {
    return `${translation}; ${translate(remedy, texts.faultTemplates) ?? fault.remedy}`;
  }
  // The page's texts name actions on a page; the terminal displays the fault's own message with its
  // commands.
  const isMessage = texts.lang === "en" || GENERIC_CODES.has(fault.code);
  return isMessage ? faultLine(fault) : faultText(fault, texts);
}
