/**
 * File names of other users, made safe for Linux, macOS and Windows alike, so that a folder can be
 * copied between them; no name is hidden, escapes its folder or names a device.
 * @see https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */

import { cutText, utf8Encode } from "./bytes.ts";
import { PATH_SEGMENT_BYTES_MAX } from "./limits.ts";

/** Forbidden on Windows, including the separators, and control characters. */
const FORBIDDEN = /[<>:"/\\|?*\p{Cc}]/gu;
/** Reorders or moves the following text where the name is shown later. */
const MISLEADING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/gu;
/** Invisible characters, except joiners and variation selectors, which words and emoji need. */
const INVISIBLE = /(?!\u200c|\u200d|\p{Variation_Selector})\p{Default_Ignorable_Code_Point}/gu;
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;
const ONLY_INVISIBLE = /^[\s\p{Default_Ignorable_Code_Point}]*$/u;
const BLANK_START = /^\s+/u;
/** Windows drops these at the end of a name: `a.` would be `a`. */
const BLANK = /^[\s.]$/u;
/** Device names of Windows, in any folder and with any extension. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/iu;
/** `.gz`, or `.tar.gz` as one; a name is never only an extension. */
const EXTENSION = /^(.+?)((?:\.tar)?\.[\p{L}\p{N}_-]{1,16})$/isu;
const NAMELESS = "file";
const PARTIAL_SUFFIX = ".part";
export const PARTIAL_JOURNAL_SUFFIX = `${PARTIAL_SUFFIX}.journal`;
/**
 * Suffixes of a receiver's own files, which a received name must not have. SQLite, which is the
 * lock, also trusts the files beside its own (`-journal`, …).
 */
const OWN_FILE = /\.part(\.(journal|folder|lock(-[a-z]+)?))?[\s.]*$/iu;

/**
 * Cleans the name of a received file. Separators, control and bidi characters and those that
 * Windows forbids become `_`. A `_` is inserted before reserved names, a dash (an option of the
 * next command) and a dot (`.profile`). Spaces at both ends and dots at the end are removed. A name
 * that is too long keeps its extension. A `_` is appended to names of the receiver's own files
 * (`x.part`). Never empty, and idempotent.
 */
export function cleanFileName(raw: string): string {
  const part = cleanComponent(raw);
  const name = part.startsWith(".") ? cleanComponent(`_${part}`) : part;
  return isOwnFile(name) ? `${cut(name, PATH_SEGMENT_BYTES_MAX - 1)}_` : name;
}

/**
 * The components of a path in a received folder, each cleaned like a name but with its leading dot;
 * empty ones and `.` are omitted. At least one.
 */
export function cleanPath(raw: string): string[] {
  const parts = raw.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 ? [NAMELESS] : parts.map(cleanComponent);
}

/** Inserts a number: `name (1).ext`. @param n 0 returns the name itself */
export function numbered(name: string, n: number): string {
  return n === 0 ? name : fit(name, ` (${n})`, PATH_SEGMENT_BYTES_MAX);
}

/**
 * Name of a file until it is complete; leaves room for its journal's suffix.
 * @param n as for `numbered`
 */
export function partialName(name: string, n = 0): string {
  const room = PATH_SEGMENT_BYTES_MAX - PARTIAL_JOURNAL_SUFFIX.length;
  return `${fit(name, n === 0 ? "" : ` (${n})`, room)}${PARTIAL_SUFFIX}`;
}

/** Equal for two cleaned names that some file system treats as one. */
export function foldFileName(name: string): string {
  return name.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
}

/**
 * Reports whether some file system may treat the name as one of the receiver's own files. File
 * systems compare without case, composed or decomposed; some (ZFS) by compatibility forms, and some
 * (HFS+) without joiners.
 */
function isOwnFile(name: string): boolean {
  return OWN_FILE.test(name.normalize("NFKD").replaceAll(IGNORED, ""));
}

function cleanComponent(raw: string): string {
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

/** A loop, because a regular expression takes quadratic time on runs of spaces. */
function trimBlankEnd(text: string): string {
  let end = text.length;
  while (end > 0 && BLANK.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function fit(name: string, suffix: string, bytesMax: number): string {
  const [, stem = name, extension = ""] = EXTENSION.exec(name) ?? [];
  const room = bytesMax - sizeOf(suffix) - sizeOf(extension);
  return `${cut(stem, room)}${suffix}${extension}`;
}

/** Cuts at a code point and drops a joiner left at the end. */
function cut(text: string, bytesMax: number): string {
  const kept = cutText(text, bytesMax);
  return kept === text ? text : kept.replace(/(?:\u200c|\u200d)+$/u, "");
}

function sizeOf(text: string): number {
  return utf8Encode(text).length;
}
