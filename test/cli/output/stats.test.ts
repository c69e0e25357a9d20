import { expect, test } from "bun:test";
import { statsLine } from "../../../src/cli/output/stats.ts";
import type { LinkStats } from "../../../src/client/link/connection.ts";
import { fakeWorld } from "../../commands/fake-world.ts";

const NOW = { ...fakeWorld({ nowUnixMs: Date.UTC(2026, 10, 20, 23) }), offsetMinutes: () => 0 };
const COMMON = { sinceUnixMs: Date.UTC(2026, 10, 20, 5, 46, 33, 123), asked: 12, acknowledged: 11 };
const MESSAGES = { sentMessages: 14, sentBytes: 1_200, receivedMessages: 15, receivedBytes: 9_000 };
const PACKETS = {
  roundTripMs: 20.26,
  sentPackets: 40,
  receivedPackets: 38,
  lostPackets: 3,
  congestionWindowBytes: 40_960,
};

test("over UDP all that QUIC counts is told, to people and to programs", () => {
  const stats: LinkStats = {
    ...COMMON,
    transport: "udp",
    counters: { ...MESSAGES, ...PACKETS },
  };
  const [json, line] = statsLine(stats, NOW);
  expect(json).toEqual({
    kind: "stats",
    transport: "udp",
    since: "2026-11-20T05:46:33.123Z",
    asked: 12,
    acknowledged: 11,
    ...MESSAGES,
    ...PACKETS,
  });
  expect(line).toBe(
    "over UDP (QUIC) since 05:46; 11 of 12 requests acknowledged; " +
      "sent 14 messages, 1200 bytes in 40 datagrams; " +
      "received 15 messages, 9000 bytes in 38 datagrams; " +
      "lost and sent again 3 datagrams; round trip 20.3 ms; congestion window 41.0 kB",
  );
});

test("over TCP what the system keeps for itself is left out", () => {
  const stats: LinkStats = {
    ...COMMON,
    transport: "tcp",
    counters: MESSAGES,
  };
  const [json, line] = statsLine(stats, NOW);
  expect(Object.keys(json)).toEqual([
    ...["kind", "transport", "since", "asked", "acknowledged"],
    ...Object.keys(MESSAGES),
  ]);
  expect(line).toBe(
    "over TCP (WebSocket over TLS) since 05:46; 11 of 12 requests acknowledged; " +
      "sent 14 messages, 1200 bytes; received 15 messages, 9000 bytes",
  );
});

test("a connection of yesterday says so", () => {
  const stats: LinkStats = { ...COMMON, transport: "tcp", counters: MESSAGES };
  const later = { ...fakeWorld({ nowUnixMs: Date.UTC(2026, 10, 21, 1) }), offsetMinutes: () => 0 };
  expect(statsLine(stats, later)[1]).toContain("since 2026-11-20 05:46;");
});
