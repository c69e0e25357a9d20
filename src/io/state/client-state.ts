/** The client's database: servers, keys, settings, cursors. */

import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert } from "../../base/assert.ts";
import { toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { unlessFault } from "../../base/fault.ts";
import { SNAPSHOT_BYTES_MAX } from "../../base/limits-screen.ts";
import { formatAddress, parseServerSpec, type ServerAddress } from "../../wire/invite.ts";
import { readSmallFile, writeSmallFile } from "../disk/data-folder.ts";
import { removePath } from "../disk/open-elsewhere.ts";
import { createPrivateFolder } from "../disk/private-path.ts";
import { AcceptedHistories } from "./accepted-histories.ts";
import {
  removeAccount,
  removeTypedLines,
  type UnsentTexts,
  unsentTexts,
} from "./account-removal.ts";
import { DraftStore, KnownFiles, MutedTargets, ReceivedFiles } from "./home-tables.ts";
import { HomeLogPins } from "./log-pins.ts";
import type { MessageStore } from "./message-store.ts";
import { type OutboxOwner, OutboxStore } from "./outbox-store.ts";
import { type OnConverted, StateDatabase, withStoreFaults } from "./schema.ts";
import { UploadJournal } from "./upload-journal.ts";

export interface Pin {
  readonly address: string;
  readonly fingerprint: string;
  readonly name: string;
  readonly firstSeenUnixMs: number;
}

export interface StoredAddresses {
  readonly reported: readonly ServerAddress[];
  readonly last: ServerAddress | undefined;
}

/**
 * `quiet`: `on` hides joins and leaves. `screen`: JSON of settings changed in a session.
 * `pictures`: JSON of the paths of sent and downloaded pictures.
 */
export type Preference =
  | ("quiet" | "screen" | "pictures" | "last-room" | "line-mode")
  /** Older commands of which the user knows what they are now. */
  | "replaced-commands";

export type GenerateKey = () => string;

const WHERE_USER = "WHERE fingerprint = ? AND user = ?";
const DEVICE_KEY_FILE = "device.key";
const PARTIAL_SECRET_FILE = "parts.key";
const PARTIAL_SECRET_BYTES = 32;
const SNAPSHOT_FOLDER = "snapshots";

/** State in `CHAT_HOME`, shared by its processes. User names are case-insensitive. */
export class ClientState {
  readonly #database: StateDatabase;
  readonly #histories: AcceptedHistories;
  #deviceKeyInMemory: string | undefined;
  readonly outboxes: OutboxStore;
  readonly messages: MessageStore;
  readonly uploads: UploadJournal;
  readonly receivedFiles: ReceivedFiles;
  readonly logPins: HomeLogPins;
  readonly knownFiles: KnownFiles;
  readonly drafts: DraftStore;
  readonly muted: MutedTargets;

  private constructor(folder: string | undefined, onConverted?: OnConverted) {
    this.#database = new StateDatabase(folder, onConverted);
    this.#histories = new AcceptedHistories(this.#database);
    this.outboxes = new OutboxStore(this.#database, this.#histories);
    this.messages = this.outboxes.messages;
    this.uploads = new UploadJournal(this.#database);
    this.receivedFiles = new ReceivedFiles(this.#database, this.#histories);
    this.logPins = new HomeLogPins(this.#database, this.#histories);
    this.knownFiles = new KnownFiles(this.#database);
    this.drafts = new DraftStore(this.#database, this.outboxes, this.#histories);
    this.muted = new MutedTargets(this.#database);
  }

  /**
   * @throws {Fault} version-unsupported if a newer program wrote the database, store-… if the disk
   * refuses
   */
  static open(folder: string, onConverted?: OnConverted): ClientState {
    withStoreFaults(folder, () => createPrivateFolder(folder));
    return new ClientState(folder, onConverted);
  }

  /** Reports whether the home still exists and has not been replaced. */
  isPresent(): boolean {
    return this.#database.isPresent();
  }

  static inMemory(): ClientState {
    return new ClientState(undefined);
  }

  /**
   * Returns the device key as PEM. The database's write lock ensures that concurrent processes get
   * the same key.
   */
  deviceKey(generate: GenerateKey): string {
    const { folder } = this.#database;
    if (folder === undefined) {
      this.#deviceKeyInMemory ??= generate();
      return this.#deviceKeyInMemory;
    }
    return this.#readOrCreateFile(join(folder, DEVICE_KEY_FILE), generate);
  }

  /** Secret that authenticates journals of partial downloads; `undefined` in memory. */
  partialFileSecret(): Uint8Array | undefined {
    const { folder } = this.#database;
    if (folder === undefined) return undefined;
    const generate = () => {
      return `${toBase64Url(crypto.getRandomValues(new Uint8Array(PARTIAL_SECRET_BYTES)))}\n`;
    };
    return utf8Encode(this.#readOrCreateFile(join(folder, PARTIAL_SECRET_FILE), generate).trim());
  }

  #readOrCreateFile(path: string, generate: () => string): string {
    return this.#database.write(() => {
      const existing = readSmallFile(path);
      if (existing !== undefined) return existing;
      return this.#database.transact(() => {
        const stored = readSmallFile(path);
        if (stored !== undefined) return stored;
        const created = generate();
        writeSmallFile(path, created);
        return created;
      });
    });
  }

  pin(address: string): Pin | undefined {
    return this.#database.get<Pin>(`${SELECT_PIN} WHERE address = ?`, address);
  }

  pins(): Pin[] {
    return this.#database.all<Pin>(`${SELECT_PIN} ORDER BY address`);
  }

  addressOf(fingerprint: string): string | undefined {
    const sql = "SELECT address FROM pins WHERE fingerprint = ? ORDER BY address LIMIT 1";
    return this.#database.value(sql, fingerprint);
  }

  setPin({ address, ...server }: Pin): void {
    const { fingerprint } = server;
    this.#database.transact(() => {
      this.#upsertServer(server);
      this.#database.run("INSERT OR REPLACE INTO pins VALUES (?, ?)", address, fingerprint);
    });
  }

  #upsertServer({ fingerprint, name, firstSeenUnixMs }: Omit<Pin, "address">): void {
    this.#database.run(
      "INSERT INTO servers VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name",
      fingerprint,
      name,
      Math.trunc(firstSeenUnixMs),
    );
  }

  moveServer(oldAddress: string, server: Omit<Pin, "address">): void {
    const { fingerprint } = server;
    this.#database.transact(() => {
      this.#upsertServer(server);
      for (const table of FINGERPRINT_TABLES) {
        this.#database.run(
          `UPDATE OR IGNORE ${table} SET fingerprint = ? WHERE fingerprint = ?`,
          fingerprint,
          oldAddress,
        );
      }
    });
  }

  moveUser(fingerprint: string, oldName: string, user: string): void {
    this.#database.transact(() => {
      for (const table of USER_TABLES) {
        this.#database.run(
          `UPDATE OR REPLACE ${table} SET user = ? WHERE fingerprint = ? AND lower(user) = ?`,
          foldCase(user),
          fingerprint,
          foldCase(oldName),
        );
      }
    });
  }

  serverAddresses(fingerprint: string): StoredAddresses | undefined {
    const sql = "SELECT places, last FROM server_places WHERE fingerprint = ?";
    const row = this.#database.get<{ places: string; last: string | null }>(sql, fingerprint);
    if (row === undefined) return undefined;
    const parseAddresses = (texts: string) =>
      texts.match(/[^ ]+/g)?.map((text) => {
        const { host, port } = parseServerSpec(text);
        return { host, port };
      }) ?? [];
    const [last] = parseAddresses(row.last ?? "");
    return { reported: parseAddresses(row.places), last };
  }

  serverClaiming(address: string): string | undefined {
    const sql =
      "SELECT fingerprint FROM server_places WHERE instr(' ' || places || ' ', ?) > 0 LIMIT 1";
    return this.#database.value(sql, ` ${address} `);
  }

  storeServerAddresses(fingerprint: string, { reported, last }: StoredAddresses): void {
    this.#database.run(
      "INSERT OR REPLACE INTO server_places VALUES (?, ?, ?)",
      fingerprint,
      reported.map(formatAddress).join(" "),
      last === undefined ? null : formatAddress(last),
    );
  }

  removeServerAddresses(fingerprint: string): void {
    this.#database.run("DELETE FROM server_places WHERE fingerprint = ?", fingerprint);
  }

  forgetPin(address: string): boolean {
    return this.#database.run("DELETE FROM pins WHERE address = ?", address) > 0;
  }

  cursor(fingerprint: string, user: string): number | undefined {
    return this.#database.value(
      `SELECT seq FROM cursors ${WHERE_USER}`,
      fingerprint,
      foldCase(user),
    );
  }

  /** Never decreases the cursor, even with concurrent processes. */
  advanceCursor(fingerprint: string, user: string, seq: number): void {
    if (this.#histories.isReplaced(fingerprint)) return;
    const sql = `INSERT INTO cursors VALUES (?, ?, ?) ON CONFLICT DO UPDATE
      SET seq = excluded.seq WHERE excluded.seq > seq`;
    this.#database.run(sql, fingerprint, foldCase(user), seq);
  }

  rewindCursor(fingerprint: string, user: string, seq: number): void {
    const sql = "UPDATE cursors SET seq = ? WHERE fingerprint = ? AND user = ? AND seq > ?";
    this.#database.run(sql, seq, fingerprint, foldCase(user), seq);
  }

  accountKey(fingerprint: string, user: string, generate: GenerateKey): string {
    const existing = this.knownAccountKey(fingerprint, user);
    if (existing !== undefined) return existing;
    const insert = "INSERT INTO account_keys VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    this.#database.run(insert, fingerprint, foldCase(user), generate());
    const stored = this.knownAccountKey(fingerprint, user);
    assert(stored !== undefined, "the account key has just been stored");
    return stored;
  }

  knownAccountKey(fingerprint: string, user: string): string | undefined {
    const sql = `SELECT private_pem FROM account_keys ${WHERE_USER}`;
    return this.#database.value(sql, fingerprint, foldCase(user));
  }

  setAccountKey(fingerprint: string, user: string, pem: string): void {
    const sql = "INSERT OR REPLACE INTO account_keys VALUES (?, ?, ?)";
    this.#database.run(sql, fingerprint, foldCase(user), pem);
  }

  enrolment(fingerprint: string, user: string): string | undefined {
    return this.#database.value(
      `SELECT account FROM enrolments ${WHERE_USER}`,
      fingerprint,
      foldCase(user),
    );
  }

  /** Returns the only server on which this home has an account of the name. */
  onlyServerOf(user: string): string | undefined {
    const sql = "SELECT max(fingerprint) FROM enrolments WHERE user = ? HAVING count(*) = 1";
    return this.#database.value<string>(sql, foldCase(user)) ?? undefined;
  }

  enrol(fingerprint: string, user: string, account: string): void {
    if (this.enrolment(fingerprint, user) === account) return;
    const sql = "INSERT OR REPLACE INTO enrolments VALUES (?, ?, ?)";
    this.#database.run(sql, fingerprint, foldCase(user), account);
  }

  unenrol(fingerprint: string, user: string): void {
    this.#database.run(`DELETE FROM enrolments ${WHERE_USER}`, fingerprint, foldCase(user));
    this.setSnapshot(fingerprint, user, undefined);
  }

  /**
   * Removes the texts that a signed-out device need not have: typed lines, and what the file still
   * contains of deleted ones.
   * @returns false if another process uses the home, so that deleted texts stay in its log
   */
  removeOldTexts(): boolean {
    const { folder } = this.#database;
    if (folder !== undefined) removeTypedLines(folder);
    return this.#database.emptyLog();
  }

  unsentTexts(owner: OutboxOwner): UnsentTexts {
    return unsentTexts(this.#database, owner);
  }

  /**
   * Removes everything about an account.
   * @returns false if another process uses the home, so that deleted texts stay in its log
   */
  forgetAccount(owner: OutboxOwner): boolean {
    this.setSnapshot(owner.fingerprint, owner.user, undefined);
    removeAccount(this.#database, owner, USER_TABLES);
    return this.#database.emptyLog();
  }

  lastServer(): string | undefined {
    const sql = "SELECT address FROM last_servers ORDER BY used_ms DESC, address LIMIT 1";
    return this.#database.value(sql);
  }

  lastUser(fingerprint: string): string | undefined {
    return this.#database.value("SELECT user FROM last_users WHERE fingerprint = ?", fingerprint);
  }

  setLastServer(address: string, unixMs: number, replace = false): void {
    const last = this.lastServer();
    if (last === address || (last !== undefined && !replace)) return;
    const sql = "INSERT OR REPLACE INTO last_servers VALUES (?, ?)";
    this.#database.run(sql, address, Math.trunc(unixMs));
  }

  setLastUser(fingerprint: string, user: string, unixMs: number, replace = false): void {
    const last = this.lastUser(fingerprint);
    if (last === user || (last !== undefined && !replace)) return;
    const sql = "INSERT OR REPLACE INTO last_users VALUES (?, ?, ?)";
    this.#database.run(sql, fingerprint, user, Math.trunc(unixMs));
  }

  /** Text of an account's snapshot; `undefined` if there is none, or it is unreadable. */
  snapshot(fingerprint: string, user: string): string | undefined {
    const path = this.#snapshotPath(fingerprint, user);
    return path && unlessFault(() => readSmallFile(path, SNAPSHOT_BYTES_MAX));
  }

  /**
   * Stores no snapshot that is too large, and removes it if `text` is `undefined`.
   * @param isOlder reports whether `text` is older than the stored one, which then stays
   */
  setSnapshot(
    fingerprint: string,
    user: string,
    text: string | undefined,
    isOlder: (stored: string) => boolean = () => false,
  ): void {
    const path = this.#snapshotPath(fingerprint, user);
    if (path === undefined) return;
    this.#database.transact(() => {
      createPrivateFolder(dirname(path));
      const isTooLarge = text !== undefined && text.length > SNAPSHOT_BYTES_MAX;
      if (text === undefined || isTooLarge || this.#histories.isReplaced(fingerprint))
        return removePath(path);
      const stored = this.snapshot(fingerprint, user);
      if (stored === undefined || !isOlder(stored)) writeSmallFile(path, text);
    });
  }

  /** Accepts the history that the server presents next, and drops snapshots of the former one. */
  acceptHistory(fingerprint: string): void {
    const { folder } = this.#database;
    this.#database.transact(() => {
      this.logPins.forget(fingerprint);
      if (folder === undefined) return;
      const snapshots = join(folder, SNAPSHOT_FOLDER);
      for (const name of existsSync(snapshots) ? readdirSync(snapshots) : [])
        if (name.startsWith(`${fingerprint}-`)) removePath(join(snapshots, name));
    });
    this.#histories.accepted();
  }

  #snapshotPath(fingerprint: string, user: string): string | undefined {
    const { folder } = this.#database;
    return folder && join(folder, SNAPSHOT_FOLDER, `${fingerprint}-${foldCase(user)}.json`);
  }

  preference(name: Preference): string | undefined {
    return this.#database.value("SELECT value FROM preferences WHERE name = ?", name);
  }

  setPreference(name: Preference, value: string): void {
    this.#database.run("INSERT OR REPLACE INTO preferences VALUES (?, ?)", name, value);
  }

  /** Keeps what another process has stored since this one read the value. */
  changePreference(name: Preference, change: (stored: string | undefined) => string): void {
    this.#database.transact(() => this.setPreference(name, change(this.preference(name))));
  }

  close(): void {
    this.outboxes.close();
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const FINGERPRINT_TABLES = [
  "pins",
  "cursors",
  "account_keys",
  "enrolments",
  "last_users",
  "outbox",
  "messages",
  "uploads",
  "files_place",
  "files_taken",
  "files_seen",
  "log_pins",
  "accounts_pins",
  "own_accounts",
  "witnessed",
  "people_pins",
  "log_seen",
  "log_confirmed",
  "replaced_logs",
  "drafts",
  "muted",
  "server_places",
] as const;

const SERVER_TABLES: ReadonlySet<string> = new Set([
  "pins",
  "files_seen",
  "log_pins",
  "accounts_pins",
  "witnessed",
  "people_pins",
  "log_confirmed",
  "replaced_logs",
  "server_places",
]);
const USER_TABLES = FINGERPRINT_TABLES.filter((table) => !SERVER_TABLES.has(table));

const SELECT_PIN = `SELECT address, fingerprint, name, first_seen_ms AS firstSeenUnixMs
  FROM pins JOIN servers USING (fingerprint)`;

function foldCase(user: string): string {
  return user.toLowerCase();
}
