/** Read-only access to names of users and rooms, for shell completion. */

import { Database, type SQLQueryBindings } from "bun:sqlite";
import { join } from "node:path";
import { KNOWN_NAMES_MAX } from "../../base/limits.ts";
import { kindOf } from "../disk/plain-file.ts";
import { CLIENT_STATE_FILE } from "./schema.ts";

export interface KnownName {
  readonly name: string;
  readonly about: string;
}

const BUSY_TIMEOUT_MS = 100;

/** A CHAT_HOME that is missing, locked or of another version has no names. */
export class KnownNames {
  readonly #database: Database | undefined;

  constructor(folder: string) {
    this.#database = withFallback(() => open(join(folder, CLIENT_STATE_FILE)), undefined);
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

  lastServer(): string | undefined {
    const sql = `SELECT address AS name, '' AS about FROM last_servers
      ORDER BY used_ms DESC, address`;
    return this.#all(sql)[0]?.name;
  }

  users(): KnownName[] {
    return this.#all("SELECT DISTINCT user AS name, '' AS about FROM last_users");
  }

  /** Returns targets like `#lobby` and `@bob`, latest first. */
  targets(fingerprint: string): KnownName[] {
    const sql = `SELECT place AS name, '' AS about FROM log_seen WHERE fingerprint = ?
      GROUP BY place ORDER BY max(seq) DESC`;
    return this.#all(sql, fingerprint);
  }

  people(fingerprint: string): KnownName[] {
    const sql = `SELECT sender AS name, '' AS about FROM log_seen
      WHERE fingerprint = ? AND sender IS NOT NULL GROUP BY sender ORDER BY max(seq) DESC`;
    return this.#all(sql, fingerprint);
  }

  files(fingerprint: string): KnownName[] {
    const sql = `SELECT file AS name, name AS about FROM files_seen WHERE fingerprint = ?
      ORDER BY at DESC`;
    return this.#all(sql, fingerprint);
  }

  close(): void {
    this.#database?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #all(sql: string, ...values: SQLQueryBindings[]): KnownName[] {
    const bounded = `${sql} LIMIT ${KNOWN_NAMES_MAX}`;
    return withFallback(
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

function withFallback<Result>(act: () => Result, fallback: Result): Result {
  try {
    return act();
  } catch {
    return fallback;
  }
}
