/** The log heads that each server has shown to this home. */

import type { KnownRecord, LogPin } from "../../core/client/audit.ts";
import { HomeTable } from "./home-table.ts";

/**
 * Records that a device remembers having read, per account at a server: far fewer arrive between
 * two proofs, and more only help to name what is missing.
 */
const SEEN_RECORDS_MAX = 4_096;

/** The server of a log and its reader. */
export interface LogReader {
  readonly fingerprint: string;
  /** Earlier keys of this server, as far as each has signed the next. */
  readonly formers: readonly string[];
  readonly user: string;
}

type Awaitable<Value> = Value | Promise<Value>;

/** Stores what a device knows of the servers' logs. A browser answers asynchronously. */
export interface LogPins {
  /** `undefined` if this server has proved nothing here so far. */
  pin(reader: LogReader): Awaitable<LogPin | undefined>;
  /** Never goes back to fewer records of the same log, whichever process is ahead. */
  keepPin(reader: LogReader, pin: LogPin): Awaitable<void>;
  /** Stores records read and not proved yet. The newest SEEN_RECORDS_MAX are kept. */
  keepSeen(reader: LogReader, records: readonly KnownRecord[]): Awaitable<void>;
  /** Oldest first. */
  seen(reader: LogReader, which: "all" | "unproved"): Awaitable<KnownRecord[]>;
  proved(reader: LogReader, seqs: readonly number[]): Awaitable<void>;
  /** The server has confirmed a record of this number, so that the log has at least as many. */
  keepConfirmed(reader: LogReader, seq: number): Awaitable<void>;
  /** The highest of those; 0 = none. */
  confirmed(reader: LogReader): Awaitable<number>;
  /** Reason why the log was refused the last time; `undefined` if it was accepted. */
  noteAlarm(reader: LogReader, sentence: string | undefined): Awaitable<void>;
}

/** Records that a log must contain, as known to one CHAT_HOME. */
export interface ShownRecords {
  /** In ascending order; two of one seq if the log had another record there before. */
  readonly records: readonly KnownRecord[];
  /** The highest seq that was read here, or that the server has confirmed; 0 = none. */
  readonly size: number;
}

interface PinRow {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

interface SeenRow {
  readonly seq: number;
  readonly leaf: Uint8Array;
  readonly room: string;
  readonly place: string;
  readonly sender: string | null;
  readonly time_ms: number;
}

const SELECT_SEEN = `SELECT seq, leaf, room, place, sender, time_ms FROM log_seen
  WHERE fingerprint = ? AND user = ?`;
/** A record read again is not new; after a rollback another record may have its number. */
const INSERT_SEEN = `INSERT INTO log_seen VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
  ON CONFLICT DO NOTHING`;
const DROP_OLD = `DELETE FROM log_seen WHERE fingerprint = ?1 AND user = ?2 AND seq <= (
  SELECT seq FROM log_seen WHERE fingerprint = ?1 AND user = ?2
  ORDER BY seq DESC LIMIT 1 OFFSET ${SEEN_RECORDS_MAX})`;

/** The logs of a home's servers, in its database. */
export class HomeLogPins extends HomeTable implements LogPins {
  pin({ fingerprint }: Pick<LogReader, "fingerprint">): LogPin | undefined {
    const sql = "SELECT origin, size, root, note FROM log_pins WHERE fingerprint = ?";
    return this.database.get<PinRow>(sql, fingerprint);
  }

  /** Pin of this server, or of another one that has shown the same log. */
  pinOf(fingerprint: string, origin: string): (LogPin & { fingerprint: string }) | undefined {
    const sql = `SELECT origin, size, root, note, fingerprint FROM log_pins
      WHERE fingerprint = ?1 OR origin = ?2 ORDER BY fingerprint = ?1 DESC LIMIT 1`;
    return this.database.get(sql, fingerprint, origin);
  }

