/** Reader for release archives: `.tar.zst`, `.tar.gz` or `.zip`. */

import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { concatBytes, utf8Decode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { openZip } from "../zip.ts";

export const ARCHIVE_SUFFIXES = [".tar.zst", ".tar.gz", ".zip"] as const;

/**
 * @param path path in the archive, such as `chat-0.2.0-linux-x64/chat`
 * @throws {Fault} release-untrusted if the file is missing, is a link, or cannot be unpacked
 */
export async function* readArchive(
  name: string,
  bytes: Uint8Array,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    if (name.endsWith(".zip")) yield* slices(zipEntry(bytes, path));
    else yield* tarEntry(unpacked(bytes, name.endsWith(".zst")), path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof Fault && error.code !== "folder-malformed") throw error;
    throw new Fault("release-untrusted", msg`cannot unpack ${name}: ${reason}`, { cause: error });
  }
}

function unpacked(bytes: Uint8Array, isZstd: boolean): AsyncIterable<Uint8Array> {
  return Readable.from(slices(bytes)).pipe(isZstd ? createZstdDecompress() : createGunzip());
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

const BLOCK_BYTES = 512;
const REGULAR_FILE = new Set(["0", "\0"]);

async function* tarEntry(
  stream: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Uint8Array> {
  let header: Uint8Array = new Uint8Array(0);
  let remaining = 0;
  let padding = 0;
  let isWanted = false;
  for await (const chunk of stream) {
    for (let rest = chunk; rest.length > 0; ) {
      if (remaining > 0) {
        const content = rest.subarray(0, remaining);
        if (isWanted) yield content;
        remaining -= content.length;
        rest = rest.subarray(content.length);
        if (isWanted && remaining === 0) return;
        continue;
      }
      const skipped = Math.min(padding, rest.length);
      padding -= skipped;
      rest = rest.subarray(skipped);
      const more = rest.subarray(0, BLOCK_BYTES - header.length);
      header = concatBytes(header, more);
      rest = rest.subarray(more.length);
      if (header.length < BLOCK_BYTES) continue;
      const entry = tarHeader(header);
      header = new Uint8Array(0);
      isWanted = entry.path === path;
      if (isWanted && !REGULAR_FILE.has(entry.type)) throw notRegular(path);
      if (isWanted && entry.sizeBytes === 0) return;
      remaining = entry.sizeBytes;
      padding = (BLOCK_BYTES - (remaining % BLOCK_BYTES)) % BLOCK_BYTES;
    }
  }
  throw missing(path, isWanted);
}

function tarHeader(block: Uint8Array) {
  const text = (from: number, to: number) =>
    utf8Decode(block.subarray(from, to)).replace(/\0.*$/s, "");
  const prefix = text(345, 500);
  const sizeBytes = Number.parseInt(text(124, 136).trim() || "0", 8);
  if (!Number.isSafeInteger(sizeBytes)) throw new Error("a header is malformed");
  const path = `${prefix === "" ? "" : `${prefix}/`}${text(0, 100)}`;
  return { path, sizeBytes, type: String.fromCharCode(block[156] ?? 0) };
}

function zipEntry(bytes: Uint8Array, path: string): Uint8Array {
  const { entries, read } = openZip(bytes);
  const entry = entries.get(path);
  if (entry === undefined) throw missing(path, false);
  if (!entry.isRegular) throw notRegular(path);
  return read(path);
}

function notRegular(path: string): Fault {
  return new Fault("release-untrusted", msg`${path} in the archive is not a regular file`);
}

function missing(path: string, isTruncated: boolean): Fault {
  const state = isTruncated ? "truncated" : "missing";
  return new Fault("release-untrusted", msg`${path} in the archive is ${state}`);
}
