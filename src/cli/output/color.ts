/** Colours for line mode: the terminal's own sixteen, which suit any theme. */

import { TINTS, tintOf } from "../../core/model/tint.ts";

const RESET = "\x1b[0m";
const DIM = "\x1b[2m";
const MENTION = "\x1b[1;7m";
const MENTION_END = "\x1b[22;27m";
const CODE = "\x1b[36m";
const CODE_END = "\x1b[39m";
const CLOCK = "\x1b[90m";

export function clockColor(text: string, color: boolean): string {
  return color ? `${CLOCK}${text}${RESET}` : text;
}

export function mentionColor(text: string): string {
  return `${MENTION}${text}${MENTION_END}`;
}

export function codeColor(text: string): string {
  return `${CODE}${text}${CODE_END}`;
}

/** Replaces the found parts of a text by their marked form. */
export type Hits = (text: string, mark: (hit: string) => string) => string;

/** Marks parts of a painted text, but nothing inside of its control sequences. */
export function markHits(text: string, hits: Hits): string {
  const parts = text.split(/(\x1b\[[0-9;]*m)/);
  const mark = (hit: string) => (hit === "" ? "" : `\x1b[7m${hit}\x1b[27m`);
  return parts.map((part, i) => (i % 2 === 1 ? part : hits(part, mark))).join("");
}

export function eventColor(text: string, color: boolean): string {
  return color ? `${DIM}${text}${RESET}` : text;
}

/**
 * Returns the name in its colour, which is the same in every room and run. The colours for light
 * themes are readable on black, too.
 */
export function nameColor(name: string, color: boolean): string {
  if (!color) return name;
  const basic = Number(TINTS[tintOf(name)]?.[1].split("|")[1]);
  return `\x1b[1;${(basic < 8 ? 30 : 82) + basic}m${name}${RESET}`;
}
