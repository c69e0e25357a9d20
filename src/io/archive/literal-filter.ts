/** Literals that lines must contain to match a case pattern. */

import type { LiteralFilter } from "../disk/line-matcher.ts";

const COMBINATIONS_MAX = 64;
const LITERALS_MAX = 16;
const LITERAL_BYTES_MIN = 2;
const FILTERS_MAX = 3;

/** A line without its body. Literals in it occur in every line. */
const EVERY_LINE =
  '{"head":{"v":1,"seq":,"time":,"kind":"text","room":"","n":,"by":"","id":"","commit":""},' +
  '"durable":,"salt":"","body":{"text":""}}';
/** Shares of a line's bytes. */
const TEXT_SHARE = 0.25;
const BASE64_SHARE = 0.25;
const ALWAYS = 1 / 300;
const LETTERS_BY_FREQUENCY = "etaoinshrdlcumwfgypbvkjxqz";

/** Costs of a hit and of matching by regular expression, relative to searching for one literal. */
const HIT_COST = 5_000;
const REGEXP_COST = 22;
/** An estimated cost may be this much too low. */
const ERROR_FACTOR = 1.25;

interface Candidate {
  readonly literals: readonly string[];
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly cost: number;
}

/**
 * Returns the cheapest filters for a pattern with these spellings of its letters, by ascending
 * estimated cost. Empty if each costs more than matching the pattern.
 */
export function literalFilters(letters: readonly (readonly string[])[]): LiteralFilter[] {
  const candidates: Candidate[] = [];
  for (let from = 0; from < letters.length; from++) {
    for (let to = from + 1; to <= letters.length; to++) {
      const candidate = candidateAt(letters, from, to);
      if (candidate !== undefined && candidate.cost < REGEXP_COST) candidates.push(candidate);
    }
  }
  const cheapest = candidates.sort((a, b) => a.cost - b.cost).slice(0, FILTERS_MAX);
  return cheapest.map(({ literals, before, after }, i) => {
    const nextCost = cheapest[i + 1]?.cost ?? REGEXP_COST;
    return {
      literals: literals.map((literal) => Buffer.from(literal, "latin1")),
      before: before === undefined ? undefined : flagsOf(before),
      after: after === undefined ? undefined : flagsOf(after),
      hitDistanceMin: HIT_COST / Math.max(1, nextCost * ERROR_FACTOR - literals.length),
    };
  });
}

function candidateAt(
  letters: readonly (readonly string[])[],
  from: number,
  to: number,
): Candidate | undefined {
  const included = letters.slice(from, to);
  const combinations = included.reduce((product, { length }) => product * length, 1);
  if (combinations === 0 || combinations > COMBINATIONS_MAX) return undefined;
  const all = included.reduce<readonly string[]>(
    (starts, ends) => starts.flatMap((start) => ends.map((end) => start + end)),
    [""],
  );
  const isShortest = (one: string) => !all.some((other) => other !== one && one.includes(other));
  const literals = [...new Set(all.filter(isShortest))];
  if (literals.length > LITERALS_MAX) return undefined;
  if (literals.some(({ length }) => length < LITERAL_BYTES_MIN)) return undefined;
  let before = neighbours(letters[from - 1], -1);
  let after = neighbours(letters[to], 0);
  // A literal may stand inside a longer combination.
  for (const literal of literals) {
    for (const longer of all) {
      for (let at = longer.indexOf(literal); at >= 0; at = longer.indexOf(literal, at + 1)) {
        before &&= before + longer.slice(Math.max(0, at - 1), at);
        after &&= after + longer.charAt(at + literal.length);
      }
    }
  }
  const share = literals.reduce((sum, literal) => sum + shareOf(literal), 0);
  return { literals, before, after, cost: literals.length + HIT_COST * share };
}

function neighbours(spellings: readonly string[] = [], at: number): string | undefined {
  return spellings.length === 0 ? undefined : spellings.map((each) => each.at(at)).join("");
}

/** Estimates how many times a literal occurs per byte of the log. */
function shareOf(literal: string): number {
  if (EVERY_LINE.includes(literal)) return ALWAYS;
  const isBase64 = /^[\w-]*$/.test(literal);
  const inBase64 = isBase64 ? BASE64_SHARE / 64 ** literal.length : 0;
  return inBase64 + [...literal].reduce((share, byte) => share * frequencyOf(byte), TEXT_SHARE);
}

function frequencyOf(byte: string): number {
  const code = byte.charCodeAt(0);
  if (code >= 0x80) return code < 0xc0 ? 1 : 0.02;
  const rank = LETTERS_BY_FREQUENCY.indexOf(byte.toLowerCase());
  if (rank < 0) return byte === " " ? 0.16 : 0.01;
  const share = 0.12 * 0.85 ** rank;
  return byte === byte.toLowerCase() ? share : share / 20;
}

function flagsOf(bytes: string): Uint8Array {
  const flags = new Uint8Array(256);
  for (const byte of bytes) flags[byte.charCodeAt(0)] = 1;
  return flags;
}
