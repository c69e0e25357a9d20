import { toHex } from "../../base/bytes.ts";

/** What the page itself may show of a file, judged by its bytes: no name and no sender decides. */

export type MediaKind = "image" | "sound" | "video" | "document" | "text";

interface MediaRow {
  readonly kind: MediaKind;
  readonly mime: string;
  readonly name: string;
}

/** By extension, before anything is fetched: whether it is worth asking. Never SVG, never HTML. */
const BY_EXTENSION: ReadonlyMap<string, MediaRow> = new Map([
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
] as [string, MediaRow][]);

/** What the beginning of such a file is. `?` is any byte. */
const MAGIC: readonly (readonly [string, string])[] = [
  ["image/png", "89504e470d0a1a0a"],
  ["image/jpeg", "ffd8ff"],
  ["image/gif", "47494638"],
  ["image/webp", "52494646????????57454250"],
  ["image/avif", "????????6674797061766966"],
  ["image/bmp", "424d"],
];

export function mediaOf(name: string): MediaRow | undefined {
  const extension = /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1] ?? "";
  return BY_EXTENSION.get(extension.toLowerCase());
}

/** The type of an image by its own bytes; undefined: it is none that browsers show safely. */
export function imageType(bytes: Uint8Array): string | undefined {
  const hex = toHex(bytes.subarray(0, 16));
  const found = MAGIC.find(([, magic]) =>
    [...magic].every((digit, i) => digit === "?" || digit === hex[i]),
  );
  return found?.[0];
}

const PDF = "%PDF-";
/** Before it some programs write other bytes, and readers look no further. */
const PDF_WITHIN = 1024;

/** Whether it begins as a PDF. */
export function isDocument(bytes: Uint8Array): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, PDF_WITHIN));
  return head.includes(PDF);
}
