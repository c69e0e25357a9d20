/** Format and dimensions of a picture, read from its untrusted first bytes. */

import { PICTURE_PIXELS_MAX, PICTURE_SIDE_MAX } from "../../base/limits-page.ts";

export type PictureType = "png" | "jpeg" | "gif" | "webp";

export interface PictureHeader {
  readonly type: PictureType;
  readonly width: number;
  readonly height: number;
}

type Dimensions = readonly [width: number, height: number];

const PNG_SIGNATURE = "\x89PNG\r\n\x1a\n";
const IHDR_OFFSET = 16;
const SEGMENTS_MAX = 1_000;
const MARKER_START = 0xff;

/**
 * @returns `undefined` if the bytes are not a picture, end before its dimensions, or contain
 * implausible dimensions
 */
export function pictureHeader(bytes: Uint8Array): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = typeOf(bytes);
  if (type === undefined) return undefined;
  const [width, height] = DIMENSIONS[type](view) ?? [0, 0];
  const isSane = Math.min(width, height) >= 1 && Math.max(width, height) <= PICTURE_SIDE_MAX;
  if (!isSane || width * height > PICTURE_PIXELS_MAX) return undefined;
  return { type, width, height };
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
  let at = 2;
  for (let count = 0; count < SEGMENTS_MAX; count++) {
    while (at + 1 < view.byteLength && view.getUint8(at + 1) === MARKER_START) at++;
    if (at + 9 > view.byteLength || view.getUint8(at) !== MARKER_START) return undefined;
    const marker = view.getUint8(at + 1);
    if (isFrame(marker)) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    const length = view.getUint16(at + 2);
    if (marker === 0xda || marker === 0xd9) return undefined;
    at += 2 + length;
  }
  return undefined;
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
