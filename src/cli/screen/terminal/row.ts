/** Converts a screen line to cells. */

import { terminalWidths } from "../width/measured.ts";
import { type Pen, Pens, PLAIN, penWithLink } from "./pen.ts";

export interface Row {
  readonly line: string;
  /** Empty for the second column of a wide grapheme. */
  readonly texts: readonly string[];
  /** A blank cell uses the plain pen if that does not change its appearance. */
  readonly pens: readonly Pen[];
}

export const EMPTY_ROW: Row = { line: "", texts: [], pens: [] };

/** Matches a token that is not a plain character, such as an escape sequence. */
const TOKEN = new RegExp(
  [
    /\x1b\[(?<attributes>[\d;:]*)m/,
    /\x1b\]8;(?<link>[^\x07\x1b]*)(?:\x07|\x1b\\)/,
    /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x1f\x7f-\x9f]/,
    /(?<other>[\x20-\x7e]?[^\x00-\x9f]+)/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "y",
);

/** @param line text with SGR and OSC 8 sequences; all other sequences are ignored */
export function rowOf(line: string, columns: number, penCache = new Pens()): Row {
  const texts: string[] = [];
  const pens: Pen[] = [];
  let pen = PLAIN;
  for (let at = 0; at < line.length; ) {
    if (isPlain(line, at)) {
      const text = line.charAt(at++);
      texts.push(text);
      pens.push(penOf(text, pen));
      continue;
    }
    TOKEN.lastIndex = at;
    const { 0: match = "", groups = {} } = TOKEN.exec(line) ?? {};
    const { attributes, link, other: run } = groups;
    if (attributes !== undefined) pen = penCache.after(pen, attributes);
    else if (link !== undefined) pen = penWithLink(pen, link);
    else if (run !== undefined) appendGraphemes(texts, pens, run, pen);
    at += Math.max(1, match.length);
  }
  return { line, ...cut(texts, pens, columns) };
}

function isPlain(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return code >= 0x20 && code <= 0x7e && !(line.charCodeAt(at + 1) > 0x9f);
}

export function blanked(row: Row, isBlank: (text: string, column: number) => boolean): Row {
  const texts = row.texts.map((text, column) => (isBlank(text, column) ? " " : text));
  const pens = row.pens.map((pen, column) => (texts[column] === row.texts[column] ? pen : PLAIN));
  return { line: row.line, ...cut(texts, pens, texts.length) };
}

/** Cells after the end of a row are blank. */
export function isSameCell(a: Row, b: Row, column: number): boolean {
  return (
    (a.texts[column] ?? " ") === (b.texts[column] ?? " ") &&
    isSamePen(a.pens[column] ?? PLAIN, b.pens[column] ?? PLAIN)
  );
}

function isSamePen(a: Pen, b: Pen): boolean {
  return a === b || a.key === b.key;
}

function appendGraphemes(texts: string[], pens: Pen[], run: string, pen: Pen): void {
  for (const { text: segment, width } of terminalWidths.graphemesOf(run)) {
    if (width === 0) {
      // A combining mark joins the previous grapheme, or is dropped without one.
      const base = texts.findLastIndex((text) => text !== "");
      if (base >= 0) texts[base] += segment;
      continue;
    }
    texts.push(segment);
    pens.push(penOf(segment, pen));
    for (let column = 1; column < width; column++) {
      texts.push("");
      pens.push(pen);
    }
  }
}

function penOf(text: string, pen: Pen): Pen {
  return text === " " && !pen.isVisibleOnBlank ? PLAIN : pen;
}

function cut(texts: string[], pens: Pen[], columns: number): Pick<Row, "texts" | "pens"> {
  let length = Math.min(texts.length, columns);
  while (length > 0 && texts[length] === "") length--;
  while (length > 0 && texts[length - 1] === " " && pens[length - 1] === PLAIN) length--;
  texts.length = length;
  pens.length = length;
  return { texts, pens };
}
