import { expect, test } from "bun:test";
import fc from "fast-check";
import { SmallMap } from "../../src/core/small-map.ts";

test("behaves like a Map", () => {
  const key = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ kind: fc.constant("set" as const), key, value: fc.nat() }),
    fc.record({ kind: fc.constant("set" as const), key, value: fc.constant(undefined) }),
    fc.record({ kind: fc.constant("delete" as const), key }),
    fc.record({ kind: fc.constant("clear" as const), key }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = new Map<string, number | undefined>();
      const small = new SmallMap<string, number | undefined>();
      for (const change of steps) {
        if (change.kind === "set") {
          expect(small.set(change.key, change.value)).toBe(small);
          map.set(change.key, change.value);
        } else if (change.kind === "delete") {
          expect(small.delete(change.key)).toBe(map.delete(change.key));
        } else {
          small.clear();
          map.clear();
        }
        expect(small.size).toBe(map.size);
        expect(small.has(change.key)).toBe(map.has(change.key));
        expect(small.get(change.key)).toBe(map.get(change.key));
        expect([...small]).toEqual([...map]);
        expect([...small.keys()]).toEqual([...map.keys()]);
        expect([...small.values()]).toEqual([...map.values()]);
      }
    }),
  );
});
