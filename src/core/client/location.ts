/** Search for the location where a file was made, in parts of its untrusted content. */

import { APP1, EXIF_SIGNATURE, TIFF_ENTRIES_MAX, TIFF_ENTRY_BYTES } from "./picture-header.ts";

/** `may have`: the file can contain a location in a part that cannot be searched. */
export type LocationFinding = "has" | "may have" | "has not";

interface ByteRange {
  readonly at: number;
  readonly length: number;
}

/** Yields a range of the content, and continues with its bytes, which are fewer at the end. */
type Reading<Result> = Generator<ByteRange, Result, Uint8Array>;

/** Bytes of the first range, which suffice for files that cannot contain a location. */
const SIGNATURE_BYTES = 32;
const WINDOW_BYTES = 64 * 1024;
/** Limit of a search in formats whose structure is not followed. */
const SCANNED_BYTES_MAX = 64 * 1024 * 1024;
/** Length of a text or a header that can lie across two windows. */
const OVERLAP_BYTES = 512;
/** Segments, chunks or boxes of one file. */
const FILE_PARTS_MAX = 10_000;
/** Reads of one file, of 64 KB or more. */
const READS_MAX = 5_000;
const MOVIE_BOX_BYTES_MAX = 32 * 1024 * 1024;
const XMP_BYTES_MAX = 1024 * 1024;
const [GPS_TAG, XMP_TAG, LATITUDE_TAG, LONGITUDE_TAG] = [0x8825, 700, 2, 4];
const XMP_SIGNATURE = "http://ns.adobe.com/";
const XMP_LOCATION = "GPSLatitude";
const EXIF_HEADER = /Exif\0\0(?=II\*\0|MM\0\*)/g;
/** A film behind a photo, which has its own location. */
const MOTION = /MotionPhoto|MicroVideo/;
/** Locations of Android, 3GPP and Apple. */
const MOVIE_LOCATION = /\xa9xyz|loci\0\0\0\0|location\.ISO6709|GPSLatitude|GPSCoordinates/;
/** Tracks of sensors, which may include the position. */
const MOVIE_SENSORS = /gpmd|camm/;
/** Names of photos and films in a zip archive or an Office document. */
const ZIPPED_MEDIA = /PK\x03\x04.{26}[^\0]{0,200}?\.(?:jpe?g|hei[cf]|tiff?|dng|mov|mp4)/is;

/** Part of the content around the last read, so that small reads are few. */
class Content {
  #at = 0;
  #window: Uint8Array = new Uint8Array(0);
  #reads = 0;

  /** True if the search has ended because of the number of reads. */
  get isExhausted(): boolean {
    return this.#reads > READS_MAX;
  }

