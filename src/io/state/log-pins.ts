/** Pinned log states, which servers have proved to this CHAT_HOME. */

import { utf8Encode } from "../../base/bytes.ts";
import type { KnownRecord, LogPin } from "../../core/client/audit.ts";
import type { KnownOwnRecords } from "../../core/client/own-account.ts";
import { hasNewKey, isPersonPin, type PersonPin } from "../../core/client/person-keys.ts";
import type { LogName } from "../../wire/kinds.ts";
import { parseObject } from "../../wire/record.ts";
import type { AcceptedHistories } from "./accepted-histories.ts";
import { HomeTable, unlinkDrafts } from "./home-tables.ts";
import type { StateDatabase } from "./schema.ts";

/** Far fewer records arrive between two proofs. More would only help to name missing records. */
const STORED_RECORDS_MAX = 4_096;
/** People of one server whose keys are stored. */
const PEOPLE_MAX = 1_000;

export interface LogReader {
  readonly fingerprint: string;
  readonly formers: readonly string[];
  readonly user: string;
}

type Awaitable<Value> = Value | Promise<Value>;

export interface LogPins {
  pin(reader: LogReader, log?: LogName): Awaitable<LogPin | undefined>;
  /** Never decreases the pinned size of a log, even with concurrent processes. */
  storePin(reader: LogReader, pin: LogPin, log?: LogName): Awaitable<void>;
  storeRecords(reader: LogReader, records: readonly KnownRecord[]): Awaitable<void>;
  storedRecords(reader: LogReader, filter: "all" | "unproved"): Awaitable<KnownRecord[]>;
  markProved(reader: LogReader, seqs: readonly number[]): Awaitable<void>;
  /** Stores the seq of a record that the server has confirmed, so the log must contain it. */
  storeConfirmed(reader: LogReader, seq: number): Awaitable<void>;
  confirmed(reader: LogReader): Awaitable<number>;
  /**
   * @param common `seq` of the newest known record that the presented history contains; `undefined`
   * if unknown
   */
  setAlarm(reader: LogReader, reason: string | undefined, common?: number): Awaitable<void>;
  /** Whether there is evidence against the server that the user has not accepted. */
  hasAlarm(reader: LogReader): Awaitable<boolean>;
  /** Histories that the user has given up for the current one, oldest first. */
  replaced(reader: LogReader): Awaitable<readonly ReplacedLog[]>;
  ownAccount(reader: LogReader): Awaitable<OwnAccountPin | undefined>;
  storeOwnAccount(reader: LogReader, pin: OwnAccountPin): Awaitable<void>;
  people(reader: LogReader): Awaitable<readonly PersonPin[]>;
  /**
   * Forgets the people checked longest ago; those with a new key last.
   * @param change applied to the pin that another process may have stored meanwhile
   * @returns the stored pin
   */
  storePerson(reader: LogReader, pin: PersonPin, change?: ChangePin): Awaitable<PersonPin>;
}

export type ChangePin = (stored: PersonPin | undefined) => PersonPin;

export interface OwnAccountPin extends KnownOwnRecords {
  readonly account: string;
}

/** A history that the user has given up. */
export interface ReplacedLog {
  /** Increases with each acceptance on this device. */
  readonly at: number;
  readonly origin: string;
  readonly size: number;
  /** `seq` of the newest known record that the accepted history contains too, if known. */
  readonly common?: number | undefined;
}

/** More rollbacks of one server would make their claims unknown, which then raise an alarm. */
export const REPLACED_LOGS_MAX = 64;

/** The newest one of each day. */
const WITNESSED_MAX = 100;

export interface ExpectedRecords {
  readonly records: readonly KnownRecord[];
  readonly size: number;
}

interface SeenRow {
  readonly seq: number;
  readonly leaf: Uint8Array;
  readonly room: string;
  readonly place: string;
  readonly sender: string | null;
  readonly time_ms: number;
}

