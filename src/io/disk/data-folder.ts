/** Data folder of a server: format, lock, and small files next to the logs. */

// Files have mode 0600, folders 0700.

import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { utf16MarkOf, withoutMark } from "../../base/text.ts";
import { isCount } from "../../base/values.ts";
import { KINDS, type LogName, type RecordKind } from "../../wire/kinds.ts";
import { type Head, type LogRecord, parseObject } from "../../wire/record.ts";
import { type Version, versionOf } from "../../wire/since.ts";
import { diskFault, errorCode, onDisk } from "./disk.ts";
import { type FolderLock, lockFolder } from "./lock.ts";
import { removePath, renamePath } from "./open-elsewhere.ts";
import { openPlain, withFile } from "./plain-file.ts";
import { createPrivateFolder, restrictAccess } from "./private-path.ts";
import { absolutePath } from "./working-folder.ts";

/** Newest format that this program reads and writes. */
export const DATA_FORMAT = 4;
/** Format of a new folder. Its records raise it when they need it. */
const FIRST_FORMAT = 4;
/** @internal */
export interface Formats {
  readonly newest: number;
  /** Oldest format in which the records of a version may stand. */
  readonly of: Readonly<Partial<Record<Version, number>>>;
}
const FORMATS: Formats = { newest: DATA_FORMAT, of: { "0.4.0": FIRST_FORMAT } };
const HARMLESS = new Set([
  "README.md",
  "settings.toml",
  ".gitignore",
  ".gitkeep",
  "LOCK",
  "LOCK.json",
  "format.json.tmp",
]);
/** Names that operating systems create at the root of a volume. */
const VOLUME_FILES: ReadonlySet<string> = new Set([
  "lost+found",
  "System Volume Information",
  "$RECYCLE.BIN",
  ".DS_Store",
  ".Trashes",
  ".Spotlight-V100",
  ".fseventsd",
  ".snapshot",
]);
export const BACKUP_MARKS = ["backup.json", "backup-begun.json"] as const;
const SMALL_FILE_BYTES_MAX = 64 * 1024;

export interface DataFolder {
  readonly path: string;
  readonly isNew: boolean;
  readonly lock: FolderLock;
  readonly format: FolderFormat;
}

/** `kind` is the kind of the first record that needs the new format. */
export type OnFormatRaised = (from: number, to: number, kind: RecordKind) => void;

/**
 * The folder's format, which tells older programs whether they can open it. The first record that
 * older programs do not know raises it, so that a failed or unused start changes nothing.
 */
export class FolderFormat {
  onRaised: OnFormatRaised = () => undefined;
  /** Numbers of records in the folder's logs. */
  lengths: () => Readonly<Record<LogName, number>> = () => ({ history: 0, accounts: 0 });
  #current: number;

  constructor(
    private readonly path: string,
    current: number,
    private readonly formats = FORMATS,
  ) {
    this.#current = current;
  }

  get current(): number {
    return this.#current;
  }

  /**
   * Must be called before the records are written. The former format stays in `format-N.json`, with
   * the lengths of the logs up to which older programs know every record.
   * @throws {Fault} store-…
   */
  admit(records: Iterable<LogRecord>): void {
    const from = this.#current;
    const { newest, of } = this.formats;
    if (from >= newest) return;
    let to = from;
    let first: Head | undefined;
    for (const { head, bodyBytes } of records) {
      // Erased records have no body. Records that restrict access are never erased.
      const body = bodyBytes === undefined ? undefined : parseObject(bodyBytes);
      const version = versionOf({ kind: head.kind, body: body ?? {} });
      const needed = of[version] ?? newest;
      if (needed <= to) continue;
      to = needed;
      first ??= head;
    }
    if (first === undefined) return;
    const { kind, seq } = first;
    const lengths = { ...this.lengths(), [KINDS[kind].log]: seq - 1 };
    const former = JSON.stringify({ format: from, minReader: from, ...lengths });
    writeSmallFile(join(this.path, `format-${from}.json`), `${former}\n`);
    writeFormat(this.path, to);
    this.#current = to;
    this.onRaised(from, to, kind);
  }
}

