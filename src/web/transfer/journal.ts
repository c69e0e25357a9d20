import { Fault } from "../../base/fault.ts";
import type { TransfersOptions } from "../../client/transfer/transfers.ts";
import type { WorkEvent } from "../../core/model/event.ts";
import type { OutboxOwner } from "../../io/state/outbox-store.ts";
import type { Platform } from "../browser/environment.ts";
import { accountPrefix, type Change, type Store, type Table } from "../browser/indexed-db.ts";
import type { Attached } from "./attached.ts";
import type { SealedPageParts } from "./page-files.ts";

/** What the uploads and the downloads of an account are given. */
export interface PageTransfersOptions {
  readonly platform: Platform;
  readonly owner: OutboxOwner;
  readonly channels: TransfersOptions;
  /** Left out: a page without sealed rooms. */
  readonly sealed?: SealedPageParts;
  /** A message of its own, where the server is too old to keep words with a file. */
  readonly say?: (to: string, text: string) => void;
  /** A file that a page which is gone has left above the box. */
  readonly attach?: (target: string, one: Attached) => void;
  readonly tell: (event: WorkEvent) => void;
}

/** One transfer, as the browser keeps it. */
export interface JournalEntry {
  readonly key: string;
  readonly name: string;
  readonly isPaused: boolean;
  readonly begunUnixMs: number;
}

export interface JournalOptions<Entry> {
  readonly table: Table;
  /** What is older is forgotten. */
  readonly keepMs: number;
  /** @returns undefined if what the browser has is not an entry */
  readonly entryOf: (value: Partial<Entry>) => Entry | undefined;
}

/**
 * Transfers of an account that are not finished, so that a page that is loaded again goes on with
 * them. Entries are written in the background and in order. What the browser does not keep costs
 * some work after a reload, and nothing else.
 */
export class TransferJournal<Entry extends JournalEntry> {
  /** Of keys of this account. */
  protected readonly prefix: string;
  protected readonly store: Store;
  readonly #options: JournalOptions<Entry>;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, owner: OutboxOwner, options: JournalOptions<Entry>) {
    this.prefix = accountPrefix(owner);
    this.store = store;
    this.#options = options;
  }

  /** Those that an earlier page left, oldest first. */
  async left(unixMs: number): Promise<Entry[]> {
    const { table, keepMs, entryOf } = this.#options;
    const kept = await this.store.all(table, this.prefix);
    const entries = kept.flatMap(([, value]) => {
      return typeof value === "object" && value !== null ? (entryOf(value) ?? []) : [];
    });
    const isOld = ({ begunUnixMs }: Entry) => begunUnixMs < unixMs - keepMs;
    for (const { key } of entries.filter(isOld)) this.remove(key);
    const fresh = entries.filter((entry) => !isOld(entry));
    return fresh.sort((one, other) => one.begunUnixMs - other.begunUnixMs);
  }

  put(entry: Entry, also: readonly Change[] = []): void {
    this.#write([this.#changeOf(entry.key, entry), ...also]);
  }

  remove(key: string): void {
    this.#write([this.#changeOf(key, undefined)]);
  }

  /** Resolves when everything so far is written, or the browser has refused it. */
  written(): Promise<void> {
    return this.#writing;
  }

  /** After what is to be written already. */
  protected later(act: () => Promise<void>): void {
    this.#writing = this.#writing.then(act).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }

  #write(changes: readonly Change[]): void {
    this.later(() => this.store.write(changes));
  }

  #changeOf(key: string, value: Entry | undefined): Change {
    return { table: this.#options.table, key: this.prefix + key, value };
  }
}
