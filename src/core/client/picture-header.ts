/** Format and dimensions of a picture, read from its untrusted first bytes. */

import { toHex } from "../../base/bytes.ts";
import { AVATAR_SIDE_MAX, PICTURE_PIXELS_MAX, PICTURE_SIDE_MAX } from "../../base/limits-page.ts";

export type PictureType = "png" | "jpeg" | "gif" | "webp";

export interface PictureHeader {
  readonly type: PictureType;
  /** Sides of the upright picture. */
  readonly width: number;
  readonly height: number;
}

type Dimensions = readonly [width: number, height: number];

export const PNG_SIGNATURE = "\x89PNG\r\n\x1a\n";
const IHDR_OFFSET = 16;
const SEGMENTS_MAX = 1_000;
/** Contains the dimensions of photos with a large thumbnail. */
export const PICTURE_HEAD_BYTES = 256 * 1024;
const MARKER_START = 0xff;
export const APP1 = 0xe1;
const FIRST_APP = 0xe0;
const LAST_APP = 0xef;
const COMMENT = 0xfe;
export const EXIF_SIGNATURE = "Exif\0\0";

/** Animation flag of an extended WebP, and the name of an animated PNG's chunk, in hex. */
const ANIMATED = { webp: /^.{24}56503858.{8}.[2367abef]/, png: /6163544c/, jpeg: /(?!)/ } as const;

/**
 * @returns `undefined` if the bytes are not a picture, end before its dimensions, or contain
 * implausible dimensions
 */
export function pictureHeader(
  bytes: Uint8Array,
  pixelsMax = PICTURE_PIXELS_MAX,
): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = typeOf(bytes);
  if (type === undefined) return undefined;
  const [width, height] = DIMENSIONS[type](view) ?? [0, 0];
  const isSane = Math.min(width, height) >= 1 && Math.max(width, height) <= PICTURE_SIDE_MAX;
  if (!isSane || width * height > pixelsMax) return undefined;
  return { type, width, height };
}

/** @returns `undefined` unless the bytes are a still JPEG, PNG or WebP within AVATAR_SIDE_MAX */
export function avatarType(bytes: Uint8Array): string | undefined {
  const { type, width = 0, height = 0 } = pictureHeader(bytes) ?? {};
  if (type === undefined || type === "gif") return undefined;
  const isFit = Math.max(width, height) <= AVATAR_SIDE_MAX && !ANIMATED[type].test(toHex(bytes));
  return isFit ? `image/${type}` : undefined;
}

/** Reports whether the first bytes are those of a GIF, or of an animated WebP or PNG. */
export function isAnimated(bytes: Uint8Array): boolean {
  const type = typeOf(bytes);
  if (type === "webp") return textAt(bytes, 12, 4) === "VP8X" && ((bytes[20] ?? 0) & 2) !== 0;
  if (type !== "png") return type === "gif";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = PNG_SIGNATURE.length;
  for (let count = 0; count < SEGMENTS_MAX && at + 8 <= bytes.length; count++) {
    const kind = textAt(bytes, at + 4, 4);
    if (kind === "acTL" || kind === "IDAT") return kind === "acTL";
    at += 12 + view.getUint32(at);
  }
  return false;
}