function writeFormat(path: string, format: number): void {
  const text = `${JSON.stringify({ format, minReader: format })}\n`;
  writeSmallFile(join(path, "format.json"), text);
}

/**
 * Creates or opens the folder. Changes nothing if it belongs to another program or user, and does
 * not raise the format of an existing one.
 * @param harmless names of files that a new data folder may already contain
 * @throws {Fault} data-foreign if it belongs to another program, version-unsupported if its format
 * is newer, data-locked if another process uses it, store-denied or store-failed if the disk
 * refuses
 */
export function openDataFolder(
  folder: string,
  startedUnixMs: number,
  harmless: readonly string[] = [],
): DataFolder {
  const path = absolutePath(folder);
  try {
    const format = checkFormat(path, "write", harmless);
    createPrivateFolder(path);
    chmodSync(path, 0o700);
    if (format === undefined) restrictAccess(path);
    const lock = lockFolder(path, startedUnixMs);
    if (format === undefined) writeFormat(path, FIRST_FORMAT);
    const current = new FolderFormat(path, format ?? FIRST_FORMAT);
    return { path, isNew: format === undefined, lock, format: current };
  } catch (error) {
    throw folderFault(error, path);
  }
}

/** The folder's files stay open, so that writing and syncing them succeeds. */
export function removedFault(
  path: string,
  remedy = msg`put it back, or restore a backup, then start chat again`,
): Fault {
  return new Fault("store-failed", msg`${path} was removed or replaced while in use`, { remedy });
}

/**
 * Checks a folder for read-only use.
 * @throws {Fault} data-foreign if it belongs to another program, version-unsupported if its format
 * is newer
 */
export function checkDataFolder(folder: string): string {
  const path = absolutePath(folder);
  try {
    if (checkFormat(path, "read") !== undefined) return path;
  } catch (error) {
    throw folderFault(error, path);
  }
  throw new Fault("not-found", msg`no server data in ${path}`, {
    remedy: "pass a server's data folder with --data",
  });
}

export function isVolumeFile(name: string): boolean {
  return VOLUME_FILES.has(name) || /^\.Trash-\d+$/.test(name);
}

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
      (name) => !HARMLESS.has(name) && !harmless.includes(name) && !isVolumeFile(name),
    );
    if (foreign === undefined) return undefined;
    throw new Fault(
      "data-foreign",
      msg`${path} is not a data folder (it contains '${foreign.slice(0, 80)}')`,
      {
        remedy:
          access === "read"
            ? "pass a server's data folder with --data"
            : "pass a new or empty folder with --data",
      },
    );
  }
  if (access === "write" && BACKUP_MARKS.some((mark) => existsSync(join(path, mark)))) {
    throw new Fault("data-foreign", msg`${path} is a backup, not a data folder`, {
      remedy: "restore it first: chat restore",
    });
  }
  const format = formatOf(text);
  if (format === undefined) {
    throw new Fault("data-foreign", msg`${join(path, "format.json")} is not from a chat server`);
  }
  if (format.format < FIRST_FORMAT) {
    const message = msg`${path} was written by chat 0.3.0 or earlier (format ${format.format})`;
    throw new Fault("version-unsupported", message, {
      remedy: msg`export it with that version (chat export), and import it: chat import`,
    });
  }
  // An older program may be able to read a newer format but must not write it.
  if ((access === "read" ? format.minReader : format.format) > DATA_FORMAT) {
    const message = msg`${path} was written by a newer version (format ${format.format})`;
    throw new Fault("version-unsupported", message, { remedy: "upgrade chat" });
  }
  return format.format;
}

export function readFormat(folder: string): number | undefined {
  const text = readSmallFile(join(folder, "format.json"));
  return text === undefined ? undefined : formatOf(text)?.format;
}

function formatOf(text: string): { format: number; minReader: number } | undefined {
  const { format, minReader = format } = parseObject(utf8Encode(text)) ?? {};
  if (!isCount(format) || !isCount(minReader) || format === 0) return undefined;
  return { format, minReader };
}

/**
 * Never follows links.
 * @throws {Fault} store-… if the file cannot be read, data-foreign if it is too large or not a
 * regular file
 */
