/** The interfaces of logs and archives. */

import { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";

export interface AppendAllOptions {
  /**
   * Counter of the previous post of the same outbox, if that one was in flight: this post is
   * recorded only after it.
   */
  readonly follows?: number;
}

/** Receives the last record of a decision, or the reason why there is none. */
export type Settle = (outcome: LogRecord | Fault) => void;

/** Returns the outcome of an append as a promise. */
export function settled(append: (settle: Settle) => void): Promise<LogRecord> {
  return new Promise((resolve, reject) => {
    append((outcome) => (outcome instanceof Fault ? reject(outcome) : resolve(outcome)));
  });
}

/**
 * The server's interface to storage. History and accounts are two instances; a replicated engine
 * implements the same interface.
 */
export interface Log {
  /**
   * Resolves when the record is durable and every follower was called with it. Appends of one tick
   * are recorded in order and share one sync.
   * @throws Fault store-full, store-failed, too-large
   */
  append(draft: Draft): Promise<LogRecord>;
  /**
   * Appends the records of one decision in order, without a promise, for speed. Calls back once, in
   * a later tick, with the last record, or with the fault that `append` would throw. A log that
   * several machines write holds all of them or none.
   */
  appendThen(drafts: readonly Draft[], options: AppendAllOptions, settle: Settle): void;
  /** Durable records `from`..`to`, inclusive; `to` defaults to the head at the call. */
  read(from: number, to?: number): AsyncIterable<LogRecord>;
  /**
   * Calls back with every durable record from `from` on: dense, in order, once. Returns a function
   * that stops it.
   */
  follow(from: number, onRecord: (record: LogRecord) => void): Promise<() => void>;
  /**
   * Permanently blanks salt and body of a durable record in place. The ordering record must be
   * durable; the next opening of the log finishes an erasure interrupted by a crash.
   * @throws Fault store-full, store-failed, shutting-down
   */
  erase(seq: number, eraseSeq: number): Promise<void>;
  /** Seq of the last durable record, 0 when empty. */
  head(): number;
  /** Size of its records on disk, if known. */
  sizeBytes?(): number;
  /** Waits for queued appends, then closes the files and releases the lock. */
  close(): Promise<void>;
}

export interface PageQuery {
  /** Rooms to include; `undefined` for all. */
  readonly rooms?: ReadonlySet<RoomId | UserId>;
  readonly kinds?: ReadonlySet<RecordKind>;
  readonly by?: UserId;
  /** Exclusive bounds on `seq`. */
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  /** Inclusive bounds on `time`, Unix ms. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Only records whose body has a string field `text` (or `name`, `topic`) that contains this. */
  readonly grep?: string;
  readonly ignoreCase?: boolean;
  /** `newest`: the last `limit` that match; `oldest`: the first. Both are returned oldest first. */
  readonly from: "newest" | "oldest";
  readonly limit: number;
  /** A page ends before its lines pass this many bytes, but holds at least one record. */
  readonly bytesMax: number;
}

export interface Page {
  readonly records: readonly LogRecord[];
  /**
   * More matching records exist beyond this page (before its first for `newest`, after its last for
   * `oldest`).
   */
  readonly more: boolean;
}

/** Reads the JSONL of one log alongside or without the process that writes it. Takes no lock. */
export interface Archive {
  page(query: PageQuery): Promise<Page>;
  close(): void;
}
