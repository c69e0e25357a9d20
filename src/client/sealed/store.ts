/** Storage interface of sealed rooms, implemented by terminal and browser. */

/** A value of a synchronous store, or a promise in a browser. */
export type Awaitable<Value> = Value | Promise<Value>;

/**
 * Rows of one account on one device. Several processes or tabs may share the store, in isolated
 * transactions.
 */
export interface SealedStore {
  /**
   * Runs an atomic transaction. All changes are durable when this resolves, and none are made if
   * the work throws.
   * @throws {Fault} store-… if the store fails, and the work's faults
   */
  transact<Result>(work: (tables: SealedTables) => Promise<Result>): Promise<Result>;
}

/** Rows by key. Keys are ASCII and in ascending order. The caller encrypts values. */
export interface SealedTables {
  get(key: string): Awaitable<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Awaitable<void>;
  delete(key: string): Awaitable<void>;
  /**
   * Returns the first rows from `from` up to, but not including, `to`, or the last ones with
   * `backwards`.
   */
  list(range: KeyRange): Awaitable<readonly SealedRow[]>;
}

export interface KeyRange {
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  readonly backwards?: boolean;
}

export interface SealedRow {
  readonly key: string;
  readonly value: Uint8Array;
}
