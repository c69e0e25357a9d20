/** Message formatting for colour terminals: bold, italic, code, quotes, lists, tables. */

import { alignedSpace, type Block, parseMarkup, type Table } from "../../core/markup/blocks.ts";
import type { Emphasis, Inline } from "../../core/markup/inline.ts";
import { mathSource } from "../../core/markup/plain.ts";
import type { CodePart, CodeRole } from "../../ui/text/highlight.ts";
import { codeColor, eventColor, mentionColor } from "./color.ts";

type Highlighting = typeof import("../../ui/text/highlight.ts");

/** The grammars are loaded at the first code block with a language. */
export function codeParts(language: string, text: string): readonly CodePart[] | undefined {
  if (language === "") return undefined;
  const { highlight }: Highlighting = require("../../ui/text/highlight.ts");
  return highlight(language, text);
}

/** The names are loaded at the first use, because few texts have such an emoji. */
export function paintedEmoji({ name, text }: Extract<Inline, { kind: "emoji" }>): string {
  const { emojiOf }: typeof import("../../ui/text/emoji.ts") = require("../../ui/text/emoji.ts");
  return emojiOf(name) ?? text;
}

/** SGR codes that begin and end an attribute without affecting other attributes. */
const MARKS = { bold: [1, 22], italic: [3, 23], strike: [9, 29] } as const;
const CODE_EDGE = "  ";
/** SGR codes of the terminal's own colours. */
const CODE_COLORS: Readonly<Record<CodeRole, number>> = {
  keyword: 35,
  string: 32,
  number: 33,
  comment: 90,
  name: 34,
  type: 36,
};

/**
 * Returns sanitised lines. No attribute extends past the end of a line.
 * @param me user whose mentions are highlighted
 */
export function paintedText(text: string, me: string | undefined): string {
  const names = new Set(me === undefined ? [] : [me.toLowerCase()]);
  return paintedBlocks(parseMarkup(text, names)).join("\n");
}

function paintedBlocks(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block) => {
    switch (block.kind) {
      case "lines":
        return paintedInline(block.parts).split("\n");
      case "code": {
        const language = block.language === "" ? [] : [eventColor(block.language, true)];
        const lines = paintedCode(block.language, block.text).split("\n");
        return [...language, ...lines.map((line) => CODE_EDGE + line)];
      }
      case "quote":
        return paintedBlocks(block.blocks).map((line) => `${eventColor("▌", true)} ${line}`);
      case "heading":
        return emphasized(paintedInline(block.parts), "bold").split("\n");
      case "table":
        return paintedTable(block);
      default:
        return block.items.flatMap(({ mark, blocks: inner }) =>
          paintedBlocks(inner).map((line, i) =>
            i === 0 ? `${mark} ${line}` : " ".repeat(mark.length + 1) + line,
          ),
        );
    }
  });
}

function paintedCode(language: string, text: string): string {
  const parts = codeParts(language, text);
  if (parts === undefined) return eachLine(text, codeColor);
  return parts
    .map(({ text: part, role }) => {
      if (role === undefined) return part;
      return eachLine(part, (line) => `\x1b[${CODE_COLORS[role]}m${line}\x1b[39m`);
    })
    .join("");
}

function paintedTable({ rows, aligns }: Table): readonly string[] {
  const cells = rows.map((row) => row.map(paintedInline));
  const widths = aligns.map((_, at) => {
    return Math.max(...cells.map((row) => Bun.stringWidth(row[at] ?? "")));
  });
  return cells.map((row, i) => {
    const cellTexts = row.map((cell, at) => {
      const spare = (widths[at] ?? 0) - Bun.stringWidth(cell);
      const [before, after] = alignedSpace(aligns[at], spare);
      return " ".repeat(before) + cell + " ".repeat(after);
    });
    const line = cellTexts.join("  ");
    return i === 0 ? emphasized(line, "bold") : line;
  });
}

/** No attribute extends past the end of a line. */
function emphasized(text: string, emphasis: Emphasis): string {
  const [on, off] = MARKS[emphasis];
  return eachLine(text, (line) => `\x1b[${on}m${line}\x1b[${off}m`);
}

function paintedInline(inlines: readonly Inline[]): string {
  return inlines.map(paintedElement).join("");
}

function paintedElement(part: Inline): string {
  switch (part.kind) {
    case "text":
    case "room":
      return part.text;
    case "code":
      return eachLine(part.text, codeColor);
    case "math":
      return codeColor(mathSource(part));
    case "emoji":
      return paintedEmoji(part);
    case "mention":
      return mentionColor(part.text);
    case "link":
      if (part.isNamed === true) return `${part.text} (${part.href})`;
      return part.host === undefined ? part.text : `${part.text} (${part.host})`;
    default:
      return emphasized(paintedInline(part.parts), part.kind);
  }
}

function eachLine(text: string, paint: (line: string) => string): string {
  return text.split("\n").map(paint).join("\n");
}
