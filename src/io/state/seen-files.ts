/** Files that were shown in this home, for completion and `get-file`. */

import { KNOWN_FILES_MAX } from "../../base/limits.ts";
import { HomeTable } from "./home-table.ts";

export interface SeenFile {
  readonly id: string;
  /** As its sender calls it, not cleaned. */
  readonly name: string;
}

/** Names of files in sealed rooms are never stored unencrypted: such a file has only its id. */
export function seenFile({ id, name, sealed }: SeenFile & { readonly sealed?: boolean }): SeenFile {
  return { id, name: sealed === true ? "" : name };
}

/** Files that this device was shown, so that their ids can be completed. */
export class SeenFiles extends HomeTable {
  /**
   * Keeps the newest KNOWN_FILES_MAX of a server.
   * @param files oldest first
   */
  note(fingerprint: string, files: readonly SeenFile[]): void {
    const unknown = files.slice(-KNOWN_FILES_MAX).filter(({ id }) => !this.#has(fingerprint, id));
    if (unknown.length === 0) return; // A write waits for the disk.
    this.database.transact(() => {
      const insert = "INSERT OR IGNORE INTO files_seen (fingerprint, file, name) VALUES (?, ?, ?)";
      for (const { id, name } of unknown) this.database.run(insert, fingerprint, id, name);
      const forget = `DELETE FROM files_seen WHERE fingerprint = ?1 AND at <= (
        SELECT at FROM files_seen WHERE fingerprint = ?1
        ORDER BY at DESC LIMIT 1 OFFSET ${KNOWN_FILES_MAX})`;
      this.database.run(forget, fingerprint);
    });
  }

  #has(fingerprint: string, file: string): boolean {
    const sql = "SELECT 1 FROM files_seen WHERE fingerprint = ? AND file = ?";
    return this.database.value(sql, fingerprint, file) !== undefined;
  }
}