function typeOf(bytes: Uint8Array): PictureType | undefined {
  if (textAt(bytes, 0, 8) === PNG_SIGNATURE) return "png";
  if (bytes[0] === MARKER_START && bytes[1] === 0xd8) return "jpeg";
  if (/^GIF8[79]a$/.test(textAt(bytes, 0, 6))) return "gif";
  const isWebp = textAt(bytes, 0, 4) === "RIFF" && textAt(bytes, 8, 4) === "WEBP";
  return isWebp ? "webp" : undefined;
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

interface Segment {
  readonly marker: number;
  readonly at: number;
  readonly length: number;
}

const DIMENSIONS: Readonly<Record<PictureType, (view: DataView) => Dimensions | undefined>> = {
  png: (view) => {
    if (view.byteLength < IHDR_OFFSET + 8) return undefined;
    return [view.getUint32(IHDR_OFFSET), view.getUint32(IHDR_OFFSET + 4)];
  },
  gif: (view) => {
    if (view.byteLength < 10) return undefined;
    return [view.getUint16(6, true), view.getUint16(8, true)];
  },
  jpeg: jpegDimensions,
  webp: webpDimensions,
};

function jpegDimensions(view: DataView): Dimensions | undefined {
  let isTurned: boolean | undefined;
  for (const segment of jpegSegments(view)) {
    const { marker, at } = segment;
    if (marker === APP1) isTurned ??= isTurnedBy(view, segment);
    if (!isFrame(marker)) continue;
    const [width, height] = [view.getUint16(at + 7), view.getUint16(at + 5)];
    return isTurned === true ? [height, width] : [width, height];
  }
  return undefined;
}

/** Yields the segments before the pixels. Their lengths may exceed the view. */
function* jpegSegments(view: DataView): Iterable<Segment> {
  let at = 2;
  for (let count = 0; count < SEGMENTS_MAX; count++) {
    while (at + 1 < view.byteLength && view.getUint8(at + 1) === MARKER_START) at++;
    if (at + 9 > view.byteLength || view.getUint8(at) !== MARKER_START) return;
    const marker = view.getUint8(at + 1);
    if (marker === 0xda || marker === 0xd9) return;
    const length = view.getUint16(at + 2);
    yield { marker, at, length };
    at += 2 + length;
  }
}

/** @returns `undefined` if the segment is not EXIF */
function isTurnedBy(view: DataView, { at, length }: Segment): boolean | undefined {
  const start = at + 4 + EXIF_SIGNATURE.length;
  const end = Math.min(at + 2 + length, view.byteLength);
  if (start > end) return undefined;
  const isExif = [...EXIF_SIGNATURE].every((sign, i) => {
    return view.getUint8(at + 4 + i) === sign.charCodeAt(0);
  });
  return isExif
    ? isSideways(new DataView(view.buffer, view.byteOffset + start, end - start))
    : undefined;
}

/** SOF0 to SOF15, excluding DHT, JPG and DAC in the same range. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/**
 * The first chunk of a WebP file is lossy, lossless or extended. An extended chunk contains the
 * canvas size.
 */
function webpDimensions(view: DataView): Dimensions | undefined {
  if (view.byteLength < 30) return undefined;
  const kind = String.fromCharCode(...[12, 13, 14, 15].map((at) => view.getUint8(at)));
  if (kind === "VP8 ")
    return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  if (kind === "VP8X") return [1 + uint24(view, 24), 1 + uint24(view, 27)];
  if (kind !== "VP8L" || view.getUint8(20) !== 0x2f) return undefined;
  const bits = view.getUint32(21, true);
  return [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) + 0x10000 * view.getUint8(at + 2);
}

export const ORIENTATION_TAG = 0x0112;
const [SHORT, LITTLE_ENDIAN, TIFF_MARK] = [3, 0x4949, 42];
export const TIFF_ENTRY_BYTES = 12;
/** Cameras write fewer than 100 entries. */
export const TIFF_ENTRIES_MAX = 512;

/**
 * Reports whether viewers turn the picture by 90 degrees.
 * @param tiff the segment after `Exif\0\0`
 *
 * @internal
 */
export function isSideways(tiff: DataView): boolean {
  if (tiff.byteLength < 8) return false;
  const isLittle = tiff.getUint16(0) === LITTLE_ENDIAN;
  const directory = tiff.getUint32(4, isLittle);
  if (tiff.getUint16(2, isLittle) !== TIFF_MARK || directory + 2 > tiff.byteLength) return false;
  const count = Math.min(tiff.getUint16(directory, isLittle), TIFF_ENTRIES_MAX);
  for (let i = 0, at = directory + 2; i < count; i++, at += TIFF_ENTRY_BYTES) {
    if (at + TIFF_ENTRY_BYTES > tiff.byteLength) break;
    const isOrientation = tiff.getUint16(at, isLittle) === ORIENTATION_TAG;
    if (!isOrientation || tiff.getUint16(at + 2, isLittle) !== SHORT) continue;
    const orientation = tiff.getUint16(at + 8, isLittle);
    return orientation >= 5 && orientation <= 8;
  }
  return false;
}

/** Reports whether a segment of a JPEG with this marker has metadata or a comment. */
export function isTextSegment(marker: number): boolean {
  return (marker >= FIRST_APP && marker <= LAST_APP) || marker === COMMENT;
}
