/** Storage interface for sealed rooms, implemented by the terminal and the browser client. */

/** Value from a synchronous store, or promise from the asynchronous store of a browser. */
export type Awaitable<Value> = Value | Promise<Value>;

/**
 * Rows of one account on one device. Several processes or tabs may share the store; each
 * transaction is isolated.
 */
export interface SealedStore {
  /**
   * Runs an atomic transaction. All changes are durable when the promise resolves, and none are
   * made if `work` throws.
   * @throws {Fault} store-… if the store fails, and the faults of `work`
   */
  transact<Result>(work: (tables: SealedTables) => Promise<Result>): Promise<Result>;
}

/** Rows in ascending order of their ASCII keys. The caller encrypts the values. */
export interface SealedTables {
  get(key: string): Awaitable<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Awaitable<void>;
  delete(key: string): Awaitable<void>;
  /**
   * Returns the first rows from `from` up to, but not including, `to`; with `backwards`, the last
   * rows.
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
