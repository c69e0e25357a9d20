/** `chat discover`, which lists servers on the LAN. */

import { Fault } from "../base/fault.ts";
import { DISCOVER_MS } from "../base/limits.ts";
import { defineVerb, stringFlag } from "../cli/command.ts";
import { type Context, printNotice, WaitNotice } from "../cli/context.ts";
import { printList } from "../cli/output/result.ts";
import { type DiscoveryResult, findOnLan } from "../io/lan/discovery.ts";
import type { DiscoveredServer } from "../wire/announcement.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import { formatAddress } from "../wire/invite.ts";

/** A larger value probably has the wrong unit. */
const DISCOVER_MS_MAX = 60_000;

export const command = defineVerb({
  args: {
    timeout: stringFlag("TIME", "Time to listen, such as 500ms or 5s (Default: 2s)", {
      parse: parseTimeout,
    }),
  },
  details: "Fingerprints listed here are unverified; connecting verifies them.",
  async run({ timeout: forMs = DISCOVER_MS }, context) {
    using _waiting = new WaitNotice(context, "searching for servers on this network …").start();
    return printServers(context, await findOnLan({ clock: context.clock, forMs }));
  },
});

/**
 * Parses `2s` or `500ms`.
 * @throws {Fault} usage
 */
export function parseTimeout(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})(ms|s)$/.exec(text) ?? [];
  const forMs = Number(count) * (unit === "s" ? 1000 : 1);
  if (count !== "" && forMs > 0 && forMs <= DISCOVER_MS_MAX) return forMs;
  throw new Fault("usage", `invalid --timeout: '${text.slice(0, 40)}'`, {
    remedy: `use a time such as 500ms or 5s, up to ${DISCOVER_MS_MAX / 1000}s`,
  });
}

export function printServers(context: Context, { servers, droppedCount }: DiscoveryResult): number {
  if (servers.length === 0) {
    throw new Fault("not-found", "no servers found on this network", {
      remedy:
        "a firewall (UDP port 5353), guest network, VPN or --no-discovery may hide it; " +
        "specify an address, such as chat join 192.0.2.7",
    });
  }
  printList(context, servers, {
    json: serverJson,
    columns: {
      server: ({ name }) => name,
      address: formatAddress,
      fingerprint: (server) => serverJson(server).fingerprint ?? "-",
      needs: ({ needs }) => needs ?? "-",
    },
  });
  if (droppedCount > 0) {
    printNotice(context, `skipped ${droppedCount} more announcements; some may be forged`);
  }
  return 0;
}

function serverJson({ name, host, port, fingerprint, needs, version }: DiscoveredServer) {
  return {
    kind: "server",
    name,
    address: formatAddress({ host, port }),
    host,
    port,
    fingerprint: fingerprint === undefined ? undefined : formatFingerprint(fingerprint),
    needs,
    version,
  };
}
