/** The database of sealed rooms: group states and opened messages. */

import { Database, SQLiteError } from "bun:sqlite";
import { closeSync, existsSync, readSync, renameSync } from "node:fs";
import { join } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { type Clock, retry } from "../clock.ts";
import { Mutex } from "../disk/mutex.ts";
import { openPlain } from "../disk/tree.ts";
import { withStoreFaults } from "./schema.ts";

/** Owner of the rows; the account's id survives every renaming. */
export interface SealedOwner {
  readonly fingerprint: string;
  /** Earlier keys of the server. */
  readonly formers: readonly string[];
  readonly account: string;
  /** The device's key; rows of another device are put aside, and restored when it is back. */
  readonly device: string;
}

/** Rows by key, in ascending order of their ASCII; see client/sealed/store. */
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
/** Key of the device whose key encrypts the other rows; not encrypted, with an empty value. */
const DEVICE = "device/";
/** First bytes of each database; an empty file is a database that was not begun. */
export const DATABASE_HEAD = "SQLite format 3\0";
const FORMAT = 1;
/** Another process works for half a second at a time; a longer wait means that it hangs. */
const BUSY_MS_MAX = 15_000;
const BUSY_STEP_MS = 5;

const SCHEMA = `CREATE TABLE IF NOT EXISTS sealed (
  fingerprint TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (fingerprint, account, key)
) STRICT, WITHOUT ROWID;`;
const OF = "fingerprint = ? AND account = ?";
const WHERE = `WHERE ${OF} AND key >= ? AND key < ?`;

/**
 * A device's store of its sealed rooms, in a database of its own: a transaction here lasts while
 * keys are computed, and other writes of this process must not wait for it.
 */
