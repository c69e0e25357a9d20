import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTESTANTS } from "../../bench/fan-out-contestants.ts";
import { GOALS } from "../../bench/goals.ts";
import { BACK_OVER_IRC, BACK_OVER_WEBSOCKET, NEW_IN_ONE_ROOM } from "../../bench/parts.ts";
import { writeReport } from "../../bench/report.ts";
import { type PartResult, readResults, saveResult } from "../../bench/results.ts";
import type { Sample } from "../../bench/samples.ts";

const MACHINE = {
  cores: 2,
  cpu: "CPU",
  kernel: "Linux",
  memoryGib: 24,
  syncMs: 0.14,
  bun: "1.4.4",
};
const NOISE = { seconds: 10, ownCpuSeconds: 5, otherCpuSeconds: 0, loadBefore: 0, loadAfter: 0 };
const WORDS_MAX = 2_500;

function result(part: string, samples: readonly Sample[], at = "2026-11-23T10:00"): PartResult {
  return { part, isQuick: false, at, commit: "abc1234", machine: MACHINE, noise: NOISE, samples };
}

function sample(table: string, row: Sample["row"], values: Sample["values"]): Sample {
  return { table, row, values };
}

/** All samples that the goals and tables use; `ours` and `theirs` are rates and inverse times. */
function samplesOf(ours: number, theirs: number): Sample[] {
  const isOurs = (name: string) => /^chat|clients [56]|room/.test(name);
  const rate = (name: string) => (isOurs(name) ? ours : theirs);
  const fanOut = CONTESTANTS.flatMap(({ name, guarantee }) =>
    [10, 100, 1_000].map((readers) => ({
      ...sample(
        "fan-out",
        { name, readers },
        {
          deliveriesPerCpuSecond: 1e5 * rate(name),
          p99Ms: 1e3 / rate(name),
          serverCpuPercent: 100 / ours,
          serverPeakBytes: 1e8,
        },
      ),
      texts: { guarantee },
    })),
  );
  const senders = [...CONTESTANTS.map(({ name }) => name), "write + fdatasync"];
  const sends = senders.flatMap((name) =>
    [1, 64, 512].map((count) =>
      sample(
        "sends",
        { name, senders: count },
        { perSecond: rate(name), p99Ms: 1, serverCpuUsEach: 40 },
      ),
    ),
  );
  const tools = [
    ...["scp aes128-gcm", "rsync -W over it", "magic-wormhole", "bare prototype"],
    ...["chat send-file", "chat send + follow", "chat get-file"],
  ];
  const time = (name: string) => 10 / rate(name);
  const files = tools.map((name) =>
    sample("files", { name }, { seconds: time(name), cpuSeconds: time(name), bytes: 268e6 }),
  );
  const named = (table: string, name: string, values: Sample["values"]) =>
    sample(table, { name }, values);
  const idle = (clients: string, values: Sample["values"]) =>
    sample("idle", { clients, connections: 10_000 }, values);
  return [
    ...fanOut,
    ...sends,
    ...files,
    sample("people", { people: 10_000 }, { seconds: 500 / ours, peakMib: 2_000 / ours }),
    sample("devices", { devices: 300 }, { seconds: 10 / ours }),
    ...["with", "without"].map((snapshot) =>
      sample("start-log", { records: 1_000_000, snapshot }, { ms: 5_000 / ours }),
    ),
    named("start", "bun -e 0", { ms: 6 }),
    named("start", "chat send", { ms: 300 / ours, peakMib: 500 / ours }),
    named("start", "chat history to head", { ms: 300 / ours }),
    ...["write + fdatasync", "clients 1", "clients 64", "clients 512"].map((name) =>
      named("append", name, {
        perSecond: name === "clients 1" ? 1 : ours,
        p50Ms: name === "clients 1" ? 100 / ours : 10,
      }),
    ),
    ...["scan-rare", "scan-absent", "scan-ignore-case"].map((name) =>
      named("scan", name, { overRg: 10 / ours }),
    ),
    named("last-50", "a busy room", { ms: 500 / ours }),
    named("last-50", "tail -n 50", { ms: 0.5 }),
    named("load", "10000 chat", { lost: ours < 1 ? 1 : 0, doubled: 0 }),
    sample("idle", { connections: 0 }, { residentMib: 500 / ours }),
    idle(NEW_IN_ONE_ROOM, { kibEach: 100 / ours }),
    idle(BACK_OVER_WEBSOCKET, { kibEach: 10 }),
    idle(BACK_OVER_IRC, { kibEach: 100 / ours, connectSeconds: 500 / ours }),
    named("screen", "first frame", { ms: 1_000 / ours }),
    named("screen", "1,000 messages/s", { p99Ms: 100 / ours, cpuPercent: 100 / ours }),
    named("screen", "after 100,000 messages", { peakMib: 1_000 / ours }),
    named("slow-line", "chat join", { bytes: 1_000 / ours }),
    named("slow-line", "WeeChat", { bytes: 10 }),
    named("page", "frames", { p95Ms: 50 / ours }),
    named("page", "scroll", { blank: ours < 1 ? 1 : 0 }),
  ];
}

