import { expect, test } from "bun:test";
import {
  SCREEN_COLLECT_CHANGES,
  SCREEN_COLLECT_QUIET_MS,
} from "../../../src/base/limits-screen.ts";
import { Collector } from "../../../src/cli/screen/collector.ts";
import { FakeClock } from "./terminal/fake-device.ts";

test("memory is given back when a busy time is over, and not before", () => {
  const clock = new FakeClock();
  let collected = 0;
  const collector = new Collector(clock, () => collected++);
  for (let i = 1; i < SCREEN_COLLECT_CHANGES; i++) collector.changed();
  clock.pass(SCREEN_COLLECT_QUIET_MS);
  expect(collected).toBe(0);
  collector.changed();
  clock.pass(SCREEN_COLLECT_QUIET_MS - 1);
  expect(collected).toBe(0);
  collector.changed();
  clock.pass(SCREEN_COLLECT_QUIET_MS);
  expect(collected).toBe(1);
  collector.changed();
  clock.pass(SCREEN_COLLECT_QUIET_MS);
  expect(collected).toBe(1);
  for (let i = 0; i < SCREEN_COLLECT_CHANGES; i++) collector.changed();
  collector.end();
  clock.pass(SCREEN_COLLECT_QUIET_MS);
  expect(collected).toBe(1);
});
