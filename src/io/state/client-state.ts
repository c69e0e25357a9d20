/** The database of a home: servers, keys, settings, cursors. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { formatAddress, parseServerSpec, type ServerPlace } from "../../wire/invite.ts";
import { readSmallFile, writeSmallFile } from "../disk/data-folder.ts";
import { DraftStore } from "./draft-store.ts";
import { HomeLogPins } from "./log-pins.ts";
import { MutedTargets } from "./muted-targets.ts";
import { OutboxStore } from "./outbox-store.ts";
import { ReceivedFiles } from "./received-files.ts";
import { StateDatabase, withStoreFaults } from "./schema.ts";
import { SeenFiles } from "./seen-files.ts";
import { UploadJournal } from "./upload-journal.ts";

/** A server known to this home. Fingerprints here are bare: 43 characters, no prefix. */
export interface Pin {
  readonly address: string;
  readonly fingerprint: string;
  readonly name: string;
  readonly firstSeenUnixMs: number;
}

/** Addresses of the servers of one cluster. */
export interface KeptPlaces {
  readonly told: readonly ServerPlace[];
  /** Address of the last connection. */
  readonly last: ServerPlace | undefined;
}

/**
 * `quiet`: `on` hides joins and leaves. `screen`: settings changed in a session, as JSON.
 * `pictures`: paths of pictures sent from here or fetched, as JSON.
 */
export type Preference = "quiet" | "screen" | "pictures";

/** Makes a private key in PKCS8 PEM. */
export type GenerateKey = () => string;

const OF_USER = "WHERE fingerprint = ? AND user = ?";
const DEVICE_KEY_FILE = "device.key";
const PART_SECRET_FILE = "parts.key";
const PART_SECRET_BYTES = 32;

/**
 * Persistent state of a client's home (`CHAT_HOME`); several processes may share it. User names are
 * compared without case, as on the server.
 */
export class ClientState {
  readonly #database: StateDatabase;
  #deviceKeyInMemory: string | undefined;
  readonly outboxes: OutboxStore;
  readonly uploads: UploadJournal;
  readonly taken: ReceivedFiles;
  readonly logs: HomeLogPins;
  readonly seenFiles: SeenFiles;
  readonly drafts: DraftStore;
  readonly muted: MutedTargets;

  private constructor(folder: string | undefined) {
    this.#database = new StateDatabase(folder);
    this.outboxes = new OutboxStore(this.#database);
    this.uploads = new UploadJournal(this.#database);
    this.taken = new ReceivedFiles(this.#database);
    this.logs = new HomeLogPins(this.#database);
    this.seenFiles = new SeenFiles(this.#database);
    this.drafts = new DraftStore(this.#database);
    this.muted = new MutedTargets(this.#database);
  }

  /** @throws Fault version-unsupported, store-denied, store-full, store-failed */
  static open(folder: string): ClientState {
    withStoreFaults(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    return new ClientState(folder);
  }

  static inMemory(): ClientState {
    return new ClientState(undefined);
  }

  /**
   * The PEM of this home's device key, created at the first call. Processes that start together
   * agree on one key, since the database's write lock is held meanwhile.
   */
  deviceKey(generate: GenerateKey): string {
    const { folder } = this.#database;
    if (folder === undefined) {
      this.#deviceKeyInMemory ??= generate();
      return this.#deviceKeyInMemory;
    }
    return this.#smallFile(join(folder, DEVICE_KEY_FILE), generate);
  }

  /**
   * Secret with which this home marks the journals of partly received files, to recognize its own.
   * Created at the first call; `undefined` in memory, where nothing persists.
   */
  partSecret(): Uint8Array | undefined {
    const { folder } = this.#database;
    if (folder === undefined) return undefined;
    const generate = () => {
      return `${toBase64Url(crypto.getRandomValues(new Uint8Array(PART_SECRET_BYTES)))}\n`;
    };
    return utf8Encode(this.#smallFile(join(folder, PART_SECRET_FILE), generate).trim());
  }

  /** Returns the content of the file; only one process creates it. */
  #smallFile(path: string, generate: () => string): string {
    return this.#database.guard(() => {
      const kept = readSmallFile(path);
      if (kept !== undefined) return kept;
      return this.#database.transact(() => {
        const agreed = readSmallFile(path); // Another process may have written it meanwhile.
        if (agreed !== undefined) return agreed;
        const made = generate();
        writeSmallFile(path, made);
        return made;
      });
    });
  }

  pin(address: string): Pin | undefined {
    return this.#database.get<Pin>(`${SELECT_PIN} WHERE address = ?`, address);
  }

  pins(): Pin[] {
    return this.#database.all<Pin>(`${SELECT_PIN} ORDER BY address`);
  }

  /** The first address at which a server of this fingerprint was met. */
  addressOf(fingerprint: string): string | undefined {
    const sql = "SELECT address FROM pins WHERE fingerprint = ? ORDER BY address LIMIT 1";
    return this.#database.value(sql, fingerprint);
  }

  /** Adds or changes a pin. Keeps the newest name and the time of the first meeting. */
  setPin({ address, ...server }: Pin): void {
    const { fingerprint } = server;
    this.#database.transact(() => {
      this.#noteServer(server);
      this.#database.run("INSERT OR REPLACE INTO pins VALUES (?, ?)", address, fingerprint);
    });
  }

  #noteServer({ fingerprint, name, firstSeenUnixMs }: Omit<Pin, "address">): void {
    this.#database.run(
      "INSERT INTO servers VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name",
      fingerprint,
      name,
      Math.trunc(firstSeenUnixMs),
    );
  }

