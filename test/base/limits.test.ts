import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as limits from "../../src/base/limits.ts";
import * as pageLimits from "../../src/base/limits-page.ts";

const TESTS = join(import.meta.dir, "..");

/** Nobody outside can push against these: they shape the server's own work. */
const INTERNAL: Readonly<Record<string, string>> = {
  SEGMENT_BYTES_MAX: "when the log begins a new file; tests of the log bring their own size",
  BATCH_BYTES_MAX: "how much of the queue goes to the disk at once",
  BATCH_SYNC_BYTES_MAX: "which writes leave the event loop",
  RESERVE_BYTES: "freed on a full disk; tests of the log bring their own size",
  SEND_QUEUE_LOW_BYTES: "when a paused sender goes on, which the links' compliance suite proves",
};

function testTexts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts") && !/base\/limits(?:-page)?\.test\.ts$/.test(path))
    .map((path) => readFileSync(join(folder, path), "utf8"));
}

test("every bound is named by a test that pushes against it, or nobody can push", () => {
  const texts = testTexts(TESTS);
  const named = (limit: string) => texts.some((text) => new RegExp(`\\b${limit}\\b`).test(text));
  const all = Object.keys({ ...limits, ...pageLimits });
  const forgotten = all.filter((limit) => !(limit in INTERNAL) && !named(limit));
  expect(forgotten).toEqual([]);
  for (const limit of Object.keys(INTERNAL)) expect(Object.keys(limits)).toContain(limit);
});

test("bounds that depend on each other fit together", () => {
  expect(limits.TEXT_BYTES_MAX * 6).toBeLessThan(limits.LINE_BYTES_MAX);
  expect(limits.LINE_BYTES_MAX).toBeLessThan(limits.MESSAGE_BYTES_MAX);
  expect(limits.PAGE_BYTES_MAX).toBeLessThan(limits.MESSAGE_BYTES_MAX);
  expect(limits.PAGE_RECORDS_MAX).toBeLessThan(limits.ENTRIES_MAX);
  expect(limits.OUTBOX_IN_FLIGHT_MAX).toBeLessThan(limits.REQUESTS_IN_FLIGHT_MAX);
  expect(limits.BATCH_BYTES_MAX).toBeLessThan(limits.SEND_QUEUE_BYTES_MAX);
  expect(limits.IGNORED_MAX).toBeLessThan(limits.ENTRIES_MAX);
  expect(limits.PASSWORD_BYTES_MAX).toBeLessThan(limits.MESSAGE_BEFORE_LOGIN_BYTES_MAX / 2);
  // Files: a chunk with its header is a message, and a window holds several.
  expect(limits.CHUNK_BYTES).toBeLessThan(limits.MESSAGE_BYTES_MAX - 4096);
  expect(limits.CHUNK_BYTES).toBeGreaterThan(limits.MESSAGE_BEFORE_LOGIN_BYTES_MAX);
  expect(limits.TRANSFER_WINDOW_FIRST_BYTES).toBeGreaterThanOrEqual(4 * limits.CHUNK_BYTES);
  expect(limits.TRANSFER_WINDOW_BYTES_MAX).toBeGreaterThan(limits.TRANSFER_WINDOW_FIRST_BYTES);
  expect(limits.TRANSFERS_BYTES_MAX).toBeGreaterThan(limits.TRANSFER_WINDOW_BYTES_MAX);
  expect(limits.TRANSFER_SYNC_BYTES % limits.CHUNK_BYTES).toBe(0);
  expect(limits.FILE_BYTES_MAX % limits.CHUNK_BYTES).toBe(0);
  expect(limits.FILE_BYTES_MAX).toBeLessThan(Number.MAX_SAFE_INTEGER);
  expect(limits.FILE_TARGETS_MAX).toBeLessThan(limits.ENTRIES_MAX);
  expect(limits.LANES_PER_SESSION_MAX).toBeLessThanOrEqual(limits.LANES_PER_ACCOUNT_MAX);
});
