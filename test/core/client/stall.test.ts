import { expect, test } from "bun:test";
import { STALL_MS, STALL_PING_AFTER_MS } from "../../../src/base/limits-page.ts";
import { Stall } from "../../../src/core/client/stall.ts";

test("reports a stall STALL_MS after a request without any data", () => {
  const stall = new Stall(0);
  stall.requested(100);
  stall.requested(4_000);
  expect(stall.deadline(4_000)).toBe(100 + STALL_MS);
  expect(stall.isStalled(99 + STALL_MS)).toBe(false);
  expect(stall.isStalled(100 + STALL_MS)).toBe(true);
  expect(stall.deadline(100 + STALL_MS)).toBe(Number.POSITIVE_INFINITY);
  stall.received(6_000);
  expect(stall.isStalled(60_000)).toBe(false);
});

test("reports a stall without acknowledgements, despite other data", () => {
  const stall = new Stall(0);
  stall.posted(0);
  stall.posted(1_000);
  stall.received(2_000);
  expect(stall.isStalled(STALL_MS)).toBe(true);
  stall.settled(6_000);
  expect(stall.isStalled(6_000)).toBe(false);
  expect(stall.isStalled(6_000 + STALL_MS)).toBe(true);
  stall.settled(12_000);
  expect(stall.isStalled(60_000)).toBe(false);
});

test("reports an idle link after STALL_PING_AFTER_MS without a request", () => {
  const stall = new Stall(0);
  expect(stall.deadline(0)).toBe(STALL_PING_AFTER_MS);
  expect(stall.isPingDue(STALL_PING_AFTER_MS - 1)).toBe(false);
  expect(stall.isPingDue(STALL_PING_AFTER_MS)).toBe(true);
  stall.requested(STALL_PING_AFTER_MS);
  expect(stall.isPingDue(STALL_PING_AFTER_MS)).toBe(false);
});