  /** Returns fewer bytes at the end of the content, and none after the last read. */
  *read(at: number, length: number): Reading<Uint8Array> {
    const from = at - this.#at;
    if (from < 0 || from + length > this.#window.length) {
      if (++this.#reads > READS_MAX) return new Uint8Array(0);
      this.#window = yield { at, length: Math.max(length, WINDOW_BYTES) };
      this.#at = at;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(from, from + length);
  }

  *view(at: number, length: number): Reading<DataView | undefined> {
    const bytes = yield* this.read(at, length);
    if (bytes.length < length) return undefined;
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  *text(at: number, length: number): Reading<string> {
    return latin1(yield* this.read(at, length));
  }
}

/** Returns one character for each byte, which has another code for 0x80 to 0x9f. */
function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** Searches a file. Other formats than those named here have no location. */
export function* searchLocation(): Reading<LocationFinding> {
  const content = new Content();
  const finding = yield* searchFormat(content);
  return finding === "has not" && content.isExhausted ? "may have" : finding;
}

function* searchFormat(content: Content): Reading<LocationFinding> {
  const start = latin1(yield { at: 0, length: SIGNATURE_BYTES });
  if (start.startsWith("\xff\xd8")) return yield* searchJpeg(content);
  if (/^(?:II\*\0|MM\0\*)/.test(start)) return yield* searchTiff(content, 0);
  if (/^.PNG\r\n/.test(start)) return yield* searchChunks(content, 8, PNG);
  if (/^RIFF.{4}WEBP/s.test(start)) return yield* searchChunks(content, 12, WEBP);
  if (/^.{4}ftyp(?:hei|hev|mif|msf|avi)/s.test(start)) return yield* scan(content);
  if (/^.{4}(?:ftyp|moov|mdat|wide|free|skip)/s.test(start)) return yield* searchMovie(content);
  if (/^(?:GIF8|%PDF|PK\x03\x04)/.test(start)) return yield* scan(content);
  return "has not";
}

function* searchJpeg(content: Content): Reading<LocationFinding> {
  let at = 2;
  let hasFilm = false;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 4);
    const marker = head?.getUint8(1);
    const isSegment = head?.getUint8(0) === 0xff && marker !== 0xda && marker !== 0xd9;
    if (head === undefined || !isSegment) return hasFilm ? "may have" : "has not";
    const length = head.getUint16(2);
    const text = marker === APP1 ? yield* content.text(at + 4, Math.max(0, length - 2)) : "";
    if (text.startsWith(XMP_SIGNATURE) && text.includes(XMP_LOCATION)) return "has";
    if (text.startsWith(XMP_SIGNATURE)) hasFilm ||= MOTION.test(text);
    const tiff = at + 4 + EXIF_SIGNATURE.length;
    if (text.startsWith(EXIF_SIGNATURE) && (yield* searchTiff(content, tiff)) === "has")
      return "has";
    // Any number of fill bytes may precede a marker.
    at += marker === 0xff ? 1 : 2 + length;
  }
  return "may have";
}

type Tags = ReadonlyMap<number, { readonly count: number; readonly value: number }>;

/** Follows the first directory and its position, so that directories that form a loop end. */
function* searchTiff(content: Content, base: number): Reading<"has" | "has not"> {
  const head = yield* content.view(base, 8);
  if (head === undefined) return "has not";
  const isLittle = head.getUint8(0) === 0x49;
  const tags = yield* tagsAt(content, base, head.getUint32(4, isLittle), isLittle);
  const [gps, xmp] = [tags.get(GPS_TAG), tags.get(XMP_TAG)];
  const position = gps && (yield* tagsAt(content, base, gps.value, isLittle));
  if (position?.has(LATITUDE_TAG) === true || position?.has(LONGITUDE_TAG) === true) return "has";
  const length = Math.min(xmp?.count ?? 0, XMP_BYTES_MAX);
  const text = xmp === undefined ? "" : yield* content.text(base + xmp.value, length);
  return text.includes(XMP_LOCATION) ? "has" : "has not";
}

/** Reads the complete entries of a directory. */
function* tagsAt(
  content: Content,
  base: number,
  directory: number,
  isLittle: boolean,
): Reading<Tags> {
  const at = base + directory;
  const count = (yield* content.view(at, 2))?.getUint16(0, isLittle) ?? 0;
  const length = Math.min(count, TIFF_ENTRIES_MAX) * TIFF_ENTRY_BYTES;
  const bytes = yield* content.read(at + 2, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tags = new Map<number, { readonly count: number; readonly value: number }>();
  for (let entry = 0; entry + TIFF_ENTRY_BYTES <= bytes.length; entry += TIFF_ENTRY_BYTES) {
    const value = view.getUint32(entry + 8, isLittle);
    tags.set(view.getUint16(entry, isLittle), {
      count: view.getUint32(entry + 4, isLittle),
      value,
    });
  }
  return tags;
}

interface ChunkFormat {
  /** Bytes of a chunk beside its content, and those before it. */
  readonly frame: readonly [all: number, before: number];
  readonly isLittle: boolean;
  readonly typeAt: 0 | 4;
}

const PNG: ChunkFormat = { frame: [12, 8], isLittle: false, typeAt: 4 };
const WEBP: ChunkFormat = { frame: [8, 8], isLittle: true, typeAt: 0 };

function* searchChunks(
  content: Content,
  first: number,
  { frame: [all, before], isLittle, typeAt }: ChunkFormat,
): Reading<LocationFinding> {
  let at = first;
  let isHidden = false;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 8);
    if (head === undefined) return isHidden ? "may have" : "has not";
    const type = yield* content.text(at + typeAt, 4);
    const length = head.getUint32(4 - typeAt, isLittle);
    const data = at + before;
    if (/^exif$/i.test(type)) {
      const hasSignature = (yield* content.text(data, 6)) === EXIF_SIGNATURE;
      const tiff = hasSignature ? data + EXIF_SIGNATURE.length : data;
      if ((yield* searchTiff(content, tiff)) === "has") return "has";
    }
    if (/^(?:iTXt|tEXt|zTXt|XMP )$/.test(type)) {
      const text = yield* content.text(data, Math.min(length, XMP_BYTES_MAX));
      if (text.includes(XMP_LOCATION)) return "has";
      // These are compressed or in hexadecimal.
      isHidden ||= /^(?:Raw profile type (?:exif|APP1)|XML:com\.adobe\.xmp\0\x01)/i.test(text);
    }
    at += all + length + (isLittle ? length % 2 : 0);
  }
  return "may have";
}

/** Searches the boxes of a film around its samples. */
function* searchMovie(content: Content): Reading<LocationFinding> {
  let at = 0;
  let isHidden = false;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 16);
    if (head === undefined) return isHidden ? "may have" : "has not";
    const type = yield* content.text(at + 4, 4);
    const short = head.getUint32(0);
    const size = short === 1 ? Number(head.getBigUint64(8)) : short;
    if (/^(?:moov|meta|udta|uuid)$/.test(type)) {
      const searched = size === 0 ? MOVIE_BOX_BYTES_MAX : Math.min(size, MOVIE_BOX_BYTES_MAX);
      const text = yield* content.text(at, searched);
      if (MOVIE_LOCATION.test(text)) return "has";
      isHidden ||= MOVIE_SENSORS.test(text) || size > MOVIE_BOX_BYTES_MAX;
    }
    // The last box may have no size.
    if (size < 8) return isHidden ? "may have" : "has not";
    at += size;
  }
  return "may have";
}

/** Searches all bytes for the headers of EXIF and XMP, and for the names of files in an archive. */
function* scan(content: Content): Reading<LocationFinding> {
  let hasMedia = false;
  for (let at = 0; at < SCANNED_BYTES_MAX; at += WINDOW_BYTES) {
    const length = WINDOW_BYTES + OVERLAP_BYTES;
    const text = yield* content.text(at, length);
    if (text.includes(XMP_LOCATION)) return "has";
    for (const { index } of text.matchAll(EXIF_HEADER))
      if ((yield* searchTiff(content, at + index + EXIF_SIGNATURE.length)) === "has") return "has";
    hasMedia ||= ZIPPED_MEDIA.test(text);
    if (text.length < length) return hasMedia ? "may have" : "has not";
  }
  return "may have";
}
