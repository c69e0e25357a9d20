/** Files displayed by programs that use this CHAT_HOME, for completion and `get-file`. */

import { KNOWN_FILES_MAX } from "../../base/limits.ts";
import { HomeTable } from "./home-table.ts";

export interface KnownFile {
  readonly id: string;
  readonly name: string;
}

/** Omits the name of a file in a sealed room, because such names are never stored unencrypted. */
export function knownFile({
  id,
  name,
  sealed,
}: KnownFile & { readonly sealed?: boolean }): KnownFile {
  return { id, name: sealed === true ? "" : name };
}

export class KnownFiles extends HomeTable {
  /** @param files oldest first */
  add(fingerprint: string, files: readonly KnownFile[]): void {
    const unknown = files.slice(-KNOWN_FILES_MAX).filter(({ id }) => !this.#has(fingerprint, id));
    if (unknown.length === 0) return;
    this.database.transact(() => {
      const insert = "INSERT OR IGNORE INTO files_seen (fingerprint, file, name) VALUES (?, ?, ?)";
      for (const { id, name } of unknown) this.database.run(insert, fingerprint, id, name);
      const trim = `DELETE FROM files_seen WHERE fingerprint = ?1 AND at <= (
        SELECT at FROM files_seen WHERE fingerprint = ?1
        ORDER BY at DESC LIMIT 1 OFFSET ${KNOWN_FILES_MAX})`;
      this.database.run(trim, fingerprint);
    });
  }

  #has(fingerprint: string, file: string): boolean {
    const sql = "SELECT 1 FROM files_seen WHERE fingerprint = ? AND file = ?";
    return this.database.value(sql, fingerprint, file) !== undefined;
  }
}
