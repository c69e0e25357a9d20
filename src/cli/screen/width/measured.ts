/**
 * How wide a grapheme is on the terminal in front of the user. Terminals do not agree on what is
 * made of several code points, nor on letters whose width Unicode leaves open: so one of each kind
 * is measured at the start, where the terminal answers. Where it does not, the table counts.
 */

/** One of each kind, by whose width all of them are judged. */
const SAMPLES = {
  /** A sign that is an emoji by a selector behind it. */
  selected: "\u2764\ufe0f",
  keycap: "1\ufe0f\u20e3",
  /** Several emoji joined to one. */
  joined: "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  flag: "\u{1f1ee}\u{1f1e9}",
  toned: "\u{1f44d}\u{1f3fd}",
  /** Wide in East Asian fonts. */
  ambiguous: "\u03b1",
  /** A letter with a mark of its own. */
  marked: "x\u0323",
} as const;

export type DoubtfulKind = keyof typeof SAMPLES;
/** Columns of the samples, where they are other ones than in the table. */
export type MeasuredWidths = Partial<Readonly<Record<DoubtfulKind, number>>>;

const KINDS = Object.keys(SAMPLES) as DoubtfulKind[];
/** What is beyond that was not measured: the cursor was elsewhere. */
const COLUMNS_MAX = 8;
const ASCII = /^[\x20-\x7e]$/;
/** Lines, bars and dots of which the screen itself is made: laid out as one column everywhere. */
const OWN_SIGN = /^[\u00b7\u2026\u2500-\u25ff]$/;
const REPORT = /\x1b\[(\d+);(\d+)R/g;

/**
 * For a screen that is blank: writes the samples where nobody sees them, one after the other, asks
 * after each where the cursor is (CPR), and leaves the screen blank.
 */
export const WIDTH_QUESTION = `\x1b[H\x1b[8m${KINDS.map((kind) => `\r${SAMPLES[kind]}\x1b[6n`).join(
  "",
)}\r\x1b[2K\x1b[m`;

/** @returns undefined: it did not tell of all of them */
export function widthsIn(answers: string): MeasuredWidths | undefined {
  const columns = [...answers.matchAll(REPORT)].map(([, , column]) => Number(column) - 1);
  if (columns.length !== KINDS.length) return undefined;
  if (columns.some((width) => width < 1 || width > COLUMNS_MAX)) return undefined;
  const measured = KINDS.map((kind, i) => [kind, columns[i] ?? 1] as const);
  return Object.fromEntries(
    measured.filter(([kind, width]) => width !== Bun.stringWidth(SAMPLES[kind])),
  );
}

/** What a reader takes for one character, and its columns; 0: it joins the one before. */
interface Grapheme {
  readonly text: string;
  readonly width: number;
}

/** Texts whose graphemes are remembered: names, times and lines that each frame has. */
const SPLIT_TEXTS_MAX = 1_000;
const SPLIT_LENGTH_MAX = 40;

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

/** The widths of one terminal: those of the table, until it has told others. */
class TerminalWidths {
  #measured: MeasuredWidths = {};
  #isAsInTable = true;
  /** Bounded by SPLIT_TEXTS_MAX. */
  readonly #split = new Map<string, readonly Grapheme[]>();

  /** Of all that is laid out from now on. */
  measure(widths: MeasuredWidths): void {
    this.#measured = widths;
    this.#isAsInTable = Object.keys(widths).length === 0;
    this.#split.clear();
  }

  /** Of clean text. */
  graphemesOf(text: string): readonly Grapheme[] {
    const known = this.#split.get(text);
    if (known !== undefined) return known;
    const segments = segmenter.segment(text);
    const made = Array.from(segments, ({ segment }) => ({
      text: segment,
      width: this.of(segment),
    }));
    if (text.length > SPLIT_LENGTH_MAX) return made;
    if (this.#split.size >= SPLIT_TEXTS_MAX) this.#split.clear();
    this.#split.set(text, made);
    return made;
  }

  /** Columns of one grapheme of clean text. */
  of(grapheme: string): number {
    if (ASCII.test(grapheme)) return 1;
    const width = Bun.stringWidth(grapheme);
    if (this.#isAsInTable || width === 0) return width;
    const kind = kindOf(grapheme);
    const sample = kind === undefined ? undefined : this.#measured[kind];
    if (kind === undefined || sample === undefined) return width;
    return isShownApart(kind, sample) ? sumOf(grapheme) : sample;
  }

  /** It takes more columns on the terminal than it was laid out with. */
  isSqueezed(grapheme: string): boolean {
    if (this.#measured.ambiguous === undefined) return false;
    return OWN_SIGN.test(grapheme) && isAmbiguous(grapheme);
  }
}

/**
 * Of the terminal of this process. It is the one object of the program that all share and that
 * changes: a process has one terminal, and what that tells is as constant as the table of Unicode.
 * Handed on, it would go through each function of the screen that knows a width.
 */
export const terminalWidths = new TerminalWidths();

function kindOf(grapheme: string): DoubtfulKind | undefined {
  if (/\u200d/.test(grapheme))
    return /\p{Extended_Pictographic}/u.test(grapheme) ? "joined" : undefined;
  if (/\u20e3/.test(grapheme)) return "keycap";
  if (/^\p{Regional_Indicator}{2}/u.test(grapheme)) return "flag";
  if (/\p{Emoji_Modifier}$/u.test(grapheme) && [...grapheme].length > 1) return "toned";
  // A sign that is wide without its selector is no question.
  if (/^.\ufe0f$/u.test(grapheme)) return isNarrow(grapheme) ? "selected" : undefined;
  if (/^.\p{Mn}+$/u.test(grapheme)) return "marked";
  return isAmbiguous(grapheme) && !OWN_SIGN.test(grapheme) ? "ambiguous" : undefined;
}

function isNarrow(grapheme: string): boolean {
  return Bun.stringWidth(String.fromCodePoint(grapheme.codePointAt(0) ?? 0x20)) === 1;
}

function isAmbiguous(grapheme: string): boolean {
  const wide = Bun.stringWidth(grapheme, { ambiguousIsNarrow: false });
  return wide !== Bun.stringWidth(grapheme);
}

/** The sample is wider than one emoji, or one letter: each part has columns of its own. */
function isShownApart(kind: DoubtfulKind, width: number): boolean {
  const isOfParts = kind === "joined" || kind === "toned" || kind === "marked";
  return isOfParts && width > Bun.stringWidth(SAMPLES[kind]);
}

/** Marks stand apart there, too. */
function sumOf(grapheme: string): number {
  let columns = 0;
  for (const point of grapheme) {
    if (point === "\u200d" || point === "\ufe0f") continue;
    columns += /\p{Mn}/u.test(point) ? 1 : Bun.stringWidth(point);
  }
  return columns;
}
