/** Storage interface for sealed rooms, implemented by the terminal and the browser client. */

/** Value of a synchronous store, or promise of a browser's asynchronous store. */
export type Awaitable<Value> = Value | Promise<Value>;

/** Several processes or tabs may share the store; each transaction is isolated. */
export interface SealedStore {
  /**
   * All changes are durable when the promise resolves, and none are made if `work` throws.
   * @throws {Fault} store-… if the store fails, and the faults of `work`
   */
  transact<Result>(work: (tables: SealedTables) => Promise<Result>): Promise<Result>;
}

/** Rows sorted by their ASCII keys. The caller encrypts the values. */
export interface SealedTables {
  get(key: string): Awaitable<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Awaitable<void>;
  delete(key: string): Awaitable<void>;
  /** Excludes `to`. With `backwards`, returns the last rows of the range instead of the first. */
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
