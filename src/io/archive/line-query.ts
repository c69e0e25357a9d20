/** Prepares queries, so that most lines can be rejected before parsing. */

import { foldCase } from "../../base/case-fold.ts";
import { foldedWords } from "../../base/query-words.ts";
import { defined } from "../../base/values.ts";
import type { LineQuery } from "../disk/disk.ts";
import type { PageQuery } from "../log/log.ts";

export interface LineSearchQuery extends LineQuery {
  readonly from: PageQuery["from"];
  readonly files?: boolean | undefined;
  readonly polls?: boolean | undefined;
}

export function lineQueryOf(query: PageQuery): LineSearchQuery {
  const { grep, ignoreCase, words } = query;
  const prefilter = prefilterOf(query);
  if (words !== undefined) {
    const folded = foldedWords(words);
    return { ...query, ...prefilter, words: folded, ...defined({ pattern: wordPattern(folded) }) };
  }
  if (grep === undefined || ignoreCase !== true) return { ...query, ...prefilter };
  // A lone surrogate has no byte pattern. Without a pattern, all lines are parsed.
  const pattern = grep.isWellFormed() ? casePattern(grep) : undefined;
  return { ...query, ...prefilter, grep: foldCase(grep), ...defined({ pattern }) };
}

export function isRare({ grep, words, re, by, kinds, polls }: LineSearchQuery): boolean {
  const isBodySearched =
    grep !== undefined || words !== undefined || re !== undefined || polls === true;
  return isBodySearched || by !== undefined || kinds?.has("text") === false;
}

function prefilterOf(query: PageQuery): Pick<LineSearchQuery, "needle"> {
  if (query.grep !== undefined && query.grep !== "" && query.ignoreCase !== true) {
    return query.grep.isWellFormed() ? searchedFor(escapedInJson(query.grep)) : {};
  }
  // Within a text, the quotes would be escaped.
  if (query.polls === true) return searchedFor('"poll":{');
  if (query.re !== undefined) return searchedFor(`"re":${query.re}`);
  if (query.by !== undefined) return searchedFor(`"by":"${query.by}","id":`);
  const [room] = query.rooms?.size === 1 ? query.rooms : [];
  const [kind] = query.kinds?.size === 1 ? query.kinds : [];
  if (kind === undefined && room === undefined) return {};
  if (room === undefined) return { needle: Buffer.from(`"kind":"${kind}","room":`, "latin1") };
  const ofKind = kind === undefined ? "" : `"kind":"${kind}",`;
  return { needle: Buffer.from(`${ofKind}"room":"${room}","n":`, "latin1") };
}

function searchedFor(text: string): Pick<LineSearchQuery, "needle"> {
  return { needle: Buffer.from(text, "utf8") };
}

/**
 * Returns a byte pattern that matches every ASCII line with the longest of these folded words;
 * `undefined` if no ASCII line has them. No part of it repeats what the next part begins with.
 * @internal
 */
export function wordPattern(words: readonly string[]): RegExp | undefined {
  const parts = words.flatMap((word) => word.split(" "));
  if (!parts.every(isAsciiText)) return undefined;
  const longest = parts.reduce((a, b) => (b.length > a.length ? b : a), "");
  const letters = Array.from(longest.slice(0, PATTERN_LETTERS_MAX), (letter) =>
    RegExp.escape(escapedInJson(letter)),
  );
  return letters.length === 0 ? /^/gm : new RegExp(letters.join(`${FOLDED_SIGN}*`), "gi");
}

const PATTERN_LETTERS_MAX = 64;
/** Signs that `foldWords` removes, as JSON writes them. */
const FOLDED_SIGN = "[\"'`.,:;!?()[\\]{}/_\\\\-]";

function isAsciiText(text: string): boolean {
  return /^[\x00-\x7f]+$/.test(text);
}

const LETTERS_MAX = 16;
const CLUSTERS_MAX = 64;

/**
 * Returns a byte pattern that matches every line with this text in any spelling, and possibly other
 * lines; `undefined` if every letter has too many spellings. The pattern contains no repetition, so
 * no text makes matching slow.
 * @internal
 */
export function casePattern(text: string): RegExp | undefined {
  const runs: LetterPattern[][] = [[]];
  let last: string | undefined;
  for (const { letter, marks } of clustersOf(foldCase(text)).slice(0, CLUSTERS_MAX)) {
    if (runs.at(-1)?.length === LETTERS_MAX) break;
    // Start a new run, because a code point such as "ß" may match two letters.
    const [base = letter] = letter.normalize("NFD");
    if (last !== undefined && VARIANTS.hasPair(last, base)) runs.push([]);
    const pattern = letterPattern(letter, marks);
    if (pattern !== undefined) runs.at(-1)?.push(pattern);
    if (pattern?.isExact !== true) runs.push([]);
    last = marks.at(-1) ?? letter;
  }
  const weight = (run: readonly LetterPattern[]) => run.filter(({ isExact }) => isExact).length;
  const best = runs.reduce((a, b) => (weight(b) > weight(a) ? b : a));
  if (weight(best) === 0) return undefined;
  const source = best.map(({ inside, edge }, i) =>
    i === 0 || i === best.length - 1 ? edge : inside,
  );
  return new RegExp(source.join(""), "g");
}

/** Regular expressions for one letter of the text. */
interface LetterPattern {
  readonly inside: string;
  readonly edge: string;
  readonly isExact: boolean;
}

