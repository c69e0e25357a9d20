/** Storage of sealed rooms, behind an interface for terminal and browser. */

/** A value of a synchronous store, or a promise in a browser. */
export type Awaitable<Value> = Value | Promise<Value>;

/**
 * Rows of one account on one device. Several processes or tabs may share it: transactions are
 * isolated from each other.
 */
export interface SealedStore {
  /**
   * Atomic: all changes are durable when this resolves, and none are made if the work throws.
   * @throws {Fault} store-…, and the work's
   */
  transact<Result>(work: (tables: SealedTables) => Promise<Result>): Promise<Result>;
}

/** Rows by key. Keys are ASCII and in ascending order; values are encrypted by the caller. */
export interface SealedTables {
  get(key: string): Awaitable<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Awaitable<void>;
  delete(key: string): Awaitable<void>;
  /**
   * Returns rows from `from` up to, not including, `to`: the first ones, or the last with
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
