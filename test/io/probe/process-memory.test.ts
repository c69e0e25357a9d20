import { expect, test } from "bun:test";
import { MemoryProbe } from "../../../src/io/probe/process-memory.ts";

test("keeps the last reading when the system refuses a new one", () => {
  let isRefused = true;
  const probe = new MemoryProbe(() => {
    if (isRefused) throw new Error("Failed to get memory usage");
    return { ...process.memoryUsage(), rss: 7, heapUsed: 3 };
  });
  expect(probe.read()).toEqual({ residentBytes: 0, heapBytes: 0 });
  isRefused = false;
  expect(probe.read()).toEqual({ residentBytes: 7, heapBytes: 3 });
  isRefused = true;
  expect(probe.read()).toEqual({ residentBytes: 7, heapBytes: 3 });
});