  /** All records of the log shown or confirmed to the accounts of this home. */
  shown({ fingerprint }: Pick<LogReader, "fingerprint">): ShownRecords {
    const seen = `SELECT DISTINCT seq, leaf, room, place, sender, time_ms FROM log_seen
      WHERE fingerprint = ? ORDER BY seq`;
    const cursor = "SELECT max(seq) FROM cursors WHERE fingerprint = ?";
    const records = this.database.all<SeenRow>(seen, fingerprint).map(seenRecordOf);
    // `forget` removes the pin, and the next login resets the cursors.
    const isPinned = this.pin({ fingerprint }) !== undefined;
    const shown = (isPinned && this.database.value<number>(cursor, fingerprint)) || 0;
    const confirmed = this.confirmed({ fingerprint });
    return { records, size: Math.max(confirmed, shown, records.at(-1)?.seq ?? 0) };
  }

  keepPin({ fingerprint }: LogReader, { origin, size, root, note }: LogPin): void {
    const sql = `INSERT INTO log_pins VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT DO UPDATE
      SET size = excluded.size, root = excluded.root, note = excluded.note
      WHERE excluded.origin = origin AND excluded.size > size`;
    this.database.run(sql, fingerprint, origin, size, root, note);
  }

  keepSeen({ fingerprint, user }: LogReader, records: readonly KnownRecord[]): void {
    this.database.transact(() => {
      const insert = this.database.statement(INSERT_SEEN);
      for (const { seq, leaf, room, place, from, timeUnixMs } of records) {
        const [sender, at] = [from ?? null, Math.trunc(timeUnixMs)];
        insert.run(fingerprint, fold(user), seq, leaf, room, place, sender, at);
      }
      this.database.statement(DROP_OLD).run(fingerprint, fold(user));
    });
  }

  seen({ fingerprint, user }: LogReader, which: "all" | "unproved"): KnownRecord[] {
    const sql = `${SELECT_SEEN} ${which === "all" ? "" : "AND proved = 0"} ORDER BY seq`;
    return this.database.all<SeenRow>(sql, fingerprint, fold(user)).map(seenRecordOf);
  }

  proved({ fingerprint, user }: LogReader, seqs: readonly number[]): void {
    const sql = "UPDATE log_seen SET proved = 1 WHERE fingerprint = ? AND user = ? AND seq = ?";
    this.database.transact(() => {
      const update = this.database.statement(sql);
      for (const seq of seqs) update.run(fingerprint, fold(user), seq);
    });
  }

  keepConfirmed({ fingerprint }: LogReader, seq: number): void {
    const sql = `INSERT INTO log_confirmed VALUES (?, ?) ON CONFLICT DO UPDATE
      SET seq = max(seq, excluded.seq)`;
    this.database.run(sql, fingerprint, seq);
  }

  confirmed({ fingerprint }: Pick<LogReader, "fingerprint">): number {
    const sql = "SELECT seq FROM log_confirmed WHERE fingerprint = ?";
    return this.database.value(sql, fingerprint) ?? 0;
  }

  noteAlarm({ fingerprint }: LogReader, sentence: string | undefined): void {
    if (sentence === undefined && this.alarm(fingerprint) === undefined) return;
    const sql = "UPDATE log_pins SET alarm = ? WHERE fingerprint = ?";
    this.database.run(sql, sentence ?? null, fingerprint);
  }

  /** Reason why the log of this server was refused the last time. */
  alarm(fingerprint: string): string | undefined {
    return this.database.value("SELECT alarm FROM log_pins WHERE fingerprint = ?", fingerprint);
  }

  /** The user accepts another log: the next one shown is pinned. */
  forget(fingerprint: string): void {
    this.database.transact(() => {
      for (const table of ["log_pins", "log_seen", "log_confirmed"]) {
        this.database.run(`DELETE FROM ${table} WHERE fingerprint = ?`, fingerprint);
      }
    });
  }
}

function seenRecordOf({ sender, time_ms: timeUnixMs, ...row }: SeenRow): KnownRecord {
  return { ...row, from: sender ?? undefined, timeUnixMs };
}

function fold(user: string): string {
  return user.toLowerCase();
}
