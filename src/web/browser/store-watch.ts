/** Reports what happens to the browser's storage while a page is open. */

import { asFault, type Fault } from "../../base/fault.ts";
import { type Clock, delay, withTimeout } from "../../io/clock.ts";
import { type Store, storeFault, type TableChange, type TableName } from "./indexed-db.ts";

/** Longest time for which a newer page waits until this page has written its data. */
const RELEASE_TIMEOUT_MS = 5_000;

/** Some browsers never answer in private windows, and a slow disk may need seconds. */
export const STORE_TIMEOUT_MS = 15_000;

/** Longest wait for a write after one that the browser has not answered. */
const SILENT_TIMEOUT_MS = 1_000;

/** Attempts to open databases that the browser has closed. */
const REOPENINGS_MAX = 5;
const REOPEN_INTERVAL_MS = 500;

/** Tables whose loss costs only time. */
const CACHES: ReadonlySet<TableName> = new Set(["hashes", "previews"]);

export class StoreWatch {
  /** Writes what the page has not stored yet. Called once, before the database closes. */
  onRelease: () => Promise<void> = async () => undefined;
  /** Called each time the storage fails, except after a release. */
  onFailure: (fault: Fault) => void = () => undefined;
  /** The latest failure. */
  failure: Fault | undefined;
  /** True if the user or the browser has deleted the data of this site while the page is open. */
  isDeleted = false;
  #released: Promise<void> | undefined;
  /** True until the browser answers again. */
  #isSilent = false;

  constructor(private readonly clock: Pick<Clock, "after">) {}

  /** Whether a newer page has taken the storage over. */
  get isReleased(): boolean {
    return this.#released !== undefined;
  }

  /** A newer page changes the database. Resolves when this page can no longer write to it. */
  release(): Promise<void> {
    this.#released ??= withTimeout(
      this.#flushed(),
      RELEASE_TIMEOUT_MS,
      () => undefined,
      this.clock,
    );
    return this.#released;
  }

  deleted(): void {
    this.isDeleted = true;
    this.failed(storeFault({ message: "its data was deleted" }));
  }

  /** Opens a database that the browser has closed, and looks whether its data is still there. */
  async closed(hasData: () => Promise<boolean>): Promise<void> {
    try {
      if (!(await this.#reopened(hasData))) this.deleted();
    } catch (error) {
      this.failed(error);
    }
  }

  /** A database cannot be opened while the browser deletes it. */
  async #reopened(hasData: () => Promise<boolean>): Promise<boolean> {
    for (let attempts = 1; attempts < REOPENINGS_MAX; attempts++) {
      try {
        return await hasData();
      } catch (error) {
        asFault(error);
      }
      await delay(this.clock, REOPEN_INTERVAL_MS);
    }
    return await hasData();
  }

  failed(error: unknown): void {
    const fault = asFault(error);
    if (this.#released !== undefined) return;
    this.failure = fault;
    this.onFailure(fault);
  }

  /** Reports a failure. Also reports a browser that does not answer, but keeps waiting. */
  async watched<Result>(act: () => Promise<Result>): Promise<Result> {
    const silence = () => this.failed(storeFault({ message: "it does not answer" }));
    const cancel = this.clock.after(STORE_TIMEOUT_MS, silence);
    try {
      return await act();
    } catch (error) {
      this.failed(error);
      throw error;
    } finally {
      cancel();
    }
  }

  /**
   * Reports a failure. Does not wait for a browser that does not answer, so that the page continues
   * from memory. The write may still happen later.
   * @throws {Fault} store-…
   */
  async written(act: () => Promise<void>): Promise<void> {
    const timeoutMs = this.#isSilent ? SILENT_TIMEOUT_MS : STORE_TIMEOUT_MS;
    try {
      const answer = act().finally(() => {
        this.#isSilent = false;
      });
      await withTimeout(answer, timeoutMs, () => this.#silence(), this.clock);
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  #silence(): never {
    this.#isSilent = true;
    throw storeFault({ message: "it does not answer" });
  }

  async #flushed(): Promise<void> {
    await this.onRelease().catch(asFault);
  }
}

/** The only place that reports a failure of the store, whatever its user does with the error. */
export class WatchedStore implements Store {
  readonly isExternal: boolean;
  readonly isEphemeral: boolean;

  constructor(
    private readonly store: Store,
    private readonly watch: Pick<StoreWatch, "watched" | "written">,
  ) {
    this.isExternal = store.isExternal === true;
    this.isEphemeral = store.isEphemeral === true;
  }

  get(table: TableName, key: string): Promise<unknown> {
    return this.#read(table, () => this.store.get(table, key));
  }

  all(table: TableName, prefix: string): Promise<[string, unknown][]> {
    return this.#read(table, () => this.store.all(table, prefix));
  }

  async write(changes: readonly TableChange[]): Promise<void> {
    const write = () => this.store.write(changes);
    const isCache = changes.every(({ table }) => CACHES.has(table));
    await (isCache ? write() : this.watch.written(write));
  }

  /** Rejects also if `act` throws, as browsers do while the database closes. */
  async #read<Result>(table: TableName, act: () => Promise<Result>): Promise<Result> {
    return await (CACHES.has(table) ? act() : this.watch.watched(act));
  }
}
