/** Checks for new account names and passwords, and replacements for invalid or taken names. */

import { Fault, msg } from "./fault.ts";
import { NAME_CHARS_MAX, PASSWORD_CHARS_MIN } from "./limits.ts";
import {
  checkName,
  type FoldedName,
  foldName,
  isName,
  isReservedName,
  type Name,
} from "./names.ts";

const USER_NAME_PREFIX = "user";
const TRANSLITERATIONS: Readonly<Record<string, string>> = {
  ä: "ae",
  ö: "oe",
  ü: "ue",
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  ı: "i",
  þ: "th",
  ð: "d",
  Ä: "Ae",
  Ö: "Oe",
  Ü: "Ue",
  Æ: "Ae",
  Œ: "Oe",
  Ø: "O",
  Ł: "L",
  Đ: "D",
};

/** @throws {Fault} name-invalid if the name is malformed or reserved */
export function checkNewName(text: string): Name {
  const name = checkName(text, "person's name");
  if (!isReservedName(name)) return name;
  throw new Fault("name-invalid", msg`'${name}' is reserved`, {
    remedy: msg`choose another name, such as ${proposeName(text)}`,
  });
}

/** @throws {Fault} name-invalid with a proposed name if the name is malformed */
export function checkTypedName(text: string): Name {
  if (isName(text)) return text;
  const message = msg`'${text.slice(0, 40)}' is not a valid user name`;
  const proposal = proposeName(text);
  throw new Fault("name-invalid", message, {
    remedy: msg`use 1 to 32 letters, digits, - or _, not only digits, such as ${proposal}`,
  });
}

/**
 * Proposes the closest valid name: spaces and punctuation become hyphens, diacritics are removed, a
 * long name is cut, and a taken name gets a number.
 * @param taken folded names that are known to be taken
 */
export function proposeName(text: string, taken: ReadonlySet<FoldedName> = new Set()): Name {
  const known = isName(text) && !isReservedName(text) ? text : undefined;
  const first = known ?? toValidName(transliterate(text));
  if (!taken.has(foldName(first))) return first;
  const stem = first.replace(/-\d+$/, "");
  for (let number = 2; number < taken.size + 2; number++) {
    const name = numbered(stem, number);
    if (!taken.has(foldName(name))) return name;
  }
  return numbered(stem, taken.size + 2);
}

function transliterate(text: string): string {
  // Limits the cost of a long text.
  const start = text.slice(0, NAME_CHARS_MAX * 8).normalize("NFC");
  return trimmed(
    [...start]
      .map((character) => TRANSLITERATIONS[character] ?? character)
      .join("")
      .normalize("NFKD")
      .replaceAll(/\p{M}/gu, "")
      .replaceAll(/['’`]/g, "")
      .replaceAll(/[^A-Za-z0-9_-]+/g, "-"),
  );
}

function toValidName(bare: string): Name {
  if (bare === "") return USER_NAME_PREFIX as Name;
  if (isName(bare) && !isReservedName(bare)) return bare;
  return trimmed(`${USER_NAME_PREFIX}-${bare}`) as Name;
}

function numbered(stem: string, number: number): Name {
  const end = `-${number}`;
  return `${stem.slice(0, NAME_CHARS_MAX - end.length)}${end}` as Name;
}

function trimmed(text: string): string {
  return text.replace(/^-+/, "").slice(0, NAME_CHARS_MAX).replace(/-+$/, "");
}

/**
 * Reports whether bytes of the secret were lost: decoding replaces each invalid byte with U+FFFD,
 * so that any other password of the same length would match.
 */
export function isMisread(secret: string): boolean {
  return !secret.isWellFormed() || secret.includes("\u{fffd}");
}

/**
 * Existing passwords stay valid even if they are shorter.
 * @throws {Fault} usage if the password is too short
 */
export function checkNewPassword(password: string): void {
  if (isMisread(password)) {
    throw new Fault("usage", msg`the password is not valid UTF-8`, {
      remedy: msg`type it where the encoding is UTF-8, or use a file`,
    });
  }
  if ([...password].length >= PASSWORD_CHARS_MIN) return;
  const message = msg`a new password needs at least ${PASSWORD_CHARS_MIN} characters`;
  throw new Fault("usage", message, { remedy: msg`choose a longer one` });
}
