/**
 * Safe names on Linux, macOS and Windows for files from other users. A cleaned name is never
 * hidden, never leaves its folder and never names a device.
 * @see https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */

import { cutText, utf8Encode } from "./bytes.ts";
import { FOLDER_ENTRIES_MAX, PATH_SEGMENT_BYTES_MAX } from "./limits.ts";
import { finishSteps } from "./steps.ts";

const FORBIDDEN = /[<>:"/\\|?*\p{Cc}]/gu;
const MISLEADING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/gu;
/** Joiners and variation selectors are excluded, because words and emoji need them. */
const INVISIBLE = /(?!\u200c|\u200d|\p{Variation_Selector})\p{Default_Ignorable_Code_Point}/gu;
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;
const ONLY_INVISIBLE = /^[\s\p{Default_Ignorable_Code_Point}]*$/u;
const BLANK_START = /^\s+/u;
/** Windows removes these characters from the end of a name: `a.` would become `a`. */
const BLANK = /^[\s.]$/u;
/** Windows reserves these device names in every folder and with every extension. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/iu;
const EXTENSION = /^(.+?)((?:\.tar)?\.[\p{L}\p{N}_-]{1,16})$/isu;
const ASCII = /^[ -~]*$/;
const NAMELESS = "file";
/** As many digits as the count of a folder's entries. */
const LAST_NUMBER = FOLDER_ENTRIES_MAX;
const PARTIAL_SUFFIX = ".part";
export const PARTIAL_JOURNAL_SUFFIX = `${PARTIAL_SUFFIX}.journal`;
const OWN_FILE = /\.part(\.(journal|folder|lock(-[a-z]+)?))?[\s.]*$/iu;

/**
 * Replaces separators, control, bidi and forbidden characters with `_`. Reserved names and names
 * that begin with a dash (a command option) or a dot get the prefix `_`; names that the receiver
 * itself uses (`x.part`) get the suffix `_`. A name that is too long is cut before its extension.
 * The result is never empty. Idempotent.
 */
export function cleanFileName(raw: string): string {
  const part = cleanEntryName(raw);
  const name = part.startsWith(".") ? cleanEntryName(`_${part}`) : part;
  return isOwnFile(name) ? `${cut(name, PATH_SEGMENT_BYTES_MAX - 1)}_` : name;
}

/**
 * Cleans the name of an entry in a received folder like a file name, but keeps a leading dot and
 * names that end with `.part`. Idempotent.
 */
export function cleanEntryName(raw: string): string {
  const plain = trimBlankEnd(
    raw
      .toWellFormed()
      .replaceAll(FORBIDDEN, "_")
      .replaceAll(MISLEADING, "_")
      .replaceAll(INVISIBLE, "")
      .replace(BLANK_START, ""),
  );
  if (ONLY_INVISIBLE.test(plain)) return NAMELESS;
  const prefixed = plain.startsWith("-") || RESERVED.test(plain) ? `_${plain}` : plain;
  return trimBlankEnd(fit(prefixed, "", PATH_SEGMENT_BYTES_MAX));
}

/** Reports whether Windows programs cannot open or delete a file or folder of this name. */
export function isWindowsReserved(name: string): boolean {
  return RESERVED.test(name) || trimBlankEnd(name) !== name;
}

/** Returns `name (1).ext`, or the unchanged name if `n` is 0. */
export function numbered(name: string, n: number): string {
  return n === 0 ? name : fit(name, ` (${n})`, PATH_SEGMENT_BYTES_MAX);
}

/** Returns the name of an incomplete file, short enough for the journal's suffix to be appended. */
export function partialName(name: string, n = 0): string {
  const availableBytes = PATH_SEGMENT_BYTES_MAX - PARTIAL_JOURNAL_SUFFIX.length;
  return `${fit(name, n === 0 ? "" : ` (${n})`, availableBytes)}${PARTIAL_SUFFIX}`;
}

/**
 * Names in use in one folder, of which no two are equal on any file system. Adding many names that
 * collide takes linear time.
 */
export class UniqueNames {
  readonly #folded = new Set<string>();
  #lastNumbers: Map<string, number> | undefined;
  /** Keys in `#lastNumbers` of names that are in use, so that equal names are folded once. */
  #keys: Map<string, string> | undefined;

  has(name: string): boolean {
    return this.#folded.has(foldFileName(name));
  }

  /** Returns false if the name is in use. */
  reserve(name: string): boolean {
    const folded = foldFileName(name);
    if (this.#folded.has(folded)) return false;
    this.#folded.add(folded);
    return true;
  }

  /** Reserves and returns the name, or a numbered one if it is in use. */
  add(name: string): string {
    for (;;) {
      const free = this.tryAdd(name);
      if (free !== undefined) return free;
    }
  }

  /** Returns `undefined` if the next number is in use too. The next call tries the one after it. */
  tryAdd(name: string): string | undefined {
    this.#keys ??= new Map();
    let key = this.#keys.get(name);
    if (key === undefined) {
      if (this.reserve(name)) return name;
      // Long names share their numbers if numbering shortens them to the same name.
      key = foldFileName(numbered(name, LAST_NUMBER));
      this.#keys.set(name, key);
    }
    this.#lastNumbers ??= new Map();
    const n = (this.#lastNumbers.get(key) ?? 0) + 1;
    this.#lastNumbers.set(key, n);
    const candidate = numbered(name, n);
    return this.reserve(candidate) ? candidate : undefined;
  }
}

/**
 * Returns a name for each file of one folder. Names that need no change have priority, the earlier
 * ones first.
 */
export function uniqueFileNames(raw: readonly string[]): string[] {
  return finishSteps(nameFiles(raw));
}

/** Like `uniqueFileNames`. Yields after each attempt, so that the caller can let others run. */
export function* nameFiles(raw: readonly string[]): Generator<void, string[]> {
  const names = new UniqueNames();
  const chosen: (string | undefined)[] = [];
  for (const name of raw) {
    chosen.push(cleanFileName(name) === name && names.reserve(name) ? name : undefined);
    yield;
  }
  for (const [i, name] of raw.entries()) {
    const clean = chosen[i] === undefined ? cleanFileName(name) : "";
    while (chosen[i] === undefined) {
      chosen[i] = names.tryAdd(clean);
      yield;
    }
  }
  return chosen as string[];
}

/**
 * Returns the name of the folder with an account's files. It depends on no other account, so that
 * the same folder belongs to the same account in every run.
 */
export function accountFolderName(name: string): string {
  return cleanFileName(name) === name ? name : `@${name}`;
}

/**
 * Returns the same text for any two names that some file system treats as equal: NTFS, exFAT and
 * APFS ignore case; APFS and HFS+ ignore composition; HFS+ and ext4 with `casefold` ignore joiners
 * and variation selectors.
 * @internal
 */
export function foldFileName(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  const visible = name.normalize("NFD").replaceAll(IGNORED, "");
  return visible.toUpperCase().toLowerCase().normalize("NFC");
}

/**
 * Normalises the name, because some file systems ignore case, composition, compatibility forms
 * (ZFS) or joiners (HFS+).
 */
function isOwnFile(name: string): boolean {
  return OWN_FILE.test(name.normalize("NFKD").replaceAll(IGNORED, ""));
}

/** A regular expression would take quadratic time on runs of spaces. */
function trimBlankEnd(text: string): string {
  let end = text.length;
  while (end > 0 && BLANK.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function fit(name: string, suffix: string, bytesMax: number): string {
  const [, stem = name, extension = ""] = EXTENSION.exec(name) ?? [];
  const availableBytes = bytesMax - sizeOf(suffix) - sizeOf(extension);
  return `${cut(stem, availableBytes)}${suffix}${extension}`;
}

function cut(text: string, bytesMax: number): string {
  const prefix = cutText(text, bytesMax);
  return prefix === text ? text : prefix.replace(/(?<!\u200c|\u200d)(?:\u200c|\u200d)+$/u, "");
}

function sizeOf(text: string): number {
  return utf8Encode(text).length;
}
