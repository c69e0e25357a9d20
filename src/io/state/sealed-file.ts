/** Read-only access to a device's database of sealed rooms. */

import { Database } from "bun:sqlite";
import { join } from "node:path";
import {
  DATABASE_HEADER,
  damagedFault,
  readHeader,
  SEALED_STATE_FILE,
  sealedFaults,
} from "./sealed-store.ts";

interface Row {
  readonly key: string;
  readonly value: Uint8Array;
}

export class SealedFile {
  readonly path: string;
  readonly #database: Database;

  private constructor(path: string, database: Database) {
    this.path = path;
    this.#database = database;
  }

  /** `undefined` if this device has never been in a sealed room. */
  static open(folder: string): SealedFile | undefined {
    const path = join(folder, SEALED_STATE_FILE);
    return sealedFaults(folder, () => {
      const head = readHeader(path);
      if (head === undefined || head === "") return undefined;
      if (head !== DATABASE_HEADER) throw damagedFault(path);
      return new SealedFile(path, new Database(path, { readonly: true }));
    });
  }

  check(): void {
    sealedFaults(
      this.path,
      () => {
        const [row] = this.#database
          .query<{ readonly quick_check: string }, []>("PRAGMA quick_check(1)")
          .all();
        if (row?.quick_check !== "ok") throw damagedFault(this.path);
      },
      this.path,
    );
  }

  rows(fingerprints: readonly string[], account: string): readonly Row[] {
    const sql = "SELECT key, value FROM sealed WHERE fingerprint = ? AND account = ? ORDER BY key";
    const rowsOf = (fingerprint: string) =>
      this.#database.query<Row, [string, string]>(sql).all(fingerprint, account);
    return sealedFaults(this.path, () => fingerprints.flatMap(rowsOf), this.path);
  }

  close(): void {
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
