/** Store for messages whose files are not complete, each of which one process continues. */

import { decodeJson } from "../../base/decode.ts";
import type { AcceptedHistories } from "./accepted-histories.ts";
import { HomeTable } from "./home-tables.ts";
import type { OutboxOwner, OutboxStore } from "./outbox-store.ts";
import type { StateDatabase } from "./schema.ts";

/** `body`, which may be encrypted like that of a queued post to `target`, is a JSON object. */
export interface StoredMessage {
  /** Keys increase with the time at which the messages were written. */
  readonly key: string;
  readonly target: string;
  readonly body: string;
}

/** @param window id that the process holds; empty for a message that no process continues */
export class MessageStore extends HomeTable {
  constructor(
    database: StateDatabase,
    private readonly locks: Pick<OutboxStore, "hold" | "isHeld" | "release">,
    private readonly histories: AcceptedHistories,
  ) {
    super(database);
  }

  /** Returns all messages of the account, also those that other processes continue. */
  list({ fingerprint, user }: OutboxOwner): readonly StoredMessage[] {
    return this.database.all(`${SELECT} ORDER BY key`, fingerprint, user.toLowerCase());
  }

  /** Takes over the messages that no other running process continues. */
  adopt(owner: OutboxOwner, window: string): readonly StoredMessage[] {
    if (this.list(owner).length === 0) return [];
    return this.database.transact(() => {
      this.locks.hold(window);
      const isFree = (other: string) => other === window || !this.locks.isHeld(other);
      const rows = this.#rows(owner).filter(({ window: other }) => isFree(other));
      const claim = this.database.statement("UPDATE messages SET window = ? WHERE key = ?");
      for (const { key } of rows) claim.run(window, key);
      return rows;
    });
  }

  /** Returns a message that this process continues. */
  get(key: string, window: string): StoredMessage | undefined {
    const sql = "SELECT key, target, body FROM messages WHERE key = ? AND window = ?";
    return this.database.get(sql, key, window);
  }

  add(owner: OutboxOwner, window: string, message: StoredMessage): void {
    this.database.transact(() => {
      if (window !== "") this.locks.hold(window);
      const { fingerprint, user } = owner;
      const isReplaced = this.histories.isReplaced(fingerprint);
      const body = isReplaced ? withoutTarget(message.body) : message.body;
      const insert = "INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?, ?)";
      const { key, target } = message;
      this.database.run(insert, key, fingerprint, user.toLowerCase(), window, target, body);
    });
  }

  /** Not synced: after a power failure, a file may be uploaded again. */
  update({ key, body }: StoredMessage, window: string): void {
    const sql = "UPDATE messages SET body = ? WHERE key = ? AND window = ?";
    this.database.unsynced(() => this.database.run(sql, body, key, window));
  }

  /** @param alongside writes in the same transaction */
  remove(key: string, alongside = () => {}): void {
    this.database.transact(() => {
      alongside();
      this.database.run("DELETE FROM messages WHERE key = ?", key);
    });
  }

  /** Deletes the messages of an account from which this device was removed. */
  removeAll({ fingerprint, user }: OutboxOwner): void {
    const sql = "DELETE FROM messages WHERE fingerprint = ? AND user = ?";
    this.database.run(sql, fingerprint, user.toLowerCase());
  }

  /** Leaves the messages to the next process. */
  release(window: string): void {
    this.locks.release(window);
  }

  #rows({ fingerprint, user }: OutboxOwner): (StoredMessage & { readonly window: string })[] {
    const sql = SELECT.replace("key,", "key, window,");
    return this.database.all(`${sql} ORDER BY key`, fingerprint, user.toLowerCase());
  }
}

const SELECT = "SELECT key, target, body FROM messages WHERE fingerprint = ? AND user = ?";

/** Marks the message to which the post refers as lost, because its number may denote another. */
export function withoutTarget(body: string): string {
  return JSON.stringify({ ...(decodeJson(body) as object), lostAfter: 0 });
}
