/** Short codes: a number that finds the other machine, and words that only its user knows. */

import { Fault, msg } from "../base/fault.ts";
import { CODE_NUMBER_MAX, CODE_SHORT_NUMBER_MAX } from "../base/limits.ts";
import { quoteText } from "../base/text.ts";
import { CODE_PREFIX_LENGTH, CODE_WORDS } from "./code-words.ts";
import { trimCopied } from "./invite.ts";

/** A random byte for each word; a guess succeeds with a probability of 1 in 65,536. */
export const CODE_WORDS_COUNT = 2;

export interface ShortCode {
  readonly number: number;
  /** Canonical text, such as `7-tiger-canoe`. */
  readonly text: string;
}

/** Largest numbers of one length. A longer number is given when no shorter one is free. */
const NUMBER_LENGTHS_MAX = [99, CODE_SHORT_NUMBER_MAX, 9_999, CODE_NUMBER_MAX] as const;

/**
 * Returns a random number, so that a code from another day rarely meets one in use.
 * @param random two bytes
 * @param above the number is greater than this
 * @returns `undefined` if all numbers are in use
 */
export function freeCodeNumber(
  isUsed: (number: number) => boolean,
  [high = 0, low = 0]: Uint8Array,
  above = 0,
): number | undefined {
  let min = 1;
  for (const max of NUMBER_LENGTHS_MAX) {
    const count = max - min + 1;
    for (let i = 0; i < count && max > above; i++) {
      const number = min + ((high * 256 + low + i) % count);
      if (!isUsed(number)) return number;
    }
    min = max + 1;
  }
  return undefined;
}

/** @param random one byte for each word */
export function makeShortCode(number: number, random: Uint8Array): ShortCode {
  const words = Array.from(random.subarray(0, CODE_WORDS_COUNT), (byte) => CODE_WORDS[byte]);
  return { number, text: [number, ...words].join("-") };
}

/**
 * Accepts upper case, spaces, and words cut after at least three letters: `7 TIG can`.
 * @throws {Fault} usage
 */
export function parseShortCode(typed: string): ShortCode {
  const [number = "", ...words] = trimCopied(typed)
    .toLowerCase()
    .split(/[\s-]+/);
  if (!/^[1-9]\d{0,4}$/.test(number) || words.length !== CODE_WORDS_COUNT) {
    throw invalidCode(msg`${quoteText(typed)} is not a code`, SHAPE);
  }
  return { number: Number(number), text: [number, ...words.map(parseWord)].join("-") };
}

function parseWord(typed: string): string {
  const word = wordStarting(typed);
  if (word?.startsWith(typed) === true) return word;
  const remedy = word === undefined ? SHAPE : msg`did you mean ${word}?`;
  throw invalidCode(msg`codes do not use the word ${quoteText(typed)}`, remedy);
}

function wordStarting(typed: string): string | undefined {
  const prefix = typed.slice(0, CODE_PREFIX_LENGTH);
  if (prefix.length < CODE_PREFIX_LENGTH) return undefined;
  return CODE_WORDS.find((word) => word.startsWith(prefix));
}

const SHAPE = "type it as the other machine shows it, such as 7-tiger-canoe";

function invalidCode(message: ReturnType<typeof msg>, remedy: string | ReturnType<typeof msg>) {
  return new Fault("usage", message, { remedy });
}

/** Completions of a code of which at least the number has been typed. */
export function shortCodeCompletions(typed: string): string[] {
  const [, head = "", word] = /^([1-9]\d{0,4}-(?:[a-z]+-)?)([a-z]*)$/.exec(typed) ?? [];
  if (word === undefined) return [];
  const isLast = head.split("-").length > CODE_WORDS_COUNT;
  return CODE_WORDS.filter((candidate) => candidate.startsWith(word)).map(
    (candidate) => `${head}${candidate}${isLast ? "" : "-"}`,
  );
}
