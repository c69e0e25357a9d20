/**
 * Display names: names in any alphabet that are shown beside account names. Names that look alike
 * have a skeleton in common (UTS #39), so that nobody can take the name of someone else.
 */

import { utf8Encode } from "./bytes.ts";
import { CONFUSABLES } from "./confusables.ts";
import { Fault, msg } from "./fault.ts";
import { DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_CHARS_MAX } from "./limits.ts";
import { ROLE_NAMES } from "./names.ts";
import { cleanText } from "./text.ts";

const COMBINING_MARKS_MAX = 4;

/** Recommended scripts of UAX 31. Those that look like Latin are never beside it. */
const UNLIKE_LATIN = [
  ...["Arab", "Armn", "Beng", "Deva", "Ethi", "Geor", "Gujr", "Guru", "Hebr", "Knda", "Khmr"],
  ...["Laoo", "Mlym", "Mymr", "Orya", "Sinh", "Taml", "Telu", "Thaa", "Thai", "Tibt"],
  ...["Hani Hira Kana", "Hani Bopo", "Hani Hang"],
];
/** @internal */
export const ALPHABETS = [...UNLIKE_LATIN.map((scripts) => `Latn ${scripts}`), "Cyrl", "Grek"].map(
  (scripts) => {
    const letters = scripts.replaceAll(/(\w+) ?/g, "\\p{scx=$1}");
    return new RegExp(`^[${letters}\\p{sc=Zinh}]*$`, "u");
  },
);
const VIRAMAS = "\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d4d\\u0dca";
/** ZWNJ of Persian words, and joiners after a virama, as in the Sinhala word "sri" (UTS 46). */
const JOINERS = new RegExp(
  `(?<=\\p{scx=Arab})\\u200c(?=\\p{scx=Arab})|(?<=[${VIRAMAS}])[\\u200c\\u200d]`,
  "gu",
);
const ALLOWED = /^[\p{L}\p{Mn}\p{Mc}\p{Nd} '’ʻʼ־׳״.,·・-]*$/u;
const OF_ALL_ALPHABETS = /[0-9 '’ʻʼ.,·・-]/gu;
/** Emoji belong in the status, because a sign beside a name can imitate a role. */
const FORBIDDEN = new RegExp(
  `\\p{DI}|(?:^|[^\\p{L}\\p{M}\\p{Nd}])\\p{M}|\\p{M}{${COMBINING_MARKS_MAX + 1}}`,
  "u",
);

/**
 * Returns the name in the form in which it is stored: NFC, with single spaces.
 * @throws {Fault} name-invalid
 */
export function checkDisplayName(typed: string, of: "person" | "room" = "person"): string {
  // Limits the cost of normalising a hostile text.
  const start = typed.slice(0, DISPLAY_NAME_BYTES_MAX);
  const text = start.normalize("NFC").trim().replaceAll(/\s+/gu, " ");
  const isShort =
    [...text].length <= DISPLAY_NAME_CHARS_MAX && utf8Encode(text).length <= DISPLAY_NAME_BYTES_MAX;
  if (typed.length > start.length || !isShort) {
    throw invalid(
      msg`a display name has at most ${DISPLAY_NAME_CHARS_MAX} characters`,
      msg`use a shorter one`,
    );
  }
  const joined = text.replaceAll(JOINERS, "");
  if (!ALLOWED.test(joined) || !/[^\P{L}ʻʼ]/u.test(joined) || FORBIDDEN.test(joined)) {
    throw invalid(
      msg`a display name consists of letters, digits, spaces and . , ' · -`,
      of === "room"
        ? msg`other characters can be in the topic`
        : msg`to show an emoji beside the name: ${"/status"}`,
    );
  }
  const letters = joined.replaceAll(OF_ALL_ALPHABETS, "");
  if (!ALPHABETS.some((alphabet) => alphabet.test(letters))) {
    throw invalid(
      msg`a display name cannot mix letters of these alphabets`,
      msg`use letters of one alphabet`,
    );
  }
  if (skeletonsOf(text).some((skeleton) => RESERVED.has(skeleton))) throw reservedName(text);
  return text;
}

export function reservedName(text: string): Fault {
  return invalid(msg`'${text}' is reserved`, msg`choose another name`);
}

function invalid(message: ReturnType<typeof msg>, remedy: ReturnType<typeof msg>): Fault {
  return new Fault("name-invalid", message, { remedy });
}

/** Reports whether a client can display the name. */
export function isDisplayName(text: string): boolean {
  try {
    return checkDisplayName(text) === text;
  } catch {
    return false;
  }
}

/** The page is built without the table, and loads it after its start. */
class Prototypes {
  readonly #byLetter = new Map<string, string>();

  constructor(table: string) {
    this.load(table);
  }

  load(table: string): void {
    for (const row of table.split("\n")) {
      const [prototype = "", letters = ""] = row.split(" ");
      for (const letter of letters) this.#byLetter.set(letter, prototype);
    }
  }

  of(letter: string): string {
    return this.#byLetter.get(letter) ?? letter;
  }
}

export const PROTOTYPES = new Prototypes(CONFUSABLES);

/**
 * Returns one or two keys. Two names conflict if they have a key in common: one is for the letters
 * as written, and one regardless of case.
 */
export function skeletonsOf(name: string): readonly string[] {
  const [written, small] = [skeletonOf(name), skeletonOf(name.toLowerCase())];
  return written === small ? [written] : [written, small];
}

/**
 * Reports whether two texts differ only in invisible characters, or in letters of another script
 * that look like Latin ones. Case, accents and signs are visible.
 */
export function lookAlike(a: string, b: string): boolean {
  const [first, second] = [visibleText(a), visibleText(b)];
  if (first === second) return true;
  const isSameScript = [/\p{sc=Latn}/u, /\p{sc=Cyrl}/u, /\p{sc=Grek}/u].every(
    (script) => script.test(first) === script.test(second),
  );
  return !isSameScript && inLatin(first) === inLatin(second);
}

/** Without invisible characters; empty if nothing is visible. */
export function visibleText(text: string): string {
  return cleanText(text).normalize().replaceAll(/\s+/g, " ").trim();
}

function inLatin(text: string): string {
  const letters = text.normalize("NFD");
  return letters
    .replaceAll(/[\p{sc=Cyrl}\p{sc=Grek}]/gu, (one) => PROTOTYPES.of(one))
    .toLowerCase();
}

function skeletonOf(name: string): string {
  if (/^[\x00-\x7f]*$/.test(name))
    return foldLatin(name.toLowerCase().replaceAll(/[^a-z0-9]/g, ""));
  const letters = [...bareName(name)].map((letter) => PROTOTYPES.of(letter));
  return foldLatin(
    letters
      .join("")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}]|[ʻʼ]/gu, ""),
  );
}

