/** Interfaces of logs and archives. */

import { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";

export interface AppendAllOptions {
  /**
   * Counter of the same outbox's previous post if that was in flight. This post is recorded only
   * after it.
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
 * The server's interface to storage. History and accounts are two instances; the replicated log
 * implements it too.
 */
export interface Log {
  /**
   * Resolves when the record is durable and every follower has received it. Appends of one tick are
   * recorded in order and share one sync.
   * @throws {Fault} store-full or store-failed if the disk refuses, too-large if the record or the
   * queue is too large
   */
  append(draft: Draft): Promise<LogRecord>;
  /**
   * Appends the records of one decision in order, without a promise for speed. Calls back once, in
   * a later tick, with the last record or the fault. A replicated log records all of them or none.
   */
  appendThen(drafts: readonly Draft[], options: AppendAllOptions, settle: Settle): void;
  /**
   * Yields the durable records `from` to `to`, inclusive. Default of `to`: the head at the call.
   */
  read(from: number, to?: number): AsyncIterable<LogRecord>;
  /**
   * Calls back with each durable record from `from` on, in order, once, without gaps. Returns a
   * function that stops the calls.
   */
  follow(from: number, onRecord: (record: LogRecord) => void): Promise<() => void>;
  /**
   * Permanently blanks salt and body of a durable record in place. The record that orders this must
   * be durable; the next start finishes an interrupted erasure.
   * @throws {Fault} store-full or store-failed if the disk refuses, shutting-down if the log is
   * closed
   */
  erase(seq: number, eraseSeq: number): Promise<void>;
  /** Returns the seq of the last durable record; 0 if the log is empty. */
  head(): number;
  /** Returns the bytes on disk. Absent if unknown. */
  sizeBytes?(): number;
  /** Waits for queued appends, then closes the files and releases the lock. */
  close(): Promise<void>;
}

export interface PageQuery {
  /** Rooms to include. Default: all. */
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
   * `newest` selects the last `limit` matches, `oldest` the first. The page is always in ascending
   * order.
   */
  readonly from: "newest" | "oldest";
  readonly limit: number;
  /** Maximum total size of a page's lines. A single record may exceed it. */
  readonly bytesMax: number;
}

export interface Page {
  readonly records: readonly LogRecord[];
  /** More records match: before this page for `newest`, after it for `oldest`. */
  readonly more: boolean;
}

/** Reads the JSONL files of a log without taking its lock, while a writer may be running. */
export interface Archive {
  page(query: PageQuery): Promise<Page>;
  close(): void;
}
