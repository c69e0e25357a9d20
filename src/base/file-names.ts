/**
 * Names from strangers, made fit for a disk: right for Linux, macOS and Windows at once, so that a
 * folder may be carried on, and no name hides, escapes or means a device.
 * @see https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
import { PART_BYTES_MAX } from "./limits.ts";

/** What Windows forbids, the separators among it, and control characters. */
const FORBIDDEN = /[<>:"/\\|?*\p{Cc}]/gu;
/** Moves or turns the text that follows, on the screens where the name is shown later. */
const MISLEADING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/gu;
/** Cannot be seen; only joiners and selectors of shapes are part of words and emoji. */
const INVISIBLE = /(?!\u200c|\u200d|\p{Variation_Selector})\p{Default_Ignorable_Code_Point}/gu;
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;
const ONLY_INVISIBLE = /^[\s\p{Default_Ignorable_Code_Point}]*$/u;
const BLANK_START = /^\s+/u;
/** At the end Windows drops them, and `a.` would be `a`. */
const BLANK = /^[\s.]$/u;
/** Devices of Windows, in any folder and with any extension. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/iu;
/** `.gz`, and `.tar.gz` as one; a name is never only its extension. */
const EXTENSION = /^(.+?)((?:\.tar)?\.[\p{L}\p{N}_-]{1,16})$/isu;
const NAMELESS = "file";
/** The longest thing that stands behind a name while it is not whole. */
const PART = ".part";
export const PART_JOURNAL = `${PART}.journal`;
/**
 * How the notes of a receiver end: what arrives is never called like one of them. SQLite, which is
 * the lock, looks for more beside its file (`-journal`, …), and believes it.
 */
const OWN_NOTE = /\.part(\.(journal|folder|lock(-[a-z]+)?))?[\s.]*$/iu;

const encoder = new TextEncoder();

/**
 * One name in the folder where files arrive. Separators, control and bidi characters and those that
 * Windows forbids become `_`; a `_` goes before reserved names, a dash (an option of the next
 * command) and a dot (a stranger's `.profile`); blanks at both ends and dots at the end go; what is
 * too long keeps its extension; a `_` goes behind what is called like the receiver's own notes
 * (`x.part`). Never empty; cleaning twice changes nothing.
 */
export function cleanFileName(raw: string): string {
  const part = cleanPart(raw);
  const name = part.startsWith(".") ? cleanPart(`_${part}`) : part;
  return isOwnNote(name) ? `${cut(name, PART_BYTES_MAX - 1)}_` : name;
}

/**
 * The parts of a path inside a folder that arrives, each cleaned like a name, but with its leading
 * dot; empty ones and `.` are left out. At least one.
 */
export function cleanPath(raw: string): string[] {
  const parts = raw.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 ? [NAMELESS] : parts.map(cleanPart);
}

/** `name (1).ext`; `.tar.gz` and the like are kept whole. @param n 0: the name itself */
export function numbered(name: string, n: number): string {
  return n === 0 ? name : fit(name, ` (${n})`, PART_BYTES_MAX);
}

/**
 * What a file is called until it is whole; its journal is that and `.journal`, and fits, too.
 * @param n as for `numbered`
 */
export function partName(name: string, n = 0): string {
  const room = PART_BYTES_MAX - PART_JOURNAL.length;
  return `${fit(name, n === 0 ? "" : ` (${n})`, room)}${PART}`;
}

/** Equal for two cleaned names that some disk takes for the same one. */
export function foldFileName(name: string): string {
  return name.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
}

/**
 * Whether some disk may take the name for that of a file that is not whole yet, or for one of the
 * notes beside it. Disks compare without case, composed or decomposed; some (ZFS) by compatible
 * forms, and some (HFS+) without joiners.
 */
function isOwnNote(name: string): boolean {
  return OWN_NOTE.test(name.normalize("NFKD").replaceAll(IGNORED, ""));
}

function cleanPart(raw: string): string {
  const plain = withoutBlankEnd(
    raw
      .toWellFormed()
      .replaceAll(FORBIDDEN, "_")
      .replaceAll(MISLEADING, "_")
      .replaceAll(INVISIBLE, "")
      .replace(BLANK_START, ""),
  );
  if (ONLY_INVISIBLE.test(plain)) return NAMELESS;
  const defused = plain.startsWith("-") || RESERVED.test(plain) ? `_${plain}` : plain;
  return withoutBlankEnd(fit(defused, "", PART_BYTES_MAX));
}

/** By hand: a pattern would look through each run of them as often as it is long. */
function withoutBlankEnd(text: string): string {
  let end = text.length;
  while (end > 0 && BLANK.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Cuts the stem, so that stem, what goes behind it, and extension fit. */
function fit(name: string, behind: string, bytesMax: number): string {
  const [, stem = name, extension = ""] = EXTENSION.exec(name) ?? [];
  const room = bytesMax - sizeOf(behind) - sizeOf(extension);
  return `${cut(stem, room)}${behind}${extension}`;
}

/** By code points; a joiner that has lost what it joins goes, too. */
function cut(text: string, bytesMax: number): string {
  if (sizeOf(text) <= bytesMax) return text;
  let kept = "";
  let sizeBytes = 0;
  for (const point of text) {
    sizeBytes += sizeOf(point);
    if (sizeBytes > bytesMax) break;
    kept += point;
  }
  return kept.replace(/(?:\u200c|\u200d)+$/u, "");
}

function sizeOf(text: string): number {
  return encoder.encode(text).length;
}
