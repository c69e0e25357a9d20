/** This server's copies of both logs, written in stream order. */

import { assert } from "../../base/assert.ts";
import { equalBytes } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { Place } from "../../core/cluster/claims.ts";
import type { CopyEnd } from "../../core/cluster/messages.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import type { LogRecord } from "../../wire/record.ts";
import { type Clock, retry } from "../clock.ts";
import type { LogFile } from "../log/log-file.ts";
import { LogProofs } from "../log/proofs.ts";
import { LOG_NAMES, type PendingDraft, type PendingRecord } from "./interpreter.ts";
import { eraseReplaced } from "./restoration.ts";

export interface MirrorsOptions {
  readonly logs: Readonly<Record<Place, LogFile>>;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly isClosed: () => boolean;
}

type Heads = Readonly<Record<Place, number>>;

const RETRY_MS = 1_000;

export class Mirrors {
  readonly #options: MirrorsOptions;

  constructor(options: MirrorsOptions) {
    this.#options = options;
  }

  isAheadOf(heads: Heads): boolean {
    return LOG_NAMES.some((logName) => this.#options.logs[logName].head() > heads[logName]);
  }

  isBehind(heads: Heads): boolean {
    return LOG_NAMES.some((logName) => this.#options.logs[logName].head() < heads[logName]);
  }

  /**
   * Retries while the disk is full. Returns the records as written.
   * @throws {Fault} cluster-diverged if a log differs from the cluster's log, store-… if the disk
   * fails, shutting-down if the server stops
   */
  async write(pending: readonly PendingRecord[]): Promise<ReadonlyMap<PendingRecord, LogRecord>> {
    const records = new Map<PendingRecord, LogRecord>();
    const { logs, clock, isClosed } = this.#options;
    for (const logName of LOG_NAMES) {
      const existing = pending.filter(
        (record) => record.place === logName && record.seq <= logs[logName].head(),
      );
      await this.#compare(logName, existing, records);
    }
    const isTransient = (error: unknown) =>
      error instanceof Fault && error.code === "store-full" && !isClosed();
    await retry(() => this.#append(pending, records), { clock, intervalMs: RETRY_MS, isTransient });
    return records;
  }

  /**
   * Stops at the first record for which there is no space, because later records would get a wrong
   * seq.
   */
  async #append(
    pending: readonly PendingRecord[],
    records: Map<PendingRecord, LogRecord>,
  ): Promise<void> {
    for (const logName of LOG_NAMES) {
      const log = this.#options.logs[logName];
      const missing = pending.filter(
        (record) => record.place === logName && record.seq > log.head(),
      );
      const append = async (record: PendingRecord) => {
        records.set(
          record,
          await ("line" in record ? log.appendCopied(record.line) : appendDraft(log, record)),
        );
      };
      const outcomes = await Promise.allSettled(missing.map(append));
      const faults = outcomes.flatMap((outcome) => {
        return outcome.status === "rejected" ? [asFault(outcome.reason)] : [];
      });
      const fault = faults.find(({ code }) => code === "store-full") ?? faults[0];
      if (fault !== undefined) throw fault;
    }
  }

  async #compare(
    logName: Place,
    pending: readonly PendingRecord[],
    records: Map<PendingRecord, LogRecord>,
  ): Promise<void> {
    const [first] = pending;
    const last = pending.at(-1);
    if (first === undefined || last === undefined) return;
    let at = 0;
    for await (const record of this.#options.logs[logName].read(first.seq, last.seq)) {
      const expected = pending[at++];
      assert(expected !== undefined, "the log has all records of the range");
      if (!matches(record, expected)) {
        const message = `record ${expected.seq} of ${logName} differs from the cluster's`;
        throw new Fault("cluster-diverged", message);
      }
      records.set(expected, record);
    }
  }

  async checkEnd(end: CopyEnd, copied: Heads): Promise<void> {
    const { logs, sha256 } = this.#options;
    for (const logName of LOG_NAMES) {
      const { size, root } = end[logName];
      const isComplete =
        size === copied[logName] &&
        equalBytes(await new LogProofs(logs[logName], sha256).root(size), root);
      if (!isComplete) throw new Fault("cluster-diverged", `${logName} differs from its original`);
    }
  }

  erase(logName: Place, record: LogRecord): void {
    for (const seq of erasuresOf(record)) {
      this.#options.logs[logName].erase(seq, record.head.seq).catch(asFault);
    }
  }

  eraseReplaced(pending: readonly PendingRecord[], copied: Heads): void {
    const blank = pending.flatMap((record) =>
      isBlankPassword(record, copied) ? [record.seq] : [],
    );
    if (blank.length === 0) return;
    eraseReplaced(this.#options.logs.accounts, new Set(blank)).catch(asFault);
  }
}

function appendDraft(log: LogFile, { draft, seq, unixMs }: PendingDraft): Promise<LogRecord> {
  return log.appendAssigned(draft, { seq, unixMs });
}

function matches({ head, headBytes }: LogRecord, pending: PendingRecord): boolean {
  if ("line" in pending) return equalBytes(headBytes, pending.line.record.headBytes);
  const { draft, commit } = pending.draft;
  return (
    head.commit === commit &&
    head.kind === draft.kind &&
    head.room === draft.room &&
    head.by === draft.by &&
    head.id === draft.id
  );
}

function isBlankPassword(pending: PendingRecord, copied: Heads): boolean {
  if (!("line" in pending) || pending.seq <= copied[pending.place]) return false;
  const { erased, head } = pending.line.record;
  return erased !== undefined && (head.kind === "password" || head.kind === "account-gone");
}
