/**
 * In-memory zip reader with size limits, because the sizes in an archive cannot be trusted.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3)
 */

import { inflateRawSync } from "node:zlib";
import { Fault } from "../base/fault.ts";

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const ENTRIES_MAX = 200_000;
const CONTENT_BYTES_MAX = 256 * 1024 * 1024;
/** File type mask in the upper half of the external attributes, where zip stores it on Unix. */
const TYPE_MASK = 0o170000;
const REGULAR_TYPES: ReadonlySet<number> = new Set([0, 0o100000]);

interface Entry {
  readonly isRegular: boolean;
  readonly method: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly offset: number;
}

export function isZip(bytes: Uint8Array): boolean {
  return (
    bytes.length >= END_BYTES && viewOf(bytes).getUint16(0, true) === (LOCAL_SIGNATURE & 0xffff)
  );
}

export interface ZipArchive {
  readonly entries: ReadonlyMap<string, Entry>;
  /** @throws {Fault} folder-malformed */
  read(path: string): Uint8Array;
}

/** @throws {Fault} folder-malformed */
export function openZip(bytes: Uint8Array): ZipArchive {
  const entries = entriesIn(bytes);
  const read = (path: string): Uint8Array => {
    const entry = entries.get(path);
    if (entry === undefined) throw malformed(`has no ${path}`);
    return contentOf(bytes, entry, path);
  };
  return { entries, read };
}

function entriesIn(bytes: Uint8Array): Map<string, Entry> {
  const view = viewOf(bytes);
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  let offset = view.getUint32(end + 16, true);
  if (count === 0xffff || offset === 0xffffffff)
    throw malformed("uses the unsupported Zip64 format");
  const entries = new Map<string, Entry>();
  for (let index = 0; index < Math.min(count, ENTRIES_MAX); index++) {
    if (offset + ENTRY_BYTES > bytes.length || view.getUint32(offset, true) !== ENTRY_SIGNATURE) {
      throw malformed("has a damaged list of files");
    }
    const nameBytes = view.getUint16(offset + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(offset + 46, offset + 46 + nameBytes));
    const type = (view.getUint32(offset + 38, true) >>> 16) & TYPE_MASK;
    entries.set(name, {
      isRegular: REGULAR_TYPES.has(type),
      method: view.getUint16(offset + 10, true),
      packedBytes: view.getUint32(offset + 20, true),
      sizeBytes: view.getUint32(offset + 24, true),
      offset: view.getUint32(offset + 42, true),
    });
    offset +=
      ENTRY_BYTES +
      nameBytes +
      view.getUint16(offset + 30, true) +
      view.getUint16(offset + 32, true);
  }
  return entries;
}

function endOf(view: DataView): number {
  const lastOffset = view.byteLength - END_BYTES;
  for (let offset = lastOffset; offset >= Math.max(0, lastOffset - COMMENT_BYTES_MAX); offset--) {
    if (view.getUint32(offset, true) === END_SIGNATURE) return offset;
  }
  throw malformed("is truncated");
}

function contentOf(bytes: Uint8Array, entry: Entry, path: string): Uint8Array {
  const { method, packedBytes, sizeBytes, offset } = entry;
  const view = viewOf(bytes);
  if (offset + LOCAL_BYTES > bytes.length || view.getUint32(offset, true) !== LOCAL_SIGNATURE) {
    throw malformed(`contains a damaged file: ${path}`);
  }
  if (sizeBytes > CONTENT_BYTES_MAX) throw malformed(`contains a file that is too large: ${path}`);
  const start =
    offset + LOCAL_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  const packed = bytes.subarray(start, start + packedBytes);
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw malformed(`uses an unsupported compression method for ${path}`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(sizeBytes, 1) });
  } catch (error) {
    throw malformed(`contains a damaged file: ${path}`, error);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function malformed(problem: string, cause?: unknown): Fault {
  const remedy = "unpack it and import the folder";
  return new Fault("folder-malformed", `the zip archive ${problem}`, { remedy, cause });
}
