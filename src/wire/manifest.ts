/**
 * Manifest of a folder, which is sent as one file: the manifest, then the contents of the folder's
 * files in the same order. Equal folders result in equal bytes.
 */

import { assert } from "../base/assert.ts";
import { firstIndex } from "../base/binary-search.ts";
import { concatBytes, equalBytes, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { decodeJson } from "../base/decode.ts";
import { Fault } from "../base/fault.ts";
import {
  FILE_BYTES_MAX,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
  PATH_BYTES_MAX,
} from "../base/limits.ts";
import { finishSteps } from "../base/steps.ts";
import { quoteText } from "../base/text.ts";
import { PERMISSIONS } from "./modes.ts";

/** Details of an entry. A zip archive has the same. */
export interface EntryDetails {
  /** Permission bits, up to 0o777. */
  readonly mode: number;
  /** Unix milliseconds. */
  readonly mtime: number;
}

export interface ManifestFile extends EntryDetails {
  readonly path: string;
  readonly size: number;
}

export interface ManifestFolder extends EntryDetails {
  readonly path: string;
  readonly dir: true;
}

export type ManifestEntry = ManifestFile | ManifestFolder;

export type Piece =
  | { readonly kind: "manifest"; readonly offset: number; readonly sizeBytes: number }
  | {
      readonly kind: "file";
      readonly file: ManifestFile;
      readonly offset: number;
      readonly sizeBytes: number;
    };

const MTIME_MAX = 8.64e15;
const VERSION = 1;
const LIST_START = utf8Encode(`{"v":${VERSION},"entries":[`);
const LIST_END = utf8Encode("]}");
const [OPEN, CLOSE, QUOTE, ESCAPE, COMMA] = [0x7b, 0x7d, 0x22, 0x5c, 0x2c];
/** The longest path with each byte escaped as \\u0000, and the other fields. */
const ENTRY_BYTES_MAX = 6 * PATH_BYTES_MAX + 200;

/**
 * Sorts the entries.
 * @throws {Fault} too-large if the list is too long, name-invalid if no receiver could accept a
 * path
 */
export function encodeManifest(entries: readonly ManifestEntry[]): Uint8Array {
  checkCount(entries.length);
  return finishSteps(encodeSorted([...entries].sort((a, b) => byCodeUnits(a.path, b.path))));
}

/**
 * Encodes sorted entries. Yields after each, so that the caller can let others run.
 * @throws {Fault} as `encodeManifest`
 */
export function* encodeSorted(entries: readonly ManifestEntry[]): Generator<void, Uint8Array> {
  checkCount(entries.length);
  const list: string[] = [];
  for (const entry of entries) {
    const defect = pathDefect(entry.path);
    if (defect !== undefined) throw new Fault("name-invalid", `${quoteText(entry.path)} ${defect}`);
    list.push(JSON.stringify(canonicalEntry(entry)));
    yield;
  }
  const bytes = concatBytes(LIST_START, utf8Encode(list.join(",")), LIST_END);
  checkSize(bytes);
  return bytes;
}

/**
 * Parses untrusted bytes. Accepts only sorted relative paths without `.`, `..`, empty components,
 * duplicates or entries inside files. Names must still be cleaned (base/file-names) before use on a
 * disk.
 * @throws {Fault} frame-malformed or too-large
 */
export function parseManifest(bytes: Uint8Array): ManifestEntry[] {
  checkSize(bytes);
  const list = listIn(bytes);
  checkCount(list.length);
  const entries = list.map(entryOf);
  for (let i = 1; i < entries.length; i++) {
    const [before = "", after = ""] = [entries[i - 1]?.path, entries[i]?.path];
    if (before >= after) throw malformed(`${quoteText(after)} is out of order or duplicated`);
  }
  checkTree(entries);
  if (contentBytes(entries) > FILE_BYTES_MAX - bytes.length) {
    throw tooLarge(`its contents have more than ${FILE_BYTES_MAX} bytes`);
  }
  return entries;
}

/**
 * Lets the caller yield to the event loop between entries. Does not check for entries inside files.
 * @throws {Fault} frame-malformed or too-large
 */
export function* manifestEntries(bytes: Uint8Array): Generator<ManifestEntry> {
  checkSize(bytes);
  const end = bytes.length - LIST_END.length;
  const isList =
    end >= LIST_START.length &&
    equalBytes(bytes.subarray(0, LIST_START.length), LIST_START) &&
    equalBytes(bytes.subarray(end), LIST_END);
  if (!isList) throw malformed("it is not encoded canonically");
  let [previousPath, count, sum] = ["", 0, bytes.length];
  for (let at = LIST_START.length; at < end; ) {
    const stop = entryEnd(bytes, at, end);
    const entry = entryOf(jsonIn(bytes.subarray(at, stop)));
    checkCount(++count);
    if (previousPath >= entry.path) {
      throw malformed(`${quoteText(entry.path)} is out of order or duplicated`);
    }
    previousPath = entry.path;
    sum += isFolder(entry) ? 0 : entry.size;
    if (sum > FILE_BYTES_MAX) throw tooLarge(`it has more than ${FILE_BYTES_MAX} bytes`);
    yield entry;
    const hasMore = stop < end;
    if (hasMore && (bytes[stop] !== COMMA || stop + 1 === end))
      throw malformed("a comma is misplaced");
    at = hasMore ? stop + 1 : stop;
  }
}

export function isFolder(entry: ManifestEntry): entry is ManifestFolder {
  return "dir" in entry;
}

export class FolderMap {
  readonly sizeBytes: number;
  readonly #files: readonly ManifestFile[];
  readonly #starts: Float64Array;

  constructor(
    readonly entries: readonly ManifestEntry[],
    readonly manifestBytes: number,
  ) {
    this.#files = entries.filter((entry) => !isFolder(entry) && entry.size > 0) as ManifestFile[];
    this.#starts = new Float64Array(this.#files.length);
    let start = manifestBytes;
    for (const [i, { size }] of this.#files.entries()) {
      this.#starts[i] = start;
      start += size;
    }
    this.sizeBytes = start;
  }

  pieces(offset: number, sizeBytes: number): Piece[] {
    assert(offset >= 0 && sizeBytes >= 0, "offset and size are not negative");
    const end = Math.min(offset + sizeBytes, this.sizeBytes);
    const pieces: Piece[] = [];
    if (offset >= end) return pieces;
    if (offset < this.manifestBytes) {
      const size = Math.min(end, this.manifestBytes) - offset;
      pieces.push({ kind: "manifest", offset, sizeBytes: size });
    }
    const first = firstIndex(this.#files.length, (i) => this.#endOf(i) <= offset);
    for (let i = first; i < this.#files.length; i++) {
      const [file, start = 0] = [this.#files[i], this.#starts[i]];
      if (file === undefined || start >= end) break;
      const from = Math.max(offset, start);
      const size = Math.min(end, start + file.size) - from;
      pieces.push({ kind: "file", file, offset: from - start, sizeBytes: size });
    }
    return pieces;
  }

  #endOf(index: number): number {
    return (this.#starts[index] ?? 0) + (this.#files[index]?.size ?? 0);
  }
}

function contentBytes(entries: readonly ManifestEntry[]): number {
  let sum = 0;
  for (const entry of entries) if (!isFolder(entry)) sum += entry.size;
  return sum;
}

function checkSize({ length }: Uint8Array): void {
  if (length <= MANIFEST_BYTES_MAX) return;
  throw tooLarge(`its list has ${length} bytes (maximum ${MANIFEST_BYTES_MAX})`);
}

function checkCount(count: number): void {
  if (count <= FOLDER_ENTRIES_MAX) return;
  throw tooLarge(`it has ${count} entries (maximum ${FOLDER_ENTRIES_MAX})`);
}

function canonicalEntry(entry: ManifestEntry): ManifestEntry {
  const [mode, mtime] = [entry.mode & PERMISSIONS, Math.floor(entry.mtime)];
  if (isFolder(entry)) return { path: entry.path, dir: true, mode, mtime };
  return { path: entry.path, size: entry.size, mode, mtime };
}

/** An entry contains no nested objects, so its first closing brace outside a string ends it. */
function entryEnd(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + ENTRY_BYTES_MAX);
  let isText = false;
  if (bytes[start] === OPEN) {
    for (let at = start + 1; at < last; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) isText = !isText;
      else if (isText && byte === ESCAPE) at++;
      else if (!isText && byte === OPEN) break;
      else if (!isText && byte === CLOSE) return at + 1;
    }
  }
  throw malformed("an entry is not encoded canonically");
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return decodeJson(utf8Decode(bytes));
  } catch (error) {
    throw malformed("it is not UTF-8 JSON", error);
  }
}

