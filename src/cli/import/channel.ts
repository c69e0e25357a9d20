/** Selects one channel of an export. */

import { Fault } from "../../base/fault.ts";

export function noChannel(channel: string, channels: Iterable<string>): Fault {
  const names = [...channels].slice(0, 20).join(", ");
  const message = `no channel '${channel}' in the export; channels: ${names || "none"}`;
  return new Fault("not-found", message, { remedy: "choose one with --channel" });
}
