/** The offer of an upload as stored in `about.json`. */

import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { isCount } from "../../base/count.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import type { BlobAbout, FolderSize } from "./interfaces.ts";

/** 64 targets of a room's or person's name, and a name of 1 KiB escaped six-fold. */
export const ABOUT_BYTES_MAX = 64 * 1024;

export function encodeAbout(about: BlobAbout): Uint8Array {
  const { file, by, name, sizeBytes, to, folder, sinceMs } = about;
  return utf8Encode(`${JSON.stringify({ file, by, name, sizeBytes, to, folder, sinceMs })}\n`);
}

/** @returns undefined if it is damaged */
export function parseAbout(bytes: Uint8Array): BlobAbout | undefined {
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(bytes));
  } catch {
    return undefined; // Neither UTF-8 nor JSON: the caller reports any damage.
  }
  if (!isObject(value)) return undefined;
  const { file, by, name, sizeBytes, to, folder, sinceMs } = value;
  const isWhole =
    typeof file === "string" &&
    typeof by === "string" &&
    typeof name === "string" &&
    (sizeBytes === undefined || isCount(sizeBytes)) &&
    Array.isArray(to) &&
    to.every((target) => typeof target === "string") &&
    (folder === undefined || isFolderSize(folder)) &&
    typeof sinceMs === "number";
  if (!isWhole) return undefined;
  return {
    file: file as FileId,
    by: by as UserId,
    name,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    to,
    ...(folder === undefined ? {} : { folder }),
    sinceMs,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isFolderSize(value: unknown): value is FolderSize {
  return isObject(value) && isCount(value["entries"]) && isCount(value["manifestBytes"]);
}
