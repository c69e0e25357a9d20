/** The page's key-value store: tables in IndexedDB, or in memory if the browser has none. */

import { asFault, Fault, msg } from "../../base/fault.ts";
import type { OutboxOwner } from "../../io/state/outbox-store.ts";

/** Object stores of the first database. This list must not grow. */
const FIRST_TABLES = [
  "keys",
  "places",
  "outbox",
  "uploads",
  "hashes",
  "drafts",
  "downloads",
  "attached",
  "messages",
] as const;
/**
 * Tables added since. Their rows share one object store of a second database, so that a new table
 * changes no database that open pages use.
 */
const LATER_TABLES = ["previews", "refused"] as const;
export const TABLES = [...FIRST_TABLES, ...LATER_TABLES] as const;
export type TableName = (typeof TABLES)[number];

export interface TableChange {
  readonly table: TableName;
  readonly key: string;
  /** Any value that `structuredClone` accepts; `undefined` removes the key. */
  readonly value: unknown;
}

export interface Store {
  /** True for a store outside the browser, which accepts only plain values and bytes. */
  readonly isExternal?: boolean;
  readonly isEphemeral?: boolean;
  get(table: TableName, key: string): Promise<unknown>;
  all(table: TableName, prefix: string): Promise<[string, unknown][]>;
  /**
   * Writes all changes or none if their tables share a database; they are on disk when the promise
   * resolves.
   * @throws {Fault} store-full, store-failed
   */
  write(changes: readonly TableChange[]): Promise<void>;
}

export interface TableRequest<Value> {
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
  get(key: string): TableRequest<unknown>;
  openCursor(range: unknown, direction: "next" | "prev"): TableRequest<Cursor | null>;
  getAll(range: unknown): TableRequest<unknown[]>;
  getAllKeys(range: unknown): TableRequest<unknown[]>;
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
  readonly version: number;
  readonly objectStoreNames: ArrayLike<string> & { contains(name: string): boolean };
  createObjectStore(name: string): unknown;
  deleteObjectStore(name: string): void;
  transaction(
    names: readonly string[],
    mode: "readonly" | "readwrite",
    options?: { readonly durability: "strict" },
  ): Transaction;
  close(): void;
  /** `newVersion` is null if the database is to be deleted. */
  onversionchange: ((event: { readonly newVersion: number | null }) => void) | null;
  onclose: ((event: never) => void) | null;
}
export interface DatabaseFactory {
  deleteDatabase(name: string): unknown;
  open(
    name: string,
    version?: number,
  ): TableRequest<Database> & {
    readonly transaction: Pick<Transaction, "abort"> | null;
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

const KEY_DIGITS = 16;

export function numberKey(n: number): string {
  return String(n).padStart(KEY_DIGITS, "0");
}

/**
 * A higher version stops each open page, and locks out older ones. Only a change that older pages
 * must not survive may raise it. Data of pages of 0.1 to 0.3 has versions below 100.
 *
 * @internal
 */
export const DATABASE_VERSION = 100;
const LATER_ROWS = "rows";
const LAST = "\uffff";

/** Handlers of a page whose database is about to change or has closed. */
export interface DatabaseEvents {
  /** A newer page changes the database, which closes when the promise resolves. */
  release(): Promise<void>;
  /** The user or the browser has deleted the data of this site. */
  deleted(): void;
  /**
   * The browser has closed the database, as Safari does in the background.
   * @param hasData opens it again and reports whether its data is still there
   */
  closed(hasData: () => Promise<boolean>): Promise<void>;
}

/**
 * @throws {Fault} version-unsupported if a newer page has changed the data; store-failed if the
 * browser does not let this page store data
 */
export async function openStore(
  factory: DatabaseFactory,
  keyRange: MakeKeyRange,
  events: DatabaseEvents,
): Promise<Store> {
  const open = async (schema: DatabaseSchema, onEnd: OnEnd) => {
    const database = await openDatabase(factory, schema);
    database.onversionchange = async ({ newVersion }) => {
      if (newVersion !== null) await events.release();
      database.close();
      onEnd(newVersion === null ? "deleted" : "released");
    };
    database.onclose = () => onEnd("closed");
    return database;
  };
  const openBoth = async (onEnd: OnEnd): Promise<Databases> => {
    const first = await open({ name: "chat", tables: FIRST_TABLES }, onEnd);
    try {
      return { first, later: await open({ name: "chat later", tables: [LATER_ROWS] }, onEnd) };
    } catch (error) {
      first.close();
      throw error;
    }
  };
  const store = new DatabaseStore(openBoth, keyRange, events);
  await store.open();
  return store;
}

export interface DatabaseSchema {
  readonly name: string;
  readonly tables: readonly string[];
}

/**
 * Deletes data that a page of 0.1 to 0.3 has stored: its server refused to keep its own as well.
 * @throws {Fault} version-unsupported, store-…
 */
export async function openDatabase(
  factory: DatabaseFactory,
  { name, tables }: DatabaseSchema,
): Promise<Database> {
  const request = ask(() => factory.open(name, DATABASE_VERSION));
  request.onupgradeneeded = () => {
    const { result, transaction } = request;
    try {
      for (const table of Array.from(result.objectStoreNames)) result.deleteObjectStore(table);
      for (const table of tables) result.createObjectStore(table);
    } catch {
      transaction?.abort(); // Rejects the request. The database must not lack a table.
    }
  };
  try {
    return await requestResult(request);
  } catch (error) {
    if (request.error?.name !== "VersionError") throw error;
  }
  const database = await requestResult(ask(() => factory.open(name)));
  database.close();
  throw new Fault(
    "version-unsupported",
    msg`this browser holds data of a newer version (format ${database.version})`,
    { remedy: "reload the page, or upgrade the server" },
  );
}

export function beginTransaction(
  database: Database,
  tables: readonly string[],
  mode: "readonly" | "readwrite",
): Transaction {
  return ask(() => database.transaction(tables, mode, { durability: "strict" }));
}

/** Firefox throws in `open` if it blocks cookies, where other browsers have no `indexedDB`. */
function ask<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (cause) {
    throw storeFault(cause);
  }
}

type Row = Omit<TableChange, "table"> & { readonly table: string };

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

interface Databases {
  readonly first: Database;
  readonly later: Database;
}

/** Why a database cannot be used any longer. `released`: a newer page uses it. */
type OnEnd = (why: "released" | "closed" | "deleted") => void;

class DatabaseStore implements Store {
  /** `undefined` after the databases were closed or deleted, until the next use. */
  #databases: Databases | undefined;
  #opening: Promise<Databases> | undefined;
  #isReleased = false;
  /** False in private tabs of Safari, which abort a transaction that stores a `Blob`. */
  #storesBlobs = true;

