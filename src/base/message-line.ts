/** Messages as lines of a text file. */

import { cleanText } from "./text.ts";
import { formatUtc } from "./time.ts";

/** Continuation lines are indented so that none can imitate a new message. */
const CONTINUATION = "\n        ";

export function messageLine(timeUnixMs: number, from: string, text: string): string {
  const lines = cleanText(text, { lines: true, tabs: true }).replaceAll("\n", CONTINUATION);
  return `${formatUtc(timeUnixMs)} ${from}: ${lines}\n`;
}
