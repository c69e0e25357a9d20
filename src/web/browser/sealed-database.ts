/** An account's sealed-room data in a separate IndexedDB database. */

import { Fault } from "../../base/fault.ts";
import type { OpenSealedHome } from "../../client/sealed/sealing.ts";
import type { KeyRange, SealedRow, SealedTables } from "../../client/sealed/store.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { Databases, Locks } from "./environment.ts";
import {
  beginTransaction,
  type Database,
  type ObjectStore,
  openDatabase,
  requestResult,
  storeFault,
  writeRows,
} from "./indexed-db.ts";

/** Generous, because tabs normally hold the lock for about half a second. */
const LOCK_TIMEOUT_MS = 15_000;

const TABLE = "rows";

export interface SealedDatabaseOptions {
  readonly databases: Databases;
  readonly locks: Locks;
  readonly name: string;
  readonly onPinned: () => void;
}

/**
 * Stages a transaction's writes and commits them together. A browser lock excludes other tabs,
 * because IndexedDB transactions cannot stay open during asynchronous cryptography.
 */
export class SealedDatabase implements OpenSealedHome {
  readonly #queue = new TaskQueue();
  #database: Database | undefined;
  #isClosed = false;

  constructor(private readonly options: SealedDatabaseOptions) {}

  /**
   * Nothing is written on failure.
   * @throws {Fault} store-…, interrupted (closed), or the error of `work`
   */
  transact<Result>(work: (tables: SealedTables) => Promise<Result>): Promise<Result> {
    const { locks, name } = this.options;
    return this.#queue.run(() =>
      locks.run(name, LOCK_TIMEOUT_MS, async () => {
        if (this.#isClosed) throw new Fault("interrupted", "logged out");
        const { watch } = this.options.databases;
        const database = await watch.read(() => this.#open());
        const tables = new StagedRows(database, this.options.databases);
        const result = await work(tables);
        await watch.writeSurely(() => tables.write());
        if (tables.hasPinned) this.options.onPinned();
        return result;
      }),
    );
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#queue.run(async () => this.#database?.close());
  }

  async #open(): Promise<Database> {
    if (this.#database !== undefined) return this.#database;
    const { databases, name } = this.options;
    const schema = { name, tables: [TABLE] };
    const database = await openDatabase(databases.factory, schema);
    this.#database = database;
    // The browser or another tab has deleted the database: the next transaction starts empty.
    database.onclose = () => this.#lost(database);
    database.onversionchange = async ({ newVersion }) => {
      if (newVersion !== null) await databases.watch.release();
      database.close();
      this.#lost(database);
    };
    return database;
  }

  #lost(database: Database): void {
    if (this.#database === database) this.#database = undefined;
  }
}

class StagedRows implements SealedTables {
  readonly #staged = new Map<string, Uint8Array | undefined>();

  constructor(
    private readonly database: Database,
    private readonly databases: Pick<Databases, "keyRange" | "watch">,
  ) {}

  get hasPinned(): boolean {
    return [...this.#staged.keys()].some((key) => key.startsWith("pin/"));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    if (this.#staged.has(key)) return this.#staged.get(key);
    const { watch } = this.databases;
    const value: unknown = await watch.read(() => requestResult(this.#table().get(key)));
    return value instanceof Uint8Array ? value : undefined;
  }

  put(key: string, value: Uint8Array): void {
    this.#staged.set(key, value);
  }

  delete(key: string): void {
    this.#staged.set(key, undefined);
  }

  async list({ from, to, limit, backwards = false }: KeyRange): Promise<readonly SealedRow[]> {
    const staged = [...this.#staged].filter(([key]) => key >= from && key < to);
    const rows = new Map<string, Uint8Array>();
    // The limit also covers stored rows that this transaction has removed.
    const range = { from, to, limit: limit + staged.length, backwards };
    for (const { key, value } of await this.databases.watch.read(() => this.#storedRows(range)))
      rows.set(key, value);
    for (const [key, value] of staged) {
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
    }
    const sign = backwards ? -1 : 1;
    return [...rows]
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => (a.key < b.key ? -sign : sign))
      .slice(0, limit);
  }

  write(): Promise<void> {
    const rows = [...this.#staged].map(([key, value]) => ({ table: TABLE, key, value }));
    return writeRows(this.database, rows);
  }

  async #storedRows({ from, to, limit, backwards }: Required<KeyRange>): Promise<SealedRow[]> {
    if (from >= to) return []; // An IndexedDB range must not be empty.
    const range = this.databases.keyRange(from, to, false, true);
    const request = this.#table().openCursor(range, backwards ? "prev" : "next");
    return new Promise((resolve, reject) => {
      const rows: SealedRow[] = [];
      request.onerror = () => reject(storeFault(request.error));
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor === null || rows.length === limit) return resolve(rows);
        rows.push({ key: String(cursor.key), value: cursor.value as Uint8Array });
        cursor.continue();
      };
    });
  }

  #table(): ObjectStore {
    return beginTransaction(this.database, [TABLE], "readonly").objectStore(TABLE);
  }
}
