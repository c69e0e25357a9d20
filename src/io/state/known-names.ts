/** Names of users and rooms for shell completion, read-only. */

import { Database, type SQLQueryBindings } from "bun:sqlite";
import { join } from "node:path";
import { KNOWN_NAMES_MAX } from "../../base/limits.ts";
import { kindOf } from "../disk/tree.ts";
import { CLIENT_STATE_FILE } from "./schema.ts";

/** A name that this device has met, with what is known of it, unclean. */
export interface KnownName {
  readonly name: string;
  readonly about: string;
}

/** Another process may write: a person who waits for a completion waits no longer. */
const BUSY_TIMEOUT_MS = 100;

/**
 * What a home knows by name, for completions: read as it stands, with nothing made or written. A
 * home that is missing, locked or of another version knows nothing.
 */
export class KnownNames {
  readonly #database: Database | undefined;

  /** @param folder of the client's data */
  constructor(folder: string) {
    this.#database = quietly(() => open(join(folder, CLIENT_STATE_FILE)), undefined);
  }

  servers(): KnownName[] {
    return this.#all(
      "SELECT address AS name, name AS about FROM pins JOIN servers USING (fingerprint)",
    );
  }

  fingerprintOf(address: string): string | undefined {
    const sql = "SELECT fingerprint AS name, '' AS about FROM pins WHERE address = ?";
    return this.#all(sql, address)[0]?.name;
  }

  /** The last one used. */
  server(): string | undefined {
    const sql = `SELECT address AS name, '' AS about FROM last_servers
      ORDER BY used_ms DESC, address`;
    return this.#all(sql)[0]?.name;
  }

  /** Names under which this device signs in. */
  users(): KnownName[] {
    return this.#all("SELECT DISTINCT user AS name, '' AS about FROM last_users");
  }

  /** `#lobby` and `@bob`, as records that were read here say; the latest first. */
  places(fingerprint: string): KnownName[] {
    const sql = `SELECT place AS name, '' AS about FROM log_seen WHERE fingerprint = ?
      GROUP BY place ORDER BY max(seq) DESC`;
    return this.#all(sql, fingerprint);
  }

  /** Who wrote what was read here; who wrote last first. */
  people(fingerprint: string): KnownName[] {
    const sql = `SELECT sender AS name, '' AS about FROM log_seen
      WHERE fingerprint = ? AND sender IS NOT NULL GROUP BY sender ORDER BY max(seq) DESC`;
    return this.#all(sql, fingerprint);
  }

  /** The newest first. */
  files(fingerprint: string): KnownName[] {
    const sql = `SELECT file AS name, name AS about FROM files_seen WHERE fingerprint = ?
      ORDER BY at DESC`;
    return this.#all(sql, fingerprint);
  }

  close(): void {
    this.#database?.close();
  }

  #all(sql: string, ...values: SQLQueryBindings[]): KnownName[] {
    const bounded = `${sql} LIMIT ${KNOWN_NAMES_MAX}`;
    return quietly(
      () => this.#database?.query<KnownName, SQLQueryBindings[]>(bounded).all(...values) ?? [],
      [],
    );
  }
}

function open(path: string): Database | undefined {
  if (kindOf(path) !== "file") return undefined;
  const database = new Database(path, { readonly: true, strict: true });
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return database;
}

function quietly<Result>(act: () => Result, otherwise: Result): Result {
  try {
    return act();
  } catch {
    return otherwise; // No completion is better than an error between two keys.
  }
}
