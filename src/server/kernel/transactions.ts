/** Transactions, which write records only if the state on which they depend has not changed. */

import { Fault } from "../../base/fault.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import { claimsOf } from "../../core/cluster/claims.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import type { Log } from "../../io/log/log.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";

interface Transaction {
  reads: readonly string[];
  writes: ReadonlySet<string>;
  isInFlight: boolean;
  readonly done: Promise<void>;
}

/**
 * A transaction waits while a fact that it reads is in flight or reserved by an earlier
 * transaction, and runs again if the fact has changed.
 */
export class Transactions {
  readonly #transactions = new Set<Transaction>();

  constructor(private readonly log: Pick<Log, "appendThen" | "erase">) {}

  /**
   * Appends the drafts as one batch in the tick in which `decide` reads the state, and blanks the
   * records that they erase.
   * @returns the last record; `undefined` if there were no drafts
   */
  async run(decide: () => readonly Draft[]): Promise<LogRecord | undefined> {
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const transaction: Transaction = { reads: [], writes: new Set(), isInFlight: false, done };
    try {
      for (let tries = 1; ; ) {
        const drafts = decide();
        if (drafts.length === 0) return undefined;
        const claims = drafts.map(claimsOf);
        transaction.reads = claims.flatMap(({ reads }) => reads);
        transaction.writes = new Set(claims.flatMap(({ writes }) => writes));
        const blocker = this.#blockerOf(transaction);
        this.#transactions.add(transaction);
        if (blocker !== undefined) {
          await blocker.done;
          continue;
        }
        const outcome = await this.#append(transaction, drafts);
        if (!(outcome instanceof Fault)) {
          this.#transactions.delete(transaction);
          finish();
          await eraseOrdered(this.log, outcome);
          return outcome;
        }
        if (outcome.code !== "log-conflict" || tries++ >= CONFLICT_TRIES_MAX) throw outcome;
      }
    } finally {
      this.#transactions.delete(transaction);
      finish();
    }
  }

  #blockerOf(transaction: Transaction): Transaction | undefined {
    let isEarlier = true;
    let blocker: Transaction | undefined;
    for (const other of this.#transactions) {
      if (other === transaction) isEarlier = false;
      else if (
        (isEarlier || other.isInFlight) &&
        transaction.reads.some((fact) => other.writes.has(fact))
      )
        blocker = other;
    }
    return blocker;
  }

  async #append(transaction: Transaction, drafts: readonly Draft[]): Promise<LogRecord | Fault> {
    const { promise, resolve } = Promise.withResolvers<LogRecord | Fault>();
    transaction.isInFlight = true;
    this.log.appendThen(drafts, {}, resolve);
    const outcome = await promise;
    transaction.isInFlight = false;
    return outcome;
  }
}

export async function eraseOrdered(log: Pick<Log, "erase">, order: LogRecord): Promise<void> {
  for (const seq of erasuresOf(order)) await log.erase(seq, order.head.seq);
}
