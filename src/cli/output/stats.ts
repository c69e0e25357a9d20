/** Statistics of a connection as one line. */

import { counted, formatSize } from "../../base/sizes.ts";
import { formatLocalSince, formatUtc } from "../../base/time.ts";
import type { LinkStats } from "../../client/link/connection.ts";
import type { LinkCounters } from "../../io/link/link.ts";
import type { Context } from "../context.ts";
import type { JsonObject } from "./render.ts";

/** `/stats`, for scripts and for people. */
export function statsLine(
  stats: LinkStats,
  { clock, offsetMinutes }: Pick<Context, "clock" | "offsetMinutes">,
): [JsonObject, string] {
  const { transport, sinceUnixMs, asked, acknowledged, counters } = stats;
  const since = formatUtc(sinceUnixMs);
  const way = transport === "udp" ? "UDP (QUIC)" : "TCP (WebSocket over TLS)";
  return [
    { kind: "stats", transport, since, asked, acknowledged, ...counters },
    `over ${way} since ${formatLocalSince(sinceUnixMs, clock.unixMs(), offsetMinutes)}; ` +
      `${acknowledged} of ${asked} requests acknowledged; ${countersLine(counters)}`,
  ];
}

/** A link's counters for people, without those that the transport does not know. */
export function countersLine(counters: LinkCounters): string {
  const { sentMessages, sentBytes, receivedMessages, receivedBytes } = counters;
  const { sentPackets, receivedPackets, lostPackets, roundTripMs } = counters;
  const { congestionWindowBytes } = counters;
  const carried = (messages: number, bytes: number) =>
    `${counted(messages, "message")}, ${counted(bytes, "byte")}`;
  const sent = `sent ${carried(sentMessages, sentBytes)}`;
  const received = `received ${carried(receivedMessages, receivedBytes)}`;
  return [
    sent + (sentPackets === undefined ? "" : ` in ${sentPackets} datagrams`),
    received + (receivedPackets === undefined ? "" : ` in ${receivedPackets} datagrams`),
    ...(lostPackets === undefined ? [] : [`lost and sent again ${lostPackets} datagrams`]),
    ...(roundTripMs === undefined ? [] : [`round trip ${roundTripMs.toFixed(1)} ms`]),
    ...(congestionWindowBytes === undefined
      ? []
      : [`congestion window ${formatSize(congestionWindowBytes)}`]),
  ].join("; ");
}
