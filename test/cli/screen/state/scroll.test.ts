import { expect, test } from "bun:test";
import fc from "fast-check";
import type { ScrollAnchor } from "../../../../src/cli/screen/state/screen-state.ts";
import {
  atOldest,
  centered,
  edgeOf,
  hiddenLines,
  resized,
  revealed,
  scrolledDown,
  scrolledUp,
  type Timeline,
} from "../../../../src/cli/screen/state/scroll.ts";
import type { Row } from "../../../../src/core/model/rows.ts";

/** Rows `0`, `1`, … of these heights. */
function timeline(heights: readonly number[], pageRows: number): Timeline {
  const rows = heights.map((_, i): Row => ({ kind: "day", key: `${i}`, unixMs: 0 }));
  return { rows, heightOf: (key) => heights[Number(key)] ?? 0, pageRows };
}

/** Lines of all rows up to the edge. */
function linesAbove(all: Timeline, anchor: ScrollAnchor | undefined): number {
  const { index, below } = edgeOf(all, anchor);
  const above = all.rows.slice(0, index + 1).reduce((sum, { key }) => sum + all.heightOf(key), 0);
  return above - below;
}

const shape = fc.tuple(
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 }),
  fc.integer({ min: 1, max: 12 }),
  fc.array(fc.integer({ min: -15, max: 15 }), { maxLength: 20 }),
);

test("up and down move by whole lines, between the oldest at the top and the newest", () => {
  fc.assert(
    fc.property(shape, ([heights, pageRows, moves]) => {
      const all = timeline(heights, pageRows);
      const total = heights.reduce((sum, height) => sum + height, 0);
      let anchor: ScrollAnchor | undefined;
      let expected = total;
      for (const by of moves) {
        if (by === 0) continue;
        anchor =
          by > 0 ? scrolledUp(all, anchor, by).anchor : scrolledDown(all, anchor, -by).anchor;
        expected = Math.min(total, Math.max(expected - by, Math.min(pageRows, total)));
        expect(linesAbove(all, anchor)).toBe(expected);
        if (expected === total && by < 0) expect(anchor).toBeUndefined();
      }
      expect(linesAbove(all, atOldest(all))).toBe(Math.min(pageRows, total));
    }),
    { numRuns: 1_000 },
  );
});

test("a row that is to be seen is seen, and one that is seen moves nothing", () => {
  const place = fc.tuple(fc.nat(), fc.nat());
  fc.assert(
    fc.property(shape, place, ([heights, pageRows], [up, row]) => {
      const all = timeline(heights, pageRows);
      const anchor = scrolledUp(all, undefined, 1 + (up % 60)).anchor;
      const index = row % heights.length;
      const top = heights.slice(0, index).reduce((sum, height) => sum + height, 0);
      const height = heights[index] ?? 0;
      for (const next of [revealed(all, anchor, index), centered(all, index)]) {
        const edge = linesAbove(all, next);
        // Its first lines are there, and all of it where it fits.
        expect(top).toBeLessThan(edge);
        if (height <= pageRows) {
          expect(top + height).toBeLessThanOrEqual(edge);
          expect(top).toBeGreaterThanOrEqual(edge - pageRows);
        }
      }
      const edge = linesAbove(all, anchor);
      const isSeen = top >= edge - pageRows && top + height <= edge;
      if (isSeen) expect(revealed(all, anchor, index)).toEqual(anchor);
    }),
    { numRuns: 1_000 },
  );
});

test("what is gone is the newest, and there is a page left or none", () => {
  const all = timeline([2, 2, 2, 2], 3);
  expect(edgeOf(all, { key: "x", below: 1 })).toEqual({ index: 3, below: 0 });
  expect(edgeOf(all, { key: "1", below: 7 })).toEqual({ index: 1, below: 1 });
  expect(scrolledUp(timeline([], 3), undefined, 1)).toEqual({ anchor: undefined, isNearEnd: true });
  expect(scrolledUp(all, undefined, 1).isNearEnd).toBe(false);
  expect(scrolledUp(all, undefined, 2).isNearEnd).toBe(false);
  expect(scrolledUp(all, undefined, 3).isNearEnd).toBe(true);
  expect(scrolledDown(all, { key: "0", below: 0 }, 1).isNearEnd).toBe(false);
  expect(scrolledDown(all, { key: "1", below: 0 }, 2).isNearEnd).toBe(true);
});

test("another height of a row leaves its first line where it is, a smaller one on the page", () => {
  fc.assert(
    fc.property(
      shape,
      fc.nat(),
      fc.integer({ min: 1, max: 40 }),
      ([heights, pageRows, moves], one, height) => {
        const before = timeline(heights, pageRows);
        let anchor: ScrollAnchor | undefined;
        for (const by of moves) if (by > 0) anchor = scrolledUp(before, anchor, by).anchor;
        const edge = edgeOf(before, anchor);
        const index = one % (edge.index + 1);
        const after = timeline(heights.with(index, height), pageRows);
        const above = heights.slice(0, index).reduce((sum, lines) => sum + lines, 0);
        const lines = linesAbove(before, anchor) - above;
        const seen = height < (heights[index] ?? 0) ? Math.min(lines, pageRows) : lines;
        const next = resized(after, before, anchor, index);
        const all = linesAbove(after, undefined) - above;
        if (next === undefined) expect(all).toBeLessThan(seen);
        else expect(linesAbove(after, next) - above).toBe(seen);
      },
    ),
    { seed: 7 },
  );
});

test("what of a row is not seen, below the page and above it", () => {
  const all = timeline([3, 20, 2], 6);
  const at = (key: string, below: number, side: 1 | -1) =>
    hiddenLines(all, { key, below }, 1, side);
  expect([at("1", 0, -1), at("1", 0, 1)]).toEqual([14, 0]);
  expect([at("1", 9, -1), at("1", 9, 1)]).toEqual([5, 9]);
  expect([at("1", 19, -1), at("1", 19, 1)]).toEqual([0, 19]);
  expect([at("2", 0, -1), at("2", 0, 1)]).toEqual([16, 0]);
  expect([at("0", 0, -1), at("0", 0, 1)]).toEqual([0, 0]);
});
