/** Checks for new account names, and replacements for invalid or taken names. */

import { utf8Encode } from "./bytes.ts";
import { Fault, msg } from "./fault.ts";
import { NAME_CHARS_MAX } from "./limits.ts";
import {
  checkName,
  type FoldedName,
  foldName,
  isName,
  isReservedName,
  type Name,
} from "./names.ts";
import { transliterate } from "./transliteration.ts";

const USER_NAME_PREFIX = "user";
/** Characters of a hash, without those that look like others. */
const HASH_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
/** Among 10,000 names, the probability that two hashes are equal is 0.2 %. */
const HASH_CHARS = 7;

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
  return freeName(known ?? toValidName(trimmed(bareLetters(text).bare)), taken);
}

/** Proposes the name of a room with the display name, such as `year-7-blue`. */
export function proposeRoomName(title: string, taken: ReadonlySet<FoldedName> = new Set()): Name {
  const bare = trimmed(bareLetters(title).bare.toLowerCase());
  const first = isName(bare) ? bare : trimmed(bare === "" ? "room" : `room-${bare}`);
  return freeName(first as Name, taken);
}

function freeName(first: Name, taken: ReadonlySet<FoldedName>): Name {
  if (!taken.has(foldName(first))) return first;
  const stem = first.replace(/-\d+$/, "");
  for (let number = 2; number < taken.size + 2; number++) {
    const name = numbered(stem, number);
    if (!taken.has(foldName(name))) return name;
  }
  return numbered(stem, taken.size + 2);
}

/**
 * Returns the name of a new account for a text, which depends on nothing else: the closest valid
 * name, or if letters are lost or the name is too long, its start and a hash of the text.
 */
export function stableName(text: string): Name {
  const { bare, isComplete } = bareLetters(text);
  const isWhole = isComplete && bare !== "" && bare.length <= NAME_CHARS_MAX;
  return isWhole ? toValidName(bare) : hashedName(text);
}

/** Likewise for a room with the display name, in lower case. */
export function stableRoomName(title: string): Name {
  const { bare, isComplete } = bareLetters(title);
  const isWhole = isComplete && bare !== "" && bare.length <= NAME_CHARS_MAX;
  return isWhole ? proposeRoomName(title) : (hashedName(title, "room").toLowerCase() as Name);
}

/** Returns the start of the closest valid name, and a hash of the text. */
export function hashedName(text: string, prefix = USER_NAME_PREFIX): Name {
  const stem = trimmed(bareLetters(text).bare.slice(0, NAME_CHARS_MAX - HASH_CHARS - 1));
  return `${stem || prefix}-${shortHash(text)}` as Name;
}

/** FNV-1a, whose halves are folded. Distinguishes names; keeps no secret. */
function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of utf8Encode(text.normalize("NFC")))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  let rest = hash ^ (hash >> 32n);
  let letters = "";
  while (letters.length < HASH_CHARS) {
    letters += HASH_LETTERS[Number(rest % BigInt(HASH_LETTERS.length))];
    rest /= BigInt(HASH_LETTERS.length);
  }
  return letters;
}

function bareLetters(text: string): { readonly bare: string; readonly isComplete: boolean } {
  // Limits the cost of a long text.
  const start = text.slice(0, NAME_CHARS_MAX * 8);
  const { text: latin, isComplete } = transliterate(start);
  const bare = latin
    .replaceAll(/['’`]/g, "")
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^-+/, "")
    .replace(/(?<!-)-+$/, "");
  return { bare, isComplete: isComplete && start.length === text.length };
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
  return text
    .replace(/^-+/, "")
    .slice(0, NAME_CHARS_MAX)
    .replace(/(?<!-)-+$/, "");
}