const PIN_TABLES: Readonly<Record<LogName, string>> = {
  history: "log_pins",
  accounts: "accounts_pins",
};
const FORGOTTEN_TABLES = [
  ...Object.values(PIN_TABLES),
  "own_accounts",
  "witnessed",
  "log_seen",
  "log_confirmed",
];
const SELECT_SEEN = `SELECT seq, leaf, room, place, sender, time_ms FROM log_seen
  WHERE fingerprint = ? AND user = ?`;
/**
 * Keeps the first record with each seq. A record may be read twice, and a rollback may reuse its
 * seq.
 */
const INSERT_SEEN = `INSERT INTO log_seen VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
  ON CONFLICT DO NOTHING`;
const DELETE_OLD_PEOPLE = `DELETE FROM people_pins WHERE fingerprint = ?1 AND at IN (
  SELECT at FROM people_pins WHERE fingerprint = ?1
  ORDER BY is_new DESC, at DESC LIMIT -1 OFFSET ${PEOPLE_MAX})`;
const DELETE_OLD = `DELETE FROM log_seen WHERE fingerprint = ?1 AND user = ?2 AND seq <= (
  SELECT seq FROM log_seen WHERE fingerprint = ?1 AND user = ?2
  ORDER BY seq DESC LIMIT 1 OFFSET ${STORED_RECORDS_MAX})`;

export class HomeLogPins extends HomeTable implements LogPins {
  constructor(
    database: StateDatabase,
    private readonly histories: AcceptedHistories,
  ) {
    super(database);
  }

  pin(
    { fingerprint }: Pick<LogReader, "fingerprint">,
    log: LogName = "history",
  ): LogPin | undefined {
    const sql = `SELECT origin, size, root, note FROM ${PIN_TABLES[log]} WHERE fingerprint = ?`;
    return this.database.get<LogPin>(sql, fingerprint);
  }

  pinOf(fingerprint: string, origin: string): (LogPin & { fingerprint: string }) | undefined {
    const sql = `SELECT origin, size, root, note, fingerprint FROM log_pins
      WHERE fingerprint = ?1 OR origin = ?2 ORDER BY fingerprint = ?1 DESC LIMIT 1`;
    return this.database.get(sql, fingerprint, origin);
  }

  expectedRecords({ fingerprint }: Pick<LogReader, "fingerprint">): ExpectedRecords {
    const select = `SELECT DISTINCT seq, leaf, room, place, sender, time_ms FROM log_seen
      WHERE fingerprint = ? ORDER BY seq`;
    const cursor = "SELECT max(seq) FROM cursors WHERE fingerprint = ?";
    const records = this.database.all<SeenRow>(select, fingerprint).map(seenRecordOf);
    // Ignore cursors without a pin: `forget` removes the pin, and the next log-in resets the
    // cursors.
    const isPinned = this.pin({ fingerprint }) !== undefined;
    const displayed = (isPinned && this.database.value<number>(cursor, fingerprint)) || 0;
    const confirmed = this.confirmed({ fingerprint });
    return { records, size: Math.max(confirmed, displayed, records.at(-1)?.seq ?? 0) };
  }

  storePin(
    { fingerprint }: LogReader,
    { origin, size, root, note }: LogPin,
    log: LogName = "history",
  ): void {
    const sql = `INSERT INTO ${PIN_TABLES[log]} (fingerprint, origin, size, root, note)
      VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
      SET size = excluded.size, root = excluded.root, note = excluded.note
      WHERE excluded.origin = origin AND excluded.size > size`;
    this.database.run(sql, fingerprint, origin, size, root, note);
  }

  storeRecords({ fingerprint, user }: LogReader, records: readonly KnownRecord[]): void {
    if (this.histories.isReplaced(fingerprint)) return;
    const store = () => {
      const insert = this.database.statement(INSERT_SEEN);
      for (const { seq, leaf, room, place, from, timeUnixMs } of records) {
        const [sender, at] = [from ?? null, Math.trunc(timeUnixMs)];
        insert.run(fingerprint, foldCase(user), seq, leaf, room, place, sender, at);
      }
      this.database.statement(DELETE_OLD).run(fingerprint, foldCase(user));
    };
    this.database.unsynced(() => this.database.transact(store));
  }

