/**
 * Makes text from strangers safe to show. Log, wire and NDJSON carry the words as sent; cleaning is
 * the last step before a terminal, TSV or page.
 */
import { CLUSTER_CODE_POINTS_MAX, NOTICE_CODE_POINTS_MAX } from "./limits.ts";

export interface CleanOptions {
  /** Keep line feeds, for texts that are shown over several lines. CR LF becomes LF. */
  readonly lines?: boolean;
  /** Keep tabs, where what shows the text has stops for them. */
  readonly tabs?: boolean;
}

/** Nothing below this line can be hostile, and most text is nothing else. */
const PLAIN = /^[\x20-\x7e]*$/;
/**
 * Shown as `<U+202E>`: C1, bidi controls, line separators, interlinear annotations, and what is a
 * piece of a picture on some terminals.
 */
const VISIBLE = /[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\u{10eeee}]/u;
const JOINER = /[\u200c\u200d]/u;
/** Chooses among the shapes of what stands before it; means nothing alone. */
const SELECTOR = /\p{Variation_Selector}|\u034f|\u17b4|\u17b5/u;
/** Spells a flag behind U+1F3F4; anywhere else it hides text. */
const TAG = /[\u{e0020}-\u{e007f}]/u;
const FLAG = "\u{1f3f4}";
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/u;
const JOINABLE = /[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}]/u;
const SELECTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u;
/** After these a joiner shapes the end of a word, too (Indic scripts; UAX 31, section 2.3). */
const VIRAMA = /[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u1b44\ua9c0]/u;
/** Sixteen and a letter of ASCII among them leave at least one run of eight. */
const LONG_CLUSTER_POSSIBLE = /[^\x00-\x7f]{8}/u;
const REPLACEMENT = "\ufffd";

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

/**
 * Text that cannot move the cursor, reverse its line, hide words or climb over its neighbours.
 * Control characters become control pictures, bidi controls `<U+202E>`, lone surrogates U+FFFD;
 * zero-width characters go, except joiners between letters or emoji and selectors behind a base;
 * an over-long cluster ends in U+FFFD. Cleaning twice changes nothing.
 */
export function cleanText(text: string, options: CleanOptions = {}): string {
  if (PLAIN.test(text)) return text;
  const source = (options.lines ? text.replaceAll("\r\n", "\n") : text).toWellFormed();
  const points = Array.from(source);
  let cleaned = "";
  let previous = "";
  for (const [i, point] of points.entries()) {
    const isKept = (options.lines && point === "\n") || (options.tabs && point === "\t");
    const shown = isKept ? point : shownAs(point, previous, points[i + 1]);
    if (shown === "") continue;
    cleaned += shown;
    previous = shown.length > 2 ? ">" : shown; // Longer than a code point is only <U+...>.
  }
  return LONG_CLUSTER_POSSIBLE.test(cleaned) ? cutClusters(cleaned) : cleaned;
}

/** A tab-separated field: cleaned, with tab, line feed and backslash written `\t`, `\n`, `\\`. */
function tsvField(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
  return cleanText(escaped);
}

/** One line of TSV, with its line feed. */
export function tsvLine(fields: readonly string[]): string {
  return `${fields.map(tsvField).join("\t")}\n`;
}

/** What some reader of NDJSON would act upon as it stands: a terminal, an editor, a pager. */
const ACTIVE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/g;

/**
 * A value as a line of NDJSON, with its line feed: the same value for every parser, and
 * nothing in it that moves a cursor, turns a line around or ends it early.
 */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value).replaceAll(ACTIVE, (active) => {
    return `\\u${active.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `${text}\n`;
}

/** A stranger's words inside a sentence of ours: cleaned, quoted, and short. */
export function quoteText(text: string, codePointsMax = 60): string {
  const points = Array.from(text.slice(0, 4 * codePointsMax));
  const cut = points.length > codePointsMax || text.length > 4 * codePointsMax;
  return `'${cleanText(points.slice(0, codePointsMax).join(""))}${cut ? "..." : ""}'`;
}

/**
 * For the title of a window and for notifications, and so for OSC 0, 2, 9 and 777: one short line.
 * A semicolon ends a field there (`4;` at the start of OSC 9 is a progress bar).
 */
export function titleText(text: string): string {
  const start = text.slice(0, 4 * NOTICE_CODE_POINTS_MAX).replaceAll(/\s+/g, " ");
  const points = Array.from(cleanText(start).replaceAll(";", ",").trim());
  if (points.length <= NOTICE_CODE_POINTS_MAX) return points.join("");
  return cleanText(points.slice(0, NOTICE_CODE_POINTS_MAX - 1).join("")).concat("\u2026");
}

/** @param previous the last code point of the cleaned text before it */
function shownAs(point: string, previous: string, next: string | undefined): string {
  if (PLAIN.test(point)) return point;
  const code = point.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  if (VISIBLE.test(point)) return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  if (JOINER.test(point)) return joins(previous, next) ? point : "";
  if (SELECTOR.test(point)) return selects(previous) ? point : "";
  if (TAG.test(point)) return previous === FLAG || TAG.test(previous) ? point : "";
  return IGNORABLE.test(point) ? "" : point;
}

function joins(previous: string, next: string | undefined): boolean {
  if (!JOINABLE.test(previous)) return false;
  if (VIRAMA.test(previous)) return next === undefined || !isHidden(next);
  return next !== undefined && JOINABLE.test(next) && !isHidden(next);
}

function selects(previous: string): boolean {
  return SELECTABLE.test(previous) && !SELECTOR.test(previous) && !IGNORABLE.test(previous);
}

function isHidden(point: string): boolean {
  return IGNORABLE.test(point);
}

/**
 * The end mark keeps the cut cluster apart from the next one, so that what is left cannot grow
 * together into a long one again.
 */
function cutClusters(text: string): string {
  let whole = "";
  for (const { segment } of segmenter.segment(text)) {
    const points = segment.length > CLUSTER_CODE_POINTS_MAX ? Array.from(segment) : [];
    if (points.length <= CLUSTER_CODE_POINTS_MAX) whole += segment;
    else whole += cutCluster(points);
  }
  return whole;
}

function cutCluster(points: readonly string[]): string {
  const kept = points.slice(0, CLUSTER_CODE_POINTS_MAX - 1);
  while (JOINER.test(kept.at(-1) ?? "")) kept.pop();
  return kept.join("") + REPLACEMENT;
}
