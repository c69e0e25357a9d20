/** Format of an upload's metadata file, `about.json`. */

import { utf8Encode } from "../../base/bytes.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { isCount } from "../../base/values.ts";
import { parseObject } from "../../wire/record.ts";
import type { BlobMetadata, FolderSize } from "./interfaces.ts";

/** Maximum size of the metadata in bytes, enough for 64 targets and an escaped name of 1 KiB. */
export const METADATA_BYTES_MAX = 64 * 1024;

export function encodeMetadata(metadata: BlobMetadata): Uint8Array {
  const { file, by, name, sizeBytes, to, folder, sinceMs } = metadata;
  return utf8Encode(`${JSON.stringify({ file, by, name, sizeBytes, to, folder, sinceMs })}\n`);
}

export function parseMetadata(bytes: Uint8Array): BlobMetadata | undefined {
  const { file, by, name, sizeBytes, to, folder, sinceMs } = parseObject(bytes) ?? {};
  const isValid =
    typeof file === "string" &&
    typeof by === "string" &&
    typeof name === "string" &&
    (sizeBytes === undefined || isCount(sizeBytes)) &&
    Array.isArray(to) &&
    to.every((target) => typeof target === "string") &&
    (folder === undefined || isFolderSize(folder)) &&
    typeof sinceMs === "number";
  if (!isValid) return undefined;
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
