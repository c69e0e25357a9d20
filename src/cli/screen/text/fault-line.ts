/** Fault texts in the user's language. */

import type { Fault } from "../../../base/fault.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { translate } from "../../../ui/text/translate.ts";
import { faultLine } from "../../context.ts";
import type { ScreenTexts } from "./texts.ts";

/**
 * Codes that different faults share. The message of such a fault says more than the text for its
 * code.
 */
const GENERIC_CODES: ReadonlySet<string> = new Set([
  ...(["usage", "not-found", "port-taken", "data-foreign", "data-locked", "internal"] as const),
]);

/** Returns a fault's message and remedy, in the user's language if there is a translation. */
export function faultLineIn(texts: ScreenTexts, fault: Fault): string {
  const { message, remedy } = fault.translatable;
  const translation = translate(message, texts.faultTemplates);
  if (translation !== undefined) {
    return `${translation}; ${translate(remedy, texts.faultTemplates) ?? fault.remedy}`;
  }
  // The texts shared with the browser name its buttons. In English, the terminal therefore displays
  // the fault's own message, which names commands.
  const isMessage = texts.lang === "en" || GENERIC_CODES.has(fault.code);
  return isMessage ? faultLine(fault) : faultText(fault, texts);
}
