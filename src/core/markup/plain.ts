/** Converts a text to one plain line. */

import { cleanText } from "../../base/text.ts";
import { type Block, parseMarkup } from "./blocks.ts";
import type { Inline } from "./inline.ts";

/** Ratio of parsed to displayed text, because marks are removed. */
const PARSED_FACTOR = 4;

/**
 * Returns the beginning of a text as one cleaned line.
 * @param length maximum in UTF-16 units
 */
export function plainLine(text: string, length: number): string {
  const blocks = parseMarkup(text.slice(0, PARSED_FACTOR * length), undefined);
  const plain = oneLine(plainBlocks(blocks), length);
  // A text that consists only of marks is displayed as typed.
  return plain.trim() === "" ? oneLine(text, length) : plain;
}

/** Returns one cleaned line of a text without markup, such as a file name. */
export function oneLine(text: string, length: number): string {
  return cleanText(text.slice(0, length).replaceAll(/[\n\t]+/g, " "));
}

function plainBlocks(blocks: readonly Block[]): string {
  return blocks.map(plainBlock).join("\n");
}

function plainBlock(block: Block): string {
  switch (block.kind) {
    case "lines":
      return plainInlines(block.parts);
    case "code":
      return block.text;
    case "quote":
      return plainBlocks(block.blocks);
    default:
      return block.items.map(({ mark, blocks }) => `${mark} ${plainBlocks(blocks)}`).join("\n");
  }
}

function plainInlines(parts: readonly Inline[]): string {
  return parts.map(plainInline).join("");
}

/** Struck-out text keeps its marks: without them it would mean the opposite. */
function plainInline(part: Inline): string {
  if (!("parts" in part)) return part.text;
  const text = plainInlines(part.parts);
  return part.kind === "strike" ? `~~${text}~~` : text;
}

/** Splits a line so that every second piece is struck out: `a ~~b~~ c` gives `a `, `b`, ` c`. */
export function splitStruck(line: string): readonly string[] {
  return line.split(/~~(?=\S)(.+?)(?<=\S)~~/);
}
