/** Removal of an account and its texts from CHAT_HOME. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { decodeJson } from "../../base/decode.ts";
import { unlessFault } from "../../base/fault.ts";
import { removeFolderNow, removePath } from "../disk/open-elsewhere.ts";
import type { OutboxOwner } from "./outbox-store.ts";
import { CLIENT_STATE_FILE, type StateDatabase } from "./schema.ts";
import { deleteSealedRows, SEALED_STATE_FILE } from "./sealed-store.ts";

/** Texts that only this device has, so that a sign-out alone leaves them. */
export interface UnsentTexts {
  readonly drafts: number;
  /** Messages that the server has not confirmed. */
  readonly messages: number;
}

/** Lines typed in the full screen, which all accounts of a home share. */
export const TYPED_LINES_FILE = "typed";
const KEY_FILES = ["device.key", "parts.key"];
/** Tables that name other people or files, not the account. */
const TABLES_OF_READERS = ["files_seen", "people_pins"];
const WHERE_OWNER = "WHERE fingerprint = ? AND user = ?";

export function unsentTexts(database: StateDatabase, owner: OutboxOwner): UnsentTexts {
  const count = (table: string) =>
    database.value<number>(
      `SELECT count(*) FROM ${table} ${WHERE_OWNER}`,
      owner.fingerprint,
      owner.user.toLowerCase(),
    ) ?? 0;
  return { drafts: count("drafts"), messages: count("outbox") + count("messages") };
}

/** Deletes the lines typed in the full screen. */
export function removeTypedLines(folder: string): void {
  for (const suffix of ["", ".older"]) removePath(join(folder, `${TYPED_LINES_FILE}${suffix}`));
}

/**
 * Removes everything that the home stores for an account. The identities of servers stay, and so do
 * the rows of other accounts, which may name this one as an author.
 *
 * @param tables tables with the columns `fingerprint` and `user`
 */
export function removeAccount(
  database: StateDatabase,
  { fingerprint, user }: OutboxOwner,
  tables: readonly string[],
): void {
  const { folder } = database;
  const name = user.toLowerCase();
  const accounts = accountsOf(database, fingerprint, name);
  const isEmpty = database.transact(() => {
    for (const table of tables)
      database.run(
        `DELETE FROM ${table} WHERE fingerprint = ? AND lower(user) = ?`,
        fingerprint,
        name,
      );
    database.run("DELETE FROM people_pins WHERE fingerprint = ? AND name = ?", fingerprint, name);
    const others = "SELECT fingerprint FROM enrolments UNION SELECT fingerprint FROM account_keys";
    const servers = database.all<{ fingerprint: string }>(others);
    if (!servers.some((row) => row.fingerprint === fingerprint)) {
      for (const table of TABLES_OF_READERS)
        database.run(`DELETE FROM ${table} WHERE fingerprint = ?`, fingerprint);
    }
    removePreferences(database, { fingerprint, user: name });
    return servers.length === 0;
  });
  if (folder === undefined) return;
  const sealed = join(folder, SEALED_STATE_FILE);
  if (isEmpty) {
    for (const suffix of ["", "-wal", "-shm"]) removePath(`${sealed}${suffix}`);
    for (const file of KEY_FILES) removePath(join(folder, file));
    removeFolderNow(join(folder, "outboxes"));
    removeFolderNow(join(folder, "snapshots"));
  } else if (existsSync(sealed)) deleteSealedRows(folder, fingerprint, accounts);
  removeTypedLines(folder);
  // Copies from before an upgrade, and damaged sealed files.
  for (const file of readdirSync(folder)) {
    const isCopy = file.startsWith(`${CLIENT_STATE_FILE}.v`);
    if (isCopy || (isEmpty && file.endsWith(".damaged"))) removePath(join(folder, file));
  }
}

function accountsOf(database: StateDatabase, fingerprint: string, user: string): string[] {
  const of = (table: string) =>
    database.all<{ account: string }>(
      `SELECT account FROM ${table} ${WHERE_OWNER}`,
      fingerprint,
      user,
    );
  return [...of("own_accounts"), ...of("enrolments")].map(({ account }) => account);
}

/** Also removes all pictures, because they are not stored by account. */
function removePreferences(database: StateDatabase, { fingerprint, user }: OutboxOwner): void {
  database.run("DELETE FROM preferences WHERE name = 'pictures'");
  const stored = database.value<string>("SELECT value FROM preferences WHERE name = 'last-room'");
  if (stored === undefined) return;
  const rooms = unlessFault(() => decodeJson(stored)) ?? {};
  const others = Object.entries(rooms as object).filter(
    ([owner]) => owner.toLowerCase() !== `${fingerprint} ${user}`.toLowerCase(),
  );
  const changed = JSON.stringify(Object.fromEntries(others));
  database.run("UPDATE preferences SET value = ? WHERE name = 'last-room'", changed);
}
