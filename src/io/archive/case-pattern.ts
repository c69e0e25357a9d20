/** Byte patterns that match a text in any case and composition. */

import { utf8Encode } from "../../base/bytes.ts";
import { foldCase } from "../../base/case-fold.ts";

/** Letters of a text to search for: at 4 to 40 ns a byte they reject nearly all other lines. */
const PARTS_MAX = 16;
/** Letters to choose the parts from; each costs about 15 us. */
const CLUSTERS_MAX = 64;

/**
 * Returns a pattern that finds, in lines read as Latin-1 bytes, each line that may contain a text
 * in any spelling that `foldCase` makes equal. It may find more, never less. It works on bytes
 * because decoding a log as UTF-8 costs more than searching it. Each part is an alternation without
 * repetition, and there are at most PARTS_MAX, so that no text makes matching slow.
 * @returns undefined if no part of the text has a small number of spellings
 */
export function casePattern(text: string): RegExp | undefined {
  const runs: Part[][] = [[]];
  let last: string | undefined;
  for (const { letter, marks } of clustersOf(foldCase(text)).slice(0, CLUSTERS_MAX)) {
    if (runs.at(-1)?.length === PARTS_MAX) break;
    // A code point may stand for both letters, as "ß" does; they cannot be matched separately.
    const [base = letter] = letter.normalize("NFD");
    if (last !== undefined && VARIANTS.hasPair(last, base)) runs.push([]);
    const part = partOf(letter, marks);
    if (part !== undefined) runs.at(-1)?.push(part);
    if (part?.isExact !== true) runs.push([]);
    last = marks.at(-1) ?? letter;
  }
  const weight = (run: readonly Part[]) => run.filter(({ isExact }) => isExact).length;
  const best = runs.reduce((one, other) => (weight(other) > weight(one) ? other : one));
  return weight(best) === 0 ? undefined : new RegExp(sourceOf(best), "g");
}

/** Alternatives for one letter. */
interface Part {
  readonly inside: string;
  /**
   * Alternatives at the end of a run: include spellings that merge the letter with its neighbour.
   */
  readonly edge: string;
  /** The next part follows immediately in the bytes. */
  readonly isExact: boolean;
}

function sourceOf(run: readonly Part[]): string {
  const isEdge = (i: number) => i === 0 || i === run.length - 1;
  return run.map(({ inside, edge }, i) => (isEdge(i) ? edge : inside)).join("");
}

interface Cluster {
  readonly letter: string;
  readonly marks: readonly string[];
}

const MARK = /\p{M}/u;
const CASED =
  /[\p{Changes_When_Lowercased}\p{Changes_When_Uppercased}\p{Changes_When_Casefolded}]/u;
/** Ranges with all letters that have case and all characters that Unicode folds to others. */
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
/** U+0345 has the highest combining class: a reorderable mark sorts before it. */
const LAST_MARK = "a\u0345";
/** "İ" folds to "i" and a dot above, and the dot is ignored. */
const DOTTED_I = "\u0130";
const DOT_ABOVE = "\u0307";

/** Built at the first search, in about 20 ms; about 4,000 entries. */
class Variants {
  #of: Map<string, string[]> | undefined;
  readonly #pairs = new Set<string>();

  /** Code points whose folded form contains the character. */
  of(character: string): readonly string[] {
    this.#of ??= this.#make();
    return this.#of.get(character) ?? [];
  }

  /** Reports whether the two are adjacent in the folded form of one code point. */
  hasPair(first: string, second: string): boolean {
    this.#of ??= this.#make();
    return this.#pairs.has(first + second);
  }

  #make(): Map<string, string[]> {
    const of = new Map<string, string[]>();
    for (const [from, to] of VARIANT_RANGES) {
      for (let code = from; code < to; code++) {
        const point = String.fromCodePoint(code);
        if (CASED.test(point) || point.normalize("NFC") !== point) this.#add(of, point);
      }
    }
    return of;
  }

  #add(of: Map<string, string[]>, point: string): void {
    const folded = [...foldCase(point)];
    for (const [i, character] of folded.entries()) {
      const others = of.get(character);
      if (others === undefined) of.set(character, [point]);
      else if (!others.includes(point)) others.push(point);
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

/** Returns the spellings of a letter and its marks; `undefined` if there are too many. */
function partOf(letter: string, marks: readonly string[]): Part | undefined {
  const points = [letter, ...VARIANTS.of(letter)];
  // U+0345 folds to a small iota: a mark, which may follow other marks.
  if (points.some((point) => MARK.test(point))) return undefined;
  const apart = points
    .filter((point) => point !== DOTTED_I)
    .map((point) => [...point.normalize("NFD")]);
  const areFixed = marks.length <= 1 && marks.every((mark) => isFixed(letter, mark));
  if (!areFixed || apart.some(([, ...own]) => own.some((mark) => !staysInPlace(mark)))) {
    // Any marks may stand between the letter and its own mark, composed or not.
    const bases = apart.flatMap(([base = ""]) => [base.toLowerCase(), base.toUpperCase()]);
    const ascii = [...new Set(bases)].filter((base) => base.length === 1 && isAscii(base));
    const lead = `[${ascii.map(bytePattern).join("")}\\x80-\\xff]`;
    return { inside: lead, edge: lead, isExact: false };
  }
  const dot = letter === "i" ? `(?:${bytePattern(DOT_ABOVE)})?` : "";
  const behind = dot + marks.map(bytePattern).join("");
  const alone = points.filter((point) => foldCase(point) === letter);
  return {
    inside: alternatives(spellingsOf(alone)) + behind,
    edge: alternatives(spellingsOf(points)) + behind,
    isExact: true,
  };
}

/** Reports whether the mark neither composes with its letter nor reorders with other marks. */
function isFixed(letter: string, mark: string): boolean {
  const both = letter + mark;
  const isAlone = both.normalize("NFC") === both && both.normalize("NFD") === both;
  return isAlone && staysInPlace(mark);
}

/** Combining class 0, as vowel signs and Hangul letters have. */
function staysInPlace(mark: string): boolean {
  return mark !== "\u0345" && (LAST_MARK + mark).normalize("NFD") === LAST_MARK + mark;
}

function isAscii(text: string): boolean {
  return (text.codePointAt(0) ?? 0) < 0x80;
}

/** Composed forms, and forms decomposed from the last mark on. */
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
    if (utf8Encode(escapedInJson(spelling)).length === 1) singles += pattern;
    else longer.push(pattern);
  }
  const all = singles === "" ? longer : [`[${singles}]`, ...longer];
  return all.length === 1 ? (all[0] ?? "") : `(?:${all.join("|")})`;
}

/** Returns the text as JSON escapes it in our lines, without the quotes. */
export function escapedInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function bytePattern(text: string): string {
  const bytes = [...utf8Encode(escapedInJson(text))];
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
