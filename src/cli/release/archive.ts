/** Reader for release archives: `.tar.zst`, `.tar.gz` or `.zip`. */

import { Readable } from "node:stream";
import { createGunzip, createInflateRaw, createZstdDecompress } from "node:zlib";
import { concatBytes, utf8Decode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";

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
    if (name.endsWith(".zip")) yield* zipEntry(bytes, path);
    else yield* tarEntry(unpacked(bytes, name.endsWith(".zst") ? "zstd" : "gzip"), path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof Fault) throw error;
    throw new Fault("release-untrusted", msg`cannot unpack ${name}: ${reason}`, { cause: error });
  }
}

function unpacked(
  bytes: Uint8Array,
  format: "zstd" | "gzip" | "deflate",
): AsyncIterable<Uint8Array> {
  const create = { zstd: createZstdDecompress, gzip: createGunzip, deflate: createInflateRaw };
  return Readable.from(slices(bytes)).pipe(create[format]());
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

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
/** File type mask in the upper half of the external attributes, where zip stores it on Unix. */
const TYPE_MASK = 0o170000;
const REGULAR_TYPE = 0o100000;

async function* zipEntry(bytes: Uint8Array, path: string): AsyncGenerator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // Release archives have no comment, so the end record is at the very end.
  const end = bytes.length - END_BYTES;
  if (end < 0 || view.getUint32(end, true) !== END_SIGNATURE) throw new Error("it is truncated");
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    if (view.getUint32(at, true) !== ENTRY_SIGNATURE) throw new Error("its list is malformed");
    const nameBytes = view.getUint16(at + 28, true);
    const name = utf8Decode(bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes));
    if (name === path) {
      const type = (view.getUint32(at + 38, true) >>> 16) & TYPE_MASK;
      if (type !== 0 && type !== REGULAR_TYPE) throw notRegular(path);
      const method = view.getUint16(at + 10, true);
      const local = view.getUint32(at + 42, true);
      const from =
        local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      const packed = bytes.subarray(from, from + view.getUint32(at + 20, true));
      if (method !== STORED && method !== DEFLATED)
        throw new Error(`it uses the unsupported compression method ${method}`);
      yield* method === STORED ? slices(packed) : unpacked(packed, "deflate");
      return;
    }
    at += ENTRY_BYTES + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  throw missing(path, false);
}

function notRegular(path: string): Fault {
  return new Fault("release-untrusted", msg`${path} in the archive is not a regular file`);
}

function missing(path: string, isTruncated: boolean): Fault {
  const state = isTruncated ? "truncated" : "missing";
  return new Fault("release-untrusted", msg`${path} in the archive is ${state}`);
}
