/**
 * Headers of a zip archive that is streamed without compression, with checksums after the contents.
 * Large files and archives use zip64.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */

import { assert } from "../base/assert.ts";
import { cutText, utf8Encode } from "../base/bytes.ts";
import { dateOf, MINUTE_MS } from "../base/time.ts";
import type { EntryDetails } from "./manifest.ts";
import { receivedMode } from "./modes.ts";

export interface ZipEntry extends EntryDetails {
  /** A folder's path ends with `/`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Offset of local time from UTC at `mtime`, for tools that read only the local time. */
  readonly offsetMinutes: number;
}

export interface ZipWritten {
  readonly entry: ZipEntry;
  readonly offset: number;
  readonly crc: number;
}

export const MAX_16 = 0xffff;
export const MAX_32 = 0xffffffff;
const VERSION = 45;
const UNIX = 3;
export const UTF8_NAMES = 1 << 11;
const CHECKSUM_FOLLOWS = 1 << 3;
const FILE_TYPE = 0o100000;
const FOLDER_TYPE = 0o040000;
/** Extended timestamp of Info-ZIP: the UTC time in seconds, as a number of 32 bits. */
const TIMESTAMP_ID = 0x5455;
const TIMESTAMP_BYTES = 9;
const HAS_MTIME = 1;
/** unzip reads the number as signed, 7-Zip and libarchive as unsigned. */
const TIMESTAMP_MAX = 2 ** 31 - 1;
const COMMENT_BYTES_MAX = MAX_16;

export function zipLocal(entry: ZipEntry): Uint8Array {
  const name = utf8Encode(entry.path);
  const is64 = isLong(entry);
  const bytes = new HeaderWriter(zipLocalBytes(entry, name.length));
  bytes.u32(0x04034b50);
  bytes.u16(VERSION, flagsOf(entry), 0);
  bytes.localTime(entry);
  const size = is64 ? MAX_32 : entry.sizeBytes;
  bytes.u32(0, size, size);
  bytes.u16(name.length, localExtraBytes(entry));
  bytes.all(name);
  if (is64) {
    bytes.u16(1, 16);
    bytes.u64(entry.sizeBytes, entry.sizeBytes);
  }
  bytes.timestamp(entry);
  return bytes.finish();
}

export function zipLocalBytes(entry: LocalFields, nameBytes: number): number {
  return 30 + nameBytes + localExtraBytes(entry);
}

type LocalFields = Pick<ZipEntry, "sizeBytes" | "mtime">;

function localExtraBytes(entry: LocalFields): number {
  return timestampBytes(entry) + (isLong(entry) ? 20 : 0);
}

/** Follows the content of a file. A folder has no checksum. */
export function zipChecksum(entry: ZipEntry, crc: number): Uint8Array {
  const bytes = new HeaderWriter(zipChecksumBytes(entry));
  bytes.u32(0x08074b50, crc);
  if (isLong(entry)) bytes.u64(entry.sizeBytes, entry.sizeBytes);
  else bytes.u32(entry.sizeBytes, entry.sizeBytes);
  return bytes.finish();
}

export function zipChecksumBytes(entry: Pick<ZipEntry, "sizeBytes">): number {
  return isLong(entry) ? 24 : 16;
}

export function zipCentral({ entry, offset, crc }: ZipWritten): Uint8Array {
  const name = utf8Encode(entry.path);
  const needsZip64Offset = offset >= MAX_32;
  const zip64Bytes = (isLong(entry) ? 16 : 0) + (needsZip64Offset ? 8 : 0);
  const extraBytes = timestampBytes(entry) + (zip64Bytes === 0 ? 0 : 4 + zip64Bytes);
  const bytes = new HeaderWriter(46 + name.length + extraBytes);
  bytes.u32(0x02014b50);
  bytes.u16((UNIX << 8) | VERSION, VERSION, flagsOf(entry), 0);
  bytes.localTime(entry);
  const size = isLong(entry) ? MAX_32 : entry.sizeBytes;
  bytes.u32(crc, size, size);
  bytes.u16(name.length, extraBytes, 0, 0, 0); // No comment, first disk.
  bytes.u16(isFolderEntry(entry) ? 0x10 : 0);
  const [type, kind] = isFolderEntry(entry)
    ? ([FOLDER_TYPE, "folder"] as const)
    : ([FILE_TYPE, "file"] as const);
  bytes.u16(type | receivedMode(entry.mode, kind));
  bytes.u32(Math.min(offset, MAX_32));
  bytes.all(name);
  if (zip64Bytes > 0) bytes.u16(1, zip64Bytes);
  if (isLong(entry)) bytes.u64(entry.sizeBytes, entry.sizeBytes);
  if (needsZip64Offset) bytes.u64(offset);
  bytes.timestamp(entry);
  return bytes.finish();
}

