/**
 * Plan of a copy of a photo or film without its metadata, whose picture and sound stay as they are.
 * Rotation, colours and animation are kept; pictures and films behind a JPEG are left out.
 */

import { END_OF_IMAGE, endOfJpeg } from "./jpeg-end.ts";
import {
  APP1,
  EXIF_SIGNATURE,
  isTextSegment,
  ORIENTATION_TAG,
  PNG_SIGNATURE,
} from "./picture-header.ts";
import {
  FILE_PARTS_MAX,
  latin1,
  MOVIE_BOX_BYTES_MAX,
  ReadContent,
  type Reading,
} from "./read-content.ts";
import { directoryOf } from "./tiff.ts";

/** Bytes of the copy: a range of the original, or new ones. */
export type CopyPart = { readonly from: number; readonly to: number } | Uint8Array;

/** Pieces of the copy in order; `undefined` if the structure of the file is unknown or damaged. */
type Plan = readonly CopyPart[] | undefined;

const UPRIGHT = 1;
/** Kinds of segments that change how a JPEG looks. */
const KEPT_SEGMENTS: Readonly<Record<number, string>> = {
  224: "JFIF\0",
  226: "ICC_PROFILE\0",
  238: "Adobe",
};
const START_OF_SCAN = 0xda;
/** Offset of the flags of an extended WebP, and the flags of EXIF and XMP. */
const [WEBP_FLAGS_AT, WEBP_EXIF, WEBP_XMP] = [20, 8, 4];
const BOXES_NESTED_MAX = 4;

export function* planWithoutPersonalData(): Reading<Plan> {
  const content = new ReadContent();
  const start = byteText(yield* content.read(0, 12));
  if (start.startsWith("\xff\xd8")) return yield* planJpeg(content);
  if (start.startsWith(PNG_SIGNATURE)) return yield* planPng(content);
  if (/^RIFF.{4}WEBP/s.test(start)) return yield* planWebp(content);
  const isMovie = /^.{4}ftyp(?!crx|hei|hev|mif|msf|avi)/s.test(start);
  return isMovie ? yield* planMovie(content) : undefined;
}

/** Returns one character of the same code for each byte. */
function byteText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** TIFF with the orientation alone. */
function orientationOnly(orientation: number): Uint8Array {
  const bytes = new Uint8Array(26);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x4d4d002a);
  view.setUint32(4, 8);
  view.setUint16(8, 1);
  view.setUint16(10, ORIENTATION_TAG);
  view.setUint16(12, 3);
  view.setUint32(14, 1);
  view.setUint16(18, orientation);
  return bytes;
}

function* orientationAt(content: ReadContent, base: number): Reading<number> {
  const { tags, isLittle } = yield* directoryOf(content, base);
  const tag = tags.get(ORIENTATION_TAG);
  const value = tag && (yield* content.view(tag.inlineAt, 2))?.getUint16(0, isLittle);
  return value !== undefined && value >= 1 && value <= 8 ? value : UPRIGHT;
}

function* planJpeg(content: ReadContent): Reading<Plan> {
  const pieces: CopyPart[] = [];
  let orientation = UPRIGHT;
  let at = 2;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 4);
    if (head?.getUint8(0) !== 0xff) return undefined;
    const [marker, length] = [head.getUint8(1), head.getUint16(2)];
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === END_OF_IMAGE) return undefined;
    const text = yield* content.text(at + 4, Math.min(16, length));
    if (marker === APP1 && text.startsWith(EXIF_SIGNATURE))
      orientation = yield* orientationAt(content, at + 4 + EXIF_SIGNATURE.length);
    const kept = KEPT_SEGMENTS[marker];
    const isKept = !isTextSegment(marker) || (kept !== undefined && text.startsWith(kept));
    const end = at + 2 + length;
    if (marker === START_OF_SCAN) {
      const last = yield* endOfJpeg(content, end);
      if (last === undefined) return undefined;
      const start = Uint8Array.of(0xff, 0xd8);
      const exif = orientation === UPRIGHT ? [] : [exifSegment(orientation)];
      return [start, ...exif, ...pieces, { from: at, to: last }];
    }
    if (isKept) pieces.push({ from: at, to: end });
    at = end;
  }
  return undefined;
}

function exifSegment(orientation: number): Uint8Array {
  const tiff = orientationOnly(orientation);
  const length = 2 + EXIF_SIGNATURE.length + tiff.length;
  return Uint8Array.of(0xff, APP1, 0, length, ...bytesOf(EXIF_SIGNATURE), ...tiff);
}

