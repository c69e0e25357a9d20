/** End of the first picture of a JPEG, behind which phones put films and other pictures. */

import {
  FILE_PARTS_MAX,
  type ReadContent,
  type Reading,
  SCANNED_BYTES_MAX,
  WINDOW_BYTES,
} from "./read-content.ts";

export const END_OF_IMAGE = 0xd9;
/** A marker within the pixels of a JPEG, other than those that belong to them. */
const SCAN_END = /\xff[^\0\xff\xd0-\xd7]/;

/**
 * @param first offset of the first pixels
 * @returns the offset behind the picture; `undefined` if it is damaged or too large
 */
export function* endOfJpeg(content: ReadContent, first: number): Reading<number | undefined> {
  let at = first;
  for (let count = 0; count < FILE_PARTS_MAX && at < SCANNED_BYTES_MAX; count++) {
    const text = yield* content.text(at, WINDOW_BYTES);
    const found = SCAN_END.exec(text)?.index;
    if (found === undefined) {
      if (text.length < WINDOW_BYTES) return undefined;
      // The last byte may begin a marker.
      at += WINDOW_BYTES - 1;
      continue;
    }
    at += found;
    const marker = text.charCodeAt(found + 1);
    if (marker === END_OF_IMAGE) return at + 2;
    const length = (yield* content.view(at + 2, 2))?.getUint16(0);
    if (length === undefined) return undefined;
    at += 2 + length;
  }
  return undefined;
}
