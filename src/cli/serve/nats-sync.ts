/** Check that NATS syncs acknowledged messages to disk. */

import { Fault } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import { readNatsSettings } from "../../io/nats/monitor.ts";
import { type Context, printNotice } from "../context.ts";
import type { ClusterConfig } from "./cluster-config.ts";

/**
 * Without syncing, a power loss on all machines loses acknowledged messages. If the setting cannot
 * be read, only warns.
 * @throws {Fault} version-unsupported if a server does not sync; unreachable if no server answers
 */
export async function checkNatsSync(
  context: Pick<Context, "stderr">,
  { monitors, isUnsafe }: Pick<ClusterConfig, "monitors" | "isUnsafe">,
): Promise<void> {
  if (isUnsafe) return;
  if (monitors.length === 0) {
    const message = "cannot check whether NATS has sync_interval: always";
    return printNotice(context, `${message}; check it, or add --nats-monitor http://HOST:8222`);
  }
  const results = await Promise.allSettled(monitors.map(readNatsSettings));
  const faults: Fault[] = [];
  for (const result of results) {
    if (result.status === "rejected") {
      if (!(result.reason instanceof Fault)) throw result.reason;
      faults.push(result.reason);
      continue;
    }
    const { name, version, isSynced } = result.value;
    if (isSynced) continue;
    const message = `the NATS server ${cleanText(name)} (${cleanText(version)})`;
    throw new Fault("version-unsupported", `${message} has no sync_interval: always`, {
      remedy: "set it in the jetstream block, or accept possible loss with --unsafe-nats",
    });
  }
  const [first] = faults;
  if (first !== undefined && faults.length === monitors.length) throw first;
  for (const { message } of faults)
    printNotice(context, `${message}; cannot check its sync_interval`);
}
