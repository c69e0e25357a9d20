import { describe, expect, test } from "bun:test";
import { STALL_REPORTED_AFTER_MS } from "../../../src/base/limits.ts";
import { Progress } from "../../../src/core/transfer/progress.ts";

const MB = 1e6;

function flow(progress: Progress, from: number, to: number, bytesPerS: number, everyMs = 10): void {
  for (let now = from; now <= to; now += everyMs) {
    progress.setDone(((now - from) / 1_000) * bytesPerS, now);
  }
}

describe("progress", () => {
  test("reports bytes, rate and remaining time", () => {
    const progress = new Progress({ resumedBytes: 0, sizeBytes: 100 * MB, now: 0 });
    flow(progress, 0, 4_000, 10 * MB);
    const report = progress.report(4_000);
    expect(report).toMatchObject({ doneBytes: 40 * MB, sizeBytes: 100 * MB, resumedBytes: 0 });
    expect(report.ratePerS).toBeCloseTo(10 * MB, -4);
    expect(report.leftMs).toBeCloseTo(6_000, -2);
    expect(report.pause).toBeUndefined();
  });

  test("counts resumed bytes as done but not in the rate", () => {
    const progress = new Progress({ resumedBytes: 90 * MB, sizeBytes: 100 * MB, now: 0 });
    expect(progress.report(0)).toEqual({
      doneBytes: 90 * MB,
      sizeBytes: 100 * MB,
      resumedBytes: 90 * MB,
      ratePerS: 0,
      elapsedMs: 0,
    });
    progress.setDone(91 * MB, 1_000);
    expect(progress.report(1_000)).toMatchObject({ ratePerS: MB, leftMs: 9_000, elapsedMs: 1_000 });
    progress.setDone(91 * MB, 1_001);
    expect(progress.report(1_001).ratePerS).toBeGreaterThan(0);
  });

  test("reports the rate of the last seconds", () => {
    const progress = new Progress({ resumedBytes: 0, now: 0 });
    flow(progress, 0, 60_000, 50 * MB);
    for (let now = 60_000; now <= 66_000; now += 10) {
      progress.setDone(60 * 50 * MB + (now - 60_000) * 1_000, now);
    }
    expect(progress.report(66_000).ratePerS).toBeCloseTo(MB, -4);
    const edge = new Progress({ resumedBytes: 0, now: 0 });
    edge.setDone(MB, 100);
    edge.setDone(6 * MB, 5_100);
    expect(edge.report(5_100).ratePerS).toBe(MB);
  });

  test("accepts a size later, and reports no remaining time without one", () => {
    const progress = new Progress({ resumedBytes: 0, now: 0 });
    flow(progress, 0, 1_000, MB);
    expect(progress.report(1_000).leftMs).toBeUndefined();
    progress.setSize(2 * MB);
    expect(progress.report(1_000)).toMatchObject({ sizeBytes: 2 * MB, leftMs: 1_000 });
    progress.setDone(2 * MB, 2_000);
    expect(progress.report(60_000)).toMatchObject({ leftMs: 0 });
    expect(progress.report(60_000).pause).toBeUndefined();
  });

  test("reports a stall and its cause after STALL_REPORTED_AFTER_MS, until the next byte", () => {
    const progress = new Progress({ resumedBytes: 0, sizeBytes: MB, now: 0 });
    progress.setPauseCause("server");
    expect(progress.report(STALL_REPORTED_AFTER_MS - 1).pause).toBeUndefined();
    const paused = (cause: string, durationMs: number) => ({ pause: { cause, durationMs } });
    expect(progress.report(STALL_REPORTED_AFTER_MS)).toMatchObject(
      paused("server", STALL_REPORTED_AFTER_MS),
    );
    progress.setPauseCause("source");
    expect(progress.report(7_000)).toMatchObject(paused("source", 7_000));
    progress.setDone(5, 8_000);
    progress.setPauseCause("network");
    expect(progress.report(8_100).pause).toBeUndefined();
    progress.setDone(5, 30_000);
    expect(progress.report(38_000)).toMatchObject({ ...paused("network", 30_000), ratePerS: 0 });
  });

  test("reports four times a second", () => {
    const progress = new Progress({ resumedBytes: 0, now: 0 });
    expect(progress.dueInMs(0)).toBe(0);
    progress.report(0);
    expect([progress.dueInMs(0), progress.dueInMs(100), progress.dueInMs(250)]).toEqual([
      250, 150, 0,
    ]);
  });

  test("decreases when the transfer restarts", () => {
    const progress = new Progress({ resumedBytes: 0, sizeBytes: MB, now: 0 });
    flow(progress, 0, 500, MB);
    progress.setDone(0, 600);
    expect(progress.report(600)).toMatchObject({ doneBytes: 0, ratePerS: 0 });
  });
});
