/** Converts message markup to HTML. Escapes all text; only web addresses become links. */

import { type Block, parseMarkup } from "../../core/markup/blocks.ts";
import type { Inline } from "../../core/markup/inline.ts";
import { mathSource } from "../../core/markup/plain.ts";
import { emojiText } from "../output/emoji.ts";

/** @param mark HTML appended to the last line of the text */
export function htmlText(text: string, names: readonly string[], mark: string): string {
  const blocks = parseMarkup(text, new Set(names.map((name) => name.toLowerCase())));
  const [only] = blocks;
  if (blocks.length === 1 && only?.kind === "lines") {
    return `<p dir="auto">${htmlParts(only.parts)}${mark}</p>`;
  }
  return `<div class="words" dir="auto">${htmlBlocks(blocks)}${mark}</div>`;
}

function htmlBlocks(blocks: readonly Block[]): string {
  return blocks.map(htmlBlock).join("");
}

function htmlBlock(block: Block): string {
  switch (block.kind) {
    case "lines":
      return `<p dir="auto">${htmlParts(block.parts)}</p>`;
    case "code":
      return `<pre dir="ltr">${escapeHtml(block.text)}</pre>`;
    case "quote":
      return `<blockquote class="said">${htmlBlocks(block.blocks)}</blockquote>`;
    case "heading":
      return `<h3 dir="auto">${htmlParts(block.parts)}</h3>`;
    case "table": {
      const rows = block.rows.map((row, i) => {
        const tag = i === 0 ? "th" : "td";
        const cell = (parts: readonly Inline[], at: number) =>
          `<${tag} align="${block.aligns[at]}" dir="auto">${htmlParts(parts)}</${tag}>`;
        return `<tr>${row.map(cell).join("")}</tr>`;
      });
      return `<table>${rows.join("")}</table>`;
    }
    default: {
      const items = block.items.map(
        ({ mark, blocks }) =>
          `<li><span>${escapeHtml(mark)}</span><div>${htmlBlocks(blocks)}</div></li>`,
      );
      return `<ul>${items.join("")}</ul>`;
    }
  }
}

const TAGS = { bold: "strong", italic: "em", strike: "s" } as const;

function htmlParts(parts: readonly Inline[]): string {
  return parts.map(htmlPart).join("");
}

function htmlPart(part: Inline): string {
  switch (part.kind) {
    case "text":
    case "room":
      return escapeHtml(part.text);
    case "code":
      return `<code>${escapeHtml(part.text)}</code>`;
    case "math":
      return `<code>${escapeHtml(mathSource(part))}</code>`;
    case "emoji":
      return escapeHtml(emojiText(part));
    case "mention":
      return `<strong>${escapeHtml(part.text)}</strong>`;
    case "link": {
      const host = part.host === undefined ? "" : ` <small>(${escapeHtml(part.host)})</small>`;
      const href = escapeHtml(part.href);
      const rel = "noopener noreferrer nofollow";
      return `<a href="${href}" rel="${rel}">${escapeHtml(part.text)}</a>${host}`;
    }
    default: {
      const tag = TAGS[part.kind];
      return `<${tag}>${htmlParts(part.parts)}</${tag}>`;
    }
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}
