import { expect, test } from "bun:test";
import {
  LAN_ADDRESS_PACKETS_PER_SECOND,
  LAN_CHECKS_PER_SECOND,
  LAN_PACKETS_BURST,
  LAN_PACKETS_PER_SECOND,
  LAN_SOURCES_MAX,
  LAN_TEXTS_BURST,
  LAN_TEXTS_PER_SECOND,
} from "../../../src/base/limits.ts";
import { LanRateLimit } from "../../../src/core/lan/lan.ts";

function admitted(
  rateLimit: LanRateLimit,
  now: number,
  sources: readonly (readonly [string, number])[],
) {
  return sources.filter(([address, port]) => rateLimit.accepts(address, port, now)).length;
}

const many = (count: number, source: (i: number) => readonly [string, number]) =>
  Array.from({ length: count }, (_, i) => source(i));

test("limits a source to its burst and rate", () => {
  const rateLimit = new LanRateLimit(0);
  const one = many(1_000, () => ["192.0.2.1", 5] as const);
  expect(admitted(rateLimit, 0, one)).toBe(LAN_PACKETS_BURST);
  expect(admitted(rateLimit, 1_000, one)).toBe(LAN_PACKETS_PER_SECOND);
  expect(rateLimit.accepts("192.0.2.1", 6, 1_000)).toBe(true);
});

test("never limits a normal program", () => {
  expect(LAN_TEXTS_BURST).toBeLessThanOrEqual(LAN_PACKETS_BURST / 2);
  expect(LAN_TEXTS_PER_SECOND).toBeLessThanOrEqual(LAN_PACKETS_PER_SECOND / 2);
});

test("limits an address regardless of its ports", () => {
  const rateLimit = new LanRateLimit(0);
  const ports = many(900, (i) => ["192.0.2.1", i] as const);
  expect(admitted(rateLimit, 0, ports)).toBe(2 * LAN_ADDRESS_PACKETS_PER_SECOND);
  expect(admitted(rateLimit, 1_000, ports)).toBe(LAN_ADDRESS_PACKETS_PER_SECOND);
  expect(rateLimit.accepts("192.0.2.2", 1, 1_000)).toBe(true);
});

test("limits checks and memory for ten thousand forged addresses", () => {
  const rateLimit = new LanRateLimit(0);
  const forged = many(10_000, (i) => [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 1] as const);
  expect(admitted(rateLimit, 0, forged)).toBe(LAN_CHECKS_PER_SECOND);
  expect(rateLimit.size).toBe(LAN_SOURCES_MAX);
});
