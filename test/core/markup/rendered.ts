import type { Block } from "../../../src/core/markup/blocks.ts";
import type { Inline } from "../../../src/core/markup/inline.ts";

/** Formats the tree on one line for comparison: `[b:bold]`, `[quote:...]`. */
export function outline(blocks: readonly Block[]): string {
  return blocks.map(blockOutline).join("¶");
}

function blockOutline(block: Block): string {
  switch (block.kind) {
    case "lines":
      return block.parts.map(partOutline).join("");
    case "code":
      return `[pre ${block.language}:${block.text}]`;
    case "heading":
      return `[h${block.level}:${block.parts.map(partOutline).join("")}]`;
    case "table": {
      const cell = (parts: readonly Inline[]) => parts.map(partOutline).join("");
      const rows = block.rows.map((row) => row.map(cell).join("|"));
      return `[table ${block.aligns.map(([letter]) => letter).join("")}:${rows.join("/")}]`;
    }
    case "quote":
      return `[quote:${outline(block.blocks)}]`;
    default: {
      const items = block.items.map(({ mark, blocks }) => `${mark} ${outline(blocks)}`);
      return `[list:${items.join("|")}]`;
    }
  }
}

function partOutline(part: Inline): string {
  if (part.kind === "text") return part.text;
  if ("parts" in part) return `[${part.kind[0]}:${part.parts.map(partOutline).join("")}]`;
  if (part.kind === "link" && part.isNamed === true) {
    return `[link:${part.text} → ${part.host ?? part.text}]`;
  }
  return `[${part.kind}:${part.text}]`;
}

export function lettersOf(blocks: readonly Block[]): string {
  return blocks.map(blockLetters).join("\n");
}

function blockLetters(block: Block): string {
  switch (block.kind) {
    case "lines":
      return block.parts.map(partLetters).join("");
    case "code":
      return `${block.language}\n${block.text}`;
    case "heading":
      return block.parts.map(partLetters).join("");
    case "table":
      return block.rows
        .map((row) => row.map((cell) => cell.map(partLetters).join("")).join("|"))
        .join("\n");
    case "quote":
      return lettersOf(block.blocks);
    default:
      return block.items.map(({ mark, blocks }) => `${mark} ${lettersOf(blocks)}`).join("\n");
  }
}

function partLetters(part: Inline): string {
  return "parts" in part ? part.parts.map(partLetters).join("") : part.text;
}

function inside(one: Block | Inline): readonly (Block | Inline)[] {
  if ("rows" in one) return one.rows.flat(2);
  if ("parts" in one) return one.parts;
  if ("blocks" in one) return one.blocks;
  return "items" in one ? one.items.flatMap(({ blocks }) => blocks) : [];
}

export function depthOf(all: readonly (Block | Inline)[]): number {
  const isLevel = (item: Block | Inline) => item.kind !== "lines" && !isLeaf(item);
  return Math.max(0, ...all.map((item) => Number(isLevel(item)) + depthOf(inside(item))));
}

function isLeaf(one: Block | Inline): boolean {
  return "text" in one && !("language" in one);
}

export function linksOf(all: readonly (Block | Inline)[]): readonly string[] {
  return all.flatMap((item) => (item.kind === "link" ? [item.href] : linksOf(inside(item))));
}
