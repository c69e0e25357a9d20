/** Format of an upload's metadata file, `about.json`. */

import * as v from "valibot";
import { utf8Encode } from "../../base/bytes.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { count, parseJson, textOf } from "../../wire/field.ts";
import type { BlobMetadata } from "./interfaces.ts";

/** Maximum size of the metadata in bytes, enough for 64 targets and an escaped name of 1 KiB. */
export const METADATA_BYTES_MAX = 64 * 1024;

export function encodeMetadata(metadata: BlobMetadata): Uint8Array {
  const { file, by, name, sizeBytes, to, folder, sinceMs } = metadata;
  return utf8Encode(`${JSON.stringify({ file, by, name, sizeBytes, to, folder, sinceMs })}\n`);
}

const METADATA = v.object({
  file: textOf<FileId>(),
  by: textOf<UserId>(),
  name: v.string(),
  sizeBytes: v.exactOptional(count),
  to: v.array(v.string()),
  folder: v.exactOptional(v.object({ entries: count, manifestBytes: count })),
  sinceMs: v.number(),
});

export function parseMetadata(bytes: Uint8Array): BlobMetadata | undefined {
  return parseJson(METADATA, bytes);
}
