/** Converts a screen line to cells. */

import { terminalWidths } from "../width/measured.ts";

export interface Pen {
  /** SGR parameters of each slot; empty for the terminal's default. */
  readonly slots: readonly string[];
  /** OSC 8 parameters and address, such as `;https://...`; empty if there is no link. */
  readonly link: string;
  /** Equal for all pens with the same appearance. */
  readonly key: string;
  /** Whether a blank cell with this pen looks different from an erased cell. */
  readonly isVisibleOnBlank: boolean;
}

/**
 * Resets for bold, dim, italic, underline, blink, inverse, hidden, strike, and the foreground,
 * background and underline colours.
 */
const RESET_CODES = ["22", "22", "23", "24", "25", "27", "28", "29", "39", "49", "59"] as const;
const BOLD = 0;
const DIM = 1;
const UNDERLINE = 3;
const INVERSE = 5;
const STRIKE = 7;
const FOREGROUND = 8;
const BACKGROUND = 9;
const LINE_COLOR = 10;

const VISIBLE_ON_BLANK = [UNDERLINE, INVERSE, STRIKE, BACKGROUND];

const PENS_MAX = 1_000;

export const PLAIN: Pen = {
  slots: RESET_CODES.map(() => ""),
  link: "",
  key: "\n",
  isVisibleOnBlank: false,
};

/** Cache of pens, keyed by the previous pen and the SGR parameters applied to it. */
export class Pens {
  readonly #pens = new Map<string, Pen>();

  after(pen: Pen, parameters: string): Pen {
    const key = `${pen.key}\n${parameters}`;
    const next = this.#pens.get(key) ?? penAfter(pen, parameters);
    if (this.#pens.size >= PENS_MAX) this.#pens.clear();
    this.#pens.set(key, next);
    return next;
  }
}

/**
 * @param parameters SGR parameters between `CSI` and `m`
 * @internal
 */
export function penAfter(pen: Pen, parameters: string): Pen {
  const slots = [...pen.slots];
  const codes = parameters.split(";");
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? "";
    const number = Number.parseInt(code, 10) || 0;
    const slot = slotOf(number);
    if (number === 0) slots.fill("");
    else if (slot === undefined) resetSlots(slots, number);
    else if (slot >= FOREGROUND && number % 10 === 8 && number < 60 && !code.includes(":")) {
      const length = codes[at + 1] === "2" ? 5 : 3;
      slots[slot] = codes.slice(at, at + length).join(";");
      at += length - 1;
    } else slots[slot] = code;
  }
  return penOf(slots, pen.link);
}

/** @internal */
export function penWithLink(pen: Pen, link: string): Pen {
  return penOf(pen.slots, link.endsWith(";") ? "" : link);
}

export function penChange(from: Pen, to: Pen): string {
  if (from.key === to.key) return "";
  const link = from.link === to.link ? "" : `\x1b]8;${to.link === "" ? ";" : to.link}\x1b\\`;
  return link + attributeChange(from.slots, to.slots);
}

function attributeChange(from: readonly string[], to: readonly string[]): string {
  if (from.every((slot, i) => slot === to[i])) return "";
  const set = to.filter((slot) => slot !== "");
  const full = `\x1b[${set.length === 0 ? "" : ["0", ...set].join(";")}m`;
  const resets = new Set(RESET_CODES.filter((_, i) => from[i] !== "" && to[i] === ""));
  const added = to.filter((slot, i) => {
    const wasReset = (i === BOLD || i === DIM) && resets.has("22");
    return slot !== "" && (slot !== from[i] || wasReset);
  });
  const changed = `\x1b[${[...resets, ...added].join(";")}m`;
  return changed.length < full.length ? changed : full;
}

function penOf(slots: readonly string[], link: string): Pen {
  const key = `${slots.join(" ").trimEnd()}\n${link}`;
  if (key === PLAIN.key) return PLAIN;
  const isVisibleOnBlank = link !== "" || VISIBLE_ON_BLANK.some((slot) => slots[slot] !== "");
  return { slots, link, key, isVisibleOnBlank };
}

function slotOf(code: number): number | undefined {
  if (code >= 1 && code <= 5) return code - 1;
  if (code === 6) return 4;
  if (code >= 7 && code <= 9) return code - 2;
  if (code === 21) return UNDERLINE;
  if ((code >= 30 && code <= 38) || (code >= 90 && code <= 97)) return FOREGROUND;
  if ((code >= 40 && code <= 48) || (code >= 100 && code <= 107)) return BACKGROUND;
  return code === 58 ? LINE_COLOR : undefined;
}

function resetSlots(slots: string[], code: number): void {
  for (const [slot, off] of RESET_CODES.entries()) if (Number(off) === code) slots[slot] = "";
}

export interface TerminalRow {
  readonly line: string;
  /** Empty for the second column of a wide grapheme. */
  readonly texts: readonly string[];
  /** A blank cell uses the plain pen if that does not change its appearance. */
  readonly pens: readonly Pen[];
}

export const EMPTY_ROW: TerminalRow = { line: "", texts: [], pens: [] };

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
export function rowOf(line: string, columns: number, penCache = new Pens()): TerminalRow {
  const texts: string[] = [];
  const pens: Pen[] = [];
  let pen = PLAIN;
  for (let at = 0; at < line.length; ) {
    if (isPlain(line, at)) {
      const text = line.charAt(at++);
      texts.push(text);
      pens.push(segmentPen(text, pen));
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

export function blanked(
  row: TerminalRow,
  isBlank: (text: string, column: number) => boolean,
): TerminalRow {
  const texts = row.texts.map((text, column) => (isBlank(text, column) ? " " : text));
  const pens = row.pens.map((pen, column) => (texts[column] === row.texts[column] ? pen : PLAIN));
  return { line: row.line, ...cut(texts, pens, texts.length) };
}

/** Cells after the end of a row are blank. */
export function isSameCell(a: TerminalRow, b: TerminalRow, column: number): boolean {
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
    pens.push(segmentPen(segment, pen));
    for (let column = 1; column < width; column++) {
      texts.push("");
      pens.push(pen);
    }
  }
}

function segmentPen(text: string, pen: Pen): Pen {
  return text === " " && !pen.isVisibleOnBlank ? PLAIN : pen;
}

function cut(texts: string[], pens: Pen[], columns: number): Pick<TerminalRow, "texts" | "pens"> {
  let length = Math.min(texts.length, columns);
  while (length > 0 && texts[length] === "") length--;
  while (length > 0 && texts[length - 1] === " " && pens[length - 1] === PLAIN) length--;
  texts.length = length;
  pens.length = length;
  return { texts, pens };
}