interface Cluster {
  readonly letter: string;
  readonly marks: readonly string[];
}

const MARK = /\p{M}/u;
const CASED =
  /[\p{Changes_When_Lowercased}\p{Changes_When_Uppercased}\p{Changes_When_Casefolded}]/u;
const VARIANT_RANGES = [
  [0x41, 0x5b],
  [0x80, 0x3000],
  [0xa640, 0xac00],
  [0xf900, 0x10000],
  [0x10400, 0x10600],
  [0x10c80, 0x10d90],
  [0x118a0, 0x118e0],
  [0x16e40, 0x16ee0],
  [0x1d100, 0x1d200],
  [0x1e900, 0x1e960],
  [0x2f800, 0x2fa20],
] as const;
/** Letter and mark of the highest combining class. Reorderable marks sort before this mark. */
const LAST_MARK = "a\u0345";
const DOTTED_I = "\u0130";
const DOT_ABOVE = "\u0307";

class Variants {
  #variants: Map<string, string[]> | undefined;
  readonly #pairs = new Set<string>();

  variants(character: string): readonly string[] {
    this.#variants ??= this.#build();
    return this.#variants.get(character) ?? [];
  }

  hasPair(first: string, second: string): boolean {
    this.#variants ??= this.#build();
    return this.#pairs.has(first + second);
  }

  #build(): Map<string, string[]> {
    const variants = new Map<string, string[]>();
    for (const [from, to] of VARIANT_RANGES) {
      for (let code = from; code < to; code++) {
        const point = String.fromCodePoint(code);
        if (CASED.test(point) || point.normalize("NFC") !== point) this.#add(variants, point);
      }
    }
    return variants;
  }

  #add(variants: Map<string, string[]>, point: string): void {
    const folded = [...foldCase(point)];
    for (const [i, character] of folded.entries()) {
      const existing = variants.get(character);
      if (existing === undefined) variants.set(character, [point]);
      else if (!existing.includes(point)) existing.push(point);
      if (i > 0) this.#pairs.add((folded[i - 1] ?? "") + character);
    }
  }
}

const VARIANTS = new Variants();

function clustersOf(folded: string): Cluster[] {
  const clusters: { letter: string; marks: string[] }[] = [];
  for (const point of folded) {
    const last = clusters.at(-1);
    if (MARK.test(point) && last !== undefined) last.marks.push(point);
    else clusters.push({ letter: point, marks: [] });
  }
  return clusters;
}

function letterPattern(letter: string, marks: readonly string[]): LetterPattern | undefined {
  const points = [letter, ...VARIANTS.variants(letter)];
  if (points.some((point) => MARK.test(point))) return undefined;
  const decomposed = points
    .filter((point) => point !== DOTTED_I)
    .map((point) => [...point.normalize("NFD")]);
  const areFixed = marks.length <= 1 && marks.every((mark) => isFixed(letter, mark));
  if (!areFixed || decomposed.some(([, ...own]) => own.some((mark) => !isNotReordered(mark)))) {
    // Other marks may stand between the letter and its mark.
    const bases = decomposed.flatMap(([base = ""]) => [base.toLowerCase(), base.toUpperCase()]);
    const ascii = [...new Set(bases)].filter((base) => base.length === 1 && isAscii(base));
    const lead = `[${ascii.map(bytePattern).join("")}\\x80-\\xff]`;
    return { inside: lead, edge: lead, isExact: false };
  }
  const dot = letter === "i" ? `(?:${bytePattern(DOT_ABOVE)})?` : "";
  const suffix = dot + bytePattern(marks.join(""));
  const spelled = (points: readonly string[]) => alternatives(spellingsOf(points)) + suffix;
  const exact = points.filter((point) => foldCase(point) === letter);
  return { inside: spelled(exact), edge: spelled(points), isExact: true };
}

function isFixed(letter: string, mark: string): boolean {
  const pair = letter + mark;
  const isAlone = pair.normalize("NFC") === pair && pair.normalize("NFD") === pair;
  return isAlone && isNotReordered(mark);
}

function isNotReordered(mark: string): boolean {
  return mark !== "\u0345" && (LAST_MARK + mark).normalize("NFD") === LAST_MARK + mark;
}

function isAscii(text: string): boolean {
  return (text.codePointAt(0) ?? 0) < 0x80;
}

function spellingsOf(points: readonly string[]): Set<string> {
  const spellings = new Set(points);
  for (const point of points) {
    if (point === DOTTED_I) continue;
    const [base = "", first = "", second = ""] = point.normalize("NFD");
    spellings.add(base + first + second);
    spellings.add((base + first).normalize("NFC") + second);
  }
  return spellings;
}

function alternatives(spellings: Iterable<string>): string {
  let singles = "";
  const longer: string[] = [];
  for (const spelling of spellings) {
    const pattern = bytePattern(spelling);
    if (bytesOf(spelling).length === 1) singles += pattern;
    else longer.push(pattern);
  }
  const all = singles === "" ? longer : [`[${singles}]`, ...longer];
  return all.length === 1 ? (all[0] ?? "") : `(?:${all.join("|")})`;
}

/** @internal */
export function escapedInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function bytePattern(text: string): string {
  return Array.from(bytesOf(text), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

function bytesOf(text: string): Buffer {
  return Buffer.from(escapedInJson(text), "utf8");
}
