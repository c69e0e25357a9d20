import type { Inline } from "../../../src/core/words/inline.ts";
import type { Block } from "../../../src/core/words/words.ts";

/** The tree as a line that a test can hold against another: `[b:bold]`, `[quote:...]`. */
export function outline(blocks: readonly Block[]): string {
  return blocks.map(blockOutline).join("¶");
}

function blockOutline(block: Block): string {
  switch (block.kind) {
    case "lines":
      return block.parts.map(partOutline).join("");
    case "code":
      return `[pre ${block.language}:${block.text}]`;
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
  return `[${part.kind}:${part.text}]`;
}

/** All that is shown, in its order. */
export function lettersOf(blocks: readonly Block[]): string {
  return blocks.map(blockLetters).join("\n");
}

function blockLetters(block: Block): string {
  switch (block.kind) {
    case "lines":
      return block.parts.map(partLetters).join("");
    case "code":
      return `${block.language}\n${block.text}`;
    case "quote":
      return lettersOf(block.blocks);
    default:
      return block.items.map(({ mark, blocks }) => `${mark} ${lettersOf(blocks)}`).join("\n");
  }
}

function partLetters(part: Inline): string {
  return "parts" in part ? part.parts.map(partLetters).join("") : part.text;
}

/** Blocks and emphasis in each other. */
export function depthOf(blocks: readonly Block[]): number {
  const depths = blocks.map((block) => {
    if (block.kind === "lines") return partsDepth(block.parts);
    if (block.kind === "quote") return 1 + depthOf(block.blocks);
    if (block.kind === "list")
      return 1 + Math.max(...block.items.map((one) => depthOf(one.blocks)));
    return 1;
  });
  return Math.max(0, ...depths);
}

function partsDepth(parts: readonly Inline[]): number {
  let depth = 0;
  for (const part of parts) {
    if ("parts" in part) depth = Math.max(depth, 1 + partsDepth(part.parts));
  }
  return depth;
}

/** Everything that can be followed. */
export function linksOf(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block) => {
    if (block.kind === "lines") return hrefsOf(block.parts);
    if (block.kind === "quote") return linksOf(block.blocks);
    return block.kind === "list" ? block.items.flatMap((one) => linksOf(one.blocks)) : [];
  });
}

function hrefsOf(parts: readonly Inline[]): readonly string[] {
  return parts.flatMap((part) => {
    if (part.kind === "link") return [part.href];
    return "parts" in part ? hrefsOf(part.parts) : [];
  });
}
