/** Store for unsent posts on disk. Each outbox belongs to one process. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { type Lock, lockFile } from "../disk/lock.ts";
import { removePath } from "../disk/open-elsewhere.ts";
import { createPrivateFolder } from "../disk/private-path.ts";
import type { AcceptedHistories } from "./accepted-histories.ts";
import { MessageStore, type StoredMessage, withoutTarget } from "./message-store.ts";
import type { StateDatabase } from "./schema.ts";

export interface UnsentPost {
  readonly counter: number;
  readonly target: string;
  readonly body: string;
  readonly createdUnixMs: number;
}

export interface AbandonedOutbox {
  readonly id: string;
  readonly posts: readonly UnsentPost[];
}

export interface OutboxOwner {
  readonly fingerprint: string;
  readonly user: string;
}

export interface OutboxChange extends OutboxOwner {
  readonly added: readonly UnsentPost[];
  readonly settled: readonly number[];
  /** Files of settled posts that the server has stored. Their uploads are no longer resumed. */
  readonly posted?: readonly FileId[];
  /** Keys of the waiting messages whose posts are added. */
  readonly queued?: readonly string[];
  /** Messages that remain of refused posts. `window`: id of the process that continues them. */
  readonly returned?: readonly StoredMessage[];
  readonly window?: string;
}

const FOLDER = "outboxes";
const LOCK_FILE = /^[\w-]{11}$/;
const INSERT = "INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)";
const DELETE = "DELETE FROM outbox WHERE outbox = ? AND counter = ?";

/**
 * Each outbox belongs to one process, which holds a lock on the file CHAT_HOME/outboxes/ID until it
 * ends. The ids of windows, which own drafts, are locked in the same way. Locks are created and
 * removed only in a write transaction, so that no process adopts an outbox that is being created.
 */
export class OutboxStore {
  readonly #locks = new Map<string, Lock>();
  readonly messages: MessageStore;

  constructor(
    private readonly database: StateDatabase,
    private readonly histories: AcceptedHistories,
  ) {
    this.messages = new MessageStore(database, this, histories);
  }

  /** Removals alone are not synced, because the server recognises a post that is sent again. */
  write(id: string, change: OutboxChange): void {
    const isSynced = change.added.length + (change.returned?.length ?? 0) > 0;
    if (!isSynced) return this.database.unsynced(() => this.#write(id, change));
    this.#write(id, change);
  }

  #write(id: string, change: OutboxChange): void {
    const { fingerprint, user, added, settled, posted = [] } = change;
    const { queued = [], returned = [], window = "" } = change;
    this.database.transact(() => {
      this.hold(id);
      const insert = this.database.statement(INSERT);
      const isReplaced = added.length > 0 && this.histories.isReplaced(fingerprint);
      for (const { counter, target, body, createdUnixMs } of added) {
        const createdMs = Math.trunc(createdUnixMs);
        const stored = isReplaced ? withoutTarget(body) : body;
        insert.run(id, counter, fingerprint, user.toLowerCase(), target, stored, createdMs);
      }
      const remove = this.database.statement(DELETE);
      for (const counter of settled) remove.run(id, counter);
      for (const key of queued) this.messages.remove(key);
      for (const message of returned) this.messages.add(change, window, message);
      for (const file of posted) this.database.run("DELETE FROM uploads WHERE file = ?", file);
    });
  }

  adopt({ fingerprint, user }: OutboxOwner): AbandonedOutbox[] {
    const sql = `SELECT outbox AS id, MIN(created_ms) AS since FROM outbox
      WHERE fingerprint = ? AND user = ? GROUP BY outbox ORDER BY since, outbox`;
    const find = () => this.database.all<{ id: string }>(sql, fingerprint, user.toLowerCase());
    const isFree = ({ id }: { id: string }) => !this.#locks.has(id);
    if (!this.database.guard(() => find().some(isFree) || this.#lockFiles().length > 0)) return [];
    return this.database.transact(() => {
      const adopted = find()
        .filter((row) => isFree(row) && this.#lock(row.id))
        .map(({ id }) => ({ id, posts: this.#posts(id) }));
      this.#removeStaleLocks();
      return adopted;
    });
  }

  release(id: string): void {
    const lock = this.#locks.get(id);
    if (lock === undefined) return;
    try {
      this.database.transact(() => this.#unlock(id, lock));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#locks.delete(id);
      lock.release();
    }
  }

  /** Locks an id of this process until it ends, within a transaction. */
  hold(id: string): void {
    if (!this.#locks.has(id)) assert(this.#lock(id), "only this process uses its ids");
  }

  /** Whether a running process holds the id. Only valid within a transaction. */
  isHeld(id: string): boolean {
    const { folder } = this.database;
    if (folder === undefined || !LOCK_FILE.test(id)) return false;
    if (this.#locks.has(id)) return true;
    const path = join(folder, FOLDER, id);
    if (!existsSync(path)) return false;
    const lock = lockFile(path);
    lock?.release();
    return lock === undefined;
  }

  close(): void {
    for (const lock of this.#locks.values()) lock.release();
    this.#locks.clear();
  }

  #posts(id: string): UnsentPost[] {
    const sql = `SELECT counter, target, body, created_ms AS createdUnixMs FROM outbox
      WHERE outbox = ? ORDER BY counter`;
    return this.database.all<UnsentPost>(sql, id);
  }

  #lock(id: string): boolean {
    const { folder } = this.database;
    if (folder !== undefined) createPrivateFolder(join(folder, FOLDER));
    const lock = folder === undefined ? NO_LOCK : lockFile(join(folder, FOLDER, id));
    if (lock !== undefined) this.#locks.set(id, lock);
    return lock !== undefined;
  }

  #unlock(id: string, lock: Lock): void {
    this.#locks.delete(id);
    lock.release(); // Release the lock first, because Windows cannot remove an open file.
    // Retain the lock file of a non-empty outbox, so that all processes lock the same file.
    if (this.database.folder !== undefined && this.#posts(id).length === 0) {
      removePath(join(this.database.folder, FOLDER, id));
    }
  }

  #removeStaleLocks(): void {
    for (const id of this.#lockFiles()) {
      if (this.#posts(id).length > 0 || !this.#lock(id)) continue;
      const lock = this.#locks.get(id);
      if (lock !== undefined) this.#unlock(id, lock);
    }
  }

  #lockFiles(): string[] {
    if (this.database.folder === undefined) return [];
    try {
      return readdirSync(join(this.database.folder, FOLDER)).filter(
        (name) => LOCK_FILE.test(name) && !this.#locks.has(name),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }
}

const NO_LOCK: Lock = { release: () => undefined };