function bytesOf(text: string): readonly number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

function* planPng(content: ReadContent): Reading<Plan> {
  const pieces: CopyPart[] = [{ from: 0, to: 8 }];
  let at = 8;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 8);
    if (head === undefined) return undefined;
    const type = yield* content.text(at + 4, 4);
    const end = at + 12 + head.getUint32(0);
    if (type === "eXIf") {
      // Hardly any program turns a PNG by its metadata.
      if ((yield* orientationAt(content, at + 8)) !== UPRIGHT) return undefined;
    } else if (!/^(?:[iz]TXt|tEXt|tIME)$/.test(type)) pieces.push({ from: at, to: end });
    if (type === "IEND") return pieces;
    at = end;
  }
  return undefined;
}

function* planWebp(content: ReadContent): Reading<Plan> {
  const pieces: CopyPart[] = [];
  let orientation = UPRIGHT;
  let [at, sizeBytes] = [12, 4];
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 8);
    if (head === undefined) break;
    const type = yield* content.text(at, 4);
    const length = head.getUint32(4, true);
    const end = at + 8 + length + (length % 2);
    const hasSignature = (yield* content.text(at + 8, 6)) === EXIF_SIGNATURE;
    if (type === "EXIF") orientation = yield* orientationAt(content, at + (hasSignature ? 14 : 8));
    else if (type !== "XMP ") {
      pieces.push({ from: at, to: end });
      sizeBytes += end - at;
    }
    at = end;
  }
  const extended = yield* content.view(12, 10);
  if (extended === undefined || sizeBytes > 0xffffffff) return undefined;
  const isExtended = (yield* content.text(12, 4)) === "VP8X";
  if (isExtended) {
    // The first piece is the extended header, at offset 12.
    const flags = extended.getUint8(WEBP_FLAGS_AT - 12) & ~(WEBP_EXIF | WEBP_XMP);
    const [first] = pieces.splice(0, 1);
    if (first === undefined || first instanceof Uint8Array) return undefined;
    const isTurned = orientation !== UPRIGHT;
    pieces.unshift(
      { from: first.from, to: WEBP_FLAGS_AT },
      Uint8Array.of(isTurned ? flags | WEBP_EXIF : flags),
      { from: WEBP_FLAGS_AT + 1, to: first.to },
    );
    if (isTurned) {
      const tiff = orientationOnly(orientation);
      pieces.push(Uint8Array.of(...bytesOf("EXIF"), tiff.length, 0, 0, 0, ...tiff));
      sizeBytes += 8 + tiff.length;
    }
  }
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, sizeBytes, true);
  return [{ from: 0, to: 4 }, size, { from: 8, to: 12 }, ...pieces];
}

/** Empties the boxes of metadata in their places, so that the offsets of the samples stay. */
function* planMovie(content: ReadContent): Reading<Plan> {
  const pieces: CopyPart[] = [];
  let at = 0;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 16);
    if (head === undefined) return (yield* content.read(at, 1)).length === 0 ? pieces : undefined;
    const type = yield* content.text(at + 4, 4);
    const short = head.getUint32(0);
    const size = short === 1 ? Number(head.getBigUint64(8)) : short;
    if (size < 8) return undefined;
    if (/^(?:moov|meta|udta|uuid)$/.test(type)) {
      if (size > MOVIE_BOX_BYTES_MAX || short === 1) return undefined;
      const box = new Uint8Array(yield* content.read(at, size));
      if (box.length < size) return undefined;
      emptyMetadata(box, 0, size, BOXES_NESTED_MAX);
      pieces.push(box);
    } else pieces.push({ from: at, to: at + size });
    at += size;
  }
  return undefined;
}

/** Makes boxes of metadata free space. */
function emptyMetadata(bytes: Uint8Array, from: number, to: number, depth: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at + 8 <= to; ) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > to) return;
    const type = latin1(bytes.subarray(at + 4, at + 8));
    if (/^(?:meta|udta|uuid)$/.test(type)) {
      bytes.fill(0, at + 8, at + size);
      bytes.set(bytesOf("free"), at + 4);
    } else if (/^(?:moov|trak|mdia)$/.test(type) && depth > 0)
      emptyMetadata(bytes, at + 8, at + size, depth - 1);
    at += size;
  }
}
