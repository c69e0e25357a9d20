/** Tables of the client's database and their migrations. */

import {
  constants,
  Database,
  SQLiteError,
  type SQLQueryBindings,
  type Statement,
} from "bun:sqlite";
import { closeSync, existsSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { Fault, type FaultCode, msg } from "../../base/fault.ts";
import { removedFault } from "../disk/data-folder.ts";
import { diskFault } from "../disk/disk.ts";
import { removePath, renamePath } from "../disk/open-elsewhere.ts";
import { openPlain, withFile } from "../disk/plain-file.ts";
import { FilePresence } from "../disk/presence.ts";

/** Writes take only milliseconds, so a longer wait means that another process hangs. */
const BUSY_TIMEOUT_MS = 5_000;
/** Processes that open a new CHAT_HOME concurrently create its tables one after another. */
const OPEN_TIMEOUT_MS = 30_000;
const SWITCH_RETRY_MS = 5;
/** First bytes of a database, and offset of its `user_version`. */
const MAGIC = "SQLite format 3";
const USER_VERSION_AT = 60;
/** Headers of a write-ahead log and of its frames, and offset of the size of a page. */
const LOG_HEADER_BYTES = 32;
const LOG_PAGE_BYTES_AT = 8;
const FRAME_HEADER_BYTES = 24;

/** Homes of 0.1 to 0.3 have lower versions, up to 15. */
const FIRST_STATE_VERSION = 100;
/**
 * The first step creates version 100, step `i` migrates to version `100 + i`. Existing steps must
 * not change.
 *
 * @internal
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE servers ( fingerprint TEXT PRIMARY KEY, name TEXT NOT NULL, first_seen_ms
     INTEGER NOT NULL ) STRICT, WITHOUT ROWID;
   CREATE TABLE pins ( address TEXT PRIMARY KEY, fingerprint TEXT NOT NULL REFERENCES servers )
     STRICT, WITHOUT ROWID;
   CREATE TABLE cursors ( fingerprint TEXT NOT NULL, user TEXT NOT NULL, seq INTEGER NOT NULL,
     PRIMARY KEY (fingerprint, user) ) STRICT, WITHOUT ROWID;
   CREATE TABLE account_keys ( fingerprint TEXT NOT NULL, user TEXT NOT NULL, private_pem TEXT
     NOT NULL, PRIMARY KEY (fingerprint, user) ) STRICT, WITHOUT ROWID;
   CREATE TABLE enrolments ( fingerprint TEXT NOT NULL, user TEXT NOT NULL, account TEXT NOT
     NULL, PRIMARY KEY (fingerprint, user) ) STRICT, WITHOUT ROWID;
   CREATE TABLE outbox ( outbox TEXT NOT NULL, counter INTEGER NOT NULL, fingerprint TEXT NOT
     NULL, user TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL, created_ms INTEGER NOT
     NULL, PRIMARY KEY (outbox, counter) ) STRICT, WITHOUT ROWID;
   CREATE INDEX outbox_of ON outbox (fingerprint, user);
   CREATE TABLE messages ( key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, user TEXT NOT NULL,
     window TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL ) STRICT, WITHOUT ROWID;
   CREATE TABLE uploads ( file TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, user TEXT NOT NULL,
     path TEXT NOT NULL, targets TEXT NOT NULL, name TEXT NOT NULL, stamp TEXT NOT NULL, up_to
     INTEGER NOT NULL, touched_ms INTEGER NOT NULL, UNIQUE (fingerprint, user, path, targets,
     name) ) STRICT, WITHOUT ROWID;
   CREATE TABLE upload_hashes ( file TEXT NOT NULL REFERENCES uploads ON DELETE CASCADE, first
     INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (file, first) ) STRICT, WITHOUT ROWID;
   CREATE TABLE files_place ( fingerprint TEXT NOT NULL, user TEXT NOT NULL, seq INTEGER NOT
     NULL, PRIMARY KEY (fingerprint, user) ) STRICT, WITHOUT ROWID;
   CREATE TABLE files_taken ( at INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, user TEXT NOT
     NULL, file TEXT NOT NULL, UNIQUE (fingerprint, user, file) ) STRICT;
   CREATE TABLE last_users ( fingerprint TEXT PRIMARY KEY, user TEXT NOT NULL, used_ms INTEGER
     NOT NULL ) STRICT, WITHOUT ROWID;
   CREATE TABLE last_servers ( address TEXT PRIMARY KEY, used_ms INTEGER NOT NULL ) STRICT,
     WITHOUT ROWID;
   CREATE TABLE preferences (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE log_pins ( fingerprint TEXT PRIMARY KEY, origin TEXT NOT NULL, size INTEGER NOT
     NULL, root BLOB NOT NULL, note TEXT NOT NULL, alarm TEXT , common INTEGER) STRICT, WITHOUT
     ROWID;
   CREATE TABLE log_seen ( fingerprint TEXT NOT NULL, user TEXT NOT NULL, seq INTEGER NOT NULL,
     leaf BLOB NOT NULL, room TEXT NOT NULL, place TEXT NOT NULL, sender TEXT, time_ms INTEGER
     NOT NULL, proved INTEGER NOT NULL, PRIMARY KEY (fingerprint, user, seq) ) STRICT, WITHOUT
     ROWID;
   CREATE TABLE log_confirmed ( fingerprint TEXT PRIMARY KEY, seq INTEGER NOT NULL ) STRICT,
     WITHOUT ROWID;
   CREATE TABLE files_seen ( at INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, file TEXT NOT
     NULL, name TEXT NOT NULL, UNIQUE (fingerprint, file) ) STRICT;
   CREATE TABLE drafts ( at INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, user TEXT NOT NULL,
     target TEXT NOT NULL, draft TEXT NOT NULL, UNIQUE (fingerprint, user, target) ) STRICT;
   CREATE TABLE muted ( fingerprint TEXT NOT NULL, user TEXT NOT NULL, target TEXT NOT NULL,
     PRIMARY KEY (fingerprint, user, target) ) STRICT, WITHOUT ROWID;
   CREATE TABLE server_places ( fingerprint TEXT PRIMARY KEY, places TEXT NOT NULL, last TEXT )
     STRICT, WITHOUT ROWID;
   CREATE TABLE accounts_pins ( fingerprint TEXT PRIMARY KEY, origin TEXT NOT NULL, size INTEGER
     NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL ) STRICT, WITHOUT ROWID;
   CREATE TABLE own_accounts ( fingerprint TEXT NOT NULL, user TEXT NOT NULL, account TEXT NOT
     NULL, n INTEGER NOT NULL, size INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (fingerprint, user)
     ) STRICT, WITHOUT ROWID;
   CREATE TABLE witnessed ( fingerprint TEXT NOT NULL, day TEXT NOT NULL, note TEXT NOT NULL,
     PRIMARY KEY (fingerprint, day) ) STRICT, WITHOUT ROWID;
   CREATE TABLE people_pins ( at INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, name TEXT NOT
     NULL, is_new INTEGER NOT NULL, pin TEXT NOT NULL, UNIQUE (fingerprint, name) ) STRICT;
   CREATE TABLE replaced_logs ( at INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, origin TEXT
     NOT NULL, size INTEGER NOT NULL ) STRICT;`,
];

/** Format of CHAT_HOME that this program writes. */
export const CLIENT_STATE_VERSION = versionAfter(MIGRATIONS);
export const CLIENT_STATE_FILE = "state.sqlite";

/** Copies of databases of earlier formats that a home keeps; the oldest is removed first. */
const COPIES_MAX = 2;
const COPY_NAME = /^state\.sqlite\.v([1-9]\d{0,3})$/;
/**
 * Tables that the copy leaves empty, because a return to it must not bring back posts that were
 * sent since, or texts that were deleted since.
 */
const NOT_COPIED = ["outbox", "messages", "drafts", "uploads", "upload_hashes"];

/** Called when the home was converted to this program's format. */
export type OnConverted = (from: number, copyPath: string | undefined) => void;

export class StateDatabase {
  readonly #database: Database;
  /** `undefined` in memory. */
  readonly #presence: FilePresence | undefined;

  constructor(
    readonly folder: string | undefined,
    onConverted: OnConverted = () => undefined,
    migrations = MIGRATIONS,
  ) {
    this.#database = openDatabase(folder, onConverted, migrations);
    if (folder === undefined) return;
    this.#presence = withStoreFaults(
      folder,
      () => new FilePresence(join(folder, CLIENT_STATE_FILE)),
    );
  }

  isPresent(): boolean {
    return this.#presence?.isPresent() ?? true;
  }

  get<Row>(sql: string, ...values: SQLQueryBindings[]): Row | undefined {
    return this.guard(
      () => this.#database.query<Row, SQLQueryBindings[]>(sql).get(...values) ?? undefined,
    );
  }

  value<Value>(sql: string, ...values: SQLQueryBindings[]): Value | undefined {
    const row = this.get<Readonly<Record<string, Value | null>>>(sql, ...values);
    return Object.values(row ?? {})[0] ?? undefined;
  }

  all<Row>(sql: string, ...values: SQLQueryBindings[]): Row[] {
    return this.guard(() => this.#database.query<Row, SQLQueryBindings[]>(sql).all(...values));
  }

  statement(sql: string): Statement<unknown, SQLQueryBindings[]> {
    return this.#database.query<unknown, SQLQueryBindings[]>(sql);
  }

  run(sql: string, ...values: SQLQueryBindings[]): number {
    return this.write(
      () => this.#database.query<unknown, SQLQueryBindings[]>(sql).run(...values).changes,
    );
  }

  transact<Result>(act: () => Result): Result {
    return this.write(() => this.#database.transaction(act).immediate());
  }

  /**
   * Performs writes without a sync. A power failure may undo them, until a later write makes them
   * durable too.
   */
  unsynced<Result>(act: () => Result): Result {
    return this.guard(() => {
      this.#database.run("PRAGMA synchronous = NORMAL");
      try {
        return act();
      } finally {
        this.#database.run("PRAGMA synchronous = FULL");
      }
    });
  }

  guard<Result>(act: () => Result): Result {
    return withStoreFaults(this.folder ?? "memory", act);
  }

  /**
   * Checks before, because writing could create a removed folder again, and after, because a
   * removed file can be written.
   * @throws {Fault} store-failed if the home was removed or replaced
   */
  write<Result>(act: () => Result): Result {
    if (this.#database.inTransaction) return this.guard(act);
    this.#checkPresent();
    const result = this.guard(act);
    this.#checkPresent();
    return result;
  }

  #checkPresent(): void {
    if (this.folder !== undefined && !this.isPresent()) throw removedHomeFault(this.folder);
  }

  /**
   * Empties the write-ahead log, which contains what was deleted last.
   * @returns false if another process is reading the database
   */
  emptyLog(): boolean {
    return this.guard(() => {
      const sql = "PRAGMA wal_checkpoint(TRUNCATE)";
      return this.#database.query<{ busy: number }, []>(sql).get()?.busy === 0;
    });
  }

  /**
   * Copies the write-ahead log without syncs. A power failure may damage the copy, but the log
   * stays, and SQLite copies it again.
   */
  close(): void {
    this.#database.run("PRAGMA synchronous = OFF");
    this.#database.close();
    this.#presence?.close(); // Closing it earlier would release the database's locks.
  }
}

export function removedHomeFault(folder: string): Fault {
  return removedFault(folder, msg`put it back, or sign in again`);
}

/** @param path `undefined` for a database in memory */
export function openSqlite(
  path: string | undefined,
  prepare: (database: Database) => void,
): Database {
  // SQLite gives its side files the mode of this file, 0600.
  if (path !== undefined) closeSync(openPlain(path, "create"));
  const options = { strict: true, readwrite: true, create: true };
  const database = new Database(path ?? ":memory:", options);
  try {
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openDatabase(
  folder: string | undefined,
  onConverted: OnConverted,
  migrations: readonly string[],
): Database {
  const path = folder === undefined ? undefined : join(folder, CLIENT_STATE_FILE);
  if (folder !== undefined) refuseFormerHome(folder, CLIENT_STATE_FILE);
  const prepare = (database: Database) => {
    database.run(`PRAGMA busy_timeout = ${OPEN_TIMEOUT_MS}`);
    migrate(database, folder ?? "memory", onConverted, migrations);
    // The next process then need not create the write-ahead log again.
    if (path !== undefined) database.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  };
  return withStoreFaults(folder ?? "memory", () => openSqlite(path, prepare));
}

/** Waits itself, because SQLite refuses two concurrent switches without its busy timeout. */
export function switchToWriteAheadLog(database: Database): void {
  const until = performance.now() + OPEN_TIMEOUT_MS;
  for (;;) {
    try {
      database.run("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= until) throw error;
    }
    Bun.sleepSync(SWITCH_RETRY_MS);
  }
}

export function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && error.code?.startsWith("SQLITE_BUSY") === true;
}

function versionAfter(migrations: readonly string[]): number {
  return FIRST_STATE_VERSION + migrations.length - 1;
}

function migrate(
  database: Database,
  folder: string,
  onConverted: OnConverted,
  migrations: readonly string[],
): void {
  if (schemaVersion(database) === 0) switchToWriteAheadLog(database);
  database.run("PRAGMA synchronous = FULL");
  database.run("PRAGMA foreign_keys = ON");
  database.run("PRAGMA secure_delete = ON"); // Overwrites sent posts in the file.
  const before = schemaVersion(database);
  const newest = versionAfter(migrations);
  if (before === newest) return;
  let copyPath: string | undefined;
  database
    .transaction(() => {
      const version = schemaVersion(database);
      if (version > newest) throw tooNew(folder, version);
      if (isFormer(version)) throw formerHome(folder);
      if (version > 0 && version < newest) copyPath = keepCopy(folder, version);
      const done = version === 0 ? 0 : version - FIRST_STATE_VERSION + 1;
      for (const step of migrations.slice(done)) database.run(step);
      database.run(`PRAGMA user_version = ${newest}`);
    })
    .immediate();
  if (before > 0) onConverted(before, copyPath);
}

/**
 * Keeps the database as `state.sqlite.vN`, which an older program opens after the user renames it.
 * The caller's write transaction keeps other processes from changing the database meanwhile.
 */
function keepCopy(folder: string, version: number): string {
  const path = join(folder, `${CLIENT_STATE_FILE}.v${version}`);
  const temporary = `${path}.tmp`;
  removePath(temporary);
  closeSync(openPlain(temporary, "create")); // SQLite would create it with another mode.
  const source = new Database(join(folder, CLIENT_STATE_FILE), { readonly: true });
  try {
    source.query("VACUUM INTO ?").run(temporary);
  } finally {
    source.close();
  }
  const copy = new Database(temporary);
  try {
    copy.run("PRAGMA secure_delete = ON");
    for (const table of NOT_COPIED) copy.run(`DELETE FROM ${table}`);
  } finally {
    copy.close();
  }
  renamePath(temporary, path);
  for (const number of copiesIn(folder).slice(COPIES_MAX))
    removePath(join(folder, `${CLIENT_STATE_FILE}.v${number}`));
  return path;
}

/** Formats of the home's copies, newest first. */
function copiesIn(folder: string): number[] {
  const numbers = readdirSync(folder).flatMap((name) => COPY_NAME.exec(name)?.[1] ?? []);
  return numbers.map(Number).sort((a, b) => b - a);
}

/** Format of a home, and the formats of its copies; `undefined` if there is no readable home. */
export function readHomeFormat(
  folder: string,
): { readonly format: number; readonly copies: readonly number[] } | undefined {
  const path = join(folder, CLIENT_STATE_FILE);
  if (!existsSync(path)) return undefined;
  return withStoreFaults(folder, () => {
    closeSync(openPlain(path, "read"));
    const database = new Database(path, { readonly: true });
    try {
      database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      return { format: schemaVersion(database), copies: copiesIn(folder) };
    } finally {
      database.close();
    }
  });
}

export function schemaVersion(database: Database): number {
  const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return row?.user_version ?? 0;
}

/**
 * Reads the version from the file, because SQLite would change a database with a write-ahead log.
 * @throws {Fault} version-unsupported if a program of 0.1 to 0.3 wrote the home
 */
export function refuseFormerHome(folder: string, file: string): void {
  const path = join(folder, file);
  if (!existsSync(path)) return;
  const version = withStoreFaults(folder, () => versionInFile(path) || versionInLog(`${path}-wal`));
  if (isFormer(version)) throw formerHome(folder);
}

function versionInFile(path: string): number {
  return withFile(openPlain(path, "read"), (file) => {
    const header = readAt(file, 0, USER_VERSION_AT + 4);
    return header?.toString("latin1", 0, 15) === MAGIC ? header.readInt32BE(USER_VERSION_AT) : 0;
  });
}

/**
 * A program that was killed early leaves the version in the write-ahead log alone.
 * @returns 0 if the log does not contain the first page
 */
function versionInLog(path: string): number {
  if (!existsSync(path)) return 0;
  return withFile(openPlain(path, "read"), (file) => {
    const header = readAt(file, 0, LOG_HEADER_BYTES);
    if (header === undefined) return 0;
    const frameBytes = FRAME_HEADER_BYTES + header.readUInt32BE(LOG_PAGE_BYTES_AT);
    let version = 0;
    for (let at = LOG_HEADER_BYTES; ; at += frameBytes) {
      const frame = readAt(file, at, FRAME_HEADER_BYTES + USER_VERSION_AT + 4);
      // Frames of an earlier log have other salts.
      const isCurrent = frame?.subarray(8, 16).equals(header.subarray(16, 24));
      if (frame === undefined || isCurrent !== true) return version;
      if (frame.readUInt32BE(0) === 1)
        version = frame.readInt32BE(FRAME_HEADER_BYTES + USER_VERSION_AT);
    }
  });
}

function readAt(file: number, at: number, bytes: number): Buffer | undefined {
  const buffer = Buffer.alloc(bytes);
  return readSync(file, buffer, 0, bytes, at) === bytes ? buffer : undefined;
}

function isFormer(version: number): boolean {
  return version > 0 && version < FIRST_STATE_VERSION;
}

function formerHome(folder: string): Fault {
  return new Fault("version-unsupported", msg`${folder} was written by chat 0.3.0 or earlier`, {
    remedy: msg`rename it, and sign in again`,
  });
}

function tooNew(folder: string, version: number): Fault {
  const message = msg`${folder} was written by a newer version (format ${version})`;
  return new Fault("version-unsupported", message, {
    remedy: "upgrade chat, or set another CHAT_HOME",
  });
}

const FAULT_CODES: Readonly<Record<string, FaultCode>> = {
  SQLITE_FULL: "store-full",
  SQLITE_READONLY: "store-denied",
  SQLITE_CANTOPEN: "store-denied",
};

export function withStoreFaults<Result>(folder: string, act: () => Result): Result {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof Fault || !(cause instanceof Error)) throw cause;
    const systemCode = (cause as { code?: unknown }).code;
    if (!(cause instanceof SQLiteError)) {
      throw typeof systemCode === "string" ? diskFault(cause, folder) : cause;
    }
    const code = FAULT_CODES[String(systemCode)] ?? "store-failed";
    const remedy =
      systemCode === "SQLITE_BUSY"
        ? "end the program that has locked it, or set another CHAT_HOME"
        : "check the disk, or set another CHAT_HOME";
    throw new Fault(code, msg`${folder} cannot be used (${cause.message})`, {
      cause,
      remedy: code === "store-failed" ? remedy : undefined,
    });
  }
}
