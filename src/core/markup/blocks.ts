/**
 * Parser of message texts, in a small subset of Markdown, into a tree of code, quotes, lists,
 * headings, tables and lines. Parsing takes linear time and limited depth. Text that is not markup
 * stays text, so no character is lost.
 */

import { cleanText } from "../../base/text.ts";
import { type Inline, parseInline } from "./inline.ts";

export type Block =
  | { readonly kind: "lines"; readonly parts: readonly Inline[] }
  /** `language` is the text after the opening fence and may be empty. */
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "quote"; readonly blocks: readonly Block[] }
  | { readonly kind: "list"; readonly items: readonly ListItem[] }
  | { readonly kind: "heading"; readonly level: number; readonly parts: readonly Inline[] }
  | Table;

export interface Table {
  readonly kind: "table";
  readonly aligns: readonly Align[];
  /** The first row is the header. Each row has as many cells as `aligns`. */
  readonly rows: readonly (readonly Cell[])[];
}

export type Align = "left" | "center" | "right";

/** @returns the columns before and after a cell that leaves `spare` columns free */
export function alignedSpace(
  align: Align | undefined,
  spare: number,
): readonly [before: number, after: number] {
  const before = align === "right" ? spare : align === "center" ? Math.floor(spare / 2) : 0;
  return [before, spare - before];
}
type Cell = readonly Inline[];

export interface ListItem {
  readonly mark: string;
  readonly blocks: readonly Block[];
}

