/** Interfaces of logs and archives. */

import { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";

export interface AppendAllOptions {
  /**
   * Counter of the previous post from the same outbox, if that post was in flight. This post is
   * recorded only after that one.
   */
  readonly follows?: number;
}

export type Settle = (outcome: LogRecord | Fault) => void;

export function settledAppend(append: (settle: Settle) => void): Promise<LogRecord> {
  return new Promise((resolve, reject) => {
    append((outcome) => (outcome instanceof Fault ? reject(outcome) : resolve(outcome)));
  });
}

/**
 * The server's interface to storage. The history and the accounts are separate logs. The replicated
 * log implements this interface too.
 */
export interface Log {
  /**
   * Resolves when the record is durable and every follower has received it. Records appended in one
   * tick keep their order and share one sync.
   * @throws {Fault} store-full or store-failed if the disk refuses, too-large if the record or the
   * queue is too large
   */
  append(draft: Draft): Promise<LogRecord>;
  /**
   * Appends the records of one decision in order. Takes a callback, which is faster than a promise.
   * Calls `settle` once, in a later tick, with the last record or the fault. A replicated log
   * records all records or none.
   */
  appendThen(drafts: readonly Draft[], options: AppendAllOptions, settle: Settle): void;
  /**
   * Yields the durable records from seq `from` to seq `to`, inclusive. `to` defaults to the head at
   * the time of the call.
   */
  read(from: number, to?: number): AsyncIterable<LogRecord>;
  /**
   * Calls back with each durable record from `from` on: once each, in order, without gaps. Returns
   * a function that stops the calls.
   */
  follow(from: number, onRecord: (record: LogRecord) => void): Promise<() => void>;
  /**
   * Permanently blanks salt and body of a durable record in place. The record that orders the
   * erasure must be durable. The next start finishes an interrupted erasure.
   * @throws {Fault} store-full or store-failed if the disk refuses, shutting-down if the log is
   * closed
   */
  erase(seq: number, eraseSeq: number): Promise<void>;
  /** Returns the seq of the last durable record; 0 if the log is empty. */
  head(): number;
  /** Returns the size of the log on disk. Absent if unknown. */
  sizeBytes?(): number;
  /** Waits for queued appends, then closes the files and releases the lock. */
  close(): Promise<void>;
}

export interface PageQuery {
  /** Rooms to include. Default: all rooms. */
  readonly rooms?: ReadonlySet<RoomId | UserId>;
  readonly kinds?: ReadonlySet<RecordKind>;
  readonly by?: UserId;
  /** Exclusive bounds on `seq`. */
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  /** Inclusive bounds on `time` in Unix milliseconds. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Text to search for in the body's fields `text`, `name` and `topic`. */
  readonly grep?: string;
  readonly ignoreCase?: boolean;
  /**
   * `newest` selects the last `limit` matches, `oldest` the first `limit` matches. The page is
   * always in ascending order.
   */
  readonly from: "newest" | "oldest";
  readonly limit: number;
  /** Maximum total size of a page's lines, in bytes. A single record may exceed it. */
  readonly bytesMax: number;
}

export interface Page {
  readonly records: readonly LogRecord[];
  /** True if more records match: before this page for `newest`, after it for `oldest`. */
  readonly more: boolean;
}

/** Reader of a log's JSONL files, which takes no lock. A writer may be running at the same time. */
export interface Archive {
  page(query: PageQuery): Promise<Page>;
  close(): void;
}