export class SealedStateStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #owner: SealedOwner;
  readonly #database: Database;
  readonly #mutex = new Mutex();
  #isClosed = false;
  #hasFollowed = false;

  /**
   * @param folder undefined in memory
   * @throws Fault store-…, version-unsupported
   */
  constructor(folder: string | undefined, owner: SealedOwner, clock: Clock) {
    this.#folder = folder ?? "memory";
    this.#clock = clock;
    this.#owner = owner;
    if (folder !== undefined) sealedFaults(folder, () => putAside(join(folder, SEALED_STATE_FILE)));
    this.#database = sealedFaults(this.#folder, () => openDatabase(folder));
  }

  /** @throws Fault store-…, interrupted (closed), and what `work` throws: nothing has changed */
  transact<Result>(work: (tables: SealedRows) => Promise<Result>): Promise<Result> {
    return this.#mutex.run(async () => {
      if (this.#isClosed) throw new Fault("interrupted", "nobody is logged in any more");
      await this.#begin();
      try {
        // Not when it is opened: others may hold the database then, and opening cannot wait.
        sealedFaults(this.#folder, () => this.#follow());
        const result = await work(new SealedRows(this.#database, this.#owner, this.#folder));
        sealedFaults(this.#folder, () => this.#database.run("COMMIT"));
        this.#hasFollowed = true;
        return result;
      } catch (error) {
        if (this.#database.inTransaction) this.#database.run("ROLLBACK");
        throw error;
      }
    });
  }

  /** Lets the current transaction finish, and refuses queued ones. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#mutex.run(async () => this.#database.close());
  }

  /**
   * Polls instead of using the database's own waiting, which would block this process and what it
   * waits for.
   */
  async #begin(): Promise<void> {
    const clock = this.#clock;
    const begin = async () => void this.#database.run("BEGIN IMMEDIATE");
    const until = clock.now() + BUSY_MS_MAX;
    try {
      await retry(begin, { clock, everyMs: BUSY_STEP_MS, until, isPassing: isBusy });
    } catch (error) {
      if (!isBusy(error)) return sealedFaults(this.#folder, () => rethrow(error));
      throw new Fault("store-failed", msg`${this.#folder} is held by another process`, {
        cause: error,
        remedy: "end the other chat that uses it",
      });
    }
  }

  /** The server may have changed its key since, and the folder its device. */
  #follow(): void {
    if (this.#hasFollowed) return;
    const { fingerprint, formers, account } = this.#owner;
    for (const former of formers) {
      const sql = `UPDATE OR IGNORE sealed SET fingerprint = ? WHERE ${OF}`;
      this.#database.query(sql).run(fingerprint, former, account);
    }
    this.#changeDevice();
  }

  /** With another key no stored row can be read; sealed data stays sealed. */
  #changeDevice(): void {
    const { fingerprint, account, device } = this.#owner;
    const rows = new SealedRows(this.#database, this.#owner, this.#folder);
    const [known] = rows.list({ from: DEVICE, to: `${DEVICE}~`, limit: 1 });
    const before = known?.key.slice(DEVICE.length);
    if (before === device) return;
    if (before !== undefined) {
      const aside = `${account} ${before}`;
      const move = `UPDATE OR REPLACE sealed SET account = ? WHERE ${OF}`;
      this.#database.query(move).run(aside, fingerprint, account);
      this.#database.query(move).run(account, fingerprint, `${account} ${device}`);
      const pins = `SELECT fingerprint, ?, key, value FROM sealed ${WHERE}`;
      const copy = this.#database.query(`INSERT OR IGNORE INTO sealed ${pins}`);
      copy.run(account, fingerprint, aside, "pin/", "pin/~");
    }
    rows.put(`${DEVICE}${device}`, new Uint8Array(0));
  }
}

export class SealedRows {
  readonly #database: Database;
  readonly #owner: readonly [string, string];
  readonly #folder: string;

  constructor(database: Database, { fingerprint, account }: SealedOwner, folder: string) {
    this.#database = database;
    this.#owner = [fingerprint, account];
    this.#folder = folder;
  }

  get(key: string): Uint8Array | undefined {
    const sql = `SELECT value FROM sealed WHERE ${OF} AND key = ?`;
    const row = this.#guard(() => this.#database.query(sql).get(...this.#owner, key));
    return (row as { readonly value: Uint8Array } | null)?.value;
  }

  put(key: string, value: Uint8Array): void {
    const sql = "INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?)";
    this.#guard(() => this.#database.query(sql).run(...this.#owner, key, value));
  }

  delete(key: string): void {
    const sql = `DELETE FROM sealed WHERE ${OF} AND key = ?`;
    this.#guard(() => this.#database.query(sql).run(...this.#owner, key));
  }

  list({ from, to, limit, backwards = false }: KeyRange): Row[] {
    const order = backwards ? "DESC" : "ASC";
    const sql = `SELECT key, value FROM sealed ${WHERE} ORDER BY key ${order} LIMIT ?`;
    return this.#guard(() =>
      this.#database
        .query<Row, [string, string, string, string, number]>(sql)
        .all(...this.#owner, from, to, limit),
    );
  }

  #guard<Result>(act: () => Result): Result {
    return sealedFaults(this.#folder, act);
  }
}

function openDatabase(folder: string | undefined): Database {
  const path = folder === undefined ? ":memory:" : join(folder, SEALED_STATE_FILE);
  if (folder !== undefined) closeSync(openPlain(path, "create"));
  const database = new Database(path, { strict: true, readwrite: true, create: true });
  try {
    database.run("PRAGMA busy_timeout = 5000");
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = FULL");
    const { user_version: version } = database
      .query<{ user_version: number }, []>("PRAGMA user_version")
      .get() ?? { user_version: 0 };
    if (version > FORMAT) {
      throw new Fault("version-unsupported", msg`${path} was written by a later version`, {
        remedy: "use that version, or another CHAT_HOME",
      });
    }
    database.run(SCHEMA);
    if (version < FORMAT) database.run(`PRAGMA user_version = ${FORMAT}`);
    database.run("PRAGMA busy_timeout = 0");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Renames a file that is not a database; the device then returns as one that lost it. An empty file
 * is a database that was not begun.
 */
function putAside(path: string): void {
  const head = headOf(path);
  if (head === undefined || head === "" || head === DATABASE_HEAD) return;
  for (const end of ["-wal", "-shm", ""]) {
    if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${path}${end}.damaged`);
  }
}

/** @returns undefined if there is no such file */
export function headOf(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const file = openPlain(path, "read");
  try {
    const head = Buffer.alloc(DATABASE_HEAD.length);
    return head.toString("latin1", 0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}

/** Turns errors of the database into faults with a hint. */
export function sealedFaults<Result>(
  place: string,
  act: () => Result,
  path = join(place, SEALED_STATE_FILE),
): Result {
  try {
    return withStoreFaults(place, act);
  } catch (error) {
    const cause = error instanceof Fault ? error.cause : undefined;
    const code = cause instanceof SQLiteError ? cause.code : undefined;
    if (code !== "SQLITE_CORRUPT" && code !== "SQLITE_NOTADB") throw error;
    throw damagedFault(path, cause);
  }
}

export function damagedFault(path: string, cause?: unknown): Fault {
  return new Fault("store-failed", msg`${path} is damaged`, {
    cause,
    remedy: "end chat and put that file aside: the device comes in anew without it",
  });
}

/** Also while another process recovers what a killed one has left: BUSY_RECOVERY. */
function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && error.code?.startsWith("SQLITE_BUSY") === true;
}

function rethrow(error: unknown): never {
  throw error;
}
