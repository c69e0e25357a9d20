/** Search for the users mentioned in a text. */

import { MENTIONS_MAX } from "../../base/limits.ts";
import { type FoldedName, foldName, isName, type Name } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import type { PostBody } from "../../wire/messages.ts";
import { type Block, parseMarkup } from "../markup/blocks.ts";
import type { Inline } from "../markup/inline.ts";

/** Reserved names. */
const EVERYONE = "everyone" as FoldedName;
const HERE = "here" as FoldedName;

/**
 * Adds the names mentioned outside code and quotes to the body, unless it is a notice, and whether
 * it mentions everyone. The server omits names that nobody has.
 */
export function withMentions(body: PostBody): PostBody {
  const names = new Map<FoldedName, Name>();
  if (body.notice === true || !/[@＠]/.test(body.text)) return body;
  for (const name of mentionsInBlocks(parseMarkup(body.text, undefined))) {
    if (isName(name) && !names.has(foldName(name))) names.set(foldName(name), name);
    if (names.size === MENTIONS_MAX) break;
  }
  if (names.size === 0) return body;
  const everyone = names.has(EVERYONE) ? "all" : names.has(HERE) ? "here" : undefined;
  return { ...body, mentions: [...names.values()], ...defined({ everyone }) };
}

function mentionsInBlocks(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block) => {
    switch (block.kind) {
      case "lines":
        return mentionsInInlines(block.parts);
      case "list":
        return block.items.flatMap((item) => mentionsInBlocks(item.blocks));
      case "heading":
        return mentionsInInlines(block.parts);
      case "table":
        return block.rows.flatMap((row) => row.flatMap(mentionsInInlines));
      default:
        return [];
    }
  });
}

function mentionsInInlines(parts: readonly Inline[]): readonly string[] {
  return parts.flatMap((part) => {
    if (part.kind === "mention") return [part.name];
    return "parts" in part ? mentionsInInlines(part.parts) : [];
  });
}
