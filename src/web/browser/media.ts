/** Inline media types, detected from the file's bytes only. */

import { toHex } from "../../base/bytes.ts";

/** Kind detected from the bytes, because names and senders are not trusted. */

export type MediaKind = "image" | "sound" | "video" | "document" | "text";

interface MediaType {
  readonly kind: MediaKind;
  readonly mime: string;
  readonly name: string;
}

/** Types for which a preview is fetched. Excludes SVG and HTML, which can run scripts. */
const TYPES_BY_EXTENSION: ReadonlyMap<string, MediaType> = new Map([
  ["png", { kind: "image", mime: "image/png", name: "PNG" }],
  ["jpg", { kind: "image", mime: "image/jpeg", name: "JPEG" }],
  ["jpeg", { kind: "image", mime: "image/jpeg", name: "JPEG" }],
  ["gif", { kind: "image", mime: "image/gif", name: "GIF" }],
  ["webp", { kind: "image", mime: "image/webp", name: "WebP" }],
  ["avif", { kind: "image", mime: "image/avif", name: "AVIF" }],
  ["bmp", { kind: "image", mime: "image/bmp", name: "BMP" }],
  ["mp3", { kind: "sound", mime: "audio/mpeg", name: "MP3" }],
  ["ogg", { kind: "sound", mime: "audio/ogg", name: "Ogg" }],
  ["wav", { kind: "sound", mime: "audio/wav", name: "WAV" }],
  ["m4a", { kind: "sound", mime: "audio/mp4", name: "MP4" }],
  ["mp4", { kind: "video", mime: "video/mp4", name: "MP4" }],
  ["pdf", { kind: "document", mime: "application/pdf", name: "PDF" }],
  ["webm", { kind: "video", mime: "video/webm", name: "WebM" }],
  ...["txt", "md", "csv", "tsv", "log", "json", "jsonl", "toml", "yaml", "py", "ts", "js", "c"].map(
    (extension) =>
      [extension, { kind: "text", mime: "text/plain", name: extension.toUpperCase() }] as const,
  ),
] as [string, MediaType][]);

/** Magic bytes in hex. `?` matches any digit. */
const MAGIC: readonly (readonly [string, string])[] = [
  ["image/png", "89504e470d0a1a0a"],
  ["image/jpeg", "ffd8ff"],
  ["image/gif", "47494638"],
  ["image/webp", "52494646????????57454250"],
  ["image/avif", "????????6674797061766966"],
  ["image/bmp", "424d"],
];

export function mediaType(name: string): MediaType | undefined {
  const extension = /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1] ?? "";
  return TYPES_BY_EXTENSION.get(extension.toLowerCase());
}

export function imageType(bytes: Uint8Array): string | undefined {
  const hex = toHex(bytes.subarray(0, 16));
  const match = MAGIC.find(([, magic]) =>
    [...magic].every((digit, i) => digit === "?" || digit === hex[i]),
  );
  return match?.[0];
}

const PDF = "%PDF-";
/** PDF readers accept the header anywhere in this range. */
const PDF_SEARCH_BYTES = 1024;

export function isPdf(bytes: Uint8Array): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, PDF_SEARCH_BYTES));
  return head.includes(PDF);
}
