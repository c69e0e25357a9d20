/** Text of a list of people, in the encodings in which spreadsheets and editors save it. */

import { utf8Encode } from "../../base/bytes.ts";
import { msg, type Translatable } from "../../base/fault.ts";
import { utf16MarkOf, withoutMark } from "../../base/text.ts";

/** Parts of a sentence that begins with "line 3": what is wrong, and what to do. */
export type Reason = readonly Translatable[];

export function reasonText(
  reason: Reason,
  textOf: (part: Translatable) => string = ({ text }) => text,
): string {
  return reason.map(textOf).join("; ");
}

export interface Problem {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly reason: Reason;
}

interface ListText {
  readonly text: string;
  readonly problems: readonly Problem[];
}

/** First bytes of XLSX and ODS, of XLS, and of PDF. */
const WORKBOOKS = [
  [0x50, 0x4b, 0x03, 0x04],
  [0xd0, 0xcf, 0x11, 0xe0],
  [0x25, 0x50, 0x44, 0x46],
] as const;

/** Decodes UTF-8, and UTF-16 with or without a byte order mark. Names each line of other bytes. */
export function decodeList(bytes: Uint8Array): ListText {
  if (WORKBOOKS.some((start) => start.every((byte, at) => bytes[at] === byte))) {
    const reason = [
      msg`is no text but the file of a spreadsheet or another program`,
      msg`save the list as CSV UTF-8`,
    ];
    return { text: "", problems: [{ line: 1, reason }] };
  }
  const isLittle = isUtf16(bytes, "utf-16le", 1);
  if (isLittle || isUtf16(bytes, "utf-16be", 0)) return decodeUtf16(bytes, isLittle);
  const text = unlessInvalid(bytes);
  if (text !== undefined) return { text, problems: nulProblems(text) };
  const problems: Problem[] = [];
  let line = 0;
  for (let from = 0; from <= bytes.length; ) {
    line++;
    const end = bytes.indexOf(0x0a, from);
    const row = bytes.subarray(from, end < 0 ? bytes.length : end);
    if (unlessInvalid(row) === undefined) problems.push({ line, reason: encodingReason(row) });
    from = end < 0 ? bytes.length + 1 : end + 1;
  }
  return { text: "", problems };
}

function decodeUtf16(bytes: Uint8Array, isLittle: boolean): ListText {
  const even = bytes.slice(0, bytes.length - (bytes.length % 2));
  const text = Buffer.from(even);
  if (!isLittle) text.swap16();
  return { text: withoutMark(text.toString("utf16le")), problems: [] };
}

/** @param zero offset of the zero byte of an ASCII letter: 1 if the low byte is first */
function isUtf16(bytes: Uint8Array, mark: "utf-16le" | "utf-16be", zero: 0 | 1): boolean {
  if (utf16MarkOf(bytes) === mark) return true;
  const start = bytes.subarray(0, 4);
  return start.length === 4 && [0, 1, 2, 3].every((at) => (start[at] === 0) === (at % 2 === zero));
}

function nulProblems(text: string): Problem[] {
  const lines = text.split("\n");
  const reason = [
    msg`contains the character ${characterName("\0")}`,
    msg`save the list as CSV UTF-8`,
  ];
  return lines.flatMap((row, at) => (row.includes("\0") ? [{ line: at + 1, reason }] : []));
}

function unlessInvalid(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined; // No valid UTF-8, the only error.
  }
}

/** Names the first byte as it would be in Windows-1252, which spreadsheets call ANSI. */
function encodingReason(row: Uint8Array): Reason {
  const [valid = ""] = new TextDecoder("utf-8", { ignoreBOM: true }).decode(row).split("\ufffd", 1);
  const byte = row.subarray(utf8Encode(valid).length, utf8Encode(valid).length + 1);
  const letter = new TextDecoder("windows-1252").decode(byte);
  const hex = Buffer.from(byte).toString("hex").toUpperCase();
  return [
    msg`is not UTF-8: the byte ${hex}, which is '${letter}' in Windows-1252`,
    msg`save the list as CSV UTF-8`,
  ];
}

/** Returns a name for messages, also of a character that nobody sees. */
export function characterName(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(character) ? `${name} '${character}'` : name;
}
