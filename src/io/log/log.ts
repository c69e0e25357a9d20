/** The interfaces of logs and archives. */

import type { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";

export interface AppendAllOptions {
  /**
   * Counter of the post before this one of the same outbox, when that one was on its way: without
   * it, this one is not recorded.
   */
  readonly follows?: number;
}

/**
 * All that the server asks of storage. History and accounts are two instances; a replicated engine
 * can stand behind the same seam.
 */
export interface Log {
  /**
   * Resolves once the record is durable and every follower has been called with it. Appends made
   * in one tick are recorded in that order and share one sync.
   * @throws Fault store-full, store-failed, too-large
   */
  append(draft: Draft): Promise<LogRecord>;
  /**
   * What one decision records, one behind the other, without a promise as it happens all the time.
   * Calls back once, in a later tick, with the last record, or with the fault that `append` would
   * throw. A log that several machines write holds all of them or none.
   */
  appendThen(
    drafts: readonly Draft[],
    options: AppendAllOptions,
    settle: (outcome: LogRecord | Fault) => void,
  ): void;
  /** Durable records `from`..`to`, both included; `to` left out: up to the head at the call. */
  read(from: number, to?: number): AsyncIterable<LogRecord>;
  /**
   * Calls back with every durable record from `from` on: dense, in order, once. Returns what stops
   * it.
   */
  follow(from: number, onRecord: (record: LogRecord) => void): Promise<() => void>;
  /**
   * Blanks salt and body of a durable record, in its place and for good. The record that orders it
   * is durable already; what a crash cuts off, the next opening of the log does.
   * @throws Fault store-full, store-failed, shutting-down
   */
  erase(seq: number, eraseSeq: number): Promise<void>;
  /** Seq of the last durable record, 0 when empty. */
  head(): number;
  /** What its records take on the disk, where that is known. */
  sizeBytes?(): number;
  /** Waits for what is queued, then lets go of the files and the lock. */
  close(): Promise<void>;
}

export interface PageQuery {
  /** Only these rooms; left out: all. */
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
   * Records that match lie beyond this page (before its first for `newest`, after its last for
   * `oldest`).
   */
  readonly more: boolean;
}

/** Reads the JSONL of one log beside, or without, the process that writes it. Takes no lock. */
export interface Archive {
  page(query: PageQuery): Promise<Page>;
  close(): void;
}
