/** Search for the location where a file was made, in parts of its untrusted content. */

import { APP1, EXIF_SIGNATURE, readExif, SEGMENTS_MAX, textAt } from "./picture-header.ts";

/** `may have`: the format can contain a location, and the content could not be searched. */
export type LocationFinding = "has" | "may have" | "has not";

interface ByteRange {
  readonly at: number;
  readonly length: number;
}

/** Yields a range of the content, and continues with its bytes, which are fewer at the end. */
type Reading<Result> = Generator<ByteRange, Result, Uint8Array>;
type LocationSearch = Reading<LocationFinding>;

/** Bytes of the first range, which suffice for files that cannot contain a location. */
const SIGNATURE_BYTES = 32;
const WINDOW_BYTES = 64 * 1024;
const XMP_SIGNATURE = "http://ns.adobe.com/xap/1.0/\0";

/** Part of the content around the last read, so that small reads are few. */
class Content {
  #at = 0;
  #window: Uint8Array = new Uint8Array(0);

  /** Returns fewer bytes at the end of the content. */
  *read(at: number, length: number): Reading<Uint8Array> {
    const from = at - this.#at;
    if (from < 0 || from + length > this.#window.length) {
      this.#window = yield { at, length: Math.max(length, WINDOW_BYTES) };
      this.#at = at;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(from, from + length);
  }
}

/** Searches a file. Formats without a reader have none. */
export function* searchLocation(): LocationSearch {
  const start = yield { at: 0, length: SIGNATURE_BYTES };
  if (start[0] === 0xff && start[1] === 0xd8) return yield* searchJpeg(new Content());
  return "has not";
}

function* searchJpeg(content: Content): LocationSearch {
  let at = 2;
  for (let count = 0; count < SEGMENTS_MAX; count++) {
    const head = yield* content.read(at, 4);
    const marker = head[1];
    if (head.length < 4 || head[0] !== 0xff || marker === 0xda || marker === 0xd9) return "has not";
    const length = ((head[2] ?? 0) << 8) | (head[3] ?? 0);
    if (marker === APP1 && length > 2 && isLocated(yield* content.read(at + 4, length - 2)))
      return "has";
    // Any number of fill bytes may precede a marker.
    at += marker === 0xff ? 1 : 2 + length;
  }
  return "may have";
}

function isLocated(segment: Uint8Array): boolean {
  const text = textAt(segment, 0, segment.length);
  if (text.startsWith(XMP_SIGNATURE)) return text.includes("GPSLatitude");
  if (!text.startsWith(EXIF_SIGNATURE)) return false;
  const { buffer, byteOffset, byteLength } = segment.subarray(EXIF_SIGNATURE.length);
  return readExif(new DataView(buffer, byteOffset, byteLength)).hasPosition;
}
