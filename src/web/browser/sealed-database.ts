import { Fault } from "../../base/fault.ts";
import type { OpenSealedHome } from "../../client/sealed/sealing.ts";
import type { KeyRange, SealedRow, SealedTables } from "../../client/sealed/store.ts";
import { Mutex } from "../../io/disk/mutex.ts";
import type { Databases, Locks } from "./environment.ts";
import {
  type Database,
  type ObjectStore,
  settled,
  storeFault,
  type Transaction,
} from "./indexed-db.ts";

/** Another tab works on sealed rooms for half a second at a time; longer, and it hangs. */
const SEALED_BUSY_MS_MAX = 15_000;

const TABLE = "rows";
const VERSION = 1;

export interface SealedDatabaseParts {
  readonly databases: Databases;
  readonly locks: Locks;
  /** Of the account, and its database with it. */
  readonly name: string;
  /** Told once something is sealed for good: what is kept is of worth. */
  readonly onPinned: () => void;
}

/**
 * What a page keeps of one account's sealed rooms, in a database of its own. A transaction of
 * IndexedDB ends while keys are computed: so a lock keeps other tabs out, and all that the work
 * writes is held back until it is done, then written in one step.
 */
export class SealedDatabase implements OpenSealedHome {
  readonly #parts: SealedDatabaseParts;
  readonly #mutex = new Mutex();
  #database: Database | undefined;
  #isClosed = false;

  constructor(parts: SealedDatabaseParts) {
    this.#parts = parts;
  }

  /** @throws Fault store-…, interrupted (closed), and what the work throws: nothing has changed */
  transact<Result>(work: (tables: SealedTables) => Promise<Result>): Promise<Result> {
    const { locks, name } = this.#parts;
    return this.#mutex.run(() =>
      locks.run(name, SEALED_BUSY_MS_MAX, async () => {
        if (this.#isClosed) throw new Fault("interrupted", "nobody is logged in any more");
        const database = await this.#open();
        const tables = new StagedRows(database, this.#parts.databases.between);
        const result = await work(tables);
        await tables.write();
        if (tables.hasPinned) this.#parts.onPinned();
        return result;
      }),
    );
  }

  /** What is under way ends first; what waits behind it is refused. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#mutex.run(async () => this.#database?.close());
  }

  async #open(): Promise<Database> {
    if (this.#database !== undefined) return this.#database;
    const { databases, name } = this.#parts;
    const request = databases.factory.open(name, VERSION);
    request.onupgradeneeded = () => void request.result.createObjectStore(TABLE);
    const database = await settled(request);
    this.#database = database;
    // The browser, or another tab, throws it away: the next work begins with nothing.
    database.onclose = () => this.#lost(database);
    database.onversionchange = () => {
      database.close();
      this.#lost(database);
    };
    return database;
  }

  #lost(database: Database): void {
    if (this.#database === database) this.#database = undefined;
  }
}

/** One work's view: what it has written stands before what the database has. */
class StagedRows implements SealedTables {
  readonly #database: Database;
  readonly #between: Databases["between"];
  /** Undefined: is removed. Bounded by what one work writes. */
  readonly #staged = new Map<string, Uint8Array | undefined>();

  constructor(database: Database, between: Databases["between"]) {
    this.#database = database;
    this.#between = between;
  }

  get hasPinned(): boolean {
    return [...this.#staged.keys()].some((key) => key.startsWith("pin/"));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    if (this.#staged.has(key)) return this.#staged.get(key);
    const value: unknown = await settled(this.#table("readonly").get(key));
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
    // Of those that are kept some may be removed by this work.
    for (const { key, value } of await this.#kept({
      from,
      to,
      limit: limit + staged.length,
      backwards,
    })) {
      rows.set(key, value);
    }
    for (const [key, value] of staged) {
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
    }
    const sign = backwards ? -1 : 1;
    return [...rows]
      .map(([key, value]) => ({ key, value }))
      .sort((one, other) => (one.key < other.key ? -sign : sign))
      .slice(0, limit);
  }

  /** @throws Fault store-…: nothing of it is kept */
  write(): Promise<void> {
    if (this.#staged.size === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const transaction = this.#begin("readwrite");
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(storeFault(transaction.error));
      const table = transaction.objectStore(TABLE);
      for (const [key, value] of this.#staged) {
        if (value === undefined) table.delete(key);
        else table.put(value, key);
      }
    });
  }

  #kept({ from, to, limit, backwards }: Required<KeyRange>): Promise<SealedRow[]> {
    if (from >= to) return Promise.resolve([]); // A range of IndexedDB is not empty.
    const range = this.#between(from, to, false, true);
    const request = this.#table("readonly").openCursor(range, backwards ? "prev" : "next");
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

  #table(mode: "readonly" | "readwrite"): ObjectStore {
    return this.#begin(mode).objectStore(TABLE);
  }

  #begin(mode: "readonly" | "readwrite"): Transaction {
    try {
      return this.#database.transaction([TABLE], mode, { durability: "strict" });
    } catch (cause) {
      throw storeFault(cause);
    }
  }
}
