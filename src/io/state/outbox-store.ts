/** Unsent posts on disk, with one owner process per outbox. */

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { type Lock, lockFile } from "../disk/lock.ts";
import type { StateDatabase } from "./schema.ts";

/** A post as stored. `body` is JSON, and encrypted for a sealed room; only its writer reads it. */
export interface KeptPost {
  readonly counter: number;
  readonly target: string;
  readonly body: string;
  readonly createdUnixMs: number;
}

/** Unsent posts of an ended process, to be sent under the same id and counters. */
export interface LeftOutbox {
  readonly id: string;
  /** In order of their counters, not empty. */
  readonly posts: readonly KeptPost[];
}

/** Author of the posts in an outbox: a server's fingerprint, and a user in any spelling. */
export interface OutboxOwner {
  readonly fingerprint: string;
  readonly user: string;
}

/** Changes since the last write, made durable in one transaction. */
export interface OutboxChange extends OutboxOwner {
  readonly added: readonly KeptPost[];
  /** Counters of settled posts, which need not be sent again. */
  readonly settled: readonly number[];
}

const FOLDER = "outboxes";
const LOCK_FILE = /^[\w-]{11}$/;
const INSERT = "INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)";
const DELETE = "DELETE FROM outbox WHERE outbox = ? AND counter = ?";

/**
 * Unsent posts of this home. Each outbox belongs to one process, which holds a lock file
 * (CHAT_HOME/outboxes/ID) that the system releases when it ends, unlike a reusable process number.
 * Locks are created and removed only inside a write transaction of the database, so that no process
 * adopts an outbox while it is created.
 */
export class OutboxStore {
  readonly #database: StateDatabase;
  readonly #held = new Map<string, Lock>(); // One per run, and one per adopted outbox.

  constructor(database: StateDatabase) {
    this.#database = database;
  }

  /** @throws Fault store-…; then nothing has changed */
  write(id: string, { fingerprint, user, added, settled }: OutboxChange): void {
    this.#database.transact(() => {
      if (!this.#held.has(id)) assert(this.#hold(id), "an id of ours is ours alone");
      const insert = this.#database.statement(INSERT);
      for (const { counter, target, body, createdUnixMs } of added) {
        const createdMs = Math.trunc(createdUnixMs);
        insert.run(id, counter, fingerprint, user.toLowerCase(), target, body, createdMs);
      }
      const remove = this.#database.statement(DELETE);
      for (const counter of settled) remove.run(id, counter);
    });
  }

  /**
   * Takes over unsent posts of ended processes, oldest first.
   * @throws Fault store-…
   */
  adopt({ fingerprint, user }: OutboxOwner): LeftOutbox[] {
    const sql = `SELECT outbox AS id, MIN(created_ms) AS since FROM outbox
      WHERE fingerprint = ? AND user = ? GROUP BY outbox ORDER BY since, outbox`;
    const find = () => this.#database.all<{ id: string }>(sql, fingerprint, user.toLowerCase());
    const isFree = ({ id }: { id: string }) => !this.#held.has(id);
    if (!this.#database.guard(() => find().some(isFree) || this.#lockFiles().length > 0)) return [];
    return this.#database.transact(() => {
      const left = find()
        .filter((row) => isFree(row) && this.#hold(row.id))
        .map(({ id }) => ({ id, posts: this.#posts(id) }));
      this.#sweep();
      return left;
    });
  }

  /** This process writes no more under this id: the rest may be adopted. */
  release(id: string): void {
    const lock = this.#held.get(id);
    if (lock === undefined) return;
    try {
      this.#database.transact(() => this.#letGo(id, lock));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#held.delete(id);
      lock.release(); // The file that stays is swept by the next process.
    }
  }

  /** Releases all outboxes, as if the process had ended. */
  close(): void {
    for (const lock of this.#held.values()) lock.release();
    this.#held.clear();
  }

  #posts(id: string): KeptPost[] {
    const sql = `SELECT counter, target, body, created_ms AS createdUnixMs FROM outbox
      WHERE outbox = ? ORDER BY counter`;
    return this.#database.all<KeptPost>(sql, id);
  }

  /** @returns false if a running process holds it */
  #hold(id: string): boolean {
    const { folder } = this.#database;
    if (folder !== undefined) mkdirSync(join(folder, FOLDER), { recursive: true, mode: 0o700 });
    const lock = folder === undefined ? NO_LOCK : lockFile(join(folder, FOLDER, id));
    if (lock !== undefined) this.#held.set(id, lock);
    return lock !== undefined;
  }

  #letGo(id: string, lock: Lock): void {
    this.#held.delete(id);
    lock.release(); // Before the removal: Windows keeps open files.
    // The file of a non-empty outbox stays: two processes that open it must get the same one.
    if (this.#database.folder !== undefined && this.#posts(id).length === 0) {
      rmSync(join(this.#database.folder, FOLDER, id), { force: true });
    }
  }

  /** Removes files of processes that sent everything but ended too suddenly to clean up. */
  #sweep(): void {
    for (const id of this.#lockFiles()) {
      if (this.#posts(id).length > 0 || !this.#hold(id)) continue;
      const lock = this.#held.get(id);
      if (lock !== undefined) this.#letGo(id, lock);
    }
  }

  /** Lock files of others. */
  #lockFiles(): string[] {
    if (this.#database.folder === undefined) return [];
    try {
      return readdirSync(join(this.#database.folder, FOLDER)).filter(
        (name) => LOCK_FILE.test(name) && !this.#held.has(name),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }
}

const NO_LOCK: Lock = { release: () => undefined };
