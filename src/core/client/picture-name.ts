/** Tells by name and size which files to show as pictures. */

import { PICTURE_FETCHED_BYTES_MAX } from "../../base/limits-page.ts";
import type { FileBody } from "../rooms/files.ts";

/** By name, before anything is read: whether it is worth it. */
export function isPictureName(name: string): boolean {
  return /\.(?:png|jpe?g|gif|webp)$/i.test(name);
}

/** Whether a face may fetch it by itself, to show it. */
export function isSmallPicture({ name, size, folder }: FileBody): boolean {
  return folder === undefined && size <= PICTURE_FETCHED_BYTES_MAX && isPictureName(name);
}
