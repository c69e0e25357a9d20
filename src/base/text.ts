/**
 * Cleaning and escaping of other users' texts for terminals, TSV, NDJSON and pages. Cleaning is the
 * last step before display: the log and messages contain a text as its author sent it.
 */

import { CLUSTER_CODE_POINTS_MAX, NOTICE_CODE_POINTS_MAX } from "./limits.ts";

export interface CleanOptions {
  /** Keeps line feeds, and converts CR LF to LF. */
  readonly lines?: boolean;
  readonly tabs?: boolean;
}

const PLAIN = /^[\x20-\x7e]*$/;
/**
 * C1 and bidi controls, line separators, interlinear annotations, and a placeholder that some
 * terminals use for pictures.
 */
const ESCAPED = /[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\u{10eeee}]/u;
const JOINER = /[\u200c\u200d]/u;
/** Without a preceding character, a variation selector has no effect. */
const SELECTOR = /\p{Variation_Selector}|\u034f|\u17b4|\u17b5/u;
/** Tags form a flag after U+1F3F4 and are hidden text anywhere else. */
const TAG = /[\u{e0020}-\u{e007f}]/u;
const FLAG = "\u{1f3f4}";
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/u;
/** All characters that cleaning may remove or replace. */
export const SPECIAL = new RegExp(
  String.raw`[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\u{10eeee}` +
    String.raw`\u17b4\u17b5\p{Variation_Selector}\p{Default_Ignorable_Code_Point}]`,
  "gu",
);
const JOINABLE = /[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}]/u;
const SELECTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u;
/** Letters of Indic scripts after which a joiner may end a word (UAX 31, section 2.3). */
const VIRAMA = /[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u1b44\ua9c0]/u;
/**
 * A cluster of more than 16 characters has at most one ASCII letter, so it contains at least eight
 * other characters in a row.
 */
const LONG_CLUSTER_POSSIBLE = /[^\x00-\x7f]{8}/u;
const REPLACEMENT = "\ufffd";

/** Creates the segmenter on first use, because that takes 0.6 ms. */
class Graphemes {
  #segmenter: Intl.Segmenter | undefined;

  segmentsOf(text: string): Intl.Segments {
    this.#segmenter ??= new Intl.Segmenter("und", { granularity: "grapheme" });
    return this.#segmenter.segment(text);
  }
}

const GRAPHEMES = new Graphemes();

/** Returns the grapheme clusters. */
export function segmentsOf(text: string): Intl.Segments {
  return GRAPHEMES.segmentsOf(text);
}

/**
 * Removes everything that could move the cursor, reverse the line, hide text or overlap other text.
 * Control characters become control pictures, bidi controls become `<U+202E>`, and lone surrogates
 * become U+FFFD. Zero-width characters remain only between letters or emoji. Idempotent.
 */
export function cleanText(text: string, options: CleanOptions = {}): string {
  if (PLAIN.test(text)) return text;
  const source = (options.lines ? text.replaceAll("\r\n", "\n") : text).toWellFormed();
  let cleaned = "";
  let previous = "";
  let done = 0;
  for (const { 0: point, index } of source.matchAll(SPECIAL)) {
    if (index > done) {
      cleaned += source.slice(done, index);
      previous = /.$/su.exec(source.slice(Math.max(done, index - 2), index))?.[0] ?? "";
    }
    done = index + point.length;
    const isAllowed = (options.lines && point === "\n") || (options.tabs && point === "\t");
    const visible = isAllowed ? point : visibleForm(point, previous, pointAt(source, done));
    if (visible === "") continue;
    cleaned += visible;
    previous = visible.length > 2 ? ">" : visible;
  }
  cleaned += source.slice(done);
  return LONG_CLUSTER_POSSIBLE.test(cleaned) ? cutClusters(cleaned) : cleaned;
}

