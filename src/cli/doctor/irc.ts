/** Check of the IRC listeners of the servers on this machine. */

import { CHECK_TIMEOUT_MS } from "../../base/limits.ts";
import type { IrcTarget } from "../../io/probe/irc-probe.ts";
import { type Finding, ok } from "./check.ts";

interface IrcServer {
  /** Data folder, which tells the servers of a machine apart. */
  readonly data: string;
  /** `irc://HOST:PORT` or `ircs://HOST:PORT` */
  readonly irc?: readonly string[];
}

/**
 * @param probe returns the fingerprint of the certificate, if any
 */
export async function checkIrc(
  servers: readonly IrcServer[],
  probe: (target: IrcTarget) => Promise<string | undefined>,
): Promise<Finding> {
  const found: string[] = [];
  for (const [data, address] of servers.flatMap(addressesOf)) {
    const url = new URL(address);
    const fingerprint = await probe({
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: Number(url.port),
      isSecure: url.protocol === "ircs:",
      timeoutMs: CHECK_TIMEOUT_MS,
    });
    const certificate = fingerprint === undefined ? "" : `, certificate ${fingerprint}`;
    found.push(`${address} (${data})${certificate}`);
  }
  return ok(found.join("; "));
}

function addressesOf({ data, irc = [] }: IrcServer): (readonly [data: string, address: string])[] {
  return irc.map((address) => [data, address]);
}
