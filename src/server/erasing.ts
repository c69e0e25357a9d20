import { Fault } from "../base/fault.ts";
import { erasuresOf } from "../core/erasures.ts";
import type { Account, Registry } from "../core/registry.ts";
import type { Log } from "../io/log.ts";
import type { LogRecord } from "../wire/record.ts";

/** Other changes of the same account may come between, but not that often. */
const ATTEMPTS_MAX = 16;

/** Blanks what a durable record orders to be blanked. @throws Fault store-… */
export async function blankOrdered(log: Pick<Log, "blank">, order: LogRecord): Promise<void> {
  for (const seq of erasuresOf(order)) await log.blank(seq, order.head.seq);
}

/** Records the new hash, then blanks the old one. @throws Fault store-…, log-conflict */
export async function changePassword(
  { accounts, registry }: { accounts: Pick<Log, "append" | "blank">; registry: Registry },
  account: Account,
  hash: string,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const expect = account.lastSeq; // Two changes at once must not both replace the same one.
      const record = await accounts.append(registry.passwordDraft(account.id, hash), { expect });
      return await blankOrdered(accounts, record);
    } catch (error) {
      const isConflict = error instanceof Fault && error.code === "log-conflict";
      if (!isConflict || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}
