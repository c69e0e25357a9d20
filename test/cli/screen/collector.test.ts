import { expect, test } from "bun:test";
import { Collector } from "../../../src/cli/screen/collector.ts";
import { FakeClock } from "./terminal/fake-device.ts";

const MIB = 1024 * 1024;

test("collects when garbage accumulates, and again after a busy time", () => {
  const clock = new FakeClock();
  let [usedBytes, collections] = [20 * MIB, 0];
  const collect = () => {
    collections++;
    usedBytes = 21 * MIB;
  };
  const collector = new Collector(clock, { usedBytes: () => usedBytes, collect });
  for (let i = 0; i < 100; i++) {
    usedBytes += MIB;
    collector.modelChanged();
  }
  expect(collections).toBe(7);
  clock.pass();
  expect([collections, clock.timers.length]).toEqual([8, 0]);
  collector.modelChanged();
  clock.pass();
  expect(collections).toBe(8);
});
