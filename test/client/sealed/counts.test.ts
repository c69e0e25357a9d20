import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SEALED_UNSETTLED_MAX } from "../../../src/base/limits-sealed.ts";
import {
  assignCount,
  excusedBy,
  freeCount,
  NO_COUNTS,
  type OwnCounts,
  type ReceivedCounts,
  receiveCount,
  settleCount,
} from "../../../src/client/sealed/counts.ts";

type Excuses = ReturnType<typeof excusedBy>;

const NONE: OwnCounts = { count: 0 };

function take(own: OwnCounts) {
  const taken = assignCount(own);
  return { ...taken, excuses: excusedBy(taken.own, taken.count) };
}

describe("counts", () => {
  test("excuses counts in flight until they are in the log", () => {
    const one = take(NONE);
    const two = take(one.own);
    expect([one.count, one.excuses, two.count, two.excuses]).toEqual([1, undefined, 2, [[1, 1]]]);
    const three = take(settleCount(settleCount(two.own, 2), 1));
    expect([three.count, three.excuses]).toEqual([3, undefined]);
  });

  test("reports each missing count once unless it is excused", () => {
    const { seen, missed } = receiveCount(NO_COUNTS, 5, [[2, 3]]);
    expect([missed, seen.open]).toEqual([2, [[2, 3]]]);
    const late = receiveCount(seen, 3, [[2, 2]]);
    expect([late.missed, late.seen]).toEqual([0, { last: 5, open: [[2, 2]] }]);
    expect(receiveCount(seen, 2)).toEqual({ seen: { last: 5, open: [[3, 3]] }, missed: 0 });
    expect(receiveCount(late.seen, 6).missed).toBe(1);
    expect(receiveCount(undefined, 9).missed).toBe(0);
  });

  test("accepts the highest count without using memory", () => {
    const jumped = receiveCount(NO_COUNTS, Number.MAX_SAFE_INTEGER);
    expect(jumped.missed).toBe(Number.MAX_SAFE_INTEGER - 1);
    expect(receiveCount(jumped.seen, 2)).toEqual({ seen: jumped.seen, missed: 0 });
    let seen: ReceivedCounts = NO_COUNTS;
    const ranges = (step: number) =>
      Array.from({ length: SEALED_UNSETTLED_MAX }, (_, at) => {
        return [at * 1_000 + step, at * 1_000 + 999 - step] as const;
      });
    for (let step = 1; step < 100; step++) {
      ({ seen } = receiveCount(seen, 100_000 + 50 * step, [...ranges(step), [100_000, 200_000]]));
      expect(seen.open.length).toBeLessThanOrEqual(SEALED_UNSETTLED_MAX);
    }
  });

  test("raises no alarm for an honest device, in any order of messages", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { maxLength: 120 }), (steps) => {
        let own = NONE;
        let seen: ReceivedCounts = NO_COUNTS;
        const waiting: { readonly count: number; readonly excuses: Excuses }[] = [];
        for (const step of steps) {
          const at = waiting.length === 0 ? undefined : step % waiting.length;
          if (step < 3 || at === undefined) {
            const { count, own: next, excuses } = take(own);
            own = next;
            waiting.push({ count, excuses });
          } else if (step === 3) {
            const [refused] = waiting.splice(at, 1);
            own = freeCount(own, refused?.count ?? 0);
          } else {
            const [sent] = waiting.splice(at, 1);
            const { count = 0, excuses } = sent ?? {};
            // Encrypted long before it is sent, or anew for that.
            const excused = step === 4 ? excuses : excusedBy(own, count);
            const done = receiveCount(seen, count, excused);
            expect(done.missed).toBe(0);
            seen = done.seen;
            own = settleCount(own, count);
          }
        }
      }),
      { numRuns: 500, seed: 20261121 },
    );
  });

  test("merges the oldest gaps if there are many, and excuses more", () => {
    let own = NONE;
    const refused: number[] = [];
    for (let i = 0; i < 100; i++) {
      const taken = assignCount(own);
      own = taken.count % 2 === 0 ? settleCount(taken.own, taken.count) : taken.own;
      if (taken.count % 2 === 1) refused.push(taken.count);
    }
    const excused = excusedBy(own, 101) ?? [];
    expect(excused).toHaveLength(SEALED_UNSETTLED_MAX);
    for (const count of refused) {
      expect(excused.some(([first, last]) => first <= count && count <= last)).toBe(true);
    }
  });
});
