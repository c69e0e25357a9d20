/** Database of sealed rooms: group states and decrypted messages. */

import { Database, SQLiteError } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { type Clock, retry } from "../clock.ts";
import { renamePath } from "../disk/open-elsewhere.ts";
import { readStart } from "../disk/plain-file.ts";
import { FilePresence } from "../disk/presence.ts";
import { TaskQueue } from "../task-queue.ts";
import {
  isBusy,
  openSqlite,
  refuseFormerHome,
  removedHomeFault,
  schemaVersion,
  switchToWriteAheadLog,
  withStoreFaults,
} from "./schema.ts";

export interface SealedOwner {
  readonly fingerprint: string;
  readonly formers: readonly string[];
  readonly account: string;
  readonly device: string;
}

interface KeyRange {
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  readonly backwards?: boolean;
}

interface Row {
  readonly key: string;
  readonly value: Uint8Array;
}

export const SEALED_STATE_FILE = "sealed.sqlite";
/** Key prefix of the empty row that names the device whose key encrypts all other rows. */
const DEVICE_PREFIX = "device/";
const DATABASE_HEADER = "SQLite format 3\0";
const FORMAT = 100;
/** Transactions last up to half a second, so a longer wait means that another process hangs. */
const BUSY_TIMEOUT_MS = 15_000;
const BUSY_RETRY_MS = 5;

const SCHEMA = `CREATE TABLE IF NOT EXISTS sealed (
  fingerprint TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (fingerprint, account, key)
) STRICT, WITHOUT ROWID;`;
const OWNER_IS = "fingerprint = ? AND account = ?";
const WHERE = `WHERE ${OWNER_IS} AND key >= ? AND key < ?`;

/**
 * Separate from the client's database, because transactions last while keys are computed and must
 * not block other writes.
 */
export class SealedStateStore {
  readonly #folder: string;
  readonly #database: Database;
  readonly #presence: FilePresence | undefined;
  readonly #queue = new TaskQueue();
  #isClosed = false;
  #hasUpdatedOwner = false;

  /**
   * @param folder `undefined` for a database in memory
   * @throws {Fault} store-… if the disk refuses, version-unsupported if a newer program wrote the
   * database
   */
  constructor(
    folder: string | undefined,
    private readonly owner: SealedOwner,
    private readonly clock: Clock,
  ) {
    this.#folder = folder ?? "memory";
    if (folder !== undefined)
      sealedFaults(folder, () => renameIfDamaged(join(folder, SEALED_STATE_FILE)));
    this.#database = sealedFaults(this.#folder, () => openDatabase(folder));
    if (folder === undefined) return;
    this.#presence = sealedFaults(folder, () => new FilePresence(join(folder, SEALED_STATE_FILE)));
  }

