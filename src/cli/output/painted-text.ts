/** Message formatting for colour terminals: bold, italic, code, quotes and lists. */

import { type Block, parseMarkup } from "../../core/markup/blocks.ts";
import type { Inline } from "../../core/markup/inline.ts";
import { codeColor, eventColor, mentionColor } from "./color.ts";

/** SGR codes that begin and end an attribute without affecting other attributes. */
const MARKS = { bold: [1, 22], italic: [3, 23], strike: [9, 29] } as const;
const CODE_EDGE = "  ";

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
        const lines = block.text.split("\n").map((line) => CODE_EDGE + codeColor(line));
        return [...language, ...lines];
      }
      case "quote":
        return paintedBlocks(block.blocks).map((line) => `${eventColor("▌", true)} ${line}`);
      default:
        return block.items.flatMap(({ mark, blocks: inner }) =>
          paintedBlocks(inner).map((line, i) =>
            i === 0 ? `${mark} ${line}` : " ".repeat(mark.length + 1) + line,
          ),
        );
    }
  });
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
    case "mention":
      return mentionColor(part.text);
    case "link":
      return part.host === undefined ? part.text : `${part.text} (${part.host})`;
    default: {
      const [on, off] = MARKS[part.kind];
      return eachLine(paintedInline(part.parts), (line) => `\x1b[${on}m${line}\x1b[${off}m`);
    }
  }
}

function eachLine(text: string, paint: (line: string) => string): string {
  return text.split("\n").map(paint).join("\n");
}
