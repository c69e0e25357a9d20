import { expect, test } from "bun:test";
import fc from "fast-check";
import type { UserId } from "../../../src/base/ids.ts";
import { UNREAD_COUNTED_MAX } from "../../../src/base/limits.ts";
import { MessageCount } from "../../../src/core/rooms/message-count.ts";

const PEOPLE = ["ana", "ben", "cleo"] as UserId[];

test("counts other users' messages between two positions", () => {
  const place = fc.nat(40);
  fc.assert(
    fc.property(fc.array(fc.nat(3), { maxLength: 30 }), place, place, (said, after, before) => {
      const words = new MessageCount();
      const all = said.flatMap((who, i) => {
        const by = PEOPLE[who];
        return by === undefined ? [] : [{ n: i + 1, by }]; // Some records are no words.
      });
      for (const { n, by } of all) words.add(n, by);
      const loaded = new MessageCount();
      loaded.load(words.value());
      for (const reader of PEOPLE) {
        const others = all.filter(({ by }) => by !== reader);
        const behind = others.filter(({ n }) => n > after);
        for (const count of [words, loaded])
          expect(count.countOthers(reader, after)).toBe(behind.length);
        const between = behind.filter(({ n }) => n < before);
        expect(words.countOthers(reader, after, before)).toBe(between.length);
      }
    }),
  );
});

test("counts up to a maximum", () => {
  const words = new MessageCount();
  const [ana, ben] = PEOPLE as [UserId, UserId];
  for (let n = 1; n <= 3 * UNREAD_COUNTED_MAX; n++) {
    words.add(n, ben);
    if (n % 100 === 0) expect(words.value().gaps.length).toBeLessThan(2 * UNREAD_COUNTED_MAX);
    if (n === UNREAD_COUNTED_MAX) expect(words.countOthers(ana, 0)).toBe(n);
    if (n === UNREAD_COUNTED_MAX + 1) expect(words.countOthers(ana, 0)).toBe(n - 1);
  }
  expect(words.countOthers(ana, 0)).toBe(UNREAD_COUNTED_MAX);
  expect(words.countOthers(ana, 3 * UNREAD_COUNTED_MAX - 5)).toBe(5);
  expect(words.countOthers(ben, 0)).toBe(0);
  expect(() => words.add(3 * UNREAD_COUNTED_MAX, ben)).toThrow("in their order");
  const unnamed = { gaps: [1], by: [0], authors: [] };
  expect(() => new MessageCount().load(unnamed)).toThrow("the authors that it names");
});