/** Removes the byte order mark with which some programs of Windows begin a text. */
export function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const HYPHENS = /[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/g;

/**
 * A name, code or address as its reader sees it: copied text contains invisible characters,
 * typographic hyphens and spaces of other widths.
 */
export function pastedText(text: string): string {
  return text.replace(INVISIBLE, "").replace(HYPHENS, "-").replace(/\s+/g, " ").trim();
}

/** Returns the encoding that a byte order mark of UTF-16 names; `undefined` without one. */
export function utf16MarkOf([first, second]: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : undefined;
}

/** Writes tab, line feed and backslash as `\t`, `\n` and `\\`. */
function tsvField(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
  return cleanText(escaped);
}

export function tsvLine(fields: readonly string[]): string {
  return `${fields.map(tsvField).join("\t")}\n`;
}

/**
 * Like `tsvLine`, for fields with paths of this machine. On Windows, a path contains no tab and no
 * line feed, and its backslashes are not doubled.
 */
export function tsvLineOfPaths(fields: readonly string[], platform: string): string {
  if (platform !== "win32") return tsvLine(fields);
  return `${fields.map((field) => cleanText(field)).join("\t")}\n`;
}

/** Terminals, editors or pagers would interpret these characters in NDJSON. */
const ACTIVE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/g;

/**
 * Escapes all characters that move a cursor, reverse a line or end it early. Parsers read the same
 * value as without the escapes.
 */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value).replaceAll(ACTIVE, (active) => {
    return `\\u${active.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `${text}\n`;
}

export function quoteText(text: string, codePointsMax = 60): string {
  const points = Array.from(text.slice(0, 4 * codePointsMax));
  const cut = points.length > codePointsMax || text.length > 4 * codePointsMax;
  return `'${cleanText(points.slice(0, codePointsMax).join(""))}${cut ? "..." : ""}'`;
}

/**
 * Formats a short line for window titles and notifications (OSC 0, 2, 9 and 777). Replaces
 * semicolons, because they separate the fields of these sequences.
 */
export function titleText(text: string): string {
  const start = text.slice(0, 4 * NOTICE_CODE_POINTS_MAX).replaceAll(/\s+/g, " ");
  const points = Array.from(cleanText(start).replaceAll(";", ",").trim());
  if (points.length <= NOTICE_CODE_POINTS_MAX) return points.join("");
  return cleanText(points.slice(0, NOTICE_CODE_POINTS_MAX - 1).join("")).concat("\u2026");
}

function pointAt(text: string, at: number): string | undefined {
  const code = text.codePointAt(at);
  return code === undefined ? undefined : String.fromCodePoint(code);
}

/** @param previous last code point of the cleaned text */
function visibleForm(point: string, previous: string, next: string | undefined): string {
  const code = point.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  if (ESCAPED.test(point)) return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  if (JOINER.test(point)) return isValidJoiner(previous, next) ? point : "";
  if (SELECTOR.test(point)) return isValidSelector(previous) ? point : "";
  if (TAG.test(point)) return previous === FLAG || TAG.test(previous) ? point : "";
  return IGNORABLE.test(point) ? "" : point;
}

function isValidJoiner(previous: string, next: string | undefined): boolean {
  if (!JOINABLE.test(previous)) return false;
  if (VIRAMA.test(previous)) return next === undefined || !isHidden(next);
  return next !== undefined && JOINABLE.test(next) && !isHidden(next);
}

function isValidSelector(previous: string): boolean {
  return SELECTABLE.test(previous) && !SELECTOR.test(previous) && !IGNORABLE.test(previous);
}

function isHidden(point: string): boolean {
  return IGNORABLE.test(point);
}

/** Cuts long clusters. A mark after each cut keeps the cluster from joining the next one. */
function cutClusters(text: string): string {
  let result = "";
  for (const { segment } of segmentsOf(text)) {
    const points = segment.length > CLUSTER_CODE_POINTS_MAX ? Array.from(segment) : [];
    if (points.length <= CLUSTER_CODE_POINTS_MAX) result += segment;
    else result += cutCluster(points);
  }
  return result;
}

function cutCluster(points: readonly string[]): string {
  const prefix = points.slice(0, CLUSTER_CODE_POINTS_MAX - 1);
  while (JOINER.test(prefix.at(-1) ?? "")) prefix.pop();
  return prefix.join("") + REPLACEMENT;
}

/** Length up to which the search of the runtime takes no longer than that of `containsText`. */
const SHORT_PART_MAX = 64;

/**
 * Reports whether `whole` contains `part`. Takes linear time for any texts, whereas `includes`
 * needs seconds for texts of 100,000 characters that were made for it.
 */
export function containsText(whole: string, part: string): boolean {
  if (part.length <= SHORT_PART_MAX) return whole.includes(part);
  if (part.length > whole.length) return false;
  // The algorithm of Knuth, Morris and Pratt.
  const borders = new Uint32Array(part.length);
  for (let at = 1, length = 0; at < part.length; at++) {
    while (length > 0 && part[at] !== part[length]) length = borders[length - 1] ?? 0;
    if (part[at] === part[length]) length++;
    borders[at] = length;
  }
  for (let at = 0, length = 0; at < whole.length; at++) {
    while (length > 0 && whole[at] !== part[length]) length = borders[length - 1] ?? 0;
    if (whole[at] === part[length]) length++;
    if (length === part.length) return true;
  }
  return false;
}

/** Returns the name of a file without its extension. */
export function stemOf(name: string): string {
  return name.replace(/\.[^.]*$/, "");
}