  storedRecords({ fingerprint, user }: LogReader, filter: "all" | "unproved"): KnownRecord[] {
    const sql = `${SELECT_SEEN} ${filter === "all" ? "" : "AND proved = 0"} ORDER BY seq`;
    return this.database.all<SeenRow>(sql, fingerprint, foldCase(user)).map(seenRecordOf);
  }

  markProved({ fingerprint, user }: LogReader, seqs: readonly number[]): void {
    const sql = "UPDATE log_seen SET proved = 1 WHERE fingerprint = ? AND user = ? AND seq = ?";
    this.database.transact(() => {
      const update = this.database.statement(sql);
      for (const seq of seqs) update.run(fingerprint, foldCase(user), seq);
    });
  }

  storeConfirmed({ fingerprint }: LogReader, seq: number): void {
    if (this.histories.isReplaced(fingerprint)) return;
    const sql = `INSERT INTO log_confirmed VALUES (?, ?) ON CONFLICT DO UPDATE
      SET seq = max(seq, excluded.seq)`;
    this.database.unsynced(() => this.database.run(sql, fingerprint, seq));
  }

  confirmed({ fingerprint }: Pick<LogReader, "fingerprint">): number {
    const sql = "SELECT seq FROM log_confirmed WHERE fingerprint = ?";
    return this.database.value(sql, fingerprint) ?? 0;
  }

  setAlarm({ fingerprint }: LogReader, reason: string | undefined, common?: number): void {
    if (reason === undefined && this.alarm(fingerprint) === undefined) return;
    const sql = "UPDATE log_pins SET alarm = ?, common = ? WHERE fingerprint = ?";
    this.database.run(sql, reason ?? null, common ?? null, fingerprint);
  }

  replaced({ fingerprint }: Pick<LogReader, "fingerprint">): readonly ReplacedLog[] {
    const sql = "SELECT at, origin, size FROM replaced_logs WHERE fingerprint = ? ORDER BY at";
    return this.database.all<ReplacedLog>(sql, fingerprint);
  }

  hasAlarm({ fingerprint }: LogReader): boolean {
    return this.alarm(fingerprint) !== undefined;
  }

  alarm(fingerprint: string): string | undefined {
    return this.database.value("SELECT alarm FROM log_pins WHERE fingerprint = ?", fingerprint);
  }

  ownAccount({ fingerprint, user }: LogReader): OwnAccountPin | undefined {
    const sql = "SELECT account, n, size FROM own_accounts WHERE fingerprint = ? AND user = ?";
    return this.database.get(sql, fingerprint, foldCase(user));
  }

  storeOwnAccount({ fingerprint, user }: LogReader, { account, n, size }: OwnAccountPin): void {
    const sql = `INSERT INTO own_accounts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      n = iif(account = excluded.account, max(n, excluded.n), excluded.n),
      size = iif(account = excluded.account, max(size, excluded.size), excluded.size),
      account = excluded.account`;
    this.database.run(sql, fingerprint, foldCase(user), account, n, size);
  }

  /** @param day of the checkpoint's receipt, in ISO 8601 */
  storeWitnessed(fingerprint: string, day: string, note: string): void {
    const trim = `DELETE FROM witnessed WHERE fingerprint = ?1 AND day <= (SELECT day FROM witnessed
      WHERE fingerprint = ?1 ORDER BY day DESC LIMIT 1 OFFSET ${WITNESSED_MAX})`;
    this.database.transact(() => {
      this.database.run(
        "INSERT OR REPLACE INTO witnessed VALUES (?, ?, ?)",
        fingerprint,
        day,
        note,
      );
      this.database.run(trim, fingerprint);
    });
  }

  /** Oldest first. */
  witnessed(fingerprint: string): { readonly day: string; readonly note: string }[] {
    const sql = "SELECT day, note FROM witnessed WHERE fingerprint = ? ORDER BY day";
    return this.database.all(sql, fingerprint);
  }

