/** The last step before a terminal: what reaches it cannot control it, whoever wrote it. */

import { cleanText } from "../base/text.ts";
import type { Output } from "../io/terminal/output.ts";

/** Colours, the only sequences that a command writes to standard output. */
const OWN_SEQUENCE = /(\x1b\[[\d;]{0,32}m)/;

/**
 * Returns an output that cleans texts and bytes if it is a terminal. Commands clean what others
 * wrote, too, so that no colour of theirs is shown; this holds for those that forget it.
 */
export function guardedOutput(output: Output): Output {
  if (!output.isTerminal) return output;
  return textOutput(output, (text) => output.write(cleanColored(text)));
}

/** Returns an output like another one, whose texts and bytes are written by a function. */
export function textOutput(output: Output, write: (text: string) => void): Output {
  const decoder = new TextDecoder();
  return {
    isTerminal: output.isTerminal,
    write: (data) =>
      write(typeof data === "string" ? data : decoder.decode(data, { stream: true })),
    columns: () => output.columns(),
    rows: () => output.rows(),
    queuedBytes: () => output.queuedBytes(),
    drained: () => output.drained(),
    flushed: () => output.flushed(),
    fault: () => output.fault(),
  };
}

/** Keeps colours and lines. */
export function cleanColored(text: string): string {
  const parts = text.split(OWN_SEQUENCE);
  return parts.map((part, at) => (at % 2 === 1 ? part : cleanLines(part))).join("");
}

/** Keeps line feeds and tabs, which only move the cursor forward. */
export function cleanLines(text: string): string {
  return cleanText(text, { lines: true, tabs: true });
}
