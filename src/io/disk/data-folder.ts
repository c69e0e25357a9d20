/** A server's data folder: its format, its lock, and small files beside the logs. */

// Files are 0600 in folders of 0700. Other programs' files are left alone.

import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { parseObject } from "../../wire/record.ts";
import { diskFault, errorCode } from "./disk.ts";
import { type Lock, lockFolder } from "./lock.ts";
import { openPlain } from "./tree.ts";

/** Version of the folder's layout and of the lines of its logs. */
const FORMAT = 2;
/** Files allowed in a folder before its first use. */
const HARMLESS = new Set([
  "README.md",
  "settings.toml",
  ".gitignore",
  ".gitkeep",
  "LOCK",
  "LOCK.json",
  "format.json.tmp",
  ".DS_Store",
]);
/** Files that mark a backup: a finished one, or one being made for the first time. */
export const BACKUP_MARKS = ["backup.json", "backup-begun.json"] as const;
const SMALL_FILE_BYTES_MAX = 64 * 1024;

export interface DataFolder {
  readonly path: string;
  /** The folder was created or filled just now. */
  readonly isNew: boolean;
  readonly lock: Lock;
}

/**
 * Creates or opens the folder. Changes nothing if it belongs to another program or user.
 * @param harmless other files allowed in a folder before its first use
 * @throws Fault data-foreign, version-unsupported, data-locked, store-denied, store-failed
 */
export function openDataFolder(
  given: string,
  startedUnixMs: number,
  harmless: readonly string[] = [],
): DataFolder {
  const path = resolve(given);
  try {
    const found = checkFormat(path, "write", harmless);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    const lock = lockFolder(path, startedUnixMs);
    if (found !== FORMAT) {
      // From now on older programs refuse it: they do not know all kinds of records.
      writeSmallFile(
        join(path, "format.json"),
        `${JSON.stringify({ format: FORMAT, minReader: FORMAT })}\n`,
      );
    }
    return { path, isNew: found === undefined, lock };
  } catch (error) {
    throw folderFault(error, path);
  }
}

/**
 * Checks a folder for read-only use: `chat history --data`.
 * @throws Fault data-foreign, version-unsupported
 */
export function checkDataFolder(given: string): string {
  const path = resolve(given);
  try {
    if (checkFormat(path, "read") !== undefined) return path;
  } catch (error) {
    throw folderFault(error, path);
  }
  throw new Fault("not-found", msg`there is no server's data in ${path}`, {
    remedy: "name the folder of a server with --data",
  });
}

/**
 * @returns its format; undefined if it is empty or absent
 * @throws Fault if it is not ours
 */
function checkFormat(
  path: string,
  access: "read" | "write",
  harmless: readonly string[] = [],
): number | undefined {
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) throw new Fault("data-foreign", msg`${path} is not a folder`);
  const text = readSmallFile(join(path, "format.json"));
  if (text === undefined) {
    const foreign = readdirSync(path).find(
      (name) => !HARMLESS.has(name) && !harmless.includes(name),
    );
    if (foreign === undefined) return undefined;
    throw new Fault("data-foreign", msg`${path} holds other things ('${foreign.slice(0, 80)}')`, {
      remedy:
        access === "read"
          ? "name the folder of a server with --data"
          : "choose an empty or a new folder with --data",
    });
  }
  if (access === "write" && BACKUP_MARKS.some((mark) => existsSync(join(path, mark)))) {
    throw new Fault("data-foreign", msg`${path} is a backup, and no server writes into it`, {
      remedy: "put it elsewhere first: chat restore",
    });
  }
  const format = formatOf(text);
  if (format === undefined) {
    throw new Fault("data-foreign", msg`${join(path, "format.json")} is not a server's`);
  }
  // A newer format may be readable by older versions, but only its own version may write it.
  if ((access === "read" ? format.minReader : format.format) > FORMAT) {
    const sentence = msg`${path} was written by a newer version (format ${format.format})`;
    throw new Fault("version-unsupported", sentence, { remedy: "use that version of chat" });
  }
  return format.format;
}

function formatOf(text: string): { format: number; minReader: number } | undefined {
  const { format, minReader = format } = parseObject(utf8Encode(text)) ?? {};
  if (!Number.isSafeInteger(format) || !Number.isSafeInteger(minReader)) return undefined;
  return { format: Number(format), minReader: Number(minReader) };
}

/**
 * Reads a file in a folder of ours, without following links.
 * @returns undefined if there is none
 * @throws Fault data-foreign (a link, no regular file, too large), store-…
 */
export function readSmallFile(
  path: string,
  sizeBytesMax = SMALL_FILE_BYTES_MAX,
): string | undefined {
  return readBounded(path, sizeBytesMax, () => openPlain(path, "read"));
}

/** Reads a file that a person named or wrote: it may be a link or a pipe. Otherwise as above. */
export function readNamedFile(
  path: string,
  sizeBytesMax = SMALL_FILE_BYTES_MAX,
): string | undefined {
  return readBounded(path, sizeBytesMax, () => openSync(path, "r"));
}

function readBounded(path: string, sizeBytesMax: number, open: () => number): string | undefined {
  try {
    const file = open();
    try {
      // The size is not used: a device reports 0 and never ends.
      const bytes = Buffer.allocUnsafe(sizeBytesMax + 1);
      let length = 0;
      while (length < bytes.length) {
        const got = readSync(file, bytes, length, bytes.length - length, null);
        if (got === 0) return bytes.toString("utf8", 0, length);
        length += got;
      }
      throw new Fault("data-foreign", msg`${path} is too large to be ours`);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw diskFault(error, path);
  }
}

/** Replaces the file atomically and durably: temporary file, sync, rename. Mode 0600. */
export function writeSmallFile(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  try {
    rmSync(temporary, { force: true }); // Left by a killed run, or planted as a link.
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(file, text); // Loops: one write may be short as a disk fills up.
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolderOf(path);
  } catch (error) {
    throw diskFault(error, path);
  }
}

/** Returns the content of `path`; creates it with `make` if there is none. */
export async function keepSmallFile(
  path: string,
  make: () => string | Promise<string>,
): Promise<string> {
  const kept = readSmallFile(path);
  if (kept !== undefined) return kept;
  const made = await make();
  writeSmallFile(path, made);
  return made;
}

function syncFolderOf(path: string): void {
  if (process.platform === "win32") return; // Windows cannot open folders.
  const folder = openSync(resolve(path, ".."), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function folderFault(error: unknown, path: string): Fault {
  const code = errorCode(error);
  if (code === "ENOTDIR" || code === "EEXIST") {
    return new Fault("data-foreign", msg`${path} cannot be a folder`, { cause: error });
  }
  return diskFault(error, path);
}
