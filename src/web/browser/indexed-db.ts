/** The page's key-value store: tables in IndexedDB, or in memory if the browser has none. */

import { Fault } from "../../base/fault.ts";
import type { OutboxOwner } from "../../io/state/outbox-store.ts";

export const TABLES = [
  "keys",
  "places",
  "outbox",
  "uploads",
  "hashes",
  "drafts",
  "downloads",
  "attached",
  "previews",
] as const;
export type Table = (typeof TABLES)[number];

export interface Change {
  readonly table: Table;
  readonly key: string;
  /** Any value that `structuredClone` accepts; `undefined` removes the key. */
  readonly value: unknown;
}

export interface Store {
  /** True for a store outside the browser, which accepts only plain values and bytes. */
  readonly isExternal?: boolean;
  readonly isEphemeral?: boolean;
  get(table: Table, key: string): Promise<unknown>;
  all(table: Table, prefix: string): Promise<[string, unknown][]>;
  /**
   * Writes all changes or none; they are on disk when the promise resolves.
   * @throws {Fault} store-full, store-failed
   */
  write(changes: readonly Change[]): Promise<void>;
}

export interface Request<Value> {
  readonly result: Value;
  readonly error: { readonly name: string; readonly message: string } | null;
  onsuccess: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}
interface Cursor {
  readonly key: unknown;
  readonly value: unknown;
  continue(): void;
}
export interface ObjectStore {
  get(key: string): Request<unknown>;
  openCursor(range: unknown, direction: "next" | "prev"): Request<Cursor | null>;
  getAll(range: unknown): Request<unknown[]>;
  getAllKeys(range: unknown): Request<unknown[]>;
  put(value: unknown, key: string): unknown;
  delete(key: string): unknown;
}
export interface Transaction {
  readonly error: { readonly name: string; readonly message: string } | null;
  objectStore(name: string): ObjectStore;
  abort(): void;
  oncomplete: ((event: never) => void) | null;
  onabort: ((event: never) => void) | null;
}
export interface Database {
  readonly objectStoreNames: { contains(name: string): boolean };
  createObjectStore(name: string): unknown;
  transaction(
    names: readonly string[],
    mode: "readonly" | "readwrite",
    options?: { readonly durability: "strict" },
  ): Transaction;
  close(): void;
  onversionchange: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
}
export interface DatabaseFactory {
  deleteDatabase(name: string): unknown;
  open(
    name: string,
    version: number,
  ): Request<Database> & {
    onupgradeneeded: ((event: never) => void) | null;
    onblocked: ((event: never) => void) | null;
  };
}
export type MakeKeyRange = (
  low: string,
  high: string,
  lowOpen?: boolean,
  highOpen?: boolean,
) => unknown;

export function accountPrefix(owner: OutboxOwner): string {
  return `${owner.fingerprint} ${owner.user.toLowerCase()} `;
}

const DIGITS = 16;

export function numberKey(n: number): string {
  return String(n).padStart(DIGITS, "0");
}

/** The version must increase with each new table. */
const DATABASE: DatabaseSchema = { name: "chat", version: 4, tables: TABLES };
const LAST = "\uffff";

/** @throws {Fault} store-denied if the browser does not let this page store data */
export async function openStore(factory: DatabaseFactory, keyRange: MakeKeyRange): Promise<Store> {
  return new DatabaseStore(await openDatabase(factory, DATABASE), keyRange);
}

export interface DatabaseSchema {
  readonly name: string;
  readonly version: number;
  readonly tables: readonly string[];
}

export async function openDatabase(
  factory: DatabaseFactory,
  { name, version, tables }: DatabaseSchema,
): Promise<Database> {
  const request = factory.open(name, version);
  request.onupgradeneeded = () => {
    const { result } = request;
    const missing = tables.filter((table) => !result.objectStoreNames.contains(table));
    for (const table of missing) result.createObjectStore(table);
  };
  const database = await requestResult(request);
  database.onversionchange = () => database.close(); // Lets a newer page upgrade the database.
  return database;
}

export function beginTransaction(
  database: Database,
  tables: readonly string[],
  mode: "readonly" | "readwrite",
): Transaction {
  try {
    return database.transaction(tables, mode, { durability: "strict" });
  } catch (cause) {
    throw storeFault(cause);
  }
}

type Row = Omit<Change, "table"> & { readonly table: string };

export function writeRows(database: Database, changes: readonly Row[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const tables = [...new Set(changes.map(({ table }) => table))];
    if (tables.length === 0) return resolve();
    const transaction = beginTransaction(database, tables, "readwrite");
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(storeFault(transaction.error));
    try {
      for (const { table, key, value } of changes) {
        const store = transaction.objectStore(table);
        if (value === undefined) store.delete(key);
        else store.put(value, key);
      }
    } catch (cause) {
      transaction.abort();
      reject(storeFault(cause)); // Reject before `onabort` fires, because it carries no error.
    }
  });
}

class DatabaseStore implements Store {
  constructor(
    private readonly database: Database,
    private readonly keyRange: MakeKeyRange,
  ) {}

  async get(table: Table, key: string): Promise<unknown> {
    return requestResult(this.#table(table).get(key));
  }

  async all(table: Table, prefix: string): Promise<[string, unknown][]> {
    const range = this.keyRange(prefix, prefix + LAST);
    const store = this.#table(table);
    const [keys, values] = await Promise.all([
      requestResult(store.getAllKeys(range)),
      requestResult(store.getAll(range)),
    ]);
    return keys.map((key, i) => [String(key), values[i]]);
  }

  async write(changes: readonly Change[]): Promise<void> {
    return writeRows(this.database, changes);
  }

  #table(table: Table): ObjectStore {
    return beginTransaction(this.database, [table], "readonly").objectStore(table);
  }
}

export function requestResult<Value>(request: Request<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(storeFault(request.error));
  });
}

export function storeFault(cause: unknown): Fault {
  const { name = "", message = "" } = (cause ?? {}) as { name?: string; message?: string };
  if (name === "QuotaExceededError") {
    return new Fault("store-full", "the browser's storage for this page is full", { cause });
  }
  return new Fault("store-failed", `the browser cannot store data (${message || name})`, {
    cause,
    remedy: "allow this page to store data, or close its other tabs",
  });
}

export class MemoryStore implements Store {
  readonly isEphemeral: boolean;
  readonly #tables = new Map<Table, Map<string, unknown>>(TABLES.map((name) => [name, new Map()]));

  constructor({ isEphemeral = false }: { readonly isEphemeral?: boolean } = {}) {
    this.isEphemeral = isEphemeral;
  }

  async get(table: Table, key: string): Promise<unknown> {
    return this.#tables.get(table)?.get(key);
  }

  async all(table: Table, prefix: string): Promise<[string, unknown][]> {
    const entries = [...(this.#tables.get(table) ?? [])].filter(([key]) => key.startsWith(prefix));
    return entries.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async write(changes: readonly Change[]): Promise<void> {
    for (const { table, key, value } of changes) {
      if (value === undefined) this.#tables.get(table)?.delete(key);
      else this.#tables.get(table)?.set(key, structuredClone(value));
    }
  }
}
