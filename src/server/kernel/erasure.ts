import { Fault } from "../../base/fault.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import type { Account, Registry } from "../../core/rooms/accounts.ts";
import type { Log } from "../../io/log/log.ts";
import type { LogRecord } from "../../wire/record.ts";

/** Other changes of the same account may come between, but not that often. */
const ATTEMPTS_MAX = 16;

/** Blanks what a durable record orders to be blanked. @throws Fault store-… */
export async function eraseOrdered(log: Pick<Log, "erase">, order: LogRecord): Promise<void> {
  for (const seq of erasuresOf(order)) await log.erase(seq, order.head.seq);
}

/**
 * Records the new hash, then blanks the old one.
 * @param check what must still hold in the moment in which it is recorded; throws if it does not
 * @throws Fault store-…, log-conflict
 */
export async function changePassword(
  { accounts, registry }: { accounts: Pick<Log, "append" | "erase">; registry: Registry },
  account: Account,
  hash: string,
  check: () => void = () => undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      check();
      const expect = account.lastSeq; // Two changes at once must not both replace the same one.
      const record = await accounts.append(registry.passwordDraft(account.id, hash), { expect });
      return await eraseOrdered(accounts, record);
    } catch (error) {
      const isConflict = error instanceof Fault && error.code === "log-conflict";
      if (!isConflict || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}
