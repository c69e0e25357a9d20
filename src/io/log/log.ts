/** Interfaces for logs and archives. */

import { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import type { TimeFall } from "../../core/log/order.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";

export interface AppendAllOptions {
  /** Counter of the previous post from the same outbox, which must be recorded before this one. */
  readonly follows?: number | undefined;
}

export type Settle = (outcome: LogRecord | Fault) => void;

export function settledAppend(append: (settle: Settle) => void): Promise<LogRecord> {
  return new Promise((resolve, reject) => {
    append((outcome) => (outcome instanceof Fault ? reject(outcome) : resolve(outcome)));
  });
}

export interface Log {
  /**
   * Resolves when the record is durable and every follower has received it. Records appended in one
   * tick keep their order and share one sync.
   * @throws {Fault} store-full or store-failed if the disk refuses, too-large if the record or the
   * queue is too large
   */
  append(draft: Draft): Promise<LogRecord>;
  appendThen(drafts: readonly Draft[], options: AppendAllOptions, settle: Settle): void;
  /** Both bounds are inclusive. `to` defaults to the current head. */
  read(from: number, to?: number): AsyncIterable<LogRecord>;
  follow(from: number, onRecord: (record: LogRecord) => void): Promise<() => void>;
  /**
   * Blanks salt and body of a record in place. The `erase` record must be durable. The next start
   * finishes an interrupted erasure.
   * @throws {Fault} store-full or store-failed if the disk refuses, shutting-down if the log is
   * closed
   */
  erase(seq: number, eraseSeq: number): Promise<void>;
  head(): number;
  /** Time of the last record; 0 if there is none. */
  readonly time: number;
  readonly falls: readonly TimeFall[];
  sizeBytes?(): number;
  close(): Promise<void>;
}

export interface PageQuery {
  readonly rooms?: ReadonlySet<RoomId | UserId>;
  readonly kinds?: ReadonlySet<RecordKind>;
  /** Selects sealed messages only if they have files. */
  readonly files?: boolean | undefined;
  readonly by?: UserId;
  /** Exclusive bounds on `seq`. */
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  /** Inclusive bounds on `time` in Unix milliseconds. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly grep?: string;
  readonly ignoreCase?: boolean;
  /** Selects records that have each of these, compared by `foldWords`. */
  readonly words?: readonly string[];
  /** Selects texts that begin a poll, and few others. */
  readonly polls?: boolean | undefined;
  /** `re` of the bodies. */
  readonly re?: number;
  /**
   * `newest` selects the last matches, `oldest` the first. The page is always in ascending order.
   */
  readonly from: "newest" | "oldest";
  readonly limit: number;
  readonly bytesMax: number;
}

export interface RecordPage {
  readonly records: readonly LogRecord[];
  /** True if more records match: before this page for `newest`, after it for `oldest`. */
  readonly more: boolean;
}

/** Reads a log's files without a lock. A writer may be running at the same time. */
export interface Archive {
  page(query: PageQuery): Promise<RecordPage>;
  close(): void;
}
