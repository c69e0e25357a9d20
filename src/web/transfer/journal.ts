/** Journal of unfinished transfers in the browser's storage. */

import * as v from "valibot";
import { ignoreFault } from "../../base/fault.ts";
import type { TransferTask } from "../../client/files/queue.ts";
import type { TransfersOptions } from "../../client/files/transfers.ts";
import type { AccountSession } from "../../client/session.ts";
import type { LocalEvent } from "../../core/model/event.ts";
import type { OutboxOwner } from "../../io/state/outbox-store.ts";
import type { Platform } from "../browser/environment.ts";
import {
  accountPrefix,
  type Store,
  type TableChange,
  type TableName,
} from "../browser/indexed-db.ts";
import type { Attachment } from "./attachments.ts";
import type { Photos } from "./photos.ts";

export interface PageTransfersOptions {
  readonly platform: Platform;
  readonly owner: OutboxOwner;
  readonly channels: Omit<TransfersOptions, "uploads" | "session">;
  readonly session: AccountSession;
  readonly photos?: Photos | undefined;
  readonly attach?: (target: string, attachment: Attachment) => void;
  /**
   * Puts text and files of a message into the composer again.
   * @returns changes that store the draft in the transaction that removes the message
   */
  readonly giveBack?: ((message: ReturnedMessage) => Promise<readonly TableChange[]>) | undefined;
  readonly emit: (event: LocalEvent) => void;
}

/** Message that its author edits instead of sending it. */
export interface ReturnedMessage {
  readonly to: string;
  readonly text: string;
  readonly re?: number;
  readonly thread?: boolean;
  readonly attachments: readonly Attachment[];
}

export interface PageTask extends TransferTask {
  /**
   * Must be called from a click handler.
   * @returns false if the user declined
   */
  reopen(): Promise<boolean>;
}

export interface JournalEntry {
  readonly key: string;
  readonly begunUnixMs: number;
}

export interface JournalOptions {
  readonly table: TableName;
  readonly maxAgeMs: number;
  readonly schema: v.GenericSchema;
}

/** Writes are not awaited. After a failed write, a reload only repeats some work. */
export class TransferJournal<Entry extends JournalEntry> {
  protected readonly prefix: string;
  protected readonly store: Store;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    store: Store,
    owner: OutboxOwner,
    private readonly options: JournalOptions,
  ) {
    this.prefix = accountPrefix(owner);
    this.store = store;
  }

  async loadEntries(unixMs: number): Promise<Entry[]> {
    const { table, maxAgeMs: keepMs, schema } = this.options;
    const rows = await this.store.all(table, this.prefix);
    const entries = rows.flatMap(([, value]) => (v.is(schema, value) ? [value as Entry] : []));
    const isExpired = ({ begunUnixMs }: Entry) => begunUnixMs < unixMs - keepMs;
    for (const { key } of entries.filter(isExpired)) this.remove(key);
    const current = entries.filter((entry) => !isExpired(entry));
    return current.sort((a, b) => a.begunUnixMs - b.begunUnixMs);
  }

  put(entry: Entry, moreChanges: readonly TableChange[] = []): void {
    this.#write([this.#makeChange(entry.key, entry), ...moreChanges]);
  }

  remove(key: string): void {
    this.#write([this.#makeChange(key, undefined)]);
  }

  written(): Promise<void> {
    return this.#writing;
  }

  protected enqueue(act: () => Promise<void>): void {
    this.#writing = this.#writing.then(act).catch(ignoreFault);
  }

  #write(changes: readonly TableChange[]): void {
    this.enqueue(() => this.store.write(changes));
  }

  #makeChange(key: string, value: Entry | undefined): TableChange {
    return { table: this.options.table, key: this.prefix + key, value };
  }
}
