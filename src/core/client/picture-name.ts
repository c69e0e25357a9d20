/** Selection of files that are displayed as pictures, by name and size. */

import { PICTURE_FETCHED_BYTES_MAX } from "../../base/limits-page.ts";
import type { FileBody } from "../rooms/files.ts";

export function isPictureName(name: string): boolean {
  return /\.(?:png|jpe?g|gif|webp)$/i.test(name);
}

/** Reports whether the file is a picture small enough to be fetched automatically. */
export function isSmallPicture(
  { name, size, folder }: FileBody,
  bytesMax = PICTURE_FETCHED_BYTES_MAX,
): boolean {
  return folder === undefined && size <= bytesMax && isPictureName(name);
}