export interface ZipTable {
  readonly entries: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Shown by many tools. Cut to 65,535 bytes. */
  readonly comment?: string | undefined;
}

export function zipEnd({
  entries,
  offset: tableOffset,
  sizeBytes: tableBytes,
  comment: text = "",
}: ZipTable): Uint8Array {
  const comment = utf8Encode(cutText(text, COMMENT_BYTES_MAX));
  const is64 = entries >= MAX_16 || tableOffset >= MAX_32 || tableBytes >= MAX_32;
  const end = tableOffset + tableBytes;
  const bytes = new HeaderWriter((is64 ? 76 : 0) + 22 + comment.length);
  if (is64) {
    bytes.u32(0x06064b50);
    bytes.u64(44);
    bytes.u16(VERSION, VERSION);
    bytes.u32(0, 0);
    bytes.u64(entries, entries, tableBytes, tableOffset);
    bytes.u32(0x07064b50, 0);
    bytes.u64(end);
    bytes.u32(1);
  }
  const shownEntries = Math.min(entries, MAX_16);
  bytes.u32(0x06054b50);
  bytes.u16(0, 0, shownEntries, shownEntries);
  bytes.u32(Math.min(tableBytes, MAX_32), Math.min(tableOffset, MAX_32));
  bytes.u16(comment.length);
  bytes.all(comment);
  return bytes.finish();
}

export function isFolderEntry({ path }: ZipEntry): boolean {
  return path.endsWith("/");
}

function isLong({ sizeBytes }: Pick<ZipEntry, "sizeBytes">): boolean {
  return sizeBytes >= MAX_32;
}

/** Times outside 1970 to 2038 have no timestamp, only the local time. */
function timestampBytes({ mtime }: Pick<ZipEntry, "mtime">): number {
  const seconds = Math.floor(mtime / 1000);
  return seconds >= 0 && seconds <= TIMESTAMP_MAX ? TIMESTAMP_BYTES : 0;
}

function flagsOf(entry: ZipEntry): number {
  return UTF8_NAMES | (isFolderEntry(entry) ? 0 : CHECKSUM_FOLLOWS);
}

const EARLIEST = Date.UTC(1980, 0, 1);
const LATEST = Date.UTC(2107, 11, 31, 23, 59, 58);

/** Never reallocates its buffer, because an archive may have 200,000 entries. */
class HeaderWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): void {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  u16(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setUint16(this.#at, value, true);
      this.#at += 2;
    }
  }

  u32(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setUint32(this.#at, value, true);
      this.#at += 4;
    }
  }

  u64(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setBigUint64(this.#at, BigInt(value), true);
      this.#at += 8;
    }
  }

  /** Writes the local time in steps of two seconds, from 1980 to 2107. */
  localTime({ mtime, offsetMinutes }: ZipEntry): void {
    const localMs = mtime + offsetMinutes * MINUTE_MS;
    const at = dateOf(Math.min(LATEST, Math.max(EARLIEST, localMs)));
    this.u16((at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1));
    const years = at.getUTCFullYear() - 1980;
    this.u16((years << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate());
  }

  timestamp(entry: ZipEntry): void {
    if (timestampBytes(entry) === 0) return;
    this.u16(TIMESTAMP_ID, TIMESTAMP_BYTES - 4);
    this.u8(HAS_MTIME);
    this.u32(Math.floor(entry.mtime / 1000));
  }

  all(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  finish(): Uint8Array {
    assert(this.#at === this.#bytes.length, "the header has the computed length");
    return this.#bytes;
  }
}