export function readSmallFile(
  path: string,
  sizeBytesMax = SMALL_FILE_BYTES_MAX,
): string | undefined {
  const bytes = readBounded(path, sizeBytesMax, () => openPlain(path, "read"));
  return bytes && decodeText(bytes, path);
}

/**
 * Follows links. Refuses a pipe, because no signal would end the wait for its other end.
 * @returns `undefined` if there is no such file
 * @throws {Fault} store-… if the file cannot be read, data-foreign if it is too large or a pipe
 */
export function readNamedFile(
  path: string,
  sizeBytesMax = SMALL_FILE_BYTES_MAX,
): string | undefined {
  const bytes = readBounded(path, sizeBytesMax, () => {
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (isReadAtOnce(fstatSync(file))) return file;
    closeSync(file);
    throw new Fault("data-foreign", msg`${path} is a pipe`, { remedy: msg`use a regular file` });
  });
  return bytes && decodeText(bytes, path);
}

/**
 * Text of a file that people may edit, without its byte order mark.
 * @throws {Fault} data-foreign if it is UTF-16, as Windows PowerShell and some editors write it
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  if (utf16MarkOf(bytes) !== undefined) {
    const remedy = msg`save it as UTF-8`;
    throw new Fault("data-foreign", msg`${path} is UTF-16`, { remedy });
  }
  return withoutMark(Buffer.from(bytes).toString("utf8"));
}

/** Devices such as /dev/null have no end to wait for; a folder fails when it is read. */
function isReadAtOnce(stat: Stats): boolean {
  return !stat.isFIFO() && !stat.isSocket();
}

/**
 * Reads a file or a pipe, such as `<(gpg -d list.gpg)`, while signals are handled.
 * @returns `undefined` if there is no such file
 * @throws {Fault} as `readNamedFile`
 */
export async function readNamedInput(
  path: string,
  sizeBytesMax = SMALL_FILE_BYTES_MAX,
): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, "r");
    const bytes = Buffer.allocUnsafe(sizeBytesMax + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
      if (bytesRead === 0) return bytes.subarray(0, length);
      length += bytesRead;
    }
    throw tooLargeFault(path);
  } catch (error) {
    return unlessMissing(error, path);
  }
}

function tooLargeFault(path: string): Fault {
  return new Fault("data-foreign", msg`${path} is too large`, { remedy: msg`use a smaller file` });
}

/** @throws {Fault} store-…; the fault of another reason */
function unlessMissing(error: unknown, path: string): undefined {
  const code = errorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  throw diskFault(error, path);
}

function readBounded(path: string, sizeBytesMax: number, open: () => number): Buffer | undefined {
  try {
    return withFile(open(), (file) => {
      // Do not trust the reported size, because an endless device reports 0.
      const bytes = Buffer.allocUnsafe(sizeBytesMax + 1);
      let length = 0;
      while (length < bytes.length) {
        const bytesRead = readSync(file, bytes, length, bytes.length - length, null);
        if (bytesRead === 0) return bytes.subarray(0, length);
        length += bytesRead;
      }
      throw tooLargeFault(path);
    });
  } catch (error) {
    return unlessMissing(error, path);
  }
}

export function writeSmallFile(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  onDisk(path, () => {
    // A killed run may have left a file, or an attacker a link.
    removePath(temporary);
    withFile(openSync(temporary, "wx", 0o600), (file) => {
      writeFileSync(file, text);
      fsyncSync(file);
    });
    renamePath(temporary, path);
    // Windows cannot open folders.
    if (process.platform !== "win32") withFile(openSync(dirname(path), "r"), fsyncSync);
  });
}

export async function readOrCreateSmallFile(
  path: string,
  make: () => string | Promise<string>,
): Promise<string> {
  const existing = readSmallFile(path);
  if (existing !== undefined) return existing;
  const created = await make();
  writeSmallFile(path, created);
  return created;
}

function folderFault(error: unknown, path: string): Fault {
  const code = errorCode(error);
  if (code === "ENOTDIR" || code === "EEXIST") {
    return new Fault("data-foreign", msg`${path} cannot be a folder`, { cause: error });
  }
  return diskFault(error, path);
}
