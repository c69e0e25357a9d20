import type { Fault } from "../../../base/fault.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { faultLine } from "../../context.ts";
import type { FaceTexts } from "./faces.ts";

/** Faults that only their message tells apart. */
const TOLD_BY_MESSAGE: ReadonlySet<string> = new Set([
  ...(["usage", "not-found", "port-taken", "data-foreign", "data-locked", "internal"] as const),
]);

/** What is wrong and what to do, in the user's words as far as there are any. */
export function saidFault(fault: Fault, texts: FaceTexts): string {
  const { message, remedy, code } = fault;
  const known = texts.sentence(message);
  if (known !== undefined) return `${known}; ${texts.sentence(remedy) ?? remedy}`;
  // The page's texts name what is done on a page; a terminal has the message and its commands.
  const isMessage = texts.lang === "en" || TOLD_BY_MESSAGE.has(code);
  return isMessage ? faultLine(fault) : faultText(fault, texts);
}
