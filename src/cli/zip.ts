/**
 * Zip reader with size limits, because the sizes in an archive cannot be trusted. Reads the list of
 * files and the wanted contents, so that large archives need little memory.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3)
 */

import { crc32, inflateRawSync } from "node:zlib";
import { Fault } from "../base/fault.ts";
import { formatSize } from "../base/sizes.ts";
import { quoteText } from "../base/text.ts";
import { MAX_16, MAX_32, UTF8_NAMES } from "../wire/zip.ts";

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;
/** End of an archive with more files or bytes than the fields of `END_SIGNATURE` hold. */
const END64_SIGNATURE = 0x06064b50;
const END64_BYTES = 56;
const LOCATOR_SIGNATURE = 0x07064b50;
const LOCATOR_BYTES = 20;
/** Extra field with the numbers that do not fit an entry. */
const ZIP64_ID = 1;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const FILES_MAX = 200_000;
/** The most files, with paths of 400 bytes. */
const LIST_BYTES_MAX = 96 * 1024 * 1024;
const CONTENT_BYTES_MAX = 256 * 1024 * 1024;
/** No text packs as well as this; only a file that was made to exhaust the memory does. */
const RATIO_MAX = 200;
/** Size below which a content is never called a bomb, however well it is compressed. */
const BOMB_BYTES_MIN = 16 * 1024 * 1024;
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
  let packedBytes = 0;
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
    const extraBytes = view.getUint16(offset + 30, true);
    const extraOffset = offset + ENTRY_BYTES + nameBytes;
    const entry = {
      isRegular: REGULAR_TYPES.has(type),
      method: view.getUint16(offset + 10, true),
      crc: view.getUint32(offset + 16, true),
      ...sizesOf(view, offset, viewOf(bytes.subarray(extraOffset, extraOffset + extraBytes))),
    };
    packedBytes += entry.packedBytes;
    entries.set(name, entry);
    offset += ENTRY_BYTES + nameBytes + extraBytes + view.getUint16(offset + 32, true);
  }
  // A writer without Zip64 may have stored only the low 16 bits of a larger number of files.
  if (offset !== bytes.length) throw malformed("lists more files than it declares");
  if (packedBytes > archive.sizeBytes) throw malformed("contains files that overlap");
  return entries;
}

/** Reads the sizes of an entry and its place, some of which may be in the extra field of Zip64. */
function sizesOf(
  view: DataView,
  entryOffset: number,
  extra: DataView,
): Pick<Entry, "packedBytes" | "sizeBytes" | "offset"> {
  let rest = zip64Field(extra);
  const numberAt = (offset: number): number => {
    const value = view.getUint32(entryOffset + offset, true);
    if (value !== MAX_32) return value;
    if (rest === undefined || rest.byteLength < 8) throw malformed("has a damaged list of files");
    const long = Number(rest.getBigUint64(0, true));
    rest = new DataView(rest.buffer, rest.byteOffset + 8, rest.byteLength - 8);
    return long;
  };
  // The field has the numbers in this order.
  const sizeBytes = numberAt(24);
  const packedBytes = numberAt(20);
  return { sizeBytes, packedBytes, offset: numberAt(42) };
}

function zip64Field(extra: DataView): DataView | undefined {
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const length = extra.getUint16(at + 2, true);
    if (at + 4 + length > extra.byteLength) return undefined;
    if (extra.getUint16(at, true) === ZIP64_ID) {
      return new DataView(extra.buffer, extra.byteOffset + at + 4, length);
    }
    at += 4 + length;
  }
  return undefined;
}

/** @throws {Fault} folder-malformed if the content was made to exhaust the memory */
export function checkPacked(name: string, sizes: Pick<Entry, "packedBytes" | "sizeBytes">): void {
  const { packedBytes, sizeBytes } = sizes;
  if (sizeBytes < BOMB_BYTES_MIN || sizeBytes <= RATIO_MAX * packedBytes) return;
  const size = formatSize(sizeBytes);
  throw new Fault(
    "folder-malformed",
    `${name} unpacks from ${formatSize(packedBytes)} to ${size}`,
    { remedy: "check where the zip archive comes from; no export packs so well" },
  );
}

function listIn(archive: ZipBytes): ZipList {
  const tailBytes = Math.min(archive.sizeBytes, LOCATOR_BYTES + END_BYTES + COMMENT_BYTES_MAX);
  const tail = viewOf(archive.read(archive.sizeBytes - tailBytes, tailBytes));
  const end = endOf(tail);
  const list = {
    count: tail.getUint16(end + 10, true),
    sizeBytes: tail.getUint32(end + 12, true),
    offset: tail.getUint32(end + 16, true),
  };
  const { count, sizeBytes, offset } = isLong(list) ? longListIn(archive, tail, end) : list;
  if (count > FILES_MAX) throw malformed("has too many files");
  if (sizeBytes > LIST_BYTES_MAX) throw malformed("has too many files");
  if (offset + sizeBytes > archive.sizeBytes) throw malformed("has a damaged list of files");
  return { count, offset, sizeBytes };
}

function isLong({ count, sizeBytes, offset }: ZipList): boolean {
  return count === MAX_16 || sizeBytes === MAX_32 || offset === MAX_32;
}

/** @throws {Fault} folder-malformed if the end of Zip64 is missing */
function longListIn(archive: ZipBytes, tail: DataView, end: number): ZipList {
  const locator = end - LOCATOR_BYTES;
  if (locator < 0 || tail.getUint32(locator, true) !== LOCATOR_SIGNATURE) {
    throw malformed("has a damaged list of files");
  }
  const bytes = archive.read(Number(tail.getBigUint64(locator + 8, true)), END64_BYTES);
  const view = viewOf(bytes);
  if (bytes.length < END64_BYTES || view.getUint32(0, true) !== END64_SIGNATURE) {
    throw malformed("has a damaged list of files");
  }
  const [count, sizeBytes, offset] = [32, 40, 48].map((at) => Number(view.getBigUint64(at, true)));
  return { count: count ?? 0, sizeBytes: sizeBytes ?? 0, offset: offset ?? 0 };
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
  checkPacked(name, entry);
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