function listIn(bytes: Uint8Array): unknown[] {
  const value = jsonIn(bytes);
  const { v, entries } = (value ?? {}) as { readonly v?: unknown; readonly entries?: unknown };
  if (v !== VERSION || !Array.isArray(entries)) throw malformed(`it is not of version ${VERSION}`);
  return entries;
}

function entryOf(value: unknown): ManifestEntry {
  const { path, dir, size, mode, mtime } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof path !== "string") throw malformed("an entry has no path");
  const defect = pathDefect(path);
  if (defect !== undefined) throw malformed(`${quoteText(path)} ${defect}`);
  if (!isBetween(mode, 0, PERMISSIONS)) throw malformed(`invalid mode of ${quoteText(path)}`);
  if (!isBetween(mtime, -MTIME_MAX, MTIME_MAX)) {
    throw malformed(`invalid time of ${quoteText(path)}`);
  }
  if (dir === true && size === undefined) return { path, dir, mode, mtime };
  if (dir !== undefined || !isBetween(size, 0, FILE_BYTES_MAX)) {
    throw malformed(`invalid size of ${quoteText(path)}`);
  }
  return { path, size, mode, mtime };
}

/** Returns why no receiver accepts the path. */
export function pathDefect(path: string): string | undefined {
  if (path === "") return "is not a path";
  if (!path.isWellFormed() || path.includes("\0")) return "is not valid text";
  if (path.length > PATH_BYTES_MAX || utf8Encode(path).length > PATH_BYTES_MAX) {
    return "is too long";
  }
  const invalidPart = path.split("/").find((part) => part === "" || part === "." || part === "..");
  return invalidPart === undefined ? undefined : "escapes its folder";
}

/**
 * With NUL in place of `/`, an entry sorts directly before its children, so comparing neighbours
 * finds entries inside files.
 */
function checkTree(entries: readonly ManifestEntry[]): void {
  const keys = entries.map((entry) => ({ entry, key: entry.path.replaceAll("/", "\0") }));
  keys.sort((a, b) => byCodeUnits(a.key, b.key));
  for (let i = 1; i < keys.length; i++) {
    const [before, after] = [keys[i - 1], keys[i]];
    if (before === undefined || after === undefined || isFolder(before.entry)) continue;
    if (!after.key.startsWith(`${before.key}\0`)) continue;
    throw malformed(`${quoteText(after.entry.path)} is inside a file`);
  }
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function isBetween(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}

function malformed(reason: string, cause?: unknown): Fault {
  return new Fault("frame-malformed", `malformed folder list: ${reason}`, { cause });
}

function tooLarge(reason: string): Fault {
  return new Fault("too-large", `the folder is too large: ${reason}`);
}
