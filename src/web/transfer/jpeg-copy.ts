/** JPEG that is sent beside a photo which most browsers do not display. */

import { SMALLER_SIDE_MAX } from "../../base/limits-page.ts";
import { stemOf } from "../../base/text.ts";
import { ifPossible } from "../../io/promises.ts";
import type { Photos } from "./photos.ts";
import { VIEWED_BYTES_MAX } from "./previews.ts";

/** Returns the name of the JPEG. */
export function jpegName(name: string): string {
  return `${stemOf(name)}.jpg`;
}

/**
 * Returns an upright JPEG without metadata.
 * @returns `undefined` if this browser cannot display the photo either, and after the first call
 */
export async function jpegOf(photos: Photos, heic: File): Promise<File | undefined> {
  if (photos.converted.has(heic) || heic.size > VIEWED_BYTES_MAX) return undefined;
  photos.converted.add(heic);
  // The browser knows the dimensions, and turns the photo.
  const header = { type: "png", width: SMALLER_SIDE_MAX, height: SMALLER_SIDE_MAX } as const;
  const limits = {
    sideMax: SMALLER_SIDE_MAX,
    bytesMax: Number.POSITIVE_INFINITY,
    type: "image/jpeg",
  } as const;
  const copy = await ifPossible(photos.scale(heic, header, limits));
  if (copy === undefined) return undefined;
  return new File([copy.blob], jpegName(heic.name), { type: copy.blob.type });
}
