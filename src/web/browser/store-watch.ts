/** Reports what happens to the browser's storage while a page is open. */

import { asFault, type Fault } from "../../base/fault.ts";
import { type Clock, delay, withTimeout } from "../../io/clock.ts";
import { markHandled } from "../../io/promises.ts";
import { type Store, storeFault, type TableChange, type TableName } from "./indexed-db.ts";

/** Longest time for which a newer page waits until this page has written its data. */
const RELEASE_TIMEOUT_MS = 5_000;

/**
 * Longest wait for stored data. Some browsers never answer in private windows, and a slow disk may
 * need seconds.
 */
export const STORE_TIMEOUT_MS = 15_000;

/** A browser that does not answer for this long is reported, and its writes are not awaited. */
export const SLOW_STORE_MS = 2_000;

/** Longest wait for a write while the browser leaves earlier uses unanswered. */
const SILENT_TIMEOUT_MS = 1_000;

/** Attempts to open databases that the browser has closed. */
const REOPENINGS_MAX = 5;
const REOPEN_INTERVAL_MS = 500;

/** Tables whose loss costs only time. */
const CACHES: ReadonlySet<TableName> = new Set(["hashes", "previews"]);

/** Losses when a page closes that cannot store data; each includes those before it. */
const LOSSES = ["settings", "files", "texts", "account"] as const;
export type Loss = (typeof LOSSES)[number];

/** Row of the table "keys". */
export const DEVICE_KEY = "device";

/** Files may be too large where texts still have room. */
const FILE_TABLES: ReadonlySet<TableName> = new Set(["attached"]);

function lossOf(changes: readonly Pick<TableChange, "table" | "key">[]): Loss {
  // This device signs in with its own key.
  if (changes.some(({ table, key }) => table === "keys" && key === DEVICE_KEY)) return "account";
  return changes.every(({ table }) => FILE_TABLES.has(table)) ? "files" : "texts";
}

function worstLoss(losses: readonly (Loss | undefined)[]): Loss | undefined {
  return LOSSES.findLast((loss) => losses.includes(loss));
}

export function isWorseLoss(loss: Loss, other: Loss | undefined): boolean {
  return loss !== other && worstLoss([loss, other]) === loss;
}

export class StoreWatch {
  /** Writes what the page has not stored yet. Called once, before the database closes. */
  onRelease: () => Promise<void> = async () => undefined;
  /** Called each time the storage fails, except after a release, and when it answers again. */
  onChange: (failure: Fault | undefined) => void = () => undefined;
  /** True if the user or the browser has deleted the data of this site while the page is open. */
  isDeleted = false;
  #refusal: { readonly fault: Fault; readonly loss: Loss | undefined } | undefined;
  /** Uses that the browser has not answered so far, by what they would store. */
  readonly #unanswered = new Map<object, Loss>();
  #released: Promise<void> | undefined;

  constructor(private readonly clock: Pick<Clock, "after">) {}

  /** The latest failure; `undefined` again once a silent browser has answered. */
  get failure(): Fault | undefined {
    return this.#refusal?.fault ?? (this.#unanswered.size > 0 ? storeSilence() : undefined);
  }

  /** The worst that is lost when the page closes. */
  get loss(): Loss | undefined {
    return worstLoss([this.#refusal?.loss, ...this.#unanswered.values()]);
  }

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
    this.failed(storeFault({ message: "its data was deleted" }), "account");
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

  failed(error: unknown, loss: Loss = "texts"): void {
    const fault = asFault(error);
    if (this.#released !== undefined) return;
    this.#refusal = { fault, loss: worstLoss([loss, this.#refusal?.loss]) };
    this.onChange(fault);
  }

  /**
   * Reports a failure, and a browser that does not answer soon.
   * @throws {Fault} store-failed also if the browser never answers
   */
  read<Result>(act: () => Promise<Result>, loss: Loss = "texts"): Promise<Result> {
    return this.#watched(act, loss, STORE_TIMEOUT_MS);
  }

  /**
   * Reports a failure. Does not wait for a browser that does not answer, so that the page continues
   * from memory. The write may still happen later.
   * @throws {Fault} store-…
   */
  write(act: () => Promise<void>, loss: Loss = "texts"): Promise<void> {
    const isSilent = this.#unanswered.size > 0;
    return this.#watched(act, loss, isSilent ? SILENT_TIMEOUT_MS : SLOW_STORE_MS);
  }

  /** As `write`, but waits for the browser, because the caller must know what is stored. */
  writeSurely(act: () => Promise<void>): Promise<void> {
    return this.#watched(act, "texts", undefined);
  }

  async #watched<Result>(
    act: () => Promise<Result>,
    loss: Loss,
    timeoutMs: number | undefined,
  ): Promise<Result> {
    const use = {};
    const reportMs = Math.min(SLOW_STORE_MS, timeoutMs ?? SLOW_STORE_MS);
    const cancel = this.clock.after(reportMs, () => this.#silent(use, loss));
    const answer = this.#answer(use, act, loss);
    try {
      if (timeoutMs === undefined) return await answer;
      return await withTimeout(answer, timeoutMs, throwSilence, this.clock);
    } finally {
      cancel();
      markHandled(answer);
    }
  }

  async #answer<Result>(use: object, act: () => Promise<Result>, loss: Loss): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      this.failed(error, loss);
      throw error;
    } finally {
      if (this.#unanswered.delete(use)) this.onChange(this.failure);
    }
  }

  #silent(use: object, loss: Loss): void {
    if (this.#released !== undefined) return;
    this.#unanswered.set(use, loss);
    this.onChange(this.failure);
  }

  async #flushed(): Promise<void> {
    await this.onRelease().catch(asFault);
  }
}

export function storeSilence(): Fault {
  return storeFault({ message: "it does not answer" });
}

function throwSilence(): never {
  throw storeSilence();
}

/** The only place that reports a failure of the store, whatever its user does with the error. */
export class WatchedStore implements Store {
  readonly isExternal: boolean;
  readonly isEphemeral: boolean;

  constructor(
    private readonly store: Store,
    private readonly watch: Pick<StoreWatch, "read" | "write">,
  ) {
    this.isExternal = store.isExternal === true;
    this.isEphemeral = store.isEphemeral === true;
  }

  get(table: TableName, key: string): Promise<unknown> {
    return this.#read({ table, key }, () => this.store.get(table, key));
  }

  all(table: TableName, prefix: string): Promise<[string, unknown][]> {
    return this.#read({ table, key: prefix }, () => this.store.all(table, prefix));
  }

  async write(changes: readonly TableChange[]): Promise<void> {
    const write = () => this.store.write(changes);
    const isCache = changes.every(({ table }) => CACHES.has(table));
    await (isCache ? write() : this.watch.write(write, lossOf(changes)));
  }

  /** Rejects also if `act` throws, as browsers do while the database closes. */
  async #read<Result>(
    row: Pick<TableChange, "table" | "key">,
    act: () => Promise<Result>,
  ): Promise<Result> {
    return await (CACHES.has(row.table) ? act() : this.watch.read(act, lossOf([row])));
  }
}
