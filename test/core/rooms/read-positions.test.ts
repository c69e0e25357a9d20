import { expect, test } from "bun:test";
import fc from "fast-check";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import {
  CALLS_LISTED_MAX,
  READ_CALLS_MAX,
  READ_CALLS_PER_ACCOUNT_MAX,
  READ_POSITIONS_BYTES_MAX,
  READ_POSITIONS_MAX,
} from "../../../src/base/limits.ts";
import { READ_POSITIONS, ReadPositions } from "../../../src/core/rooms/read-positions.ts";
import { parseJson } from "../../../src/wire/field.ts";

function load(text: string): ReadPositions | undefined {
  const stored = parseJson(READ_POSITIONS, text);
  if (stored === undefined) return undefined;
  const positions = new ReadPositions();
  positions.load(stored);
  return positions;
}

const user = (i: number) => `u${i}` as UserId;
const room = (i: number) => `r${i}` as RoomId;

test("increases positions only, and restores them from their stored form", () => {
  const step = fc.tuple(fc.nat(3), fc.nat(3), fc.integer({ min: 0, max: 20 }));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const positions = new ReadPositions();
      const model = new Map<string, number>();
      for (const [u, r, n] of steps) {
        const known = model.get(`${u} ${r}`) ?? 1;
        expect(positions.advance(user(u), room(r), n)).toBe(n > known);
        model.set(`${u} ${r}`, Math.max(n, known));
      }
      const again = load(positions.format());
      for (const [u, r] of steps) {
        expect(positions.of(user(u), room(r))).toBe(model.get(`${u} ${r}`) ?? 1);
        expect(again?.of(user(u), room(r))).toBe(positions.of(user(u), room(r)));
      }
      expect(again?.size).toBe(positions.size);
    }),
  );
});

test("counts from the first record without a position", () => {
  const positions = new ReadPositions();
  positions.advance(user(1), room(1), 7);
  expect([positions.forget(user(1), room(1)), positions.forget(user(1), room(1))]).toEqual([
    true,
    false,
  ]);
  expect([positions.of(user(1), room(1)), positions.size]).toEqual([1, 0]);
  expect(positions.format()).toBe('{"format":1,"read":{}}\n');
  for (const i of [1, 2]) positions.advance(user(1), room(i), 7);
  positions.forget(user(1), room(1));
  expect([positions.of(user(1), room(2)), positions.size]).toEqual([7, 1]);
});

test("keeps at most READ_POSITIONS_MAX, and forgets the least recent", () => {
  const positions = new ReadPositions();
  for (let i = 0; i < READ_POSITIONS_MAX; i++) positions.advance(user(i % 1_000), room(i), 1e9);
  expect(positions.size).toBe(READ_POSITIONS_MAX);
  expect(positions.of(user(0), room(0))).toBe(1e9);
  positions.advance(user(1), room(-1), 2);
  expect([positions.size, positions.of(user(0), room(0))]).toEqual([READ_POSITIONS_MAX, 1]);
  expect(positions.of(user(1), room(1))).toBe(1e9);
  expect(positions.format().length).toBeLessThan(READ_POSITIONS_BYTES_MAX / 2);
});

test("parses any text or rejects it", () => {
  const bad = ["", "{]", "7", "null", "[]", '{"format":1}', '{"format":2,"read":{}}'];
  const worse = ['{"format":1,"read":[]}', '{"format":1,"read":{"u":3}}'];
  for (const n of ["0", "-1", "1.5", '"7"', "null"]) {
    worse.push(`{"format":1,"read":{"u":{"r":${n}}}}`);
  }
  for (const text of [...bad, ...worse]) expect(load(text)).toBeUndefined();
  for (const good of ["{}", '{"u":{"r":1}}'])
    expect(load(`{"format":1,"read":${good}}`)?.size).toBe(0);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      load(text);
    }),
  );
});

test("keeps read calls beyond the position until it passes them", () => {
  const positions = new ReadPositions();
  positions.advance(user(1), room(1), 5);
  expect(positions.readCalls(user(1), room(1), [9, 4, 7, 9])).toBe(true);
  expect(positions.readCalls(user(1), room(1), [7])).toBe(false);
  positions.readCalls(user(1), room(2), [8]);
  expect(positions.calls(user(1), room(1))).toEqual([7, 9]);
  expect([4, 6, 7].map((n) => positions.isRead(user(1), room(1), n))).toEqual([true, false, true]);
  const again = load(positions.format());
  expect(again?.calls(user(1), room(1))).toEqual([7, 9]);
  positions.advance(user(1), room(1), 7);
  expect(positions.calls(user(1), room(1))).toEqual([9]);
  expect(again?.limit(() => 7)).toBe(true);
  expect(again?.calls(user(1), room(1))).toEqual([7]);
  expect(again?.calls(user(1), room(2))).toEqual([]);
  positions.forgetRoom(room(2));
  positions.forget(user(1), room(1));
  expect(positions.format()).toBe('{"format":1,"read":{}}\n');
});

test("keeps the newest read calls of an account, and those of the accounts used last", () => {
  const positions = new ReadPositions();
  const ns = Array.from({ length: CALLS_LISTED_MAX }, (_, i) => i + 2);
  const perRoom = READ_CALLS_PER_ACCOUNT_MAX / CALLS_LISTED_MAX;
  for (let r = 0; r <= perRoom; r++) positions.readCalls(user(1), room(r), ns);
  expect(positions.calls(user(1), room(0))).toEqual([]);
  expect(positions.calls(user(1), room(perRoom))).toEqual(ns);
  for (let i = 2; i <= READ_CALLS_MAX / CALLS_LISTED_MAX; i++)
    positions.readCalls(user(i), room(1), ns);
  expect(positions.calls(user(1), room(perRoom))).toEqual([]);
  expect(positions.calls(user(2), room(1))).toEqual(ns);
});
