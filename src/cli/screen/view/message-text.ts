/** Message text with code, quotes, lists and tables. */

import { alignedSpace, type Block, parseMarkup, type Table } from "../../../core/markup/blocks.ts";
import type { Inline } from "../../../core/markup/inline.ts";
import { mathSource } from "../../../core/markup/plain.ts";
import { isSameName } from "../../../core/model/item.ts";
import type { CodeRole } from "../../../ui/text/highlight.ts";
import { codeParts, paintedEmoji } from "../../output/painted-text.ts";
import type { ColourRole } from "./palette.ts";
import { lineWidth, type Span, type StyledLine, widthOf, withHits } from "./style.ts";
import { wrapSpans } from "./wrap.ts";

export interface MessageText {
  readonly text: string;
  readonly mentions: readonly string[];
  readonly me: string | undefined;
  readonly role?: ColourRole;
  readonly author?: StyledLine;
  readonly mark: StyledLine;
  readonly hit?: string | undefined;
}

/** Minimum number of columns beside a prefix. On a narrower screen, prefixes are omitted. */
const COLUMNS_MIN = 8;
const BAR: Span = { text: "▌ ", role: "rule" };
/** Columns between the cells of a table. */
const COLUMN_GAP = 2;
const EDGE: Span = { text: "  " };

/** The page uses the same colours. */
const CODE_ROLES: Readonly<Record<CodeRole, ColourRole>> = {
  keyword: "nick-2",
  string: "nick-1",
  number: "nick-4",
  comment: "dim",
  name: "nick-3",
  type: "nick-0",
};

export function textLines(message: MessageText, columns: number): readonly StyledLine[] {
  const { text, mentions, me, role, author = [], mark, hit } = message;
  const blocks = parseMarkup(text, new Set(mentions.map((name) => name.toLowerCase())));
  const style: TextStyle = { me, hit, role };
  const [only] = blocks;
  if (blocks.length === 1 && only?.kind === "lines") {
    return wrapSpans([...author, ...spansOf(only.parts, style), ...mark], columns);
  }
  const lines = [
    ...(author.length === 0 ? [] : wrapSpans(author, columns)),
    ...blockLines(blocks, columns, style),
  ];
  return mark.length === 0 ? lines : [...lines, ...wrapSpans(mark, columns)];
}

type TextStyle = Pick<Span, "role" | "bold" | "italic" | "strike"> &
  Pick<MessageText, "me" | "hit">;

function blockLines(
  blocks: readonly Block[],
  columns: number,
  style: TextStyle,
): readonly StyledLine[] {
  return blocks.flatMap((block) => {
    switch (block.kind) {
      case "lines":
        return wrapSpans(spansOf(block.parts, style), columns);
      case "code":
        return codeLines(block.language, block.text, columns, style.hit);
      case "quote": {
        const quoted: TextStyle = { ...style, role: style.role ?? "quote" };
        return withPrefix([BAR], [BAR], columns, (remaining) =>
          blockLines(block.blocks, remaining, quoted),
        );
      }
      case "heading":
        return wrapSpans(spansOf(block.parts, { ...style, bold: true }), columns);
      case "table":
        return tableLines(block, columns, style);
      default:
        return block.items.flatMap(({ mark, blocks: inner }) => {
          const marker: Span = { text: `${mark} `, role: "dim" };
          const indent: Span = { text: " ".repeat(widthOf(marker.text)) };
          return withPrefix([marker], [indent], columns, (remaining) =>
            blockLines(inner, remaining, style),
          );
        });
    }
  });
}

/** A table that is too wide has a line for each row, with its cells one after another. */
function tableLines(
  { rows, aligns }: Table,
  columns: number,
  style: TextStyle,
): readonly StyledLine[] {
  const cells = rows.map((row, i) =>
    row.map((parts) => spansOf(parts, i === 0 ? { ...style, bold: true } : style)),
  );
  const widths = aligns.map((_, at) => Math.max(...cells.map((row) => lineWidth(row[at] ?? []))));
  const total = widths.reduce((sum, width) => sum + width, COLUMN_GAP * (widths.length - 1));
  const isNarrow = total > columns;
  return cells.flatMap((row) => {
    const line = row.flatMap((cell, at): readonly Span[] => {
      const gap: Span = { text: isNarrow ? " · " : " ".repeat(COLUMN_GAP), role: "dim" };
      const end = at === row.length - 1 ? [] : [gap];
      if (isNarrow) return [...cell, ...end];
      const spare = (widths[at] ?? 0) - lineWidth(cell);
      const [before, after] = alignedSpace(aligns[at], spare);
      return [...spaces(before), ...cell, ...spaces(after), ...end];
    });
    return isNarrow ? wrapSpans(line, columns) : [line];
  });
}

function spaces(count: number): readonly Span[] {
  return count === 0 ? [] : [{ text: " ".repeat(count) }];
}

function codeLines(
  language: string,
  text: string,
  columns: number,
  hit: string | undefined,
): readonly StyledLine[] {
  const name: readonly StyledLine[] =
    language === "" ? [] : wrapSpans([{ text: language, role: "dim" }], columns);
  const spans: readonly Span[] = codeParts(language, text)?.map(({ text: part, role }) => {
    return role === undefined ? { text: part } : { text: part, role: CODE_ROLES[role] };
  }) ?? [{ text, role: "code" }];
  const code = (remaining: number) => wrapSpans(withHits(spans, hit), remaining);
  return [...name, ...withPrefix([EDGE], [EDGE], columns, code)];
}

function withPrefix(
  first: StyledLine,
  others: StyledLine,
  columns: number,
  make: (columns: number) => readonly StyledLine[],
): readonly StyledLine[] {
  const width = first.reduce((sum, { text }) => sum + widthOf(text), 0);
  if (columns - width < COLUMNS_MIN) return make(columns);
  return make(columns - width).map((line, i) => [...(i === 0 ? first : others), ...line]);
}

function spansOf(inlines: readonly Inline[], textStyle: TextStyle): readonly Span[] {
  return withHits(styledSpans(inlines, textStyle), textStyle.hit);
}

function styledSpans(inlines: readonly Inline[], textStyle: TextStyle): readonly Span[] {
  const { me, hit: _, ...style } = textStyle;
  return inlines.flatMap((part): readonly Span[] => {
    switch (part.kind) {
      case "text":
        return [{ ...style, text: part.text }];
      case "code":
        return [{ ...style, text: part.text, role: "code" }];
      case "math":
        return [{ ...style, text: mathSource(part), role: "code" }];
      case "emoji":
        return [{ ...style, text: paintedEmoji(part) }];
      case "mention":
        return [
          { ...style, text: part.text, role: isSameName(part.name, me) ? "call" : "mention" },
        ];
      case "room":
        return [{ ...style, text: part.text, role: "mention" }];
      case "link": {
        const link: Span = { ...style, text: part.text, role: "link", link: part.href };
        const { host } = part;
        return host === undefined ? [link] : [link, { text: ` (${host})`, role: "mark" }];
      }
      default:
        return styledSpans(part.parts, { ...textStyle, [part.kind]: true });
    }
  });
}
