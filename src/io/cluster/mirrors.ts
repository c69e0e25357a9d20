/** This server's copies of both logs, written in the order of the stream. */

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
import { type Owed, type OwedDraft, PLACES } from "./judge.ts";
import { eraseReplaced } from "./restoration.ts";

export interface MirrorsParts {
  readonly logs: Readonly<Record<Place, LogFile>>;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly isClosed: () => boolean;
}

type Heads = Readonly<Record<Place, number>>;

/** Interval of retries if the disk is full. */
const RETRY_MS = 1_000;

/** Applies the decisions of the stream to this node's disk. */
export class Mirrors {
  readonly #parts: MirrorsParts;

  constructor(parts: MirrorsParts) {
    this.#parts = parts;
  }

  /** Reports whether there are records beyond these heads. */
  isBeyond(heads: Heads): boolean {
    return PLACES.some((place) => this.#parts.logs[place].head() > heads[place]);
  }

  /** Reports whether these heads are beyond the records here. */
  isBehind(heads: Heads): boolean {
    return PLACES.some((place) => this.#parts.logs[place].head() < heads[place]);
  }

  /**
   * Writes the records; waits for space if the disk is full.
   * @returns the records as they are on disk
   * @throws Fault cluster-diverged, store-…, shutting-down
   */
  async record(owed: readonly Owed[]): Promise<ReadonlyMap<Owed, LogRecord>> {
    const records = new Map<Owed, LogRecord>();
    const { logs, clock, isClosed } = this.#parts;
    for (const place of PLACES) {
      const here = owed.filter((one) => one.place === place && one.seq <= logs[place].head());
      await this.#compare(place, here, records);
    }
    const isPassing = (error: unknown) =>
      error instanceof Fault && error.code === "store-full" && !isClosed();
    await retry(() => this.#append(owed, records), { clock, everyMs: RETRY_MS, isPassing });
    return records;
  }

  /** Appends the missing records. Those after one that did not fit would get a wrong seq. */
  async #append(owed: readonly Owed[], records: Map<Owed, LogRecord>): Promise<void> {
    for (const place of PLACES) {
      const log = this.#parts.logs[place];
      const missing = owed.filter((one) => one.place === place && one.seq > log.head());
      const append = async (one: Owed) => {
        records.set(one, await ("line" in one ? log.appendCopied(one.line) : decided(log, one)));
      };
      const outcomes = await Promise.allSettled(missing.map(append));
      const faults = outcomes.flatMap((one) => {
        return one.status === "rejected" ? [asFault(one.reason)] : [];
      });
      const fault = faults.find(({ code }) => code === "store-full") ?? faults[0];
      if (fault !== undefined) throw fault;
    }
  }

  /** Checks records that a crash left after the stored position: they must match the stream. */
  async #compare(
    place: Place,
    owed: readonly Owed[],
    records: Map<Owed, LogRecord>,
  ): Promise<void> {
    const [first] = owed;
    const last = owed.at(-1);
    if (first === undefined || last === undefined) return;
    let at = 0;
    for await (const record of this.#parts.logs[place].read(first.seq, last.seq)) {
      const one = owed[at++];
      assert(one !== undefined, "as many records as were asked for");
      if (!isSame(record, one)) {
        const sentence = `${place} has another record ${one.seq} than the cluster`;
        throw new Fault("cluster-diverged", sentence);
      }
      records.set(one, record);
    }
  }

  /**
   * Checks a complete copy.
   * @throws Fault cluster-diverged: it differs from the original
   */
  async checkEnd(end: CopyEnd, copied: Heads): Promise<void> {
    const { logs, sha256 } = this.#parts;
    for (const place of PLACES) {
      const { size, root } = end[place];
      const isWhole =
        size === copied[place] &&
        equalBytes(await new LogProofs(logs[place], sha256).root(size), root);
      if (!isWhole) throw new Fault("cluster-diverged", `${place} was not copied as it was`);
    }
  }

  /**
   * Starts an erasure on this node; the proposer waits for it separately. A restart repeats one
   * that a crash interrupts.
   */
  erase(place: Place, record: LogRecord): void {
    for (const seq of erasuresOf(record)) {
      this.#parts.logs[place].erase(seq, record.head.seq).catch(asFault);
    }
  }

  eraseReplaced(owed: readonly Owed[], copied: Heads): void {
    const blank = owed.flatMap((one) => (isBlankPassword(one, copied) ? [one.seq] : []));
    if (blank.length === 0) return;
    eraseReplaced(this.#parts.logs.accounts, new Set(blank)).catch(asFault);
  }
}

function decided(log: LogFile, { draft, seq, unixMs }: OwedDraft): Promise<LogRecord> {
  return log.appendAssigned(draft, { seq, unixMs });
}

function isSame({ head, headBytes }: LogRecord, owed: Owed): boolean {
  if ("line" in owed) return equalBytes(headBytes, owed.line.record.headBytes);
  const { draft, commit } = owed.draft;
  return (
    head.commit === commit &&
    head.kind === draft.kind &&
    head.room === draft.room &&
    head.by === draft.by &&
    head.id === draft.id
  );
}

/** A record restored without what it was to erase: it is blank in a copy, too. */
function isBlankPassword(owed: Owed, copied: Heads): boolean {
  if (!("line" in owed) || owed.seq <= copied[owed.place]) return false;
  const { erased, head } = owed.line.record;
  return erased !== undefined && (head.kind === "password" || head.kind === "account-gone");
}
