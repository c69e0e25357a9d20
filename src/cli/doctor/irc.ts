/** Check of the IRC listeners of the servers on this machine. */

import { CHECK_TIMEOUT_MS } from "../../base/limits.ts";
import type { IrcTarget } from "../../io/probe/irc-probe.ts";
import { type Finding, ok } from "./check.ts";

/**
 * @param addresses `irc://HOST:PORT` or `ircs://HOST:PORT`
 * @param probe returns the fingerprint of the certificate, if any
 */
export async function checkIrc(
  addresses: readonly string[],
  probe: (target: IrcTarget) => Promise<string | undefined>,
): Promise<Finding> {
  const found: string[] = [];
  for (const address of addresses) {
    const url = new URL(address);
    const fingerprint = await probe({
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: Number(url.port),
      isSecure: url.protocol === "ircs:",
      timeoutMs: CHECK_TIMEOUT_MS,
    });
    found.push(fingerprint === undefined ? address : `${address}, certificate ${fingerprint}`);
  }
  return ok(found.join("; "));
}
