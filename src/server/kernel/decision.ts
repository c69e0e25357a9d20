import { Fault } from "../../base/fault.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import type { Log } from "../../io/log/log.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";

/**
 * Records together what `decide` makes of the state as it is. In a cluster another server may have
 * been quicker: then it is asked again, with what that one has recorded.
 * @returns the last record; undefined: there was nothing to record
 * @throws Fault whatever `decide` throws, store-…, no-majority
 */
export async function recordDecision(
  log: Pick<Log, "appendThen">,
  decide: () => readonly Draft[],
): Promise<LogRecord | undefined> {
  for (let tries = 1; ; tries++) {
    const drafts = decide();
    if (drafts.length === 0) return undefined;
    const { promise, resolve } = Promise.withResolvers<LogRecord | Fault>();
    log.appendThen(drafts, {}, resolve);
    const outcome = await promise;
    if (!(outcome instanceof Fault)) return outcome;
    if (outcome.code === "no-majority") throw forNow(outcome);
    if (outcome.code !== "log-conflict" || tries >= CONFLICT_TRIES_MAX) throw outcome;
  }
}

/** Told at once: clients ask again by themselves where they are told when. */
function forNow({ code, message, cause }: Fault): Fault {
  return new Fault(code, message, { cause });
}
