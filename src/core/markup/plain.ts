/** Conversion of texts to one plain line. */

import { cleanText } from "../../base/text.ts";
import { type Block, parseMarkup } from "./blocks.ts";
import type { Inline } from "./inline.ts";
import { plainFormula } from "./plain-formula.ts";

/** Number of characters parsed for each displayed character, because markup is removed. */
const PARSED_FACTOR = 4;

export function plainLine(text: string, length: number): string {
  const blocks = parseMarkup(text.slice(0, PARSED_FACTOR * length), undefined);
  const plain = oneLine(plainBlocks(blocks), length);
  // A text that consists only of markup is displayed as typed.
  return plain.trim() === "" ? oneLine(text, length) : plain;
}

/** Text of a message as it is copied: a block of code that stands alone loses its fence. */
export function copiedText(text: string): string {
  const [block, ...others] = parseMarkup(text, undefined);
  return block?.kind === "code" && others.length === 0 ? block.text : text;
}

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
    case "heading":
      return plainInlines(block.parts);
    case "table":
      return block.rows.map((row) => row.map(plainInlines).join(", ")).join("; ");
    default:
      return block.items.map(({ mark, blocks }) => `${mark} ${plainBlocks(blocks)}`).join("\n");
  }
}

function plainInlines(parts: readonly Inline[]): string {
  return parts.map(plainInline).join("");
}

/** Struck-out text keeps its marks, because it would have the opposite meaning without them. */
function plainInline(part: Inline): string {
  if (part.kind === "math") return plainFormula(part.text);
  if (!("parts" in part)) return part.text;
  const text = plainInlines(part.parts);
  return part.kind === "strike" ? `~~${text}~~` : text;
}

/** Formula as typed. */
export function mathSource({ text, isDisplay }: Extract<Inline, { kind: "math" }>): string {
  const mark = isDisplay ? "$$" : "$";
  return `${mark}${text}${mark}`;
}

/** Every second piece is struck out: `a ~~b~~ c` becomes `a `, `b`, ` c`. */
export function splitStruck(line: string): readonly string[] {
  const pieces: string[] = [];
  const opening = /~~(?=\S)/g;
  const closing = /(?<=\S)~~/g;
  let done = 0;
  for (;;) {
    opening.lastIndex = done;
    const start = opening.exec(line)?.index ?? line.length;
    closing.lastIndex = start + 3;
    const end = closing.exec(line)?.index;
    if (end === undefined) return [...pieces, line.slice(done)];
    pieces.push(line.slice(done, start), line.slice(start + 2, end));
    done = end + 2;
  }
}
