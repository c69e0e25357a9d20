/** Read-only access to a device's store of its sealed rooms. */

import { Database, SQLiteError } from "bun:sqlite";
import { join } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { withStoreFaults } from "./schema.ts";
import { DATABASE_HEAD, headOf, SEALED_STATE_FILE } from "./sealed-store.ts";

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

  /**
   * @returns undefined if this device was in no sealed room
   * @throws Fault store-…
   */
  static open(folder: string): SealedFile | undefined {
    const path = join(folder, SEALED_STATE_FILE);
    return guarded(folder, () => {
      const head = headOf(path);
      if (head === undefined || head === "") return undefined;
      if (head !== DATABASE_HEAD) throw damaged(path);
      return new SealedFile(path, new Database(path, { readonly: true }));
    });
  }

  /**
   * Reads all of it.
   * @throws Fault store-failed: it is damaged
   */
  check(): void {
    guarded(this.path, () => {
      const [found] = this.#database
        .query<{ readonly quick_check: string }, []>("PRAGMA quick_check(1)")
        .all();
      if (found?.quick_check !== "ok") throw damaged(this.path);
    });
  }

  /**
   * Rows of one account; keys in ascending order.
   * @throws Fault store-…
   */
  rows(fingerprints: readonly string[], account: string): readonly Row[] {
    return guarded(this.path, () =>
      fingerprints.flatMap((fingerprint) =>
        this.#database
          .query<Row, [string, string]>(
            "SELECT key, value FROM sealed WHERE fingerprint = ? AND account = ? ORDER BY key",
          )
          .all(fingerprint, account),
      ),
    );
  }

  close(): void {
    this.#database.close();
  }
}

function guarded<Result>(place: string, act: () => Result): Result {
  try {
    return withStoreFaults(place, act);
  } catch (error) {
    const cause = error instanceof Fault ? error.cause : undefined;
    const code = cause instanceof SQLiteError ? cause.code : undefined;
    if (code !== "SQLITE_CORRUPT" && code !== "SQLITE_NOTADB") throw error;
    throw damaged(place, cause);
  }
}

function damaged(path: string, cause?: unknown): Fault {
  return new Fault("store-failed", msg`${path} is damaged`, {
    cause,
    remedy: "end chat and put that file aside: the device comes in anew without it",
  });
}