function render(results: readonly PartResult[]): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-report-"));
  try {
    writeReport(results, folder);
    return readFileSync(join(folder, "performance.md"), "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function resultsOf(markdown: string): string[] {
  const [, goals = ""] = markdown.split("## Goals");
  const [table = ""] = goals.split("\n## ");
  const rows = table.split("\n").filter((line) => /^\| (?!\*|-|measurement)/.test(line));
  return rows.map((row) => row.split(" | ").at(-1)?.replace(" |", "") ?? "");
}

test("shows every goal as met without a profile if all results are good", () => {
  const markdown = render([result("all", samplesOf(100, 10))]);
  expect(resultsOf(markdown)).toEqual(GOALS.map(() => "met"));
});

test("shows a profile beside missed goals, in at most the allowed number of words", () => {
  const runs = [0.5, 0.51, 0.52].map((ours) => result("all", samplesOf(ours, 100)));
  const markdown = render(runs);
  const results = resultsOf(markdown);
  expect(results).toHaveLength(GOALS.length);
  expect(results.filter((text) => !text.startsWith("**missed.** "))).toEqual([]);
  for (const { profile } of GOALS) if (profile !== undefined) expect(markdown).toContain(profile);
  expect(markdown.split(/\s+/).length).toBeLessThan(WORDS_MAX);
});

test("shows goals without samples as not measured", () => {
  expect(resultsOf(render([]))).toEqual(GOALS.map(() => "not measured"));
});

test("computes a ratio in each run and shows the median and the range", () => {
  const run = (ours: number, theirs: number) =>
    result("transfer", [
      sample("files", { name: "chat send-file" }, { seconds: ours }),
      sample("files", { name: "scp aes128-gcm" }, { seconds: theirs }),
    ]);
  const markdown = render([run(1, 2), run(10, 30), run(100, 120)]);
  expect(markdown).toContain(
    "| chat send-file, speed vs scp aes128-gcm | ≥ 1.5 | 2 (1.20–3) | met |",
  );
});

test("puts contestants in rows and numbers of readers in columns", () => {
  const cell = (readers: number, p99Ms: number): Sample => ({
    ...sample("fan-out", { name: "nats", readers }, { p99Ms, serverPeakBytes: readers * 1e6 }),
    texts: { guarantee: "on disk" },
  });
  const absent: Sample = {
    ...sample("fan-out", { name: "irc", readers: 10 }, {}),
    missing: "irc is not installed",
  };
  const markdown = render([result("fan-out", [cell(10, 1), cell(100, 2), cell(1_000, 3), absent])]);
  expect(markdown).toContain("| nats |  |  |  | 1.0 | 2.0 | 3.0 | 1,000 | on disk |");
  expect(markdown).toContain("| irc |  |  |  |  |  |  |  | irc is not installed |");
});

test("keeps the newest three results of a part", () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-results-"));
  try {
    for (let i = 1; i <= 4; i++) saveResult(result("log", [], `2026-11-23T10:0${i}`), folder);
    saveResult(result("idle", [], "2026-11-23T09:00"), folder);
    const kept = readResults(folder).map(({ part, at }) => `${part} ${at.slice(-1)}`);
    expect(kept).toEqual(["idle 0", "log 4", "log 3", "log 2"]);
    saveResult({ ...result("log", []), isQuick: true }, folder);
    expect(readResults(folder).map(({ isQuick }) => isQuick)).toEqual([false, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