  constructor(
    private readonly openBoth: (onEnd: OnEnd) => Promise<Databases>,
    private readonly keyRange: MakeKeyRange,
    private readonly events: Pick<DatabaseEvents, "deleted" | "closed">,
  ) {}

  /** @throws {Fault} version-unsupported, store-… */
  async open(): Promise<Databases> {
    this.#opening ??= this.openBoth((why) => this.#ended(why));
    try {
      this.#databases = await this.#opening;
      return this.#databases;
    } finally {
      this.#opening = undefined;
    }
  }

  #ended(why: Parameters<OnEnd>[0]): void {
    if (why === "released") {
      this.#isReleased = true;
      return;
    }
    if (this.#databases === undefined) return;
    this.#close(this.#databases);
    if (why === "deleted") this.events.deleted();
    else void this.events.closed(async () => (await this.all("keys", "")).length > 0);
  }

  #close({ first, later }: Databases): void {
    for (const database of [first, later]) database.close();
    this.#databases = undefined;
  }

  /** Repeats the action in new connections if the browser has closed the present ones. */
  async #use<Result>(act: (databases: Databases) => Promise<Result>): Promise<Result> {
    const databases = this.#databases ?? (await this.open());
    try {
      return await act(databases);
    } catch (error) {
      if (this.#isReleased || !(this.#databases !== databases || isClosedError(error))) throw error;
    }
    if (this.#databases === databases) this.#close(databases);
    return await act(this.#databases ?? (await this.open()));
  }

  get(table: TableName, key: string): Promise<unknown> {
    return this.#use(async (databases) => {
      const { store, prefix } = this.#table(databases, table);
      return readBlobs(await requestResult(store.get(prefix + key)));
    });
  }

