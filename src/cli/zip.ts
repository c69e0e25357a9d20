/**
 * Zip reader with size limits, because the sizes in an archive cannot be trusted. Reads the list of
 * files and the wanted contents, so that large archives need little memory.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3)
 */

import { crc32, inflateRawSync } from "node:zlib";
import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const UTF8_NAMES = 1 << 11;
/** 65,534 entries, the most without Zip64, with paths of 400 bytes. */
const LIST_BYTES_MAX = 32 * 1024 * 1024;
const CONTENT_BYTES_MAX = 256 * 1024 * 1024;
/** File type mask in the upper half of the external attributes, where zip stores it on Unix. */
const TYPE_MASK = 0o170000;
const REGULAR_TYPES: ReadonlySet<number> = new Set([0, 0o100000]);

interface Entry {
  readonly isRegular: boolean;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly offset: number;
}

/** Bytes of an archive, in memory or in a file. */
export interface ZipBytes {
  readonly sizeBytes: number;
  /** @returns fewer bytes at the end of the archive */
  read(offset: number, length: number): Uint8Array;
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
export function openZip(source: Uint8Array | ZipBytes): ZipArchive {
  const archive = source instanceof Uint8Array ? bytesInMemory(source) : source;
  const entries = entriesIn(archive);
  const read = (path: string): Uint8Array => {
    const entry = entries.get(path);
    if (entry === undefined) throw malformed(`has no ${path}`);
    return contentOf(archive, entry, path);
  };
  return { entries, read };
}

function bytesInMemory(bytes: Uint8Array): ZipBytes {
  return {
    sizeBytes: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

interface ZipList {
  readonly count: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

function entriesIn(archive: ZipBytes): Map<string, Entry> {
  const { count, offset: listOffset, sizeBytes } = listIn(archive);
  const bytes = archive.read(listOffset, sizeBytes);
  const view = viewOf(bytes);
  let offset = 0;
  const entries = new Map<string, Entry>();
  for (let index = 0; index < count; index++) {
    if (offset + ENTRY_BYTES > bytes.length || view.getUint32(offset, true) !== ENTRY_SIGNATURE) {
      throw malformed("has a damaged list of files");
    }
    const flags = view.getUint16(offset + 8, true);
    const nameBytes = view.getUint16(offset + 28, true);
    const name = nameOf(bytes.subarray(offset + 46, offset + 46 + nameBytes), flags);
    if ((flags & ENCRYPTED) !== 0) throw malformed("is encrypted");
    if (entries.has(name)) throw malformed(`contains two files named ${quoteText(name)}`);
    const type = (view.getUint32(offset + 38, true) >>> 16) & TYPE_MASK;
    entries.set(name, {
      isRegular: REGULAR_TYPES.has(type),
      method: view.getUint16(offset + 10, true),
      crc: view.getUint32(offset + 16, true),
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
  // A writer without Zip64 may have stored only the low 16 bits of a larger number of files.
  if (offset !== bytes.length) throw malformed("lists more files than it declares");
  return entries;
}

function listIn(archive: ZipBytes): ZipList {
  const tailBytes = Math.min(archive.sizeBytes, END_BYTES + COMMENT_BYTES_MAX);
  const tail = viewOf(archive.read(archive.sizeBytes - tailBytes, tailBytes));
  const end = endOf(tail);
  const count = tail.getUint16(end + 10, true);
  const sizeBytes = tail.getUint32(end + 12, true);
  const offset = tail.getUint32(end + 16, true);
  if (count === 0xffff || sizeBytes === 0xffffffff || offset === 0xffffffff) {
    throw malformed("uses the unsupported Zip64 format");
  }
  if (sizeBytes > LIST_BYTES_MAX) throw malformed("has too many files");
  if (offset + sizeBytes > archive.sizeBytes) throw malformed("has a damaged list of files");
  return { count, offset, sizeBytes };
}

function endOf(view: DataView): number {
  const lastOffset = view.byteLength - END_BYTES;
  for (let offset = lastOffset; offset >= Math.max(0, lastOffset - COMMENT_BYTES_MAX); offset--) {
    if (view.getUint32(offset, true) === END_SIGNATURE) return offset;
  }
  throw malformed("is truncated");
}

/** Second half of code page 437, the encoding of names that are not in UTF-8. */
const CODE_PAGE_437 = [
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»",
  "░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀",
  "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0",
].join("");

/** macOS writes UTF-8 without the flag. */
function nameOf(bytes: Uint8Array, flags: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    if ((flags & UTF8_NAMES) !== 0) throw malformed("contains a path that is not UTF-8");
    const letters = Array.from(bytes, (byte) =>
      byte < 0x80 ? String.fromCharCode(byte) : CODE_PAGE_437[byte - 0x80],
    );
    return letters.join("");
  }
}

function contentOf(archive: ZipBytes, entry: Entry, path: string): Uint8Array {
  const { method, packedBytes, sizeBytes, offset } = entry;
  const name = quoteText(path);
  const local = archive.read(offset, LOCAL_BYTES);
  const view = viewOf(local);
  if (local.length < LOCAL_BYTES || view.getUint32(0, true) !== LOCAL_SIGNATURE) {
    throw malformed(`contains a damaged file: ${name}`);
  }
  if (sizeBytes > CONTENT_BYTES_MAX || packedBytes > CONTENT_BYTES_MAX) {
    throw malformed(`contains a file that is too large: ${name}`);
  }
  const start = offset + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  const content = unpacked(archive.read(start, packedBytes), method, sizeBytes, name);
  if (content.length !== sizeBytes || crc32(content) !== entry.crc) {
    throw malformed(`contains a damaged file: ${name}`);
  }
  return content;
}

function unpacked(packed: Uint8Array, method: number, sizeBytes: number, name: string): Uint8Array {
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw malformed(`uses an unsupported compression method for ${name}`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(sizeBytes, 1) });
  } catch (error) {
    throw malformed(`contains a damaged file: ${name}`, error);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function malformed(problem: string, cause?: unknown): Fault {
  const remedy = "unpack it and import the folder";
  return new Fault("folder-malformed", `the zip archive ${problem}`, { remedy, cause });
}
