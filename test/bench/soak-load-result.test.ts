import { expect, test } from "bun:test";
import {
  correctnessVerdicts,
  growthVerdicts,
  type LoadRound,
  type LoadRun,
} from "../../tools/soak/load-result.ts";
import { growthOf } from "../../tools/soak/report.ts";

const STORM = { cameBack: 500, backP50Seconds: 3, backWorstSeconds: 5 };

function steady(
  change: (index: number) => Partial<LoadRound> = () => ({}),
  count = 12,
): LoadRound[] {
  return Array.from({ length: count }, (_, i) => ({
    seconds: 300 * i,
    acked: 2_000 * (i + 1),
    lost: 0,
    doubled: 0,
    joinSeconds: 0.5,
    uploaded: 12,
    downloaded: 10,
    afterKill: STORM,
    afterStop: STORM,
    residentMib: 100 + (i % 3),
    descriptors: 530,
    p50Ms: 2,
    p99Ms: 20,
    busyP99Ms: 90,
    ...change(i),
  }));
}

function missedBy(rounds: readonly LoadRound[], more: Partial<LoadRun> = {}): string[] {
  const counts = { connections: 500, joins: 30, transfers: 20 };
  const run = { seconds: 3_600, commit: "abc1234", refusals: [], failures: [], ...counts };
  const verdicts = [...correctnessVerdicts({ ...run, rounds, ...more }), ...growthVerdicts(rounds)];
  return verdicts.filter(({ isMet }) => !isMet).map(({ subject }) => subject);
}

test("meets every criterion if all rounds are alike", () => {
  expect(missedBy(steady())).toEqual([]);
});

test("misses a criterion after one lost, repeated or refused text", () => {
  const inOneRound = (change: Partial<LoadRound>) => steady((i) => (i === 5 ? change : {}));
  expect(missedBy(inOneRound({ lost: 1 }))).toEqual(["acknowledged texts"]);
  expect(missedBy(inOneRound({ doubled: 1 }))).toEqual(["acknowledged texts"]);
  expect(missedBy(steady(), { refusals: ["rate-limited"] })).toEqual(["acknowledged texts"]);
});

test("misses a criterion after a failure, a missing transfer or a missing connection", () => {
  const one = { cameBack: 499, backP50Seconds: 3, backWorstSeconds: 5 };
  expect(missedBy(steady(), { failures: ["timeout"] })).toEqual(["joins and transfers"]);
  expect(missedBy(steady(() => ({ downloaded: 7 })))).toEqual(["joins and transfers"]);
  expect(missedBy(steady((i) => (i === 3 ? { afterStop: one } : {})))).toEqual(["reconnects"]);
});

test("detects growing memory, descriptors and latency", () => {
  expect(missedBy(steady((i) => ({ residentMib: 100 + 3 * i })))).toEqual(["resident memory"]);
  expect(missedBy(steady((i) => ({ descriptors: 530 + i })))).toEqual(["descriptors"]);
  expect(missedBy(steady((i) => ({ p99Ms: 20 + 3 * i })))).toEqual(["p99 latency"]);
});

test.each([
  ["residentMib", 100, 118, 119],
  ["descriptors", 530, 532, 533],
  ["p99Ms", 20, 35, 36],
] as const)("allows %s to grow from %d to %d, but not to %d", (field, from, allowed, refused) => {
  const growing = (to: number) => steady((i) => ({ [field]: i < 6 ? from : to }));
  expect(missedBy(growing(allowed))).toEqual([]);
  expect(missedBy(growing(refused))).toHaveLength(1);
});

test("ignores a single round that differs", () => {
  expect(missedBy(steady((i) => (i === 11 ? { residentMib: 300, p99Ms: 900 } : {})))).toEqual([]);
});

test("needs six rounds to exclude growth", () => {
  const growths = ["resident memory", "descriptors", "p99 latency"];
  expect(missedBy(steady(() => ({}), 6))).toEqual([]);
  expect(missedBy(steady(() => ({}), 5))).toEqual(growths);
  expect(missedBy([])).toHaveLength(6);
});

test("compares the medians of the first and the last third", () => {
  expect(growthOf([1, 2, 3, 50, 50, 50, 7, 8, 9])).toEqual({ from: 2, to: 8 });
  expect(growthOf([4])).toEqual({ from: 4, to: 4 });
});
