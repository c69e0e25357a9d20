/** Files that `chat get-file --follow` has already received. */

import { RECEIVED_FILES_MAX } from "../../base/limits.ts";
import { HomeTable } from "./home-table.ts";

/** Owner of the files: a server's fingerprint, and a user in any spelling. */
export interface Taker {
  readonly fingerprint: string;
  readonly user: string;
}

/**
 * Progress of `get-file --follow`. A file may be in several rooms, and may arrive before its
 * record: so ids are stored beside the position.
 */
export class ReceivedFiles extends HomeTable {
  /** Seq up to which every file was received; 0 if it never ran. */
  place({ fingerprint, user }: Taker): number {
    const sql = "SELECT seq FROM files_place WHERE fingerprint = ? AND user = ?";
    return this.database.value(sql, fingerprint, user.toLowerCase()) ?? 0;
  }

  /** Never decreases. */
  advance({ fingerprint, user }: Taker, seq: number): void {
    const sql = `INSERT INTO files_place VALUES (?, ?, ?) ON CONFLICT DO UPDATE
      SET seq = excluded.seq WHERE excluded.seq > seq`;
    this.database.run(sql, fingerprint, user.toLowerCase(), seq);
  }

  has({ fingerprint, user }: Taker, file: string): boolean {
    const sql = "SELECT 1 FROM files_taken WHERE fingerprint = ? AND user = ? AND file = ?";
    return this.database.value(sql, fingerprint, user.toLowerCase(), file) !== undefined;
  }

  /** Forgets the oldest: the position is past them. */
  note({ fingerprint, user }: Taker, file: string): void {
    this.database.transact(() => {
      const insert = `INSERT OR IGNORE INTO files_taken (fingerprint, user, file)
        VALUES (?, ?, ?)`;
      this.database.run(insert, fingerprint, user.toLowerCase(), file);
      const forget = "DELETE FROM files_taken WHERE at <= (SELECT max(at) FROM files_taken) - ?";
      this.database.run(forget, RECEIVED_FILES_MAX);
    });
  }
}
