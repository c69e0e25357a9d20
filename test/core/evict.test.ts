import { expect, test } from "bun:test";
import { dropOldest, NewestMap } from "../../src/core/evict.ts";

test("drops the earliest entries down to the maximum", () => {
  const map = new Map([1, 2, 3, 4].map((key) => [key, key]));
  dropOldest(map, 4);
  expect(map.size).toBe(4);
  dropOldest(map, 2);
  expect([...map.keys()]).toEqual([3, 4]);
  const set = new Set(["a", "b"]);
  dropOldest(set, 0);
  expect(set.size).toBe(0);
});

test("keeps the newest entries, also after many have been replaced and deleted", () => {
  const sizeMax = 100;
  const map = new NewestMap<number, number>(sizeMax);
  const model = new Map<number, number>();
  const keep = (key: number) => {
    model.delete(key);
    model.set(key, key);
    dropOldest(model, sizeMax);
    map.set(key, key);
  };
  for (let i = 0; i < 2_000; i++) {
    keep(i % 3 === 0 ? i : i >> 1);
    if (i % 7 === 0) {
      model.delete(i - 20);
      map.delete(i - 20);
    }
  }
  const keys = [...Array(2_000).keys()];
  expect(map.size).toBe(model.size);
  expect(keys.filter((key) => map.has(key))).toEqual(keys.filter((key) => model.has(key)));
  expect(keys.map((key) => map.get(key))).toEqual(keys.map((key) => model.get(key)));
});
