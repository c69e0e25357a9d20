/** The offer of an upload as stored in `about.json`. */

import { utf8Encode } from "../../base/bytes.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { isCount } from "../../base/values.ts";
import { parseObject } from "../../wire/record.ts";
import type { BlobAbout, FolderSize } from "./interfaces.ts";

/** 64 targets of a room's or person's name, and a name of 1 KiB escaped six-fold. */
export const ABOUT_BYTES_MAX = 64 * 1024;

export function encodeAbout(about: BlobAbout): Uint8Array {
  const { file, by, name, sizeBytes, to, folder, sinceMs } = about;
  return utf8Encode(`${JSON.stringify({ file, by, name, sizeBytes, to, folder, sinceMs })}\n`);
}

/** @returns undefined if it is damaged */
export function parseAbout(bytes: Uint8Array): BlobAbout | undefined {
  const { file, by, name, sizeBytes, to, folder, sinceMs } = parseObject(bytes) ?? {};
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

function isFolderSize(value: unknown): value is FolderSize {
  const { entries, manifestBytes } = (value ?? {}) as Partial<Record<keyof FolderSize, unknown>>;
  return isCount(entries) && isCount(manifestBytes);
}
