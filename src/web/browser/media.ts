/** Inline media types, detected from the file's bytes only. */

import { toHex } from "../../base/bytes.ts";

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
  ["weba", { kind: "sound", mime: "audio/webm", name: "WebM" }],
  ["m4a", { kind: "sound", mime: "audio/mp4", name: "MP4" }],
  ["aac", { kind: "sound", mime: "audio/aac", name: "AAC" }],
  ["flac", { kind: "sound", mime: "audio/flac", name: "FLAC" }],
  ["opus", { kind: "sound", mime: "audio/ogg", name: "Opus" }],
  // Browsers that can play its content do so only under this type.
  ["mov", { kind: "video", mime: "video/mp4", name: "MOV" }],
  ["m4v", { kind: "video", mime: "video/mp4", name: "MP4" }],
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

/** Extensions of files that have an icon of their own. */
const ICON_EXTENSIONS = {
  pdf: "pdf",
  archive: "zip 7z rar tar gz tgz bz2 xz zst",
  document: "doc docx odt rtf pages epub",
  sheet: "xls xlsx ods numbers csv tsv",
  slides: "ppt pptx odp key",
  code: "txt md log json jsonl toml yaml yml xml html css py ts tsx js c h cpp rs go java sh sql",
  sound: "mp3 ogg wav weba m4a aac flac opus wma mid",
  film: "mp4 webm mov m4v avi mkv",
  picture: "png jpg jpeg gif webp avif bmp svg tif tiff heic heif",
} as const;

export type FileIcon = keyof typeof ICON_EXTENSIONS;

export function extensionOf(name: string): string {
  return (/\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1] ?? "").toLowerCase();
}

export function fileIcon(name: string): FileIcon | undefined {
  const icons = Object.keys(ICON_EXTENSIONS) as FileIcon[];
  return icons.find((icon) => ICON_EXTENSIONS[icon].split(" ").includes(extensionOf(name)));
}

/** Photo of an iPhone, which only Safari displays. */
export function isHeic(name: string): boolean {
  return ["heic", "heif"].includes(extensionOf(name));
}

export function mediaType(name: string): MediaType | undefined {
  return TYPES_BY_EXTENSION.get(extensionOf(name));
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
