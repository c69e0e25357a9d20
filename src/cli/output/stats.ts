/** Connection statistics in a single line. */

import { formatSize } from "../../base/sizes.ts";
import { formatLocalSince, formatUtc } from "../../base/time.ts";
import type { LinkStats } from "../../client/link/connection.ts";
import type { LinkCounters } from "../../io/link/link.ts";
import { ENGLISH_TERMINAL, type TerminalMessage } from "../../ui/messages/en/terminal.ts";
import type { Context } from "../context.ts";
import type { JsonOutput } from "./render.ts";

export function statsLine(
  stats: LinkStats,
  { clock, offsetMinutes }: Pick<Context, "clock" | "offsetMinutes">,
): [JsonOutput, TerminalMessage] {
  const { transport, sinceUnixMs, requested, acknowledged, counters } = stats;
  const since = formatUtc(sinceUnixMs);
  const transportName = transport === "udp" ? "UDP (QUIC)" : "TCP (WebSocket over TLS)";
  const localSince = formatLocalSince(sinceUnixMs, clock.unixMs(), offsetMinutes);
  return [
    { kind: "stats", transport, since, asked: requested, acknowledged, ...counters },
    (texts) =>
      [
        texts.stats.over(transportName, localSince),
        texts.stats.acknowledged(acknowledged, requested),
        countersLine(counters, texts),
      ].join("; "),
  ];
}

export function countersLine(counters: LinkCounters, { stats: texts } = ENGLISH_TERMINAL): string {
  const { sentMessages, sentBytes, receivedMessages, receivedBytes } = counters;
  const { sentPackets, receivedPackets, lostPackets, roundTripMs } = counters;
  const { congestionWindowBytes } = counters;
  const datagramsText = (n: number | undefined) => (n === undefined ? "" : texts.datagrams(n));
  return [
    texts.sent(sentMessages, sentBytes) + datagramsText(sentPackets),
    texts.received(receivedMessages, receivedBytes) + datagramsText(receivedPackets),
    ...(lostPackets === undefined ? [] : [texts.lost(lostPackets)]),
    ...(roundTripMs === undefined ? [] : [texts.roundTrip(roundTripMs.toFixed(1))]),
    ...(congestionWindowBytes === undefined
      ? []
      : [texts.window(formatSize(congestionWindowBytes))]),
  ].join("; ");
}
