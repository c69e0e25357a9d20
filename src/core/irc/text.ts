/** Conversion of message texts between Markdown and IRC formatting, and their splitting. */

import { assert } from "../../base/assert.ts";
import { cutText, utf8Encode } from "../../base/bytes.ts";
import { cleanText, SPECIAL, segmentsOf } from "../../base/text.ts";
import { type Block, parseLines } from "../markup/blocks.ts";
import { type Inline, parseInline } from "../markup/inline.ts";
import { mathSource } from "../markup/plain.ts";

/** A text whose characters all have the same styles, a sum of the bits below. */
interface Run {
  readonly text: string;
  readonly styles: number;
}

const BOLD = 1;
const ITALIC = 2;
const STRIKE = 4;
const CODE = 8;
const EMPHASIS = { bold: BOLD, italic: ITALIC, strike: STRIKE } as const;
const BASIC_CODES = [
  ["\x02", BOLD],
  ["\x1d", ITALIC],
] as const;
/** Each code turns its style on or off. */
const CODES: ReadonlyMap<string, number> = new Map([
  ...BASIC_CODES,
  ["\x1e", STRIKE],
  ["\x11", CODE],
]);
/** WeeChat 3.8 and irssi 1.4 display the codes for strikethrough and code as `^` and `Q`. */
const WRITTEN_MARKS: ReadonlyMap<string, number> = new Map([
  ...BASIC_CODES,
  ["~~", STRIKE],
  ["`", CODE],
]);
const MARKS: ReadonlyMap<number, string> = new Map([
  [ITALIC, "*"],
  [BOLD, "**"],
  [STRIKE, "~~"],
]);
const RESET = "\x0f";
/** Most messages. No markup or list begins with these characters. */
const PLAIN = /^(?!\d+[.)])[A-Za-z0-9][A-Za-z0-9 ,.!?'"()-]*$/;
/** Colours with their digits, and all controls except tab and LF. */
const CONTROL =
  /\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[\da-f]{6}(?:,[\da-f]{6})?)?|[\0-\x08\x0b-\x1f\x7f-\x9f]/i;
const CONTROLS = new RegExp(CONTROL, "gi");

