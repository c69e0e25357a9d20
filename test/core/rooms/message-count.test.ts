import { expect, test } from "bun:test";
import fc from "fast-check";
import type { UserId } from "../../../src/base/ids.ts";
import { UNREAD_COUNTED_MAX } from "../../../src/base/limits.ts";
import { defined } from "../../../src/base/values.ts";
import { MessageCount } from "../../../src/core/rooms/message-count.ts";

const USERS = ["ana", "ben", "cleo"] as UserId[];

test("counts other users' messages between two positions", () => {
  const position = fc.nat(40);
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { maxLength: 30 }),
      position,
      position,
      fc.array(fc.nat(30), { maxLength: 6 }),
      fc.subarray(USERS),
      (authors, after, before, erased, ignored) => {
        const counter = new MessageCount();
        const all = authors.flatMap((who, i) => {
          const by = USERS[who];
          return by === undefined ? [] : [{ n: i + 1, by }];
        });
        for (const { n, by } of all) counter.add(n, by, 3 * n);
        for (const n of erased) counter.remove(3 * n);
        expect(counter.isUsed).toBe(all.length > 0);
        const loaded = new MessageCount();
        loaded.load(counter.value());
        for (const id of USERS) {
          const reader = { id, ignored: new Set(ignored.filter((user) => user !== id)) };
          const isCounted = (by: UserId) => by !== id && !ignored.includes(by);
          const others = all.filter(({ n, by }) => isCounted(by) && !erased.includes(n));
          const behind = others.filter(({ n }) => n > after);
          for (const count of [counter, loaded])
            expect(count.countOthers(reader, after)).toBe(behind.length);
          const [first, last] = [behind[0], behind.at(-1)].map((one) => one && 3 * one.n);
          const range = counter.rangeOfOthers(reader, after);
          expect(range).toEqual(first === undefined ? {} : defined({ first, last }));
          const between = behind.filter(({ n }) => n < before);
          expect(counter.countOthers(reader, after, before)).toBe(between.length);
        }
      },
    ),
  );
});

test("counts up to a maximum", () => {
  const counter = new MessageCount();
  const reader = (id: string) => ({ id: id as UserId, ignored: new Set<UserId>() });
  const [ana, ben] = [reader("ana"), reader("ben")];
  for (let n = 1; n <= 3 * UNREAD_COUNTED_MAX; n++) {
    counter.add(n, ben.id, n);
    if (n % 1_000 === 0) expect(counter.value().gaps.length).toBeLessThan(2 * UNREAD_COUNTED_MAX);
    if (n === UNREAD_COUNTED_MAX) expect(counter.countOthers(ana, 0)).toBe(n);
    if (n === UNREAD_COUNTED_MAX + 1) expect(counter.countOthers(ana, 0)).toBe(n - 1);
  }
  expect(counter.countOthers(ana, 0)).toBe(UNREAD_COUNTED_MAX);
  expect(counter.countOthers(ana, 3 * UNREAD_COUNTED_MAX - 5)).toBe(5);
  expect(counter.countOthers(ben, 0)).toBe(0);
  expect(() => counter.add(3 * UNREAD_COUNTED_MAX, ben.id, 1)).toThrow("counted in order");
  const unnamed = { gaps: [1], seqGaps: [1], by: [0], authors: [], isUsed: true };
  expect(() => new MessageCount().load(unnamed)).toThrow("the authors to which it refers");
});