/** Deeper lists and quotes remain text, because phone screens are too narrow. */
const DEPTH_MAX = 4;
/** Columns by which a line must be indented to belong to the preceding item. */
const INDENT = 2;
const FENCE = /^( {0,3})(`{3,32})([^`]*)$/;
const LANGUAGE = /^[A-Za-z0-9_+#.-]{0,32}$/;
const HEADING = /^ {0,3}(#{1,3})[ \t]+(\S.*)$/;
/** Wider tables remain text, because no screen can show them. */
const TABLE_COLUMNS_MAX = 24;
/** Later rows remain text, because a page must stay able to draw each message. */
const TABLE_ROWS_MAX = 200;
const ITEM = /^( {0,3})([-*]|\d{1,9}[.)])[ \t]+(?=\S)/;

interface ParsedBlock {
  readonly block: Block;
  readonly end: number;
}

interface Options {
  readonly names: ReadonlySet<string> | undefined;
  /** True if blank lines next to other blocks are text. Screens show their own space there. */
  readonly keepsBlankLines: boolean;
}

export function parseMarkup(
  text: string,
  names: ReadonlySet<string> | undefined,
): readonly Block[] {
  const lines = cleanText(text, { lines: true, tabs: true }).split("\n");
  return parseBlocks(lines, { names, keepsBlankLines: false }, 0);
}

/** Parses lines that the caller has cleaned, and keeps all blank lines. */
export function parseLines(lines: readonly string[]): readonly Block[] {
  return parseBlocks(lines, { names: undefined, keepsBlankLines: true }, 0);
}

function parseBlocks(lines: readonly string[], options: Options, depth: number): readonly Block[] {
  const blocks: Block[] = [];
  let openBlock = 0;
  const endLines = (end: number) => {
    const found = lines.slice(openBlock, end);
    const plain = options.keepsBlankLines
      ? found
      : trimBlankLines(found, openBlock > 0, end < lines.length);
    if (plain.length > 0)
      blocks.push({ kind: "lines", parts: parseInline(plain.join("\n"), options.names) });
  };
  for (let at = 0; at < lines.length; ) {
    const found =
      codeAt(lines, at) ??
      headingAt(lines, at, options) ??
      tableAt(lines, at, options) ??
      nestedAt(lines, at, options, depth);
    if (found !== undefined) {
      endLines(at);
      blocks.push(found.block);
      openBlock = found.end;
    }
    at = found?.end ?? at + 1;
  }
  endLines(lines.length);
  return blocks;
}

function trimBlankLines(
  lines: readonly string[],
  isBelow: boolean,
  isAbove: boolean,
): readonly string[] {
  let [from, to] = [0, lines.length];
  while (isBelow && from < to && isBlank(lines[from])) from++;
  while (isAbove && from < to && isBlank(lines[to - 1])) to--;
  return lines.slice(from, to);
}

function isBlank(line: string | undefined): boolean {
  return line === undefined || line.trim() === "";
}

/**
 * Parses code up to the next fence or the end of the text. Text after the opening fence belongs to
 * the code unless it is a language.
 */
function codeAt(lines: readonly string[], at: number): ParsedBlock | undefined {
  const [fence, indent = "", ticks = "", info = ""] = FENCE.exec(lines[at] ?? "") ?? [];
  if (fence === undefined || at + 1 === lines.length) return undefined;
  const language = info.trim();
  const isNamed = LANGUAGE.test(language);
  const code = isNamed ? [] : [info.replace(/^ /, "")];
  let end = at + 1;
  for (; end < lines.length; end++) {
    const line = dedent(lines[end] ?? "", indent.length);
    const bare = line.trimEnd();
    const ending = bare.length - trailingTicks(bare);
    if (bare.length - ending < ticks.length) {
      code.push(line);
      continue;
    }
    if (bare.slice(0, ending).trim() !== "") code.push(bare.slice(0, ending));
    end++;
    break;
  }
  const text = code.join("\n");
  return { block: { kind: "code", language: isNamed ? language : "", text }, end };
}

/** True if the text ends inside a code block, so that the next line is code. */
export function isFenceOpen(text: string): boolean {
  let ticks = 0;
  for (const line of text.split("\n")) {
    if (ticks === 0) ticks = FENCE.exec(line)?.[2]?.length ?? 0;
    else if (trailingTicks(line.trimEnd()) >= ticks) ticks = 0;
  }
  return ticks > 0;
}

function trailingTicks(line: string): number {
  let count = 0;
  while (line[line.length - 1 - count] === "`") count++;
  return count;
}

function headingAt(
  lines: readonly string[],
  at: number,
  { names }: Options,
): ParsedBlock | undefined {
  const [, marks = "", text] = HEADING.exec(lines[at] ?? "") ?? [];
  if (text === undefined) return undefined;
  const parts = parseInline(text.trimEnd(), names);
  return { block: { kind: "heading", level: marks.length, parts }, end: at + 1 };
}

/** Parses a header, a line such as `---|:-:`, and rows up to the first line without a bar. */
function tableAt(
  lines: readonly string[],
  at: number,
  { names }: Options,
): ParsedBlock | undefined {
  const header = lines[at] ?? "";
  if (!hasBar(header) || !hasBar(lines[at + 1])) return undefined;
  if (ITEM.test(header) || isQuote(header)) return undefined;
  const aligns = cellsOf(lines[at + 1] ?? "").map(alignOf);
  const count = aligns.length;
  if (count < 2 || count > TABLE_COLUMNS_MAX || aligns.includes(undefined)) return undefined;
  if (cellsOf(header).length !== count) return undefined;
  let end = at + 2;
  while (end < lines.length && end - at <= TABLE_ROWS_MAX && hasBar(lines[end])) end++;
  const rows = [header, ...lines.slice(at + 2, end)].map((line) => {
    const cells = cellsOf(line);
    const last = cells.slice(count - 1).join(" | ");
    return [...Array(count - 1).keys()]
      .map((i) => cells[i] ?? "")
      .concat(last)
      .map((cell) => parseInline(cell, names));
  });
  return { block: { kind: "table", aligns: aligns as readonly Align[], rows }, end };
}

function hasBar(line: string | undefined): boolean {
  return line?.includes("|") === true;
}

/** `| a | b \| c |` has the cells `a` and `b | c`. */
function cellsOf(line: string): readonly string[] {
  const bare = line.trim().replace(/^\|/, "");
  const cells = bare.split(/(?<!\\)\|/);
  if (cells.length > 1 && cells.at(-1)?.trim() === "") cells.pop();
  return cells.map((cell) => cell.replaceAll("\\|", "|").trim());
}

function alignOf(cell: string): Align | undefined {
  if (!/^:?-{1,99}:?$/.test(cell)) return undefined;
  if (!cell.endsWith(":")) return "left";
  return cell.startsWith(":") ? "center" : "right";
}

function nestedAt(
  lines: readonly string[],
  at: number,
  options: Options,
  depth: number,
): ParsedBlock | undefined {
  if (depth === DEPTH_MAX) return undefined;
  const parse = isQuote(lines[at]) ? quoteAt : listAt;
  return parse(lines, at, options, depth);
}

/** `>_<` is a smiley. */
function isQuote(line: string | undefined): boolean {
  return line === ">" || line?.startsWith("> ") === true;
}

function quoteAt(
  lines: readonly string[],
  at: number,
  options: Options,
  depth: number,
): ParsedBlock {
  let end = at;
  while (isQuote(lines[end])) end++;
  const inner = lines.slice(at, end).map((line) => line.slice(2));
  return { block: { kind: "quote", blocks: parseBlocks(inner, options, depth + 1) }, end };
}

function listAt(
  lines: readonly string[],
  at: number,
  options: Options,
  depth: number,
): ParsedBlock | undefined {
  const items: ListItem[] = [];
  const base = indentOf(lines[at] ?? "");
  let end = at;
  for (;;) {
    const [lead, , mark = ""] = ITEM.exec(lines[end] ?? "") ?? [];
    if (lead === undefined) break;
    const first = end;
    const inner = [(lines[first] ?? "").slice(lead.length)];
    for (end++; end < lines.length; end++) {
      const line = lines[end] ?? "";
      if (indentOf(line) < base + INDENT && !isBlank(line)) break;
      inner.push(dedent(line, lead.length));
    }
    while (inner.length > 1 && isBlank(inner.at(-1))) inner.pop();
    end = first + inner.length;
    const blocks = parseBlocks(inner, options, depth + 1);
    items.push({ mark: /[-*]/.test(mark) ? "•" : mark, blocks });
  }
  return items.length === 0 ? undefined : { block: { kind: "list", items }, end };
}

function indentOf(line: string): number {
  let columns = 0;
  for (const sign of line) {
    if (sign !== " " && sign !== "\t") break;
    columns += sign === "\t" ? 4 : 1;
  }
  return columns;
}

function dedent(line: string, columns: number): string {
  let at = 0;
  for (let left = columns; left > 0; at++) {
    if (line[at] === " ") left--;
    else if (line[at] === "\t") left -= 4;
    else break;
  }
  return line.slice(at);
}
