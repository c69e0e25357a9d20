/** Periodic statistics of active links. */

import { defined } from "../../base/values.ts";
import type { Clock } from "../../io/clock.ts";
import type { LinkCounters } from "../../io/link/link.ts";
import type { ClientConnection } from "../../server/session/client-connection.ts";
import { encode } from "../../wire/codec.ts";
import { formatAddress } from "../../wire/invite.ts";
import { countersLine } from "../output/stats.ts";
import type { ServePrinter } from "./print.ts";

const INTERVAL_MS = 1_000;

const PING_BYTES = encode({ kind: "ping" }).length;

/**
 * Maximum number of packets per second from an idle client, for pings and acknowledgements. A file
 * transfer on a data channel needs more.
 */
const IDLE_PACKETS_MAX = 16;

interface Traffic {
  readonly bytes: string;
  readonly packets: number;
}

function trafficOf(counters: LinkCounters): Traffic {
  const { sentBytes, sentMessages, receivedBytes, receivedMessages } = counters;
  const sent = sentBytes - sentMessages * PING_BYTES;
  const bytes = `${sent},${receivedBytes - receivedMessages * PING_BYTES}`;
  return { bytes: bytes, packets: (counters.sentPackets ?? 0) + (counters.receivedPackets ?? 0) };
}

function isActive(now: Traffic, before: Traffic | undefined): boolean {
  if (before === undefined || now.bytes !== before.bytes) return true;
  return now.packets - before.packets > IDLE_PACKETS_MAX;
}

/**
 * Implements `--verbose`: once a second, prints acknowledged requests and transport counters for
 * each active link.
 * @returns function that stops the output
 */
export function reportStats(
  clock: Clock,
  printer: Pick<ServePrinter, "line">,
  peers: () => Iterable<ClientConnection>,
): () => void {
  let previous = new Map<number, Traffic>();
  const report = () => {
    const current = new Map<number, Traffic>();
    for (const peer of peers()) {
      if (peer.channel !== undefined || peer.handshake === undefined) continue;
      const counters = peer.link.counters();
      const traffic = trafficOf(counters);
      current.set(peer.id, traffic);
      if (!isActive(traffic, previous.get(peer.id))) continue;
      const { address, transport } = peer.origin;
      const user = peer.account?.name;
      const { acknowledged } = peer;
      const fields = defined({ user, address: formatAddress(address), transport, acknowledged });
      const label = Object.values({ ...fields, acknowledged: `ACK ${acknowledged}:` }).join(" ");
      printer.line("stats", { ...fields, ...counters }, `${label} ${countersLine(counters)}`);
    }
    previous = current;
    cancel = clock.after(INTERVAL_MS, report);
  };
  let cancel = clock.after(INTERVAL_MS, report);
  return () => cancel();
}