  people({ fingerprint }: LogReader): readonly PersonPin[] {
    const sql = "SELECT pin FROM people_pins WHERE fingerprint = ? ORDER BY at";
    const rows = this.database.all<{ readonly pin: string }>(sql, fingerprint);
    return rows.map(({ pin }) => personPinOf(pin)).filter((pin) => pin !== undefined);
  }

  storePerson(reader: LogReader, pin: PersonPin, change: ChangePin = () => pin): PersonPin {
    const { fingerprint } = reader;
    const insert = `INSERT OR REPLACE INTO people_pins (fingerprint, name, is_new, pin)
      VALUES (?, ?, ?, ?)`;
    const name = foldCase(pin.user);
    const select = "SELECT pin FROM people_pins WHERE fingerprint = ? AND name = ?";
    return this.database.transact(() => {
      const stored = personPinOf(this.database.value<string>(select, fingerprint, name) ?? "");
      // A replaced history's proofs do not continue in the accepted one.
      const isReplaced = this.histories.isReplaced(fingerprint);
      const changed = { ...change(stored), ...(isReplaced && { n: 0 }) };
      const isNew = hasNewKey(changed) ? 1 : 0;
      this.database.run(insert, fingerprint, name, isNew, JSON.stringify(changed));
      this.database.run(DELETE_OLD_PEOPLE, fingerprint);
      return changed;
    });
  }

  /**
   * Accepts the history that the server presents next. It must prove the keys of people again, but
   * does not change which are accepted. Positions beyond the records that both histories contain
   * are rewound, because the new history uses the same numbers.
   */
  forget(fingerprint: string): void {
    this.database.transact(() => {
      this.#storeReplaced(fingerprint);
      const reset = `UPDATE people_pins SET pin = json_set(pin, '$.n', 0) WHERE fingerprint = ?`;
      this.database.run(reset, fingerprint);
      for (const table of FORGOTTEN_TABLES) {
        this.database.run(`DELETE FROM ${table} WHERE fingerprint = ?`, fingerprint);
      }
    });
  }

  #storeReplaced(fingerprint: string): void {
    const known = this.pin({ fingerprint });
    if (known === undefined) return;
    const insert = "INSERT INTO replaced_logs (fingerprint, origin, size) VALUES (?, ?, ?)";
    this.database.run(insert, fingerprint, known.origin, known.size);
    const trim = `DELETE FROM replaced_logs WHERE fingerprint = ?1 AND at <= (
      SELECT at FROM replaced_logs WHERE fingerprint = ?1
      ORDER BY at DESC LIMIT 1 OFFSET ${REPLACED_LOGS_MAX})`;
    this.database.run(trim, fingerprint);
    const select = "SELECT common FROM log_pins WHERE fingerprint = ?";
    const common = this.database.value<number>(select, fingerprint);
    if (common === undefined) return;
    for (const table of ["cursors", "files_place"]) {
      const rewind = `UPDATE ${table} SET seq = ?1 WHERE fingerprint = ?2 AND seq > ?1`;
      this.database.run(rewind, common, fingerprint);
    }
    unlinkDrafts(this.database, fingerprint, common);
    // Encrypted posts cannot be changed here. The client checks them when it adopts them.
    for (const table of ["outbox", "messages"]) {
      const mark = `UPDATE ${table}
        SET body = json_set(body, '$.lostAfter', min(coalesce(body ->> '$.lostAfter', ?1), ?1))
        WHERE fingerprint = ?2 AND json_valid(body)`;
      this.database.run(mark, common, fingerprint);
    }
  }
}

function personPinOf(json: string): PersonPin | undefined {
  const value: unknown = parseObject(utf8Encode(json));
  return isPersonPin(value) ? value : undefined;
}

function seenRecordOf({ sender, time_ms: timeUnixMs, ...row }: SeenRow): KnownRecord {
  return { ...row, from: sender ?? undefined, timeUnixMs };
}

function foldCase(user: string): string {
  return user.toLowerCase();
}
