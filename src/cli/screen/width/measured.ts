/**
 * Measured grapheme widths. Terminals differ on sequences of several code points and on ambiguous
 * characters, so the client measures a sample of each kind at startup. Until then, the Unicode
 * table applies.
 */

import { segmentsOf } from "../../../base/text.ts";

/** A sample's measured width applies to all graphemes of its kind. */
const SAMPLES = {
  selected: "\u2764\ufe0f",
  keycap: "1\ufe0f\u20e3",
  joined: "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  flag: "\u{1f1ee}\u{1f1e9}",
  toned: "\u{1f44d}\u{1f3fd}",
  /** Wide in East Asian fonts. */
  ambiguous: "\u03b1",
  marked: "x\u0323",
} as const;

export type SampleKind = keyof typeof SAMPLES;
export type MeasuredWidths = Partial<Readonly<Record<SampleKind, number>>>;

const KINDS = Object.keys(SAMPLES) as SampleKind[];
/** If the measured width is larger, the cursor was not where the sample was written. */
const COLUMNS_MAX = 8;
const ASCII = /^[\x20-\x7e]$/;
/** Lines, bars and dots of the client's UI, which the layout treats as one column wide. */
const UI_SYMBOL = /^[\u00b7\u2026\u2500-\u25ff]$/;
const REPORT = /\x1b\[(\d+);(\d+)R/g;

/**
 * Writes each sample in hidden text and requests the cursor position (CPR). The screen must be
 * blank before and is blank afterwards.
 */
export const WIDTH_QUERY = `\x1b[H\x1b[8m${KINDS.map((kind) => `\r${SAMPLES[kind]}\x1b[6n`).join(
  "",
)}\r\x1b[2K\x1b[m`;

/** `undefined` if answers are missing or a width is implausible. */
export function parseWidths(answers: string): MeasuredWidths | undefined {
  const columns = [...answers.matchAll(REPORT)].map(([, , column]) => Number(column) - 1);
  if (columns.length !== KINDS.length) return undefined;
  if (columns.some((width) => width < 1 || width > COLUMNS_MAX)) return undefined;
  const measured = KINDS.map((kind, i) => [kind, columns[i] ?? 1] as const);
  return Object.fromEntries(
    measured.filter(([kind, width]) => width !== Bun.stringWidth(SAMPLES[kind])),
  );
}

/** The width is 0 if the cluster combines with the previous grapheme. */
interface Grapheme {
  readonly text: string;
  readonly width: number;
}

/** Maximum number of cached texts, such as names and times, which every frame repeats. */
const CACHED_TEXTS_MAX = 1_000;
const CACHED_LENGTH_MAX = 40;

/** Until a width is measured, the Unicode table applies. */
class TerminalWidths {
  #measured: MeasuredWidths = {};
  #isAsInTable = true;
  readonly #graphemes = new Map<string, readonly Grapheme[]>();

  measure(widths: MeasuredWidths): void {
    this.#measured = widths;
    this.#isAsInTable = Object.keys(widths).length === 0;
    this.#graphemes.clear();
  }

  graphemesOf(text: string): readonly Grapheme[] {
    const cached = this.#graphemes.get(text);
    if (cached !== undefined) return cached;
    const graphemes = Array.from(segmentsOf(text), ({ segment }) => ({
      text: segment,
      width: this.of(segment),
    }));
    if (text.length > CACHED_LENGTH_MAX) return graphemes;
    if (this.#graphemes.size >= CACHED_TEXTS_MAX) this.#graphemes.clear();
    this.#graphemes.set(text, graphemes);
    return graphemes;
  }

  of(grapheme: string): number {
    if (ASCII.test(grapheme)) return 1;
    const width = Bun.stringWidth(grapheme);
    if (this.#isAsInTable || width === 0) return width;
    const kind = kindOf(grapheme);
    const sample = kind === undefined ? undefined : this.#measured[kind];
    if (kind === undefined || sample === undefined) return width;
    return isShownDecomposed(kind, sample) ? sumOf(grapheme) : sample;
  }

  isWiderThanLayout(grapheme: string): boolean {
    if (this.#measured.ambiguous === undefined) return false;
    return UI_SYMBOL.test(grapheme) && isAmbiguous(grapheme);
  }
}

/**
 * The program's only shared mutable object: a process has one terminal, whose widths do not change,
 * and a parameter would have to pass through every function that computes a width.
 */
export const terminalWidths = new TerminalWidths();

function kindOf(grapheme: string): SampleKind | undefined {
  if (/\u200d/.test(grapheme))
    return /\p{Extended_Pictographic}/u.test(grapheme) ? "joined" : undefined;
  if (/\u20e3/.test(grapheme)) return "keycap";
  if (/^\p{Regional_Indicator}{2}/u.test(grapheme)) return "flag";
  if (/\p{Emoji_Modifier}$/u.test(grapheme) && [...grapheme].length > 1) return "toned";
  // A symbol that is wide even without the selector has the same width on all terminals.
  if (/^.\ufe0f$/u.test(grapheme)) return isNarrow(grapheme) ? "selected" : undefined;
  if (/^.\p{Mn}+$/u.test(grapheme)) return "marked";
  return isAmbiguous(grapheme) && !UI_SYMBOL.test(grapheme) ? "ambiguous" : undefined;
}

function isNarrow(grapheme: string): boolean {
  return Bun.stringWidth(String.fromCodePoint(grapheme.codePointAt(0) ?? 0x20)) === 1;
}

function isAmbiguous(grapheme: string): boolean {
  const wideWidth = Bun.stringWidth(grapheme, { ambiguousIsNarrow: false });
  return wideWidth !== Bun.stringWidth(grapheme);
}

/** Terminals that draw the parts separately display the sample wider than one emoji or letter. */
function isShownDecomposed(kind: SampleKind, width: number): boolean {
  const isCombined = kind === "joined" || kind === "toned" || kind === "marked";
  return isCombined && width > Bun.stringWidth(SAMPLES[kind]);
}

/**
 * Width on a terminal that draws each code point separately, with one column per combining mark.
 */
function sumOf(grapheme: string): number {
  let columns = 0;
  for (const point of grapheme) {
    if (point === "\u200d" || point === "\ufe0f") continue;
    columns += /\p{Mn}/u.test(point) ? 1 : Bun.stringWidth(point);
  }
  return columns;
}
