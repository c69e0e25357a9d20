/** A text in one line, for places that show no formatting. */

import { cleanText } from "../../base/text.ts";
import { type Block, parseMarkup } from "./blocks.ts";
import type { Inline } from "./inline.ts";

/** Factor of text parsed to text shown, because marks are removed. */
const PARSED_FACTOR = 4;

/** Beginning of a text, cleaned, in one line. @param length maximum in UTF-16 units */
export function plainLine(text: string, length: number): string {
  const blocks = parseMarkup(text.slice(0, PARSED_FACTOR * length), undefined);
  const plain = oneLine(plainBlocks(blocks), length);
  // The text has nothing but marks.
  return plain.trim() === "" ? oneLine(text, length) : plain;
}

/** The same for a text without markup, such as a file name. */
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

/** Struck text keeps its marks: without them it would mean the opposite. */
function plainInline(part: Inline): string {
  if (!("parts" in part)) return part.text;
  const text = plainInlines(part.parts);
  return part.kind === "strike" ? `~~${text}~~` : text;
}

/** Splits a line into pieces, every second one struck: `a ~~b~~ c` gives `a `, `b`, ` c`. */
export function splitStruck(line: string): readonly string[] {
  return line.split(/~~(?=\S)(.+?)(?<=\S)~~/);
}
