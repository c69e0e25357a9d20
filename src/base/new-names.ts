/** Names that accounts are to take: which may be, and what to take instead of others. */
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

/** Before what cannot stand alone: digits, a reserved word; and for what has no letter of ours. */
const PREFIX = "user";
/** How these are written where they are not on the keyboard; others lose their marks. */
const SPELLED: Readonly<Record<string, string>> = {
  ...{ ä: "ae", ö: "oe", ü: "ue", ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ı: "i" },
  ...{ þ: "th", ð: "d", Ä: "Ae", Ö: "Oe", Ü: "Ue", Æ: "Ae", Œ: "Oe", Ø: "O", Ł: "L", Đ: "D" },
};

/** At its registration or later. @throws Fault name-invalid */
export function checkNewName(text: string): Name {
  const name = checkName(text, "person's name");
  if (!isReservedName(name)) return name;
  throw new Fault("name-invalid", msg`'${name}' is reserved: nobody can be called that`, {
    remedy: msg`choose another name, as in ${proposeName(text)}`,
  });
}

/** As `checkName`, for a name that somebody typed, and may change. @throws Fault name-invalid */
export function checkTypedName(text: string): Name {
  if (isName(text)) return text;
  const sentence = msg`'${text.slice(0, 40)}' cannot be a person's name`;
  throw new Fault("name-invalid", sentence, {
    remedy: msg`use 1 to 32 letters, digits, - or _, not only digits, as in ${proposeName(text)}`,
  });
}

/**
 * A name that an account may take, as near as can be to what somebody typed: spaces and signs are
 * hyphens, marks go, what is too long is cut, and one that is taken gets a number.
 * @param taken folded names that are known to be others'
 * @returns never the text itself, unless it may be taken as it is
 */
export function proposeName(text: string, taken: ReadonlySet<FoldedName> = new Set()): Name {
  const known = isName(text) && !isReservedName(text) ? text : undefined;
  const first = known ?? asNew(spelled(text));
  if (!taken.has(foldName(first))) return first;
  const stem = first.replace(/-\d+$/, "");
  // One of so many is free, whatever the others are.
  for (let number = 2; number < taken.size + 2; number++) {
    const name = numbered(stem, number);
    if (!taken.has(foldName(name))) return name;
  }
  return numbered(stem, taken.size + 2);
}

function spelled(text: string): string {
  // More of it is of no use: the rest would be cut in any case.
  const start = text.slice(0, NAME_CHARS_MAX * 8).normalize("NFC");
  return trimmed(
    [...start]
      .map((character) => SPELLED[character] ?? character)
      .join("")
      .normalize("NFKD")
      .replaceAll(/\p{M}/gu, "")
      .replaceAll(/['’`]/g, "")
      .replaceAll(/[^A-Za-z0-9_-]+/g, "-"),
  );
}

/** @param bare letters, digits, `-` and `_`, any number of them */
function asNew(bare: string): Name {
  if (bare === "") return PREFIX as Name;
  if (isName(bare) && !isReservedName(bare)) return bare;
  return trimmed(`${PREFIX}-${bare}`) as Name;
}

function numbered(stem: string, number: number): Name {
  const end = `-${number}`;
  return `${stem.slice(0, NAME_CHARS_MAX - end.length)}${end}` as Name;
}

function trimmed(text: string): string {
  return text.replace(/^-+/, "").slice(0, NAME_CHARS_MAX).replace(/-+$/, "");
}

/** Passwords that were set before there was a minimum stay valid. @throws Fault usage */
export function checkNewPassword(password: string): void {
  if ([...password].length >= PASSWORD_CHARS_MIN) return;
  const sentence = msg`a new password needs at least ${PASSWORD_CHARS_MIN} characters`;
  throw new Fault("usage", sentence, { remedy: msg`choose a longer one` });
}