/** The same controls without `\x01`, which stays visible so that no text becomes a CTCP request. */
const STRIPPED = /[\0\x02-\x08\x0b-\x1f\x7f-\x9f]/g;
const BIDI = /([\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])/;
const PDF = "\u202c";
const PDI = "\u2069";
const BIDI_END: ReadonlyMap<string, string> = new Map([
  ...["\u202a", "\u202b", "\u202d", "\u202e"].map((embedding) => [embedding, PDF] as const),
  ...["\u2066", "\u2067", "\u2068"].map((isolate) => [isolate, PDI] as const),
]);
/** Each level takes six bytes of every part of a long line. Ordinary text has at most two. */
const BIDI_DEPTH_MAX = 4;
const OPEN_OR_BIDI = /[\x02\x1d\u202a-\u202e\u2066-\u2069]/g;
/** Two codes and the deepest bidi controls. */
const ENDS_BYTES_MAX = 2 + 3 * BIDI_DEPTH_MAX;
/** Each run takes up to 10 µs. Texts with more runs lose their styles. */
const RUNS_MAX = 1_000;
/** Characters that may be markup, including line ends. Texts with more of them keep their marks. */
const MARKS_MAX = 200;
const MARK = /[\\`*_~@#[$|\n]|:\/\/|www\./gi;
/** Zero-width and bidi characters. Texts with more of them, which no language needs, lose them. */
const SPECIAL_MAX = 500;
/** The longest message has 65,537 lines, of which each becomes an IRC line for every reader. */
const LINES_MAX = 500;
/** Leaves 32 bytes for text after the controls at both ends. */
const PART_BYTES_MIN = 2 * ENDS_BYTES_MAX + 32;

/**
 * Renders a message for IRC clients. Each line of the result ends all of its styles and bidi
 * controls, and contains no control characters other than tab and the codes of styles.
 */
export function ircFromMarkdown(text: string): string {
  if (PLAIN.test(text)) return text;
  const lines = text.split(/\r\n?|\n/);
  const omitted = lines.length - LINES_MAX;
  const cleaned = cleanIrc(withFewSpecials(lines.slice(0, LINES_MAX).join("\n")));
  const cleanedLines = cleaned.split("\n");
  const isRich = !isMoreThan(cleaned, MARK, MARKS_MAX);
  const rendered = isRich ? linesOfBlocks(parseLines(cleanedLines)) : cleanedLines;
  return [...rendered, ...(omitted > 0 ? [`[lines omitted: ${omitted}]`] : [])].join("\n");
}

function withFewSpecials(text: string): string {
  if (!isMoreThan(text, SPECIAL, SPECIAL_MAX)) return text;
  return text.replaceAll(SPECIAL, (special) =>
    special === "\n" || special === "\t" ? special : "",
  );
}

function isMoreThan(text: string, pattern: RegExp, countMax: number): boolean {
  let count = 0;
  for (const _ of text.matchAll(pattern)) if (++count > countMax) return true;
  return false;
}

/**
 * Cleans a text that has no markup, such as a topic. Removes control characters except tab and LF,
 * and ends bidi controls on their line.
 */
export function cleanIrc(text: string): string {
  const stripped = text.replaceAll(/\r\n?/g, "\n").replaceAll(STRIPPED, "");
  if (!BIDI.test(stripped)) return cleanText(stripped, { lines: true, tabs: true });
  return stripped.split("\n").map(cleanLine).join("\n");
}

function cleanLine(line: string): string {
  let cleaned = "";
  let open: readonly string[] = [];
  for (const [i, piece] of line.split(BIDI).entries()) {
    if (i % 2 === 0) {
      cleaned += cleanText(piece, { tabs: true });
      continue;
    }
    const next = openAfter(open, piece);
    const isMark = !BIDI_END.has(piece) && piece !== PDF && piece !== PDI;
    if (isMark || next !== open) cleaned += piece;
    open = next;
  }
  return cleaned + endsOf(open);
}

/** Codes and bidi controls that are open after a control. Unchanged if it has no effect. */
function openAfter(open: readonly string[], control: string): readonly string[] {
  if (CODES.has(control)) {
    return open.includes(control) ? open.filter((code) => code !== control) : [...open, control];
  }
  if (BIDI_END.has(control)) {
    const depth = open.filter((opener) => BIDI_END.has(opener)).length;
    return depth < BIDI_DEPTH_MAX ? [...open, control] : open;
  }
  const bidi = open.filter((opener) => BIDI_END.has(opener));
  const ended = bidi.findLastIndex((opener) => BIDI_END.get(opener) === control);
  // Only an isolate's end also ends what was opened after it (UAX 9, X6a and X7).
  if (ended < 0 || (control === PDF && ended < bidi.length - 1)) return open;
  return [...open.filter((opener) => CODES.has(opener)), ...bidi.slice(0, ended)];
}

function endsOf(open: readonly string[]): string {
  return open
    .map((opener) => BIDI_END.get(opener) ?? opener)
    .reverse()
    .join("");
}

function linesOfBlocks(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap(linesOfBlock);
}

function linesOfBlock(block: Block): readonly string[] {
  switch (block.kind) {
    case "lines":
      return encodeRuns(runsOf(block.parts, 0)).split("\n");
    case "code":
      return block.text.split("\n");
    case "quote":
      return linesOfBlocks(block.blocks).map((line) => `> ${line}`);
    case "heading":
      return [`${"#".repeat(block.level)} ${encodeRuns(runsOf(block.parts, 0))}`];
    case "table":
      return block.rows.map((row) => row.map((cell) => encodeRuns(runsOf(cell, 0))).join(" | "));
    default:
      return block.items.flatMap(({ mark, blocks }) =>
        linesOfBlocks(blocks).map((line, i) =>
          i > 0 ? `  ${line}` : `${mark === "•" ? "-" : mark} ${line}`,
        ),
      );
  }
}

function runsOf(parts: readonly Inline[], styles: number): readonly Run[] {
  return parts.flatMap((part) => {
    if ("parts" in part) return runsOf(part.parts, styles | EMPHASIS[part.kind]);
    if (part.kind === "math") return [{ text: mathSource(part), styles }];
    if (part.kind === "link" && part.isNamed === true)
      return [{ text: `${part.text} (${part.href})`, styles }];
    return [{ text: part.text, styles: part.kind === "code" ? styles | CODE : styles }];
  });
}

function encodeRuns(runs: readonly Run[]): string {
  let encoded = "";
  let active = 0;
  const change = (styles: number) => {
    for (const [code, style] of WRITTEN_MARKS)
      if (((active ^ styles) & style) !== 0) encoded += code;
    active = styles;
  };
  for (const { text, styles } of runs) {
    for (const [i, line] of text.split("\n").entries()) {
      if (i > 0) {
        change(0);
        encoded += "\n";
      }
      if (line === "") continue;
      change(styles);
      encoded += line;
    }
  }
  change(0);
  return encoded;
}

/**
 * Converts codes to Markdown and removes colours, underlining and other control characters. A style
 * that Markdown cannot express, such as one that begins inside a word, is dropped.
 */
export function markdownFromIrc(text: string): string {
  if (!CONTROL.test(text)) return text;
  const lines = text.split("\n").map(decodeRuns);
  const isPlain = lines.reduce((count, runs) => count + runs.length, 0) > RUNS_MAX;
  return lines.map((runs) => markdownOf(runs, isPlain)).join("\n");
}

function decodeRuns(line: string): readonly Run[] {
  const runs: Run[] = [];
  let styles = 0;
  let done = 0;
  for (const { 0: control, index } of line.matchAll(CONTROLS)) {
    runs.push({ text: line.slice(done, index), styles });
    styles = control === RESET ? 0 : styles ^ (CODES.get(control) ?? 0);
    done = index + control.length;
  }
  return mergeRuns([...runs, { text: line.slice(done), styles }]);
}

function mergeRuns(runs: readonly Run[]): readonly Run[] {
  const merged: Run[] = [];
  for (const run of runs) {
    const last = merged.at(-1);
    if (run.text === "") continue;
    if (last?.styles !== run.styles) merged.push(run);
    else merged[merged.length - 1] = { ...last, text: last.text + run.text };
  }
  return merged;
}

function markdownOf(runs: readonly Run[], isPlain: boolean): string {
  const pieces: string[] = [];
  for (const [i, run] of runs.entries()) {
    const [before, after] = [pieces.at(-1)?.at(-1) ?? "", runs[i + 1]?.text[0] ?? ""];
    pieces.push(isPlain || run.styles === 0 ? run.text : markRun(run, before, after));
  }
  return pieces.join("");
}

function markRun({ text, styles }: Run, before: string, after: string): string {
  const inner = text.trim();
  if (inner === "") return text;
  const start = text.indexOf(inner);
  const [lead, trail] = [text.slice(0, start), text.slice(start + inner.length)];
  const marked = addMarks(inner, styles);
  const [left, right] = [lead.at(-1) ?? before, trail[0] ?? after];
  const parsed = mergeRuns(runsOf(parseInline(left + marked + right, undefined), 0));
  const wanted = mergeRuns([
    { text: left, styles: 0 },
    { text: inner, styles },
    { text: right, styles: 0 },
  ]);
  return isEqual(parsed, wanted) ? lead + marked + trail : text;
}

function addMarks(text: string, styles: number): string {
  let marked = text;
  if ((styles & CODE) !== 0) marked = text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
  for (const [style, mark] of MARKS) if ((styles & style) !== 0) marked = mark + marked + mark;
  return marked;
}

function isEqual(left: readonly Run[], right: readonly Run[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ text, styles }, i) => text === right[i]?.text && styles === right[i]?.styles)
  );
}

/**
 * Splits a text at line ends, and its longer lines after a space or between characters. Blank lines
 * are dropped. Each part of a line ends the styles that continue in the next part.
 * @param bytesMax UTF-8 bytes of a part
 */
export function splitText(text: string, bytesMax: number): readonly string[] {
  assert(bytesMax >= PART_BYTES_MIN, "the parts of an IRC text are too short");
  const parts = text.split(/[\r\n]+/).flatMap((line) => splitLine(line, bytesMax));
  return parts.filter((part) => part.trim() !== "");
}

function splitLine(line: string, bytesMax: number): readonly string[] {
  const parts: string[] = [];
  let open: readonly string[] = [];
  let rest = line;
  while (rest !== "") {
    const start = open.join("");
    if (isWithin(start + rest, bytesMax)) return [...parts, start + rest];
    const piece = pieceOf(rest, bytesMax - utf8Encode(start).length - ENDS_BYTES_MAX);
    for (const [control] of piece.matchAll(OPEN_OR_BIDI)) open = openAfter(open, control);
    parts.push(start + piece + endsOf(open));
    rest = rest.slice(piece.length);
  }
  return parts;
}

/** Splits a line into parts that are the line again when a client joins them. */
export function splitExactly(line: string, bytesMax: number): readonly string[] {
  const parts: string[] = [];
  let rest = line;
  while (!isWithin(rest, bytesMax)) {
    const piece = pieceOf(rest, bytesMax);
    parts.push(piece);
    rest = rest.slice(piece.length);
  }
  return [...parts, rest];
}

/** Encodes only texts whose number of characters does not decide. */
export function isWithin(text: string, bytesMax: number): boolean {
  if (text.length * 3 <= bytesMax) return true;
  return text.length <= bytesMax && utf8Encode(text).length <= bytesMax;
}

/** Cuts after a space if possible, and otherwise between grapheme clusters. */
function pieceOf(text: string, bytesMax: number): string {
  const window = text.slice(0, bytesMax + 2);
  const fitting = cutText(window, bytesMax);
  const spaced = fitting.slice(0, fitting.lastIndexOf(" ") + 1);
  const end = spaced.trim() === "" ? fitting.length : spaced.length;
  // An ASCII character begins a cluster.
  const isBoundary = window.charCodeAt(end) < 0x80;
  const cluster = isBoundary ? end : (segmentsOf(window).containing(end)?.index ?? end);
  return text.slice(0, cluster > 0 ? cluster : fitting.length);
}

/** @returns `undefined` unless the text is a CTCP message. The command is in upper case. */
export function parseCtcp(text: string): { command: string; text: string } | undefined {
  const [ctcp, command = "", rest = ""] = /^\x01([^\x01 ]*) ?([^\x01]*)/.exec(text) ?? [];
  return ctcp === undefined ? undefined : { command: command.toUpperCase(), text: rest };
}
