/** Reads the files of an export: a file, a folder or a zip. */

import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join, sep } from "node:path";
import { Fault } from "../../base/fault.ts";
import { formatSize } from "../../base/sizes.ts";
import { quoteText, utf16MarkOf } from "../../base/text.ts";
import { diskFault, errorCode } from "../../io/disk/disk.ts";
import { checkPacked, isZip, openZip, type ZipArchive, type ZipBytes } from "../zip.ts";
import { EntryList, type ParsedFile } from "./entry.ts";
import { jsonOf } from "./json.ts";

/** The file is read into memory; this size holds a few million lines. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
const TREE_FILES_MAX = 200_000;
/** Further links are not named. */
const LINKS_MAX = 1_000;
const FOLDER_DEPTH_MAX = 8;
const ZIP_START_BYTES = 64;
const ZIP_DATA_BYTES_MAX = 4 * 1024 * 1024 * 1024;
/** Only these files of an export are read. */
const DATA_FILE = /\.(?:json|jsonl|ndjson)$/i;

/** Files of the export by path, such as `general/2026-11-21.json`. */
export interface ExportTree {
  readonly paths: readonly string[];
  /** Links in a folder, which are not followed: they can lead to files of others. */
  readonly links?: readonly FolderLink[];
  read(path: string): Uint8Array;
}

interface FolderLink {
  readonly path: string;
  /** True if the link may lead to messages, which the import then lacks. */
  readonly isLost: boolean;
}

/** Adds the links of the folder to what the import leaves out. */
export function withLinks<Summary extends Pick<ParsedFile, "skippedKinds">>(
  summary: Summary,
  { links = [] }: ExportTree,
): Summary {
  const list = new EntryList();
  for (const { path, isLost } of links) {
    if (isLost) list.lose("link, which is not followed", path);
    else list.skip("link to a file of the folder", path);
  }
  const { skippedKinds } = list.parsed("");
  return { ...summary, skippedKinds: [...summary.skippedKinds, ...skippedKinds] };
}

/**
 * Decodes a file in UTF-8, or in UTF-16 with a byte order mark, as some editors write it.
 * @throws {Fault} usage if it has another encoding
 */
function decodedText(bytes: Uint8Array, path: string): string {
  const encoding = utf16EncodingOf(bytes) ?? "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Fault("usage", `${quoteText(path)} is not text in UTF-8 or UTF-16`, {
      remedy: "convert it, for example with iconv",
      cause,
    });
  }
}

/**
 * Converts UTF-16 to UTF-8, and leaves other bytes as they are.
 * @throws {Fault} usage if the UTF-16 is malformed
 */
export function utf8Bytes(bytes: Uint8Array, path: string): Uint8Array {
  return utf16EncodingOf(bytes) === undefined ? bytes : Buffer.from(decodedText(bytes, path));
}

/**
 * A file of UTF-16 without a byte order mark begins with an ASCII character, whose other byte is
 * zero.
 * @returns `undefined` for another encoding
 */
function utf16EncodingOf(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const mark = utf16MarkOf(bytes);
  if (mark !== undefined) return mark;
  const [first, second] = bytes;
  if (first !== undefined && first > 0 && second === 0) return "utf-16le";
  return first === 0 && second !== undefined && second > 0 ? "utf-16be" : undefined;
}

/**
 * @returns `undefined` if the file is not JSON, or nested too deeply
 * @throws {Fault} usage if it is not text
 */
export function jsonFile(tree: ExportTree, path: string): unknown {
  return jsonOf(decodedText(tree.read(path), path));
}

/** @returns "pipe" for whatever is neither a folder nor a regular file */
export function pathType(path: string): "folder" | "file" | "pipe" {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return "folder";
    return stat.isFile() ? "file" : "pipe";
  } catch (error) {
    throw readFault(error, path);
  }
}

/**
 * Asynchronous, so that a signal ends a wait for the writer.
 * @returns `undefined` if the path is no pipe or device
 * @throws {Fault} not-found, too-large, store-…
 */
export async function pipeBytes(path: string): Promise<Uint8Array | undefined> {
  if (pathType(path) !== "pipe") return undefined;
  const pieces: Buffer[] = [];
  try {
    await using file = await open(path);
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let sizeBytes = 0; sizeBytes <= FILE_BYTES_MAX; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return Buffer.concat(pieces);
      pieces.push(Buffer.from(buffer.subarray(0, bytesRead)));
      sizeBytes += bytesRead;
    }
  } catch (error) {
    throw readFault(error, path);
  }
  throw tooLarge(path);
}