  /**
   * Runs `task` in a transaction.
   * @throws {Fault} store-… if the disk refuses, interrupted if the store is closed, and the faults
   * of `task`
   */
  transact<Result>(task: (tables: SealedRows) => Promise<Result>): Promise<Result> {
    return this.#queue.run(async () => {
      if (this.#isClosed) throw new Fault("interrupted", "logged out");
      await this.#begin();
      try {
        sealedFaults(this.#folder, () => this.#updateOwner());
        const result = await task(new SealedRows(this.#database, this.owner, this.#folder));
        sealedFaults(this.#folder, () => this.#database.run("COMMIT"));
        if (this.#presence?.isPresent() === false) throw removedHomeFault(this.#folder);
        this.#hasUpdatedOwner = true;
        return result;
      } catch (error) {
        if (this.#database.inTransaction) this.#database.run("ROLLBACK");
        throw error;
      }
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#queue.run(async () => {
      this.#database.close();
      this.#presence?.close(); // Closing it earlier would release the database's locks.
    });
  }

  /** Polls, because SQLite's busy timeout would block this process. */
  async #begin(): Promise<void> {
    const clock = this.clock;
    const begin = async () => void this.#database.run("BEGIN IMMEDIATE");
    const until = clock.now() + BUSY_TIMEOUT_MS;
    try {
      await retry(begin, { clock, intervalMs: BUSY_RETRY_MS, until, isTransient: isBusy });
    } catch (error) {
      if (!isBusy(error)) {
        return sealedFaults(this.#folder, () => {
          throw error;
        });
      }
      throw new Fault("store-failed", msg`${this.#folder} is in use by another process`, {
        cause: error,
        remedy: msg`quit the other chat program`,
      });
    }
  }

  #updateOwner(): void {
    if (this.#hasUpdatedOwner) return;
    const { fingerprint, formers, account } = this.owner;
    for (const former of formers) {
      const sql = `UPDATE OR IGNORE sealed SET fingerprint = ? WHERE ${OWNER_IS}`;
      this.#database.query(sql).run(fingerprint, former, account);
    }
    this.#changeDevice();
  }

  #changeDevice(): void {
    const { fingerprint, account, device } = this.owner;
    const rows = new SealedRows(this.#database, this.owner, this.#folder);
    const [known] = rows.list({ from: DEVICE_PREFIX, to: `${DEVICE_PREFIX}~`, limit: 1 });
    const before = known?.key.slice(DEVICE_PREFIX.length);
    if (before === device) return;
    if (before !== undefined) {
      const archived = `${account} ${before}`;
      const reassign = `UPDATE OR REPLACE sealed SET account = ? WHERE ${OWNER_IS}`;
      this.#database.query(reassign).run(archived, fingerprint, account);
      this.#database.query(reassign).run(account, fingerprint, `${account} ${device}`);
      const pins = `SELECT fingerprint, ?, key, value FROM sealed ${WHERE}`;
      const copy = this.#database.query(`INSERT OR IGNORE INTO sealed ${pins}`);
      copy.run(account, fingerprint, archived, "pin/", "pin/~");
    }
    rows.put(`${DEVICE_PREFIX}${device}`, new Uint8Array(0));
  }
}

export class SealedRows {
  readonly #owner: readonly [string, string];

  constructor(
    private readonly database: Database,
    { fingerprint, account }: SealedOwner,
    private readonly folder: string,
  ) {
    this.#owner = [fingerprint, account];
  }

  get(key: string): Uint8Array | undefined {
    const sql = `SELECT value FROM sealed WHERE ${OWNER_IS} AND key = ?`;
    const row = this.#guard(() => this.database.query(sql).get(...this.#owner, key));
    return (row as { readonly value: Uint8Array } | null)?.value;
  }

  put(key: string, value: Uint8Array): void {
    const sql = "INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?)";
    this.#guard(() => this.database.query(sql).run(...this.#owner, key, value));
  }

  delete(key: string): void {
    const sql = `DELETE FROM sealed WHERE ${OWNER_IS} AND key = ?`;
    this.#guard(() => this.database.query(sql).run(...this.#owner, key));
  }

  list({ from, to, limit, backwards = false }: KeyRange): Row[] {
    const order = backwards ? "DESC" : "ASC";
    const sql = `SELECT key, value FROM sealed ${WHERE} ORDER BY key ${order} LIMIT ?`;
    return this.#guard(() =>
      this.database
        .query<Row, [string, string, string, string, number]>(sql)
        .all(...this.#owner, from, to, limit),
    );
  }

  #guard<Result>(act: () => Result): Result {
    return sealedFaults(this.folder, act);
  }
}

function openDatabase(folder: string | undefined): Database {
  const path = folder === undefined ? undefined : join(folder, SEALED_STATE_FILE);
  if (folder !== undefined) refuseFormerHome(folder, SEALED_STATE_FILE);
  return openSqlite(path, (database) => {
    database.run("PRAGMA busy_timeout = 5000");
    switchToWriteAheadLog(database);
    database.run("PRAGMA synchronous = FULL");
    const version = schemaVersion(database);
    if (version > FORMAT) {
      throw new Fault("version-unsupported", msg`${path} was written by a newer version`, {
        remedy: msg`upgrade chat, or set another CHAT_HOME`,
      });
    }
    database.run(SCHEMA);
    if (version < FORMAT) database.run(`PRAGMA user_version = ${FORMAT}`);
    database.run("PRAGMA busy_timeout = 0");
  });
}

function renameIfDamaged(path: string): void {
  const head = readHeader(path);
  if (head === undefined || head === "" || head === DATABASE_HEADER) return;
  for (const suffix of ["-wal", "-shm", ""]) {
    if (existsSync(`${path}${suffix}`)) renamePath(`${path}${suffix}`, `${path}${suffix}.damaged`);
  }
}

function readHeader(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  return readStart(path, DATABASE_HEADER.length).toString("latin1");
}

function sealedFaults<Result>(
  folder: string,
  act: () => Result,
  path = join(folder, SEALED_STATE_FILE),
): Result {
  try {
    return withStoreFaults(folder, act);
  } catch (error) {
    const cause = error instanceof Fault ? error.cause : undefined;
    const code = cause instanceof SQLiteError ? cause.code : undefined;
    if (code !== "SQLITE_CORRUPT" && code !== "SQLITE_NOTADB") throw error;
    throw damagedFault(path, cause);
  }
}

function damagedFault(path: string, cause?: unknown): Fault {
  return new Fault("store-failed", msg`${path} is damaged`, {
    cause,
    remedy: msg`quit chat and move that file elsewhere; this device then rejoins its rooms`,
  });
}

/** Deletes what accounts have stored on this device, also with the keys of its former devices. */
export function deleteSealedRows(
  folder: string,
  fingerprint: string,
  accounts: readonly string[],
): void {
  sealedFaults(folder, () => {
    const database = openDatabase(folder);
    try {
      database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      database.run("PRAGMA secure_delete = ON");
      const sql = "DELETE FROM sealed WHERE fingerprint = ?1 AND (account = ?2 OR account LIKE ?3)";
      for (const account of accounts) database.query(sql).run(fingerprint, account, `${account} %`);
      database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      database.close();
    }
  });
}

export class SealedFile {
  private constructor(
    readonly path: string,
    private readonly database: Database,
  ) {}

  /** `undefined` if this device has never been in a sealed room. */
  static open(folder: string): SealedFile | undefined {
    const path = join(folder, SEALED_STATE_FILE);
    return sealedFaults(folder, () => {
      const head = readHeader(path);
      if (head === undefined || head === "") return undefined;
      if (head !== DATABASE_HEADER) throw damagedFault(path);
      refuseFormerHome(folder, SEALED_STATE_FILE);
      return new SealedFile(path, new Database(path, { readonly: true }));
    });
  }

  check(): void {
    sealedFaults(
      this.path,
      () => {
        const [row] = this.database
          .query<{ readonly quick_check: string }, []>("PRAGMA quick_check(1)")
          .all();
        if (row?.quick_check !== "ok") throw damagedFault(this.path);
      },
      this.path,
    );
  }

  rows(fingerprints: readonly string[], account: string): readonly Row[] {
    const sql = "SELECT key, value FROM sealed WHERE fingerprint = ? AND account = ? ORDER BY key";
    const rowsOf = (fingerprint: string) =>
      this.database.query<Row, [string, string]>(sql).all(fingerprint, account);
    return sealedFaults(this.path, () => fingerprints.flatMap(rowsOf), this.path);
  }

  close(): void {
    this.database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
