/**
 * Single-use codes with which a person sets a new password, such as `7K3M-9PXQ-2RTY`: eleven random
 * symbols and a check symbol. Symbols that look alike count as one.
 */

import { Fault, msg } from "../base/fault.ts";

/** Without vowels, so that no code reads as a word. */
const SYMBOLS = "0123456789CDFGHJKMNPQRTVWXY";
/** The smallest prime that is not less than the number of symbols. */
const MODULUS = 29;
/** Letters that stand for the symbol that they look like. */
const ALIKE = lettersAlike(
  "0OО 1ILІ 2Z 3EЕ 4AА 5SЅ 8BВ CС HН JЈ KК MМ PР TТ VU XХ YУ", // Latin and Cyrillic
);
const RANDOM_SYMBOLS = 11;
const CODE_SYMBOLS = RANDOM_SYMBOLS + 1;
const RANDOM_BYTES = 16;
const GROUP = /.{4}(?=.)/g;
const FORM = new RegExp(`^[${SYMBOLS}]{${CODE_SYMBOLS}}$`);
const GROUPED =
  /^[^\p{L}\p{N}]*(?:[\p{L}\p{N}]{4}[^\p{L}\p{N}]+){2}[\p{L}\p{N}]{4}[^\p{L}\p{N}]*$/u;

/** @param entropy returns random bytes */
export function newResetCode(entropy: (sizeBytes: number) => Uint8Array): string {
  let number = 0n;
  for (const byte of entropy(RANDOM_BYTES)) number = number * 256n + BigInt(byte);
  for (; ; number++) {
    const symbols = digitsOf(number);
    const check = [...SYMBOLS].findIndex((_, last) => checkSum([...symbols, last]) === 0);
    // The alphabet lacks two of the 29 check symbols.
    if (check >= 0) return grouped([...symbols, check].map((digit) => SYMBOLS[digit]).join(""));
  }
}

/** Last digits of a number whose base is the number of symbols. */
function digitsOf(number: bigint): number[] {
  const base = BigInt(SYMBOLS.length);
  let rest = number;
  return Array.from({ length: RANDOM_SYMBOLS }, () => {
    const digit = Number(rest % base);
    rest /= base;
    return digit;
  });
}

/** Each place has its own weight, so that each wrong symbol and each exchange of two shows. */
function checkSum(symbols: readonly number[]): number {
  return symbols.reduce((total, symbol, i) => total + (i + 1) * symbol, 0) % MODULUS;
}

/** @param groups of a symbol and the letters that look like it */
function lettersAlike(groups: string): ReadonlyMap<string, string> {
  return new Map(
    groups.split(" ").flatMap(([symbol = "", ...letters]) => letters.map((one) => [one, symbol])),
  );
}

function grouped(symbols: string): string {
  return symbols.replace(GROUP, "$&-");
}

/** Symbols of a typed text, without spaces and signs; `undefined` if it is no code. */
function symbolsOf(typed: string): string | undefined {
  const letters = typed.normalize("NFKC").replace(/[^\p{L}\p{N}]/gu, "");
  const symbols = [...letters.toUpperCase()].map((sign) => ALIKE.get(sign) ?? sign).join("");
  return FORM.test(symbols) ? symbols : undefined;
}

/**
 * Accepts lower case, spaces, any hyphens, and letters that look alike.
 * @returns the canonical text, or `undefined` if the text is no code or a symbol is wrong
 */
export function findResetCode(typed: string): string | undefined {
  const symbols = symbolsOf(typed);
  if (symbols === undefined) return undefined;
  const numbers = [...symbols].map((symbol) => SYMBOLS.indexOf(symbol));
  return checkSum(numbers) === 0 ? grouped(symbols) : undefined;
}

/**
 * Reports whether a text is written like a code, in groups or as one word of capitals. One password
 * in many passes `findResetCode`.
 */
export function isWrittenAsCode(typed: string): boolean {
  const isWord = /^[\p{Lu}\p{N}]+$/u.test(typed);
  return (isWord || GROUPED.test(typed)) && symbolsOf(typed) !== undefined;
}

/**
 * @returns the canonical text
 * @throws {Fault} usage
 */
export function parseResetCode(typed: string): string {
  const code = findResetCode(typed);
  if (code !== undefined) return code;
  if (symbolsOf(typed) === undefined) {
    throw new Fault("usage", msg`this is not the code of a card`, {
      remedy: msg`a code has ${CODE_SYMBOLS} letters and digits, such as ${EXAMPLE}`,
    });
  }
  throw new Fault("usage", msg`a letter or digit of this code is wrong`, {
    remedy: msg`compare it with the card, and type it again`,
  });
}

/**
 * A card lies about, and shows its code after the use.
 * @throws {Fault} usage
 */
export function checkIsNotCode(password: string, code: string): void {
  if (findResetCode(password) !== code) return;
  throw new Fault("usage", msg`the password must not be the code`, {
    remedy: msg`choose another password`,
  });
}

/** For texts that show the form of a code. */
const EXAMPLE = "7K3M-9PXQ-2RTY";
