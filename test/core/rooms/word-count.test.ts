import { expect, test } from "bun:test";
import fc from "fast-check";
import type { UserId } from "../../../src/base/ids.ts";
import { UNREAD_COUNTED_MAX } from "../../../src/base/limits.ts";
import { WordCount } from "../../../src/core/rooms/word-count.ts";

const PEOPLE = ["ana", "ben", "cleo"] as UserId[];

test("words of others between two places", () => {
  const place = fc.nat(40);
  fc.assert(
    fc.property(fc.array(fc.nat(3), { maxLength: 30 }), place, place, (said, after, before) => {
      const words = new WordCount();
      const all = said.flatMap((who, i) => {
        const by = PEOPLE[who];
        return by === undefined ? [] : [{ n: i + 1, by }]; // Some records are no words.
      });
      for (const { n, by } of all) words.said(n, by);
      const loaded = new WordCount();
      loaded.load(words.value());
      for (const reader of PEOPLE) {
        const others = all.filter(({ by }) => by !== reader);
        const behind = others.filter(({ n }) => n > after);
        for (const count of [words, loaded])
          expect(count.ofOthers(reader, after)).toBe(behind.length);
        const between = behind.filter(({ n }) => n < before);
        expect(words.ofOthers(reader, after, before)).toBe(between.length);
      }
    }),
  );
});

test("no more are counted than a bound, however many there are", () => {
  const words = new WordCount();
  const [ana, ben] = PEOPLE as [UserId, UserId];
  for (let n = 1; n <= 3 * UNREAD_COUNTED_MAX; n++) {
    words.said(n, ben);
    if (n % 100 === 0) expect(words.value().gaps.length).toBeLessThan(2 * UNREAD_COUNTED_MAX);
    if (n === UNREAD_COUNTED_MAX) expect(words.ofOthers(ana, 0)).toBe(n);
    if (n === UNREAD_COUNTED_MAX + 1) expect(words.ofOthers(ana, 0)).toBe(n - 1);
  }
  expect(words.ofOthers(ana, 0)).toBe(UNREAD_COUNTED_MAX);
  expect(words.ofOthers(ana, 3 * UNREAD_COUNTED_MAX - 5)).toBe(5);
  expect(words.ofOthers(ben, 0)).toBe(0);
  expect(() => words.said(3 * UNREAD_COUNTED_MAX, ben)).toThrow("in their order");
  const unnamed = { gaps: [1], by: [0], authors: [] };
  expect(() => new WordCount().load(unnamed)).toThrow("the authors that it names");
});
