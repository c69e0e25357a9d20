import { utf8Encode } from "../base/bytes.ts";

/**
 * Parts of a zip archive that is written as it goes: nothing is compressed, and checksums stand
 * behind the contents. Large files and archives by zip64.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */

export interface ZipEntry {
  /** Parts joined by `/`; of a folder with one at its end. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
  /** Unix ms. */
  readonly mtime: number;
}

/** An entry that was written: where it begins, and CRC-32 of its content. */
export interface ZipWritten {
  readonly entry: ZipEntry;
  readonly offset: number;
  readonly crc: number;
}

const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;
/** 4.5: zip64. */
const VERSION = 45;
const UNIX = 3;
const UTF8_NAMES = 1 << 11;
const CHECKSUM_FOLLOWS = 1 << 3;
const FILE_TYPE = 0o100000;
const FOLDER_TYPE = 0o040000;

/** Before the content. */
export function zipLocal(entry: ZipEntry): Uint8Array {
  const name = utf8Encode(entry.path);
  const is64 = isLong(entry);
  const extra = is64
    ? [...u16(1), ...u16(16), ...u64(entry.sizeBytes), ...u64(entry.sizeBytes)]
    : [];
  const size = is64 ? MAX_32 : entry.sizeBytes;
  return Uint8Array.from([
    ...u32(0x04034b50),
    ...u16(VERSION),
    ...u16(flagsOf(entry)),
    ...u16(0),
    ...dosTime(entry.mtime),
    ...u32(0),
    ...u32(size),
    ...u32(size),
    ...u16(name.length),
    ...u16(extra.length),
    ...name,
    ...extra,
  ]);
}

/** After the content of a file; a folder has none. */
export function zipChecksum(entry: ZipEntry, crc: number): Uint8Array {
  const size = isLong(entry) ? u64(entry.sizeBytes) : u32(entry.sizeBytes);
  return Uint8Array.from([...u32(0x08074b50), ...u32(crc), ...size, ...size]);
}

/** One line of the table at the end. */
export function zipCentral({ entry, offset, crc }: ZipWritten): Uint8Array {
  const name = utf8Encode(entry.path);
  const far = [
    ...(isLong(entry) ? [...u64(entry.sizeBytes), ...u64(entry.sizeBytes)] : []),
    ...(offset >= MAX_32 ? u64(offset) : []),
  ];
  const extra = far.length === 0 ? [] : [...u16(1), ...u16(far.length), ...far];
  const size = isLong(entry) ? MAX_32 : entry.sizeBytes;
  const type = isFolder(entry) ? FOLDER_TYPE : FILE_TYPE;
  return Uint8Array.from([
    ...u32(0x02014b50),
    VERSION,
    UNIX,
    ...u16(VERSION),
    ...u16(flagsOf(entry)),
    ...u16(0),
    ...dosTime(entry.mtime),
    ...u32(crc),
    ...u32(size),
    ...u32(size),
    ...u16(name.length),
    ...u16(extra.length),
    ...u16(0), // Comment.
    ...u16(0), // Disk.
    ...u16(0),
    ...u16(isFolder(entry) ? 0x10 : 0),
    ...u16(type | entry.mode),
    ...u32(Math.min(offset, MAX_32)),
    ...name,
    ...extra,
  ]);
}

/** The end: how many entries, and where their table is. */
export function zipEnd(entries: number, tableOffset: number, tableBytes: number): Uint8Array {
  const is64 = entries >= MAX_16 || tableOffset >= MAX_32 || tableBytes >= MAX_32;
  const end = tableOffset + tableBytes;
  const long = [
    ...[...u32(0x06064b50), ...u64(44), ...u16(VERSION), ...u16(VERSION), ...u32(0), ...u32(0)],
    ...[...u64(entries), ...u64(entries), ...u64(tableBytes), ...u64(tableOffset)],
    ...[...u32(0x07064b50), ...u32(0), ...u64(end), ...u32(1)],
  ];
  return Uint8Array.from([
    ...(is64 ? long : []),
    ...u32(0x06054b50),
    ...u16(0),
    ...u16(0),
    ...u16(Math.min(entries, MAX_16)),
    ...u16(Math.min(entries, MAX_16)),
    ...u32(Math.min(tableBytes, MAX_32)),
    ...u32(Math.min(tableOffset, MAX_32)),
    ...u16(0),
  ]);
}

export function isFolder({ path }: ZipEntry): boolean {
  return path.endsWith("/");
}

function isLong({ sizeBytes }: ZipEntry): boolean {
  return sizeBytes >= MAX_32;
}

function flagsOf(entry: ZipEntry): number {
  return UTF8_NAMES | (isFolder(entry) ? 0 : CHECKSUM_FOLLOWS);
}

/** UTC, in steps of two seconds from 1980 on. */
function dosTime(mtime: number): number[] {
  const earliest = Date.UTC(1980, 0, 1);
  const latest = Date.UTC(2107, 11, 31, 23, 59, 58);
  const at = new Date(Math.min(latest, Math.max(earliest, mtime)));
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  const date =
    ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  return [...u16(time), ...u16(date)];
}

function u16(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff];
}

function u32(value: number): number[] {
  return [...u16(value & MAX_16), ...u16(value >>> 16)];
}

function u64(value: number): number[] {
  return [...u32((value % 2 ** 32) | 0), ...u32(Math.floor(value / 2 ** 32))];
}