/** Ignores the file size, which grows while another program writes the file. */
export function fileBytes(path: string): Uint8Array {
  try {
    const file = openSync(path, "r");
    try {
      const pieces: Buffer[] = [];
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      for (let sizeBytes = 0; sizeBytes <= FILE_BYTES_MAX; ) {
        const readBytes = readSync(file, buffer);
        if (readBytes === 0) return Buffer.concat(pieces);
        pieces.push(Buffer.from(buffer.subarray(0, readBytes)));
        sizeBytes += readBytes;
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw readFault(error, path);
  }
  throw tooLarge(path);
}

function tooLarge(path: string): Fault {
  return new Fault("too-large", `${quoteText(path)} is larger than 512 MiB`, {
    remedy: "split it",
  });
}

/** Lists regular files, and links, which no export contains. */
export function folderTree(path: string): ExportTree {
  const paths: string[] = [];
  const links: FolderLink[] = [];
  const listFolder = (folder: string, depth: number): void => {
    for (const name of readdirSync(join(path, folder)).sort()) {
      const innerPath = folder === "" ? name : `${folder}/${name}`;
      const stat = lstatSync(join(path, innerPath));
      if (stat.isFile() && paths.push(innerPath) > TREE_FILES_MAX) throw tooManyFiles(path);
      else if (stat.isDirectory() && depth > 0) listFolder(innerPath, depth - 1);
      else if (stat.isSymbolicLink() && links.length < LINKS_MAX)
        links.push(linkIn(path, innerPath));
    }
  };
  try {
    listFolder("", FOLDER_DEPTH_MAX);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw readFault(error, path);
  }
  return { paths, links, read: (innerPath) => fileBytes(join(path, innerPath)) };
}

/** @returns a link that is not lost if its target is a file of the folder, or has no messages */
function linkIn(root: string, path: string): FolderLink {
  try {
    const target = realpathSync(join(root, path));
    const isInside = target.startsWith(`${realpathSync(root)}${sep}`);
    const hasMessages = statSync(target).isDirectory() || DATA_FILE.test(path);
    return { path, isLost: !isInside && hasMessages };
  } catch {
    // A broken link: what it led to may have had messages.
    return { path, isLost: DATA_FILE.test(path) };
  }
}

/**
 * Opens a zip, whose content is read on demand.
 * @param source a path, or the content of a pipe
 * @returns `undefined` if it is another kind of file, or not a regular file
 * @throws {Fault} folder-malformed if the archive is damaged, encrypted or made for an attack
 */
export function zipTree(source: string | Uint8Array): ExportTree | undefined {
  if (typeof source !== "string") return isZip(source) ? treeOf(openZip(source)) : undefined;
  try {
    const stat = statSync(source);
    if (!stat.isFile()) return undefined;
    const archive = { sizeBytes: stat.size, read: rangeReader(source) };
    return isZip(archive.read(0, ZIP_START_BYTES)) ? treeOf(openZip(archive)) : undefined;
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw readFault(error, source);
  }
}

function rangeReader(path: string): ZipBytes["read"] {
  return (offset, length) => {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(length);
      let at = 0;
      while (at < length) {
        const readBytes = readSync(file, buffer, at, length - at, offset + at);
        if (readBytes === 0) break;
        at += readBytes;
      }
      return buffer.subarray(0, at);
    } finally {
      closeSync(file);
    }
  };
}

function treeOf({ entries, read }: ZipArchive): ExportTree {
  let sizeBytes = 0;
  let packedBytes = 0;
  const paths: string[] = [];
  for (const [path, entry] of entries) {
    checkPath(path);
    if (!entry.isRegular || path.endsWith("/") || path.startsWith("__MACOSX/")) continue;
    paths.push(path);
    if (!DATA_FILE.test(path)) continue;
    sizeBytes += entry.sizeBytes;
    packedBytes += entry.packedBytes;
  }
  if (sizeBytes > ZIP_DATA_BYTES_MAX) {
    const max = formatSize(ZIP_DATA_BYTES_MAX);
    throw new Fault("folder-malformed", `the zip archive unpacks to more than ${max}`, {
      remedy: "check where it comes from; if you trust it, unpack it and import the folder",
    });
  }
  checkPacked("the zip archive", { packedBytes, sizeBytes });
  return { paths: paths.sort(), read };
}

/**
 * Refuses paths outside the archive. The import writes no files to them, but only an archive that
 * was made for an attack has any.
 */
function checkPath(path: string): void {
  const parts = path.split(/[/\\]/);
  const isOutside = parts.includes("..") || parts[0] === "" || /^[A-Za-z]:/.test(path);
  if (!isOutside && !/\p{Cc}/u.test(path)) return;
  throw new Fault("folder-malformed", `the zip archive contains the path ${quoteText(path)}`, {
    remedy: "check where it comes from; no export contains such a path",
  });
}

function tooManyFiles(path: string): Fault {
  const message = `${quoteText(path)} has more than ${TREE_FILES_MAX} files`;
  return new Fault("too-many", message, { remedy: "import the folder of one channel" });
}

function readFault(error: unknown, path: string): Fault {
  if (errorCode(error) !== "ENOENT") return diskFault(error, quoteText(path));
  return new Fault("not-found", `no such file: ${quoteText(path)}`, { remedy: "check the path" });
}
