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
} from "../../../src/client/sealed/rows.ts";
import { sampleSize } from "../../samples.ts";

type Excuses = ReturnType<typeof excusedBy>;

const NONE: OwnCounts = { count: 0 };

function take(own: OwnCounts) {
  const assignment = assignCount(own);
  return { ...assignment, excuses: excusedBy(assignment.own, assignment.count) };
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
    let observed: ReceivedCounts = NO_COUNTS;
    const ranges = (step: number) =>
      Array.from({ length: SEALED_UNSETTLED_MAX }, (_, at) => {
        return [at * 1_000 + step, at * 1_000 + 999 - step] as const;
      });
    for (let step = 1; step < 100; step++) {
      ({ seen: observed } = receiveCount(observed, 100_000 + 50 * step, [
        ...ranges(step),
        [100_000, 200_000],
      ]));
      expect(observed.open.length).toBeLessThanOrEqual(SEALED_UNSETTLED_MAX);
    }
  });

  test("raises no alarm for an honest device, in any order of messages", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { maxLength: 120 }), (steps) => {
        let own = NONE;
        let observed: ReceivedCounts = NO_COUNTS;
        const pending: { readonly count: number; readonly excuses: Excuses }[] = [];
        for (const step of steps) {
          const at = pending.length === 0 ? undefined : step % pending.length;
          if (step < 3 || at === undefined) {
            const { count, own: next, excuses } = take(own);
            own = next;
            pending.push({ count, excuses });
          } else if (step === 3) {
            const [refused] = pending.splice(at, 1);
            own = freeCount(own, refused?.count ?? 0);
          } else {
            const [sent] = pending.splice(at, 1);
            const { count = 0, excuses } = sent ?? {};
            const excused = step === 4 ? excuses : excusedBy(own, count);
            const done = receiveCount(observed, count, excused);
            expect(done.missed).toBe(0);
            observed = done.seen;
            own = settleCount(own, count);
          }
        }
      }),
      { numRuns: sampleSize(500, 2_500), seed: 20261121 },
    );
  });

  test("merges the oldest gaps if there are many, and excuses more", () => {
    let own = NONE;
    const refused: number[] = [];
    for (let i = 0; i < 100; i++) {
      const assignment = assignCount(own);
      own =
        assignment.count % 2 === 0 ? settleCount(assignment.own, assignment.count) : assignment.own;
      if (assignment.count % 2 === 1) refused.push(assignment.count);
    }
    const excused = excusedBy(own, 101) ?? [];
    expect(excused).toHaveLength(SEALED_UNSETTLED_MAX);
    for (const count of refused) {
      expect(excused.some(([first, last]) => first <= count && count <= last)).toBe(true);
    }
  });
});
