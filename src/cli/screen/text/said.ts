import type { Fault } from "../../../base/fault.ts";
import { faultText } from "../../../web/view/shell/fault-text.ts";
import { faultLine } from "../../context.ts";
import type { FaceTexts } from "./faces.ts";

/** As the user reads it, or as it is. */
export function said(english: string, { screen }: FaceTexts): string {
  return screen.sentence(english) ?? english;
}

/** What is wrong and what to do, in the user's words as far as there are any. */
export function saidFault(fault: Fault, texts: FaceTexts): string {
  const { message, remedy, code } = fault;
  const known = texts.screen.sentence(message);
  if (known !== undefined) return `${known}; ${said(remedy, texts)}`;
  return texts.faults[code] === undefined ? faultLine(fault) : faultText(fault, texts);
}