/**
 * Returns the name without accents. The table of prototypes has only letters without them.
 * @internal
 */
export function bareName(name: string): string {
  return name.normalize("NFKD").replaceAll(STRIPPED_MARKS, "");
}

/** Letters and pairs that look alike in every font without serifs. */
function foldLatin(small: string): string {
  const single = small.replaceAll(/[i1]/g, "l").replaceAll("0", "o");
  return single.replaceAll("rn", "m").replaceAll("vv", "w");
}

/** Marks that tell letters apart stay: those of Indic and other scripts, and of voiced kana. */
const STRIPPED_MARKS = /(?![\u3099\u309a])[\p{sc=Zinh}\u0591-\u05c7]/gu;

const RESERVED: ReadonlySet<string> = new Set(ROLE_NAMES.flatMap(skeletonsOf));

const TITLES: ReadonlySet<string> = new Set(
  [
    ...["Administrator", "The Operator", "System", "Chat server", "The server"],
    ...["Sistem", "Sang Operator", "Server chat", "Server obrolan", "Administrator sistem"],
  ].flatMap(skeletonsOf),
);

/** Reports whether only operators may take or give the name. Clients display it nevertheless. */
export function isTitle(name: string): boolean {
  return skeletonsOf(name).some((skeleton) => TITLES.has(skeleton));
}
