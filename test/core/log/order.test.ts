import { expect, test } from "bun:test";
import fc from "fast-check";
import { AssertionFailure } from "../../../src/base/assert.ts";
import { LogOrder, latestTime } from "../../../src/core/log/order.ts";
import type { Head } from "../../../src/wire/record.ts";

function head(seq: number, room: string, n: number, time = 5): Head {
  return { v: 1, seq, time, kind: "text", room, n, by: "server", id: "", commit: "" } as Head;
}

test("begins a log with the first record of a room", () => {
  const order = new LogOrder();
  expect(order.violation(head(1, "a", 1))).toBeUndefined();
  expect(order.violation(head(2, "a", 1))).toBe("seq 2 follows 0");
  expect(order.violation(head(1, "a", 2))).toBe("record number 2 of room a follows number 0");
  expect([order.seq, order.lastSeq("a"), order.lastN("a")]).toEqual([0, 0, 0]);
});

test("requires seq and n without gaps, and time that never decreases", () => {
  const order = new LogOrder();
  for (const next of [head(1, "a", 1), head(2, "b", 1), head(3, "a", 2)]) order.advance(next);
  expect([order.seq, order.lastSeq("a"), order.lastSeq("b")]).toEqual([3, 3, 2]);
  expect(order.violation(head(4, "b", 2))).toBeUndefined();
  expect(order.violation(head(4, "b", 2, 4))).toBe("record 4 is older than the record before it");
  expect(order.violation(head(4, "b", 3))).toBe("record number 3 of room b follows number 1");
  expect(order.violation(head(3, "a", 3))).toBe("seq 3 follows 3");
  expect(() => order.advance(head(6, "a", 3))).toThrow(AssertionFailure);
});

test("lets time fall only at a record that sets it", () => {
  const order = new LogOrder();
  order.advance(head(1, "a", 1, 50));
  const fall = { ...head(2, "clock", 1, 20), kind: "clock" } as Head;
  expect(order.violation({ ...fall, kind: "text" })).toContain("older than the record before it");
  for (const next of [fall, head(3, "a", 2, 30), head(4, "a", 3, 90)]) order.advance(next);
  expect([order.time, order.falls]).toEqual([90, [{ seq: 2, time: 20 }]]);
  const loaded = new LogOrder();
  loaded.load(order.value());
  loaded.advance({ ...head(5, "clock", 2, 40), kind: "server-clock" } as Head);
  const { falls } = loaded;
  expect(falls).toEqual([
    { seq: 2, time: 20 },
    { seq: 5, time: 40 },
  ]);
  const latest = [
    head(1, "a", 1, 50),
    head(3, "a", 2, 30),
    head(4, "a", 3, 90),
    head(6, "a", 4, 95),
  ];
  expect(latest.map((next) => latestTime(next, falls))).toEqual([20, 30, 40, 95]);
  // A fall below earlier falls replaces them.
  loaded.advance({ ...head(6, "clock", 3, 10), kind: "clock" } as Head);
  expect(loaded.falls).toEqual([{ seq: 6, time: 10 }]);
});

test("remembers a limited number of falls", () => {
  const order = new LogOrder();
  for (let seq = 1; seq <= 2_202; seq += 2) {
    order.advance(head(seq, "a", (seq + 1) / 2, 1_000 + seq));
    order.advance({ ...head(seq + 1, "clock", (seq + 1) / 2, seq), kind: "clock" } as Head);
  }
  expect([order.falls.length, order.falls[0]?.seq]).toEqual([1_000, 204]);
});

test("continues after damage at the given position", () => {
  const order = new LogOrder();
  order.advance(head(1, "a", 1));
  order.skipTo(4);
  expect(order.violation(head(5, "a", 2))).toBeUndefined();
  expect(order.violation(head(2, "a", 2))).toBe("seq 2 follows 4");
  const rooms = [head(9, "a", 7, 3), head(10, "b", 4, 3), head(11, "a", 8, 2)];
  for (const next of rooms) {
    expect(order.violation(next)).toBeDefined();
    order.skipBefore(next);
    order.advance(next);
  }
  expect([order.seq, order.lastN("a"), order.lastN("b")]).toEqual([11, 8, 4]);
  expect(order.violation(head(12, "b", 5, 2))).toBeUndefined();
});

test("numbers records of rooms in any order", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<string>("a", "b", "c")), (rooms) => {
      const order = new LogOrder();
      for (const [index, room] of rooms.entries()) {
        order.advance(head(index + 1, room, order.lastN(room) + 1));
      }
      for (const room of ["a", "b", "c"]) {
        expect(order.lastN(room)).toBe(rooms.filter((other) => other === room).length);
        expect(order.lastSeq(room)).toBe(rooms.lastIndexOf(room) + 1);
      }
    }),
  );
});
