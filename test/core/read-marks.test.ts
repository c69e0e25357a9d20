import { expect, test } from "bun:test";
import fc from "fast-check";
import type { RoomId, UserId } from "../../src/base/ids.ts";
import { READ_MARKS_BYTES_MAX, READ_MARKS_MAX } from "../../src/base/limits.ts";
import { ReadMarks } from "../../src/core/read-marks.ts";

const user = (i: number) => `u${i}` as UserId;
const room = (i: number) => `r${i}` as RoomId;

test("a mark only moves on, and comes back as it was kept", () => {
  const step = fc.tuple(fc.nat(3), fc.nat(3), fc.integer({ min: 0, max: 20 }));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const marks = new ReadMarks();
      const model = new Map<string, number>();
      for (const [u, r, n] of steps) {
        const known = model.get(`${u} ${r}`) ?? 1;
        expect(marks.advance(user(u), room(r), n)).toBe(n > known);
        model.set(`${u} ${r}`, Math.max(n, known));
      }
      const again = ReadMarks.parse(marks.format());
      for (const [u, r] of steps) {
        expect(marks.of(user(u), room(r))).toBe(model.get(`${u} ${r}`) ?? 1);
        expect(again?.of(user(u), room(r))).toBe(marks.of(user(u), room(r)));
      }
      expect(again?.size).toBe(marks.size);
    }),
  );
});

test("a mark that is forgotten counts from the start", () => {
  const marks = new ReadMarks();
  marks.advance(user(1), room(1), 7);
  expect([marks.forget(user(1), room(1)), marks.forget(user(1), room(1))]).toEqual([true, false]);
  expect([marks.of(user(1), room(1)), marks.size]).toEqual([1, 0]);
});

test("at most READ_MARKS_MAX are kept: whoever has not read for longest is forgotten first", () => {
  const marks = new ReadMarks();
  for (let i = 0; i < READ_MARKS_MAX; i++) marks.advance(user(i % 1_000), room(i), 1e9);
  expect(marks.size).toBe(READ_MARKS_MAX);
  expect(marks.of(user(0), room(0))).toBe(1e9);
  marks.advance(user(1), room(-1), 2);
  expect([marks.size, marks.of(user(0), room(0))]).toEqual([READ_MARKS_MAX, 1]);
  expect(marks.of(user(1), room(1))).toBe(1e9);
  expect(marks.format().length).toBeLessThan(READ_MARKS_BYTES_MAX / 2);
});

test("any text is marks or is not", () => {
  const bad = ["", "{]", "7", "null", "[]", '{"format":1}', '{"format":2,"read":{}}'];
  const worse = ['{"format":1,"read":[]}', '{"format":1,"read":{"u":3}}'];
  for (const n of ["0", "-1", "1.5", '"7"', "null"]) {
    worse.push(`{"format":1,"read":{"u":{"r":${n}}}}`);
  }
  for (const text of [...bad, ...worse]) expect(ReadMarks.parse(text)).toBeUndefined();
  expect(ReadMarks.parse('{"format":1,"read":{}}')?.size).toBe(0);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      ReadMarks.parse(text);
    }),
  );
});
