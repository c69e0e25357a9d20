/** At once where a store is synchronous, later in a browser. */
export type Awaitable<Value> = Value | Promise<Value>;

/**
 * What a device keeps of one account's sealed rooms. Several processes or tabs may share it: what
 * one transaction reads, no other changes before it ends.
 */
export interface SealedStore {
  /**
   * All that the work puts and deletes is durable when this resolves, or nothing of it if the work
   * throws. @throws Fault store-…, and what the work throws
   */
  transact<Result>(work: (tables: SealedTables) => Promise<Result>): Promise<Result>;
}

/** Rows by key. Keys are ASCII and in ascending order; values are encrypted by the caller. */
export interface SealedTables {
  get(key: string): Awaitable<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Awaitable<void>;
  delete(key: string): Awaitable<void>;
  /** Rows from `from` on, without `to`, the first of them first, or the last with `backwards`. */
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
