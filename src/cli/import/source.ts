/** Reads the files of an export: a file, a folder or a zip. */

import { closeSync, lstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { diskFault, errorCode } from "../../io/disk/disk.ts";
import { openZip } from "../zip.ts";

/** The file is read into memory; this size holds a few million lines. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
const TREE_FILES_MAX = 200_000;

/** Files of the export by path, such as `general/2026-11-21.json`. */
export interface ExportTree {
  readonly paths: readonly string[];
  read(path: string): Uint8Array;
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw readFault(error, path);
  }
}

/** Ignores the file size, because the path may be a pipe or an endless device. */
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
  throw new Fault("too-large", `${quoteText(path)} is larger than 512 MiB`, { remedy: "split it" });
}

/** Lists regular files up to two levels deep; exports contain no links or deeper folders. */
export function folderTree(path: string): ExportTree {
  const paths: string[] = [];
  const listFolder = (folder: string, depth: number): void => {
    for (const name of readdirSync(join(path, folder)).sort()) {
      const innerPath = folder === "" ? name : `${folder}/${name}`;
      const stat = lstatSync(join(path, innerPath));
      if (stat.isFile() && paths.length < TREE_FILES_MAX) paths.push(innerPath);
      else if (stat.isDirectory() && depth > 0) listFolder(innerPath, depth - 1);
    }
  };
  try {
    listFolder("", 2);
  } catch (error) {
    throw readFault(error, path);
  }
  return { paths, read: (innerPath) => fileBytes(join(path, innerPath)) };
}

export function zipTree(bytes: Uint8Array): ExportTree {
  const { entries, read } = openZip(bytes);
  return { paths: [...entries.keys()], read };
}

function readFault(error: unknown, path: string): Fault {
  if (errorCode(error) !== "ENOENT") return diskFault(error, quoteText(path));
  return new Fault("not-found", `no such file: ${quoteText(path)}`, { remedy: "check the path" });
}
