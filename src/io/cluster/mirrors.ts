/** This server's copies of both logs, and the records that the stream has lost. */

import { assert } from "../../base/assert.ts";
import { equalBytes, toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault, ignoreFault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { CLUSTER_MESSAGE_BYTES_MAX } from "../../base/limits-cluster.ts";
import type { Place } from "../../core/cluster/claims.ts";
import { type CopyEnd, packRestored, type RestoredRecord } from "../../core/cluster/messages.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import { copyLine, type LogRecord, parseBody } from "../../wire/record.ts";
import { type Clock, delay, retry } from "../clock.ts";
import type { Entropy } from "../entropy.ts";
import { appendBytes } from "../log/batch.ts";
import type { LogFile } from "../log/log-file.ts";
import { LogProofs } from "../log/proofs.ts";
import { LOG_NAMES, type PendingRecord } from "./interpreter.ts";
import type { Stream } from "./stream.ts";

export interface MirrorsOptions {
  readonly logs: Readonly<Record<Place, LogFile>>;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly isClosed: () => boolean;
}

type Heads = Readonly<Record<Place, number>>;

const RETRY_MS = 1_000;

export class Mirrors {
  constructor(private readonly options: MirrorsOptions) {}

  isAheadOf(heads: Heads): boolean {
    return LOG_NAMES.some((logName) => this.options.logs[logName].head() > heads[logName]);
  }

  isBehind(heads: Heads): boolean {
    return LOG_NAMES.some((logName) => this.options.logs[logName].head() < heads[logName]);
  }

  /**
   * Retries while the disk is full. Returns the records as written.
   * @throws {Fault} cluster-diverged if a log differs from the cluster's log, store-… if the disk
   * fails, shutting-down if the server stops
   */
  async write(pending: readonly PendingRecord[]): Promise<ReadonlyMap<PendingRecord, LogRecord>> {
    const records = new Map<PendingRecord, LogRecord>();
    const { logs, clock, isClosed } = this.options;
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
      const log = this.options.logs[logName];
      const missing = pending.filter(
        (record) => record.place === logName && record.seq > log.head(),
      );
      const append = async (record: PendingRecord) => {
        const { seq } = record;
        const appended =
          "line" in record
            ? log.appendCopied(record.line)
            : log.appendAssigned(record.draft, { seq, unixMs: record.unixMs });
        records.set(record, await appended);
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
    for await (const record of this.options.logs[logName].read(first.seq, last.seq)) {
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
    const { logs, sha256 } = this.options;
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
      this.options.logs[logName].erase(seq, record.head.seq).catch(ignoreFault);
    }
  }

  eraseReplaced(pending: readonly PendingRecord[], copied: Heads): void {
    const blank = pending.flatMap((record) =>
      isBlankPassword(record, copied) ? [record.seq] : [],
    );
    if (blank.length === 0) return;
    eraseReplaced(this.options.logs.accounts, new Set(blank)).catch(ignoreFault);
  }
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

export interface RestorationOptions {
  readonly stream: Pick<Stream, "id" | "last" | "publish">;
  readonly mirrors: Readonly<Record<Place, LogFile>>;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly headsIfAhead: () => Readonly<Record<Place, number>> | undefined;
  readonly applied: () => number;
  readonly waitUntilApplied: (seq: number) => Promise<void>;
  readonly rewinding: () => Promise<void> | undefined;
  readonly onStored: (seq: number) => void;
  readonly isStopped: () => boolean;
}

const RESTORE_RETRY_MS = 250;
const MIRROR_ID_BYTES = 12;

/**
 * Republishes records that are on this disk but not in the stream. Nodes may do so concurrently:
 * each skips records that are in the stream.
 * @throws {Fault} log-corrupt if a log is damaged, store-… if it cannot be read
 */
export async function restoreLost(options: RestorationOptions): Promise<void> {
  const { stream, clock, mirrors, entropy, sha256, waitUntilApplied } = options;
  while (!options.isStopped()) {
    try {
      await waitUntilApplied(await stream.last());
      await options.rewinding();
      if (options.headsIfAhead() === undefined) return;
      if (options.applied() < (await stream.last())) continue;
      const heads = options.headsIfAhead();
      const records = heads === undefined ? [] : await nextLostRecords(mirrors, heads);
      if (records.length === 0) continue;
      const id = toBase64Url(entropy(MIRROR_ID_BYTES));
      const bytes = packRestored(id, records, { id: stream.id, sha256 });
      const { seq } = await stream.publish(bytes, id);
      options.onStored(seq);
      await waitUntilApplied(seq);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
      await delay(clock, RESTORE_RETRY_MS);
    }
  }
}

async function nextLostRecords(
  mirrors: Readonly<Record<Place, LogFile>>,
  heads: Readonly<Record<Place, number>>,
): Promise<RestoredRecord[]> {
  const logName = mirrors.accounts.head() > heads.accounts ? "accounts" : "history";
  const mirror = mirrors[logName];
  const records: RestoredRecord[] = [];
  let sizeBytes = 0;
  for await (const record of mirror.read(heads[logName] + 1)) {
    const restored = await toRestored(mirror, record);
    sizeBytes += appendBytes("line" in restored ? restored.line : restored.sealed);
    if (records.length > 0 && sizeBytes > CLUSTER_MESSAGE_BYTES_MAX) break;
    records.push(restored);
  }
  return records;
}

/**
 * Erases each password record that a blank password record replaced. The blank record no longer
 * names the one that it replaced.
 */
async function eraseReplaced(accounts: LogFile, blank: ReadonlySet<number>): Promise<void> {
  const passwords = new Map<string, number>();
  const replaced: { readonly seq: number; readonly by: number }[] = [];
  for await (const { head } of accounts.heads(1, Math.max(...blank))) {
    const seq = passwords.get(head.room);
    if (seq !== undefined && blank.has(head.seq)) replaced.push({ seq, by: head.seq });
    if (head.kind === "password") passwords.set(head.room, head.seq);
  }
  for (const { seq, by } of replaced) await accounts.erase(seq, by);
}

async function toRestored(mirror: LogFile, record: LogRecord): Promise<RestoredRecord> {
  const { salt, bodyBytes, erased } = record;
  const { seq, time, kind, room, by, id, commit } = record.head;
  if (salt !== undefined && bodyBytes !== undefined) {
    const draft = { kind, room, by, id, body: parseBody(record) };
    return { seq, time, sealed: { draft, salt, bodyBytes, commit } };
  }
  if (erased !== undefined) {
    await mirror.erase(seq, erased);
    const line = copyLine(await mirror.line(seq));
    if (line?.record.erased !== undefined) return { line };
  }
  throw new Fault("log-corrupt", `seq ${seq} is damaged here and missing from the cluster`);
}
