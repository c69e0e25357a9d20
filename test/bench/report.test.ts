import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GOALS, verdictOf } from "../../bench/goals.ts";
import { writeReport } from "../../bench/report.ts";
import type { PartResult } from "../../bench/results.ts";
import type { Sample } from "../../bench/samples.ts";

const MACHINE = { cores: 2, cpu: "a CPU", kernel: "Linux", memoryGib: 8, syncMs: 0.1, bun: "1" };
const NOISE = {
  seconds: 9,
  ownCpuSeconds: 5,
  otherCpuSeconds: 2,
  loadBefore: 0.5,
  loadAfter: 1,
};

function written(samples: readonly Sample[], more: Partial<PartResult> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "chat-report-"));
  const head = { part: "sends", isQuick: false, at: "2026-01-02T03:04", commit: "abc1234" };
  const result = { ...head, machine: MACHINE, noise: NOISE, samples, ...more };
  const texts = writeReport([result], folder).map((path) => readFileSync(path, "utf8"));
  rmSync(folder, { recursive: true });
  return { page: texts[0] ?? "", chart: texts[1] ?? "" };
}

function sends(name: string, ...rates: readonly number[]): Sample[] {
  return rates.map((perSecond) => ({ table: "sends", row: { name }, values: { perSecond } }));
}

test("a cell has the median and the spread, and each goal its verdict", () => {
  const { page, chart } = written([
    ...sends("write + fdatasync", 1_000, 900, 3_000),
    ...sends("senders 1", 500, 400, 700),
    ...sends("senders 64", 4_000),
  ]);
  expect(page).toContain("| write + fdatasync | 1,000 (900–3,000) |");
  expect(page).toContain("| 1 sender beside write + fdatasync | ≥ 0.33 | 0.50 × | met |");
  expect(page).toContain("| 64 senders beside one | ≥ 10 | 8 × | **missed** |");
  expect(page).toContain("| 512 senders beside one | ≥ 20 | not measured | not measured |");
  expect(chart).toContain('class="met"');
  expect(chart).toContain('class="missed"');
  expect(chart).toContain("8 × (goal ≥ 10, missed)");
});

test("what is missing, quick or failed is said", () => {
  const missing = "sshd is not installed";
  const scp = { table: "files", row: { name: "scp aes128-gcm" }, values: {}, missing };
  const { page } = written([scp], { isQuick: true, failure: "ended with SIGTERM" });
  expect(page).toContain("| scp aes128-gcm | sshd is not installed |");
  expect(page).toContain("Some parts are quick runs");
  expect(page).toContain("| quick, ended with SIGTERM |");
});

test("a goal is met at its bound, and missed beyond it", () => {
  const [least] = GOALS.filter(({ atLeast }) => atLeast !== undefined);
  const [most] = GOALS.filter(({ atMost }) => atMost !== undefined);
  if (least?.atLeast === undefined || most?.atMost === undefined) throw new Error("both kinds");
  expect(verdictOf(least, least.atLeast)).toBe("met");
  expect(verdictOf(least, least.atLeast - 0.001)).toBe("missed");
  expect(verdictOf(most, most.atMost)).toBe("met");
  expect(verdictOf(most, most.atMost + 0.001)).toBe("missed");
  expect(verdictOf(most, undefined)).toBe("not measured");
});
