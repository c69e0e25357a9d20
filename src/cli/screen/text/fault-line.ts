import type { Fault } from "../../../base/fault.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { translated } from "../../../ui/text/translated.ts";
import { faultLine } from "../../context.ts";
import type { FaceTexts } from "./faces.ts";

/** Faults that only their message tells apart. */
const TOLD_BY_MESSAGE: ReadonlySet<string> = new Set([
  ...(["usage", "not-found", "port-taken", "data-foreign", "data-locked", "internal"] as const),
]);

/** What is wrong and what to do, in the user's language as far as it has texts. */
export function faultLineIn(texts: FaceTexts, fault: Fault): string {
  const { message, remedy } = fault.translatable;
  const known = translated(message, texts.faultTemplates);
  if (known !== undefined) {
    return `${known}; ${translated(remedy, texts.faultTemplates) ?? fault.remedy}`;
  }
  // The page's texts name what is done on a page; a terminal has the message and its commands.
  const isMessage = texts.lang === "en" || TOLD_BY_MESSAGE.has(fault.code);
  return isMessage ? faultLine(fault) : faultText(fault, texts);
}
