/** Decisions: records made from a state that has not changed before they are written. */

import { Fault } from "../../base/fault.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import { claimsOf } from "../../core/cluster/claims.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import type { Log } from "../../io/log/log.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";

/** A decision between its first attempt and its record. */
interface Transaction {
  reads: readonly string[];
  writes: ReadonlySet<string>;
  isInFlight: boolean;
  readonly done: Promise<void>;
}

/**
 * A decision waits while a fact that it reads is in flight or reserved by an earlier decision, and
 * is made again if the fact has changed.
 */
export class Transactions {
  readonly #log: Pick<Log, "appendThen" | "erase">;
  /** In the order of arrival. Bounded by the requests in flight. */
  readonly #transactions = new Set<Transaction>();

  constructor(log: Pick<Log, "appendThen" | "erase">) {
    this.#log = log;
  }

  /**
   * Records the drafts that `decide` returns in one batch, in the tick in which it reads the state,
   * and blanks what the record orders to be blanked.
   * @returns the last record; `undefined` if there were no drafts
   * @throws Fault whatever `decide` throws, store-…, no-majority
   */
  async run(decide: () => readonly Draft[]): Promise<LogRecord | undefined> {
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const turn: Transaction = { reads: [], writes: new Set(), isInFlight: false, done: over };
    try {
      for (let tries = 1; ; ) {
        const drafts = decide();
        if (drafts.length === 0) return undefined;
        const claims = drafts.map(claimsOf);
        turn.reads = claims.flatMap(({ reads }) => reads);
        turn.writes = new Set(claims.flatMap(({ writes }) => writes));
        const before = this.#blockerOf(turn);
        this.#transactions.add(turn);
        if (before !== undefined) {
          await before.done;
          continue;
        }
        const outcome = await this.#append(turn, drafts);
        if (!(outcome instanceof Fault)) {
          this.#transactions.delete(turn);
          end();
          await eraseOrdered(this.#log, outcome);
          return outcome;
        }
        if (outcome.code !== "log-conflict" || tries++ >= CONFLICT_TRIES_MAX) throw outcome;
      }
    } finally {
      this.#transactions.delete(turn);
      end();
    }
  }

  /** Returns a record in flight, or an earlier decision, that the decision has to wait for. */
  #blockerOf(turn: Transaction): Transaction | undefined {
    let isEarlier = true;
    let before: Transaction | undefined;
    for (const other of this.#transactions) {
      if (other === turn) isEarlier = false;
      else if ((isEarlier || other.isInFlight) && turn.reads.some((fact) => other.writes.has(fact)))
        before = other;
    }
    return before;
  }

  async #append(turn: Transaction, drafts: readonly Draft[]): Promise<LogRecord | Fault> {
    const { promise, resolve } = Promise.withResolvers<LogRecord | Fault>();
    turn.isInFlight = true;
    this.#log.appendThen(drafts, {}, resolve);
    const outcome = await promise;
    turn.isInFlight = false;
    return outcome;
  }
}

/** Blanks what a durable record orders to be blanked. @throws Fault store-… */
export async function eraseOrdered(log: Pick<Log, "erase">, order: LogRecord): Promise<void> {
  for (const seq of erasuresOf(order)) await log.erase(seq, order.head.seq);
}
