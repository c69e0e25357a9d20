/** Encodings of text files, found by their bytes and by the reader's language. */

import { utf16MarkOf } from "../../base/text.ts";

/** Names for readers, by the labels of the Encoding Standard. */
export const TEXT_ENCODINGS = {
  "utf-8": "UTF-8",
  "utf-16le": "UTF-16",
  "utf-16be": "UTF-16 (big-endian)",
  "windows-1250": "Windows-1250",
  "windows-1251": "Windows-1251",
  "windows-1252": "Windows-1252",
  "windows-1253": "Windows-1253",
  "windows-1254": "Windows-1254",
  "windows-1255": "Windows-1255",
  "windows-1256": "Windows-1256",
  "windows-1257": "Windows-1257",
  "windows-1258": "Windows-1258",
  "windows-874": "Windows-874",
  "koi8-r": "KOI8-R",
  shift_jis: "Shift_JIS",
  "euc-jp": "EUC-JP",
  gb18030: "GB18030",
  big5: "Big5",
  "euc-kr": "EUC-KR",
} as const;

export type TextEncoding = keyof typeof TEXT_ENCODINGS;

/** Old encodings of languages, the most usual one first. Others use Windows-1252. */
const BY_LANGUAGE: readonly (readonly [languages: string, ...encodings: TextEncoding[]])[] = [
  ["zh-tw zh-hk zh-mo zh-hant", "big5", "gb18030"],
  ["zh", "gb18030", "big5"],
  ["ja", "shift_jis", "euc-jp"],
  ["ko", "euc-kr"],
  ["ru uk be bg mk sr kk ky mn tg tt", "windows-1251"],
  ["bs cs hr hu pl ro sk sl sq", "windows-1250"],
  ["el", "windows-1253"],
  ["az tr ku", "windows-1254"],
  ["he yi", "windows-1255"],
  ["ar fa ps ur", "windows-1256"],
  ["et lt lv", "windows-1257"],
  ["vi", "windows-1258"],
  ["th", "windows-874"],
];

/** Characters looked at to tell UTF-16 without a byte order mark. */
const PROBED_CHARACTERS = 512;

export interface DecodedText {
  readonly text: string;
  readonly encoding: TextEncoding;
}

export interface DecodeOptions {
  /** The reader's language as a tag, such as `pt-BR`, or a locale, such as `pt_BR.UTF-8`. */
  readonly language: string;
  /** The reader's choice. */
  readonly encoding?: TextEncoding | undefined;
  /** Whether the file continues behind the bytes, which may then end within a character. */
  readonly isCut?: boolean;
}

export function isTextEncoding(label: string): label is TextEncoding {
  return Object.hasOwn(TEXT_ENCODINGS, label);
}

/**
 * Decodes by the byte order mark, else as UTF-16, else as UTF-8, else as the old encoding of the
 * reader's language.
 * @returns `undefined` if the bytes are no text
 */
export function decodeTextFile(
  bytes: Uint8Array,
  { language, encoding, isCut = false }: DecodeOptions,
): DecodedText | undefined {
  if (encoding !== undefined) {
    const text = new TextDecoder(encoding).decode(bytes, { stream: isCut });
    return { text, encoding };
  }
  const utf16 = utf16MarkOf(bytes) ?? utf16Of(bytes);
  if (utf16 === undefined && bytes.includes(0)) return undefined;
  const candidates = utf16 === undefined ? ["utf-8" as const, ...oldEncodings(language)] : [utf16];
  for (const candidate of candidates) {
    const text = strictText(bytes, candidate, isCut);
    if (text !== undefined) return { text, encoding: candidate };
  }
  return undefined;
}

function strictText(bytes: Uint8Array, encoding: TextEncoding, isCut: boolean) {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    return undefined; // Malformed, the only error.
  }
}

/** Windows-1252 comes last, because every sequence of bytes is valid in it. */
function oldEncodings(language: string): readonly TextEncoding[] {
  const tag = language
    .toLowerCase()
    .replace("_", "-")
    .replace(/[.@].*/, "");
  const [first = "", ...others] = tag.split("-");
  const tags = [...others.map((other) => `${first}-${other}`), first];
  const row = BY_LANGUAGE.find(([languages]) => {
    const known = languages.split(" ");
    return tags.some((each) => known.includes(each));
  });
  const [, ...encodings] = row ?? [""];
  return [...encodings, "windows-1252"];
}

/** Western letters, digits and spaces have a zero byte in UTF-16. */
function utf16Of(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const zeros: [even: number, odd: number] = [0, 0];
  const probed = Math.min(PROBED_CHARACTERS, bytes.length >> 1);
  for (let at = 0; at < 2 * probed; at++) if (bytes[at] === 0) zeros[at % 2 === 0 ? 0 : 1]++;
  const [even, odd] = zeros;
  if (odd * 3 > probed && even * 20 <= probed) return "utf-16le";
  return even * 3 > probed && odd * 20 <= probed ? "utf-16be" : undefined;
}