  /** Moves everything stored for a server to its new fingerprint. */
  moveServer(old: string, server: Omit<Pin, "address">): void {
    const { fingerprint } = server;
    this.#database.transact(() => {
      this.#noteServer(server);
      for (const table of MOVING_TABLES) {
        this.#database.run(
          `UPDATE OR IGNORE ${table} SET fingerprint = ? WHERE fingerprint = ?`,
          fingerprint,
          old,
        );
      }
    });
  }

  /** Moves everything stored for a user to the account's new name. */
  moveUser(fingerprint: string, old: string, user: string): void {
    this.#database.transact(() => {
      for (const table of USER_TABLES) {
        this.#database.run(
          `UPDATE OR REPLACE ${table} SET user = ? WHERE fingerprint = ? AND lower(user) = ?`,
          fold(user),
          fingerprint,
          fold(old),
        );
      }
    });
  }

  /** Last known addresses of the servers of the cluster with this key. */
  serverPlaces(fingerprint: string): KeptPlaces | undefined {
    const sql = "SELECT places, last FROM server_places WHERE fingerprint = ?";
    const row = this.#database.get<{ places: string; last: string | null }>(sql, fingerprint);
    if (row === undefined) return undefined;
    const placesOf = (texts: string) =>
      texts.match(/[^ ]+/g)?.map(parseServerSpec).map(placeOf) ?? [];
    const [last] = placesOf(row.last ?? "");
    return { told: placesOf(row.places), last };
  }

  /** The server that has claimed to be at this address, too. It has not proved it. */
  serverSaidAt(address: string): string | undefined {
    const sql =
      "SELECT fingerprint FROM server_places WHERE instr(' ' || places || ' ', ?) > 0 LIMIT 1";
    return this.#database.value(sql, ` ${address} `);
  }

  keepServerPlaces(fingerprint: string, { told, last }: KeptPlaces): void {
    this.#database.run(
      "INSERT OR REPLACE INTO server_places VALUES (?, ?, ?)",
      fingerprint,
      told.map(formatAddress).join(" "),
      last === undefined ? null : formatAddress(last),
    );
  }

  forgetServerPlaces(fingerprint: string): void {
    this.#database.run("DELETE FROM server_places WHERE fingerprint = ?", fingerprint);
  }

  /** @returns whether there was one */
  forgetPin(address: string): boolean {
    return this.#database.run("DELETE FROM pins WHERE address = ?", address) > 0;
  }

  /** Seq of the last record that this home has shown to the user; `undefined` if none. */
  cursor(fingerprint: string, user: string): number | undefined {
    return this.#database.value(`SELECT seq FROM cursors ${OF_USER}`, fingerprint, fold(user));
  }

  /** Never decreases, whichever process of this home is ahead. */
  advanceCursor(fingerprint: string, user: string, seq: number): void {
    const sql = `INSERT INTO cursors VALUES (?, ?, ?) ON CONFLICT DO UPDATE
      SET seq = excluded.seq WHERE excluded.seq > seq`;
    this.#database.run(sql, fingerprint, fold(user), seq);
  }

  /** The server has lost everything after `seq` (restored from a backup): begin there. */
  rewindCursor(fingerprint: string, user: string, seq: number): void {
    const sql = "UPDATE cursors SET seq = ? WHERE fingerprint = ? AND user = ? AND seq > ?";
    this.#database.run(sql, seq, fingerprint, fold(user), seq);
  }

  /** The PEM of the account's key, created at the first call, the same for every process. */
  accountKey(fingerprint: string, user: string, generate: GenerateKey): string {
    const known = this.knownAccountKey(fingerprint, user);
    if (known !== undefined) return known;
    const insert = "INSERT INTO account_keys VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    this.#database.run(insert, fingerprint, fold(user), generate());
    const agreed = this.knownAccountKey(fingerprint, user);
    assert(agreed !== undefined, "an account key that was just stored is there");
    return agreed;
  }

  /** The PEM of the account's key, if this home has it. */
  knownAccountKey(fingerprint: string, user: string): string | undefined {
    const sql = `SELECT private_pem FROM account_keys ${OF_USER}`;
    return this.#database.value(sql, fingerprint, fold(user));
  }

  /** Stores the account key received from another device of the account. */
  setAccountKey(fingerprint: string, user: string, pem: string): void {
    const sql = "INSERT OR REPLACE INTO account_keys VALUES (?, ?, ?)";
    this.#database.run(sql, fingerprint, fold(user), pem);
  }

  /** Id of the account that knows this device, as far as this home was notified. */
  enrolment(fingerprint: string, user: string): string | undefined {
    return this.#database.value(
      `SELECT account FROM enrolments ${OF_USER}`,
      fingerprint,
      fold(user),
    );
  }

  enrol(fingerprint: string, user: string, account: string): void {
    if (this.enrolment(fingerprint, user) === account) return; // A write waits for the disk.
    const sql = "INSERT OR REPLACE INTO enrolments VALUES (?, ?, ?)";
    this.#database.run(sql, fingerprint, fold(user), account);
  }

  unenrol(fingerprint: string, user: string): void {
    this.#database.run(`DELETE FROM enrolments ${OF_USER}`, fingerprint, fold(user));
  }

  lastServer(): string | undefined {
    const sql = "SELECT address FROM last_servers ORDER BY used_ms DESC, address LIMIT 1";
    return this.#database.value(sql);
  }

  /** User who last logged in at the server of this fingerprint, as the server spells the name. */
  lastUser(fingerprint: string): string | undefined {
    return this.#database.value("SELECT user FROM last_users WHERE fingerprint = ?", fingerprint);
  }

  /** @param changes false only sets it if there is no last server yet */
  noteServer(address: string, unixMs: number, changes = false): void {
    const last = this.lastServer();
    if (last === address || (last !== undefined && !changes)) return;
    const sql = "INSERT OR REPLACE INTO last_servers VALUES (?, ?)";
    this.#database.run(sql, address, Math.trunc(unixMs));
  }

  /** @param changes false only sets it if there is no last user of this server yet */
  noteUser(fingerprint: string, user: string, unixMs: number, changes = false): void {
    const last = this.lastUser(fingerprint);
    if (last === user || (last !== undefined && !changes)) return;
    const sql = "INSERT OR REPLACE INTO last_users VALUES (?, ?, ?)";
    this.#database.run(sql, fingerprint, user, Math.trunc(unixMs));
  }

  /** A preference of the user for this device. */
  preference(name: Preference): string | undefined {
    return this.#database.value("SELECT value FROM preferences WHERE name = ?", name);
  }

  prefer(name: Preference, value: string): void {
    this.#database.run("INSERT OR REPLACE INTO preferences VALUES (?, ?)", name, value);
  }

  close(): void {
    this.outboxes.close();
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Every table keyed by a server's fingerprint. */
const MOVING_TABLES = [
  "pins",
  "cursors",
  "account_keys",
  "enrolments",
  "last_users",
  "outbox",
  "uploads",
  "files_place",
  "files_taken",
  "files_seen",
  "log_pins",
  "log_seen",
  "log_confirmed",
  "drafts",
  "muted",
  "server_places",
] as const;

/** Tables keyed by the server alone. */
const SERVER_TABLES: ReadonlySet<string> = new Set([
  "pins",
  "files_seen",
  "log_pins",
  "log_confirmed",
  "server_places",
]);
const USER_TABLES = MOVING_TABLES.filter((table) => !SERVER_TABLES.has(table));

const SELECT_PIN = `SELECT address, fingerprint, name, first_seen_ms AS firstSeenUnixMs
  FROM pins JOIN servers USING (fingerprint)`;

function placeOf({ host, port }: ServerPlace): ServerPlace {
  return { host, port };
}

function fold(user: string): string {
  return user.toLowerCase();
}
