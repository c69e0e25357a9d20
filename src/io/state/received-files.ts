/** Files that `chat get-file --follow` has already received. */

import { RECEIVED_FILES_MAX } from "../../base/limits.ts";
import type { StateDatabase } from "./schema.ts";

/** Whose files: a server's fingerprint, and a user in any spelling. */
export interface Taker {
  readonly fingerprint: string;
  readonly user: string;
}

/**
 * How far `get-file --follow` has come. A file may be in several rooms, and may be here before its
 * record is: so ids are kept beside the place.
 */
export class ReceivedFiles {
  readonly #database: StateDatabase;

  constructor(database: StateDatabase) {
    this.#database = database;
  }

  /** Seq up to which nothing is left to take; 0: it never ran. */
  place({ fingerprint, user }: Taker): number {
    const sql = "SELECT seq FROM files_place WHERE fingerprint = ? AND user = ?";
    return this.#database.get<{ seq: number }>(sql, fingerprint, user.toLowerCase())?.seq ?? 0;
  }

  /** Never goes back. */
  advance({ fingerprint, user }: Taker, seq: number): void {
    const sql = `INSERT INTO files_place VALUES (?, ?, ?) ON CONFLICT DO UPDATE
      SET seq = excluded.seq WHERE excluded.seq > seq`;
    this.#database.run(sql, fingerprint, user.toLowerCase(), seq);
  }

  has({ fingerprint, user }: Taker, file: string): boolean {
    const sql = `SELECT 1 AS one FROM files_taken
      WHERE fingerprint = ? AND user = ? AND file = ?`;
    return (
      this.#database.get<{ one: number }>(sql, fingerprint, user.toLowerCase(), file) !== undefined
    );
  }

  /** The oldest are forgotten: the place is past them. */
  note({ fingerprint, user }: Taker, file: string): void {
    this.#database.transact(() => {
      const insert = `INSERT OR IGNORE INTO files_taken (fingerprint, user, file)
        VALUES (?, ?, ?)`;
      this.#database.run(insert, fingerprint, user.toLowerCase(), file);
      const forget = "DELETE FROM files_taken WHERE at <= (SELECT max(at) FROM files_taken) - ?";
      this.#database.run(forget, RECEIVED_FILES_MAX);
    });
  }
}
