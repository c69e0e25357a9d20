import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Metrics } from "../../../src/server/admin/metrics.ts";
import type { ClusterHealth } from "../../../src/server/kernel/sequencer.ts";

const GOLDEN = join(import.meta.dir, "golden", "metrics.txt");

const HEALTH: ClusterHealth = {
  reachable: true,
  follows: true,
  nodes: 3,
  lag: 5,
  messages: 70,
  bytes: 7_000,
  leader: 'nats"1',
  replicas: 3,
  current: 2,
  rootsEqual: true,
};

function clientOf(transport: string, n: number, account?: string) {
  return {
    account: account === undefined ? undefined : { id: account },
    channel: transport === "irc" ? {} : undefined,
    link: {
      transport,
      queuedBytes: () => 10 * n,
      counters: () => ({
        receivedBytes: 100 * n,
        sentBytes: 200 * n,
        ...(transport === "udp" ? { receivedPackets: n, sentPackets: 2 * n, lostPackets: 1 } : {}),
      }),
    },
  };
}

function metricsWith(more: { health?: ClusterHealth; isPlain?: boolean }) {
  let now = 1_000;
  const clients = [
    clientOf("tcp", 1, "ana"),
    clientOf("tcp", 2),
    clientOf("udp", 3, "ana"),
    clientOf("irc", 4, "ben"),
    clientOf("memory", 5, "eve"),
  ];
  const isPlain = more.isPlain === true;
  const files = {
    counters: {
      files: 11,
      fileBytes: 12,
      unfinishedFiles: 13,
      unfinishedFileBytes: 14,
      fileQueuedBytes: 15,
      fileReceivedBytes: 16,
      fileSentBytes: 17,
      webSentBytes: 18,
    },
  };
  const push = { counters: { sent: 1, failed: 2, dropped: 3, queued: 4, subscriptions: 5 } };
  const disk = { state: { freeBytes: 9_000, keepFreeBytes: 1_000, isLow: true } };
  const metrics = new Metrics({
    clock: { now: () => now, unixMs: () => 1_800_000_000_000, status: () => ({ plausible: true }) },
    registry: { activeCount: 21 },
    rooms: { namedCount: 22, directCount: 23 },
    history: { head: () => 24, sizeBytes: () => 2_400 },
    accounts: { head: () => 25 },
    kernel: { writes: { inFlight: 26, timing: { count: 27, durationMs: 2_800 } } },
    fanOut: { counters: { publishedMessages: 29, publishedBytes: 30, gatheredBytes: 31 } },
    channels: { count: 32 },
    linkRefusals: { counts: { server: 33, address: 34, logins: 35, flood: 36 } },
    peers: { all: () => clients },
    sequencer: more.health === undefined ? {} : { health: () => more.health },
    settings: { version: "1.2.3" },
    ...(isPlain ? {} : { files, push, disk }),
  } as never);
  metrics.onClosed(clientOf("udp", 6) as never);
  metrics.onRecord(undefined as never, { head: { id: "m1" } } as never);
  now = 3_500;
  return metrics;
}

test("formats all metrics for Prometheus", () => {
  const text = [
    metricsWith({ health: HEALTH }),
    metricsWith({ health: { ...HEALTH, leader: "", rootsEqual: false } }),
    metricsWith({ health: { ...HEALTH, reachable: false } }),
    metricsWith({ isPlain: true }),
  ].map((metrics) => metrics.format().replaceAll(/^(process_\w+) \d+$/gm, "$1 N"));
  expect(text.join("\n")).toBe(readFileSync(GOLDEN, "utf8"));
});

test("reports the same values to the operator console", () => {
  const metrics = metricsWith({});
  const { runtime: _, platform: __, memoryBytes, heapBytes, ...stats } = metrics.stats();
  expect(memoryBytes).toBeGreaterThan(heapBytes / 100);
  expect(stats).toEqual({
    version: "1.2.3",
    since: 1_800_000_000_000,
    diskFreeBytes: 9_000,
    keepFreeBytes: 1_000,
    diskLow: true,
    history: { records: 24, bytes: 2_400 },
    accounts: { records: 25 },
    files: { files: 11, bytes: 12, unfinished: 13, unfinishedBytes: 14 },
    links: 5,
    sessions: 4,
    online: 3,
    lanes: 32,
    users: 21,
    rooms: 22,
    posts: 1,
    sentBytes: 4_218,
    receivedBytes: 2_100,
    queuedBytes: 150,
  });
  metrics.tick();
  const { samples } = metrics.handlers;
  expect(samples({ kind: "samples", ref: 1 })).toMatchObject({
    last: 1,
    posts: [0],
    links: [5],
    online: [3],
    diskFreeBytes: [9_000],
  });
  expect(metricsWith({ isPlain: true }).stats()).not.toHaveProperty("diskFreeBytes");
});
