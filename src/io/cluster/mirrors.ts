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

/** Retry interval while the disk is full. */
const RETRY_MS = 1_000;

export class Mirrors {
  readonly #options: MirrorsOptions;

  constructor(options: MirrorsOptions) {
    this.#options = options;
  }

  isAheadOf(heads: Heads): boolean {
    return LOG_NAMES.some((place) => this.#options.logs[place].head() > heads[place]);
  }

  isBehind(heads: Heads): boolean {
    return LOG_NAMES.some((place) => this.#options.logs[place].head() < heads[place]);
  }

  /**
   * Writes the records. Retries while the disk is full.
   * @returns the records as written to disk
   * @throws {Fault} cluster-diverged if this log differs from the cluster, store-… if the disk
   * fails, shutting-down if the server stops
   */
  async write(pending: readonly PendingRecord[]): Promise<ReadonlyMap<PendingRecord, LogRecord>> {
    const records = new Map<PendingRecord, LogRecord>();
    const { logs, clock, isClosed } = this.#options;
    for (const place of LOG_NAMES) {
      const existing = pending.filter(
        (one) => one.place === place && one.seq <= logs[place].head(),
      );
      await this.#compare(place, existing, records);
    }
    const isTransient = (error: unknown) =>
      error instanceof Fault && error.code === "store-full" && !isClosed();
    await retry(() => this.#append(pending, records), {
      clock,
      intervalMs: RETRY_MS,
      isTransient,
    });
    return records;
  }

  /**
   * Appends the missing records. Stops at the first record that does not fit, because later ones
   * would get a wrong seq.
   */
  async #append(
    pending: readonly PendingRecord[],
    records: Map<PendingRecord, LogRecord>,
  ): Promise<void> {
    for (const place of LOG_NAMES) {
      const log = this.#options.logs[place];
      const missing = pending.filter((one) => one.place === place && one.seq > log.head());
      const append = async (one: PendingRecord) => {
        records.set(
          one,
          await ("line" in one ? log.appendCopied(one.line) : appendDraft(log, one)),
        );
      };
      const outcomes = await Promise.allSettled(missing.map(append));
      const faults = outcomes.flatMap((one) => {
        return one.status === "rejected" ? [asFault(one.reason)] : [];
      });
      const fault = faults.find(({ code }) => code === "store-full") ?? faults[0];
      if (fault !== undefined) throw fault;
    }
  }

  async #compare(
    place: Place,
    pending: readonly PendingRecord[],
    records: Map<PendingRecord, LogRecord>,
  ): Promise<void> {
    const [first] = pending;
    const last = pending.at(-1);
    if (first === undefined || last === undefined) return;
    let at = 0;
    for await (const record of this.#options.logs[place].read(first.seq, last.seq)) {
      const one = pending[at++];
      assert(one !== undefined, "as many records as were asked for");
      if (!matches(record, one)) {
        const sentence = `record ${one.seq} of ${place} differs from the cluster's`;
        throw new Fault("cluster-diverged", sentence);
      }
      records.set(one, record);
    }
  }

  /**
   * Checks a completed copy.
   * @throws {Fault} cluster-diverged if it differs from the original
   */
  async checkEnd(end: CopyEnd, copied: Heads): Promise<void> {
    const { logs, sha256 } = this.#options;
    for (const place of LOG_NAMES) {
      const { size, root } = end[place];
      const isComplete =
        size === copied[place] &&
        equalBytes(await new LogProofs(logs[place], sha256).root(size), root);
      if (!isComplete) throw new Fault("cluster-diverged", `${place} differs from its original`);
    }
  }

  /** Starts an erasure without waiting for it. A restart repeats an interrupted erasure. */
  erase(place: Place, record: LogRecord): void {
    for (const seq of erasuresOf(record)) {
      this.#options.logs[place].erase(seq, record.head.seq).catch(asFault);
    }
  }

  eraseReplaced(pending: readonly PendingRecord[], copied: Heads): void {
    const blank = pending.flatMap((one) => (isBlankPassword(one, copied) ? [one.seq] : []));
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
