/** The text of a fault in the user's language. */

import type { Fault } from "../../../base/fault.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { translated } from "../../../ui/text/translated.ts";
import { faultLine } from "../../context.ts";
import type { ScreenTexts } from "./texts.ts";

/** Codes of faults that only their message distinguishes. */
const GENERIC_CODES: ReadonlySet<string> = new Set([
  ...(["usage", "not-found", "port-taken", "data-foreign", "data-locked", "internal"] as const),
]);

/** The problem and its remedy, in the user's language as far as it has texts. */
export function faultLineIn(texts: ScreenTexts, fault: Fault): string {
  const { message, remedy } = fault.translatable;
  const translation = translated(message, texts.faultTemplates);
  if (translation !== undefined) {
    return `${translation}; ${translated(remedy, texts.faultTemplates) ?? fault.remedy}`;
  }
  // The page's texts name actions on a page; a terminal shows the message and its commands.
  const isMessage = texts.lang === "en" || GENERIC_CODES.has(fault.code);
  return isMessage ? faultLine(fault) : faultText(fault, texts);
}
