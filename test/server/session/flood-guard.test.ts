import { expect, test } from "bun:test";
import {
  FLOOD_REFUSED_MS,
  FLOODERS_MAX,
  IDLE_MESSAGES_BURST,
  IDLE_MESSAGES_PER_SECOND,
  RECEIVED_BYTES_BURST,
  RECEIVED_BYTES_PER_SECOND,
} from "../../../src/base/limits.ts";
import { FloodGuard } from "../../../src/server/session/flood-guard.ts";

function guardAt(): { guard: FloodGuard; pass: (ms: number) => void } {
  let now = 0;
  const guard = new FloodGuard({ now: () => now });
  return {
    guard,
    pass: (ms) => {
      now += ms;
    },
  };
}

test("limits the burst and the rate of idle messages", () => {
  const { guard, pass } = guardAt();
  for (let i = 0; i < IDLE_MESSAGES_BURST; i++) expect(guard.allowsIdle("eve")).toBe(true);
  expect(guard.allowsIdle("eve")).toBe(false);
  expect(guard.allowsIdle("ana")).toBe(true);
  pass(1_000);
  for (let i = 0; i < IDLE_MESSAGES_PER_SECOND; i++) expect(guard.allowsIdle("eve")).toBe(true);
  expect(guard.allowsIdle("eve")).toBe(false);
});

test("limits the burst and the rate of bytes", () => {
  const { guard, pass } = guardAt();
  expect(guard.allowsBytes("eve", RECEIVED_BYTES_BURST)).toBe(true);
  expect(guard.allowsBytes("eve", 1)).toBe(false);
  expect(guard.allowsBytes("ana", 1)).toBe(true);
  pass(500);
  expect(guard.allowsBytes("eve", RECEIVED_BYTES_PER_SECOND / 2)).toBe(true);
  expect(guard.allowsBytes("eve", 1)).toBe(false);
});

test("refuses a flooding sender for a while and forgets the oldest", () => {
  const { guard, pass } = guardAt();
  guard.recordFlood("eve");
  expect(() => guard.check("eve")).toThrow(
    expect.objectContaining({ code: "too-fast", retryAfterMs: FLOOD_REFUSED_MS }),
  );
  guard.check("ana");
  pass(FLOOD_REFUSED_MS);
  guard.check("eve");
  guard.recordFlood("first");
  for (let i = 1; i < FLOODERS_MAX; i++) guard.recordFlood(`sender ${i}`);
  expect(guard.isRefused("first")).toBe(true);
  guard.recordFlood("one more");
  expect(guard.isRefused("first")).toBe(false);
});
