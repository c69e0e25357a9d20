/** Locks that the system releases when the process that holds them ends. */

import { Database, SQLiteError, constants as sqliteConstants } from "bun:sqlite";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { formatUtc } from "../../base/time.ts";
import { parseObject } from "../../wire/record.ts";
import { diskFault, errorCode } from "./disk.ts";
import { removeIfPossible, removePath, renamePath } from "./open-elsewhere.ts";
import { readStart } from "./plain-file.ts";
import { FilePresence } from "./presence.ts";
import { linkStatOf } from "./stat.ts";

export interface Lock {
  release(): void;
}

export interface FolderLock extends Lock {
  /** Reports whether the folder's path still leads to the locked folder. */
  readonly isPresent: () => boolean;
}

export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
}

/**
 * Makes this process the only writer of the data folder. The lock is an open SQLite transaction on
 * an empty file, which the kernel releases when the process ends.
 * @throws {Fault} data-locked with the holder if another process has the lock, store-denied or
 * store-failed if the disk refuses
 */
export function lockFolder(folder: string, startedUnixMs: number): FolderLock {
  const path = join(folder, "LOCK");
  const infoPath = join(folder, "LOCK.json");
  const database = openLocked(folder, path);
  const holder = { pid: process.pid, host: hostname(), started: formatUtc(startedUnixMs) };
  let presence: FilePresence;
  try {
    writeInfo(infoPath, holder);
    presence = new FilePresence(path);
  } catch (error) {
    database.close();
    throw diskFault(error, folder);
  }
  let isHeld = true;
  const isPresent = () => isHeld && presence.isPresent();
  return {
    isPresent,
    release: () => {
      if (!isHeld) return;
      if (isPresent()) removeIfPossible(infoPath);
      isHeld = false;
      database.close();
      presence.close(); // Closing it earlier would release the lock.
    },
  };
}

const INFO_BYTES_MAX = 4_096;

export function readLockHolder(folder: string): LockHolder | undefined {
  const { pid, host, started } = parseObject(readInfo(join(folder, "LOCK.json"))) ?? {};
  const isValid = typeof pid === "number" && typeof host === "string";
  return isValid && typeof started === "string" ? { pid, host, started } : undefined;
}

/**
 * Returns `undefined` if another process has the lock or the file is not a lock file.
 * @param knownPath path that a fault names, if the user does not know the lock file
 * @throws {Fault} store-denied or store-failed if the disk refuses
 */
export function lockFile(path: string, knownPath = path): Lock | undefined {
  try {
    if (isForeign(path)) return undefined;
    const database = openExclusive(path);
    return { release: () => database.close() };
  } catch (error) {
    if (isBusy(error)) return undefined;
    throw lockFault(error, path, knownPath);
  }
}

function isForeign(path: string): boolean {
  const stat = linkStatOf(path);
  if (stat !== undefined && (!stat.isFile() || stat.size > 0)) return true;
  return ["-journal", "-wal", "-shm"].some(
    (suffix) => linkStatOf(`${path}${suffix}`) !== undefined,
  );
}

function openLocked(folder: string, path: string): Database {
  try {
    if (isForeign(path)) {
      throw new Fault("data-foreign", msg`${path} is not a lock file of chat`, {
        remedy: "remove it and all files that begin with LOCK-",
      });
    }
    return openExclusive(path);
  } catch (error) {
    throw lockFault(error, folder, folder);
  }
}

function openExclusive(path: string): Database {
  makePrivate(path);
  const database = new Database(path, sqliteConstants.SQLITE_OPEN_READWRITE);
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("PRAGMA journal_mode = MEMORY"); // Creates no journal file.
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  const code = error instanceof SQLiteError ? (error.code ?? "") : "";
  return code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED");
}

function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

function lockFault(error: unknown, folder: string, knownPath: string): Fault {
  if (!(error instanceof SQLiteError)) return diskFault(error, knownPath);
  if (isBusy(error)) {
    const holder = readLockHolder(folder);
    const owner =
      holder === undefined
        ? "another process"
        : `process ${holder.pid} on ${holder.host} since ${holder.started}`;
    return new Fault("data-locked", msg`${folder} is in use by ${owner}`, { cause: error });
  }
  const isDenied = /^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)/.test(error.code ?? "");
  return new Fault(isDenied ? "store-denied" : "store-failed", msg`${knownPath} cannot be locked`, {
    cause: error,
  });
}

function readInfo(path: string): Uint8Array {
  try {
    return readStart(path, INFO_BYTES_MAX);
  } catch {
    return new Uint8Array(0);
  }
}

function writeInfo(path: string, holder: LockHolder): void {
  const temporary = `${path}.tmp`;
  // A killed run may have left a file, or an attacker a link.
  removePath(temporary);
  writeFileSync(temporary, `${JSON.stringify(holder)}\n`, { mode: 0o600, flag: "wx" });
  renamePath(temporary, path);
}
