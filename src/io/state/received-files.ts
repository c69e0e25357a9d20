/** Record of the files that `chat get-file --follow` has received. */

import { RECEIVED_FILES_MAX } from "../../base/limits.ts";
import { HomeTable } from "./home-table.ts";

export interface FileRecipient {
  readonly fingerprint: string;
  readonly user: string;
}

/**
 * Stores file ids in addition to the position, because a file may be in several rooms and may
 * arrive before its record.
 */
export class ReceivedFiles extends HomeTable {
  position({ fingerprint, user }: FileRecipient): number {
    const sql = "SELECT seq FROM files_place WHERE fingerprint = ? AND user = ?";
    return this.database.value(sql, fingerprint, user.toLowerCase()) ?? 0;
  }

  advance({ fingerprint, user }: FileRecipient, seq: number): void {
    const sql = `INSERT INTO files_place VALUES (?, ?, ?) ON CONFLICT DO UPDATE
      SET seq = excluded.seq WHERE excluded.seq > seq`;
    this.database.run(sql, fingerprint, user.toLowerCase(), seq);
  }

  has({ fingerprint, user }: FileRecipient, file: string): boolean {
    const sql = "SELECT 1 FROM files_taken WHERE fingerprint = ? AND user = ? AND file = ?";
    return this.database.value(sql, fingerprint, user.toLowerCase(), file) !== undefined;
  }

  add({ fingerprint, user }: FileRecipient, file: string): void {
    this.database.transact(() => {
      const insert = `INSERT OR IGNORE INTO files_taken (fingerprint, user, file)
        VALUES (?, ?, ?)`;
      this.database.run(insert, fingerprint, user.toLowerCase(), file);
      const trim = "DELETE FROM files_taken WHERE at <= (SELECT max(at) FROM files_taken) - ?";
      this.database.run(trim, RECEIVED_FILES_MAX);
    });
  }
}
