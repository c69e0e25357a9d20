import { expect, test } from "bun:test";
import fc from "fast-check";
import { LAN_WINDOW } from "../../../src/base/limits.ts";
import { ReplayWindow } from "../../../src/core/lan/lan.ts";

test("accepts each number once, in any order within the window", () => {
  const window = new ReplayWindow(100);
  expect(window.accept(100)).toBe(false);
  expect(window.accept(99)).toBe(false);
  expect(window.accept(103)).toBe(true);
  expect(window.accept(101)).toBe(true);
  expect(window.accept(101)).toBe(false);
  expect(window.accept(102)).toBe(true);
  expect(window.highest).toBe(103);
});

test("treats numbers older than the window as received", () => {
  const window = new ReplayWindow(1);
  expect(window.accept(1_000)).toBe(true);
  expect(window.accept(1_000 - LAN_WINDOW)).toBe(false);
  expect(window.accept(1_001 - LAN_WINDOW)).toBe(true);
  expect(window.accept(1_001 - LAN_WINDOW)).toBe(false);
});

test("never accepts a number twice and always accepts newer ones", () =>
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 400 }), (sequences) => {
      const window = new ReplayWindow(1);
      const taken = new Set([1]);
      for (const sequence of sequences) {
        const isNewest = sequence > window.highest;
        const isTaken = window.accept(sequence);
        if (isNewest) expect(isTaken).toBe(true);
        if (taken.has(sequence)) expect(isTaken).toBe(false);
        if (isTaken) taken.add(sequence);
      }
    }),
  ));
