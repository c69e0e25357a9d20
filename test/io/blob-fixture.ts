import type { FileId, UserId } from "../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import type { BlobMetadata } from "../../src/io/blob/interfaces.ts";
import { pattern } from "../worlds/disk-files-world.ts";

export function offerOf(number: number): BlobMetadata {
  const by = "uAAAAAAAAAAA" as UserId;
  const file = `f${"A".repeat(8)}${String(number).padStart(3, "0")}` as FileId;
  return { file, by, name: `file ${number}`, to: ["lobby"], sinceMs: 1_763_617_717_003 };
}

export function chunkOf(number: number, index: number, sizeBytes = CHUNK_BYTES): Uint8Array {
  return pattern(sizeBytes, number * 1_000_003 + index * 7);
}
