import { expect, test } from "bun:test";
import fc from "fast-check";
import { SeqSet } from "../../../src/core/log/seq-set.ts";

/** Numbers around the edges of bytes, blocks and 32-bit words. */
const seqs = fc.oneof(
  fc.nat(40),
  fc.integer({ min: 8_180, max: 8_204 }),
  fc.integer({ min: 2 ** 31 - 9, max: 2 ** 31 + 9 }),
  fc.integer({ min: 2 ** 32 - 9, max: 2 ** 32 + 9 }),
  fc.constant(Number.MAX_SAFE_INTEGER),
);

test("holds the same numbers as a Set, also after a round trip through JSON", () =>
  fc.assert(
    fc.property(fc.array(seqs), fc.array(seqs), (added, asked) => {
      const [expected, set] = [new Set(added), new SeqSet()];
      for (const seq of added) set.add(seq);
      const loaded = new SeqSet(JSON.parse(JSON.stringify(set.value())));
      loaded.add(7);
      for (const seq of [...added, ...asked]) {
        expect(set.has(seq)).toBe(expected.has(seq));
        expect(loaded.has(seq)).toBe(seq === 7 || expected.has(seq));
      }
    }),
  ));

test("takes about a bit per number", () => {
  const set = new SeqSet();
  for (let seq = 1; seq <= 1_000_000; seq++) set.add(seq);
  expect(JSON.stringify(set.value()).length).toBeLessThan(200_000);
  const sparse = new SeqSet();
  sparse.add(Number.MAX_SAFE_INTEGER);
  expect(JSON.stringify(sparse.value()).length).toBeLessThan(2_000);
});