  all(table: TableName, keyPrefix: string): Promise<[string, unknown][]> {
    return this.#use(async (databases) => {
      const { store, prefix } = this.#table(databases, table);
      const range = this.keyRange(prefix + keyPrefix, prefix + keyPrefix + LAST);
      const [keys, values] = await Promise.all([
        requestResult(store.getAllKeys(range)),
        requestResult(store.getAll(range)),
      ]);
      return keys.map((key, i) => [String(key).slice(prefix.length), readBlobs(values[i])]);
    });
  }

  /** Atomic in each database. Stores the bytes of blobs if the browser refuses the blobs. */
  async write(changes: readonly TableChange[]): Promise<void> {
    const hasBlobs = changes.some(({ value }) => containsBlob(value));
    if (this.#storesBlobs) {
      try {
        return await this.#write(changes);
      } catch (error) {
        const isRefusal = hasBlobs && asFault(error).code !== "store-full";
        if (!isRefusal) throw error;
      }
    }
    const values = await Promise.all(changes.map(({ value }) => writeBlobs(value)));
    await this.#write(changes.map((change, i) => ({ ...change, value: values[i] })));
    if (hasBlobs) this.#storesBlobs = false;
  }

  #write(changes: readonly TableChange[]): Promise<void> {
    return this.#use((databases) => this.#writeTo(databases, changes));
  }

  async #writeTo(databases: Databases, changes: readonly TableChange[]): Promise<void> {
    await writeRows(
      databases.first,
      changes.filter(({ table }) => isFirst(databases, table)),
    );
    const later = changes.filter(({ table }) => !isFirst(databases, table));
    const rows = later.map(({ table, key, value }) => {
      return { table: LATER_ROWS, key: laterPrefix(table) + key, value };
    });
    await writeRows(databases.later, rows);
  }

  #table(
    databases: Databases,
    table: TableName,
  ): { readonly store: ObjectStore; readonly prefix: string } {
    const [database, name] = isFirst(databases, table)
      ? [databases.first, table]
      : [databases.later, LATER_ROWS];
    const store = beginTransaction(database, [name], "readonly").objectStore(name);
    return { store, prefix: name === table ? "" : laterPrefix(table) };
  }
}

function isFirst({ first }: Databases, table: TableName): boolean {
  return first.objectStoreNames.contains(table);
}

/** Thrown by a closed database, also before or without the event that it was closed. */
function isClosedError(error: unknown): boolean {
  const { cause } = asFault(error);
  return (cause as { readonly name?: unknown } | undefined)?.name === "InvalidStateError";
}

const BLOB_BYTES = "$blob";

interface BlobBytes {
  readonly [BLOB_BYTES]: ArrayBuffer;
  readonly type: string;
  /** Absent unless it is a file. */
  readonly file?: { readonly name: string; readonly lastModified: number };
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && value.constructor === Object;
}

function containsBlob(value: unknown): boolean {
  return isPlain(value) && Object.values(value).some((field) => field instanceof Blob);
}

/** Replaces the blobs among the fields of a row by their bytes. */
async function writeBlobs(value: unknown): Promise<unknown> {
  if (!(isPlain(value) && containsBlob(value))) return value;
  const fields = Object.entries(value).map(async ([name, field]) => {
    return [name, field instanceof Blob ? await blobBytes(field) : field] as const;
  });
  return Object.fromEntries(await Promise.all(fields));
}

async function blobBytes(blob: Blob): Promise<BlobBytes> {
  const bytes = { [BLOB_BYTES]: await blob.arrayBuffer(), type: blob.type } as const;
  if (!(blob instanceof File)) return bytes;
  const { name, lastModified } = blob;
  return { ...bytes, file: { name, lastModified } };
}

function readBlobs(value: unknown): unknown {
  if (!(isPlain(value) && Object.values(value).some(isBlobBytes))) return value;
  const fields = Object.entries(value).map(([name, field]) => {
    return [name, isBlobBytes(field) ? blobOf(field) : field];
  });
  return Object.fromEntries(fields);
}

function isBlobBytes(value: unknown): value is BlobBytes {
  return isPlain(value) && BLOB_BYTES in value;
}

function blobOf({ [BLOB_BYTES]: bytes, type, file }: BlobBytes): Blob {
  if (file === undefined) return new Blob([bytes], { type });
  const { name, lastModified } = file;
  return new File([bytes], name, { type, lastModified });
}

function laterPrefix(table: TableName): string {
  return `${table}/`;
}

export function requestResult<Value>(request: TableRequest<Value>): Promise<Value> {
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
  readonly #tables = new Map<TableName, Map<string, unknown>>(
    TABLES.map((name) => [name, new Map()]),
  );

  constructor({ isEphemeral = false }: { readonly isEphemeral?: boolean } = {}) {
    this.isEphemeral = isEphemeral;
  }

  async get(table: TableName, key: string): Promise<unknown> {
    return this.#tables.get(table)?.get(key);
  }

  async all(table: TableName, prefix: string): Promise<[string, unknown][]> {
    const entries = [...(this.#tables.get(table) ?? [])].filter(([key]) => key.startsWith(prefix));
    return entries.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async write(changes: readonly TableChange[]): Promise<void> {
    for (const { table, key, value } of changes) {
      if (value === undefined) this.#tables.get(table)?.delete(key);
      else this.#tables.get(table)?.set(key, structuredClone(value));
    }
  }
}
