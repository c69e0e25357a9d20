import { expect, test } from "bun:test";
import fc from "fast-check";
import type { ScrollAnchor } from "../../../../src/cli/screen/state/screen-state.ts";
import {
  atOldest,
  centered,
  edgeOf,
  reveal,
  type ScrolledTimeline,
  scrollDown,
  scrollUp,
} from "../../../../src/cli/screen/state/scroll.ts";
import type { Row } from "../../../../src/core/model/rows.ts";
import { sampleSize } from "../../../samples.ts";

function timeline(heights: readonly number[], pageRows: number): ScrolledTimeline {
  const rows = heights.map((_, i): Row => ({ kind: "day", key: `${i}`, unixMs: 0 }));
  return { rows, heightOf: (key) => heights[Number(key)] ?? 0, pageRows };
}

function linesAbove(all: ScrolledTimeline, anchor: ScrollAnchor | undefined): number {
  const { index, below } = edgeOf(all, anchor);
  const above = all.rows.slice(0, index + 1).reduce((sum, { key }) => sum + all.heightOf(key), 0);
  return above - below;
}

const shape = fc.tuple(
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 }),
  fc.integer({ min: 1, max: 12 }),
  fc.array(fc.integer({ min: -15, max: 15 }), { maxLength: 20 }),
);

test("scrolls by lines between the oldest row at the top and the newest row", () => {
  fc.assert(
    fc.property(shape, ([heights, pageRows, moves]) => {
      const all = timeline(heights, pageRows);
      const total = heights.reduce((sum, height) => sum + height, 0);
      let anchor: ScrollAnchor | undefined;
      let expected = total;
      for (const by of moves) {
        if (by === 0) continue;
        anchor = by > 0 ? scrollUp(all, anchor, by).anchor : scrollDown(all, anchor, -by).anchor;
        expected = Math.min(total, Math.max(expected - by, Math.min(pageRows, total)));
        expect(linesAbove(all, anchor)).toBe(expected);
        if (expected === total && by < 0) expect(anchor).toBeUndefined();
      }
      expect(linesAbove(all, atOldest(all))).toBe(Math.min(pageRows, total));
    }),
    { numRuns: sampleSize(300, 1_500) },
  );
});

test("reveals a hidden row, and does not scroll for a visible row", () => {
  const positions = fc.tuple(fc.nat(), fc.nat());
  fc.assert(
    fc.property(shape, positions, ([heights, pageRows], [up, row]) => {
      const all = timeline(heights, pageRows);
      const anchor = scrollUp(all, undefined, 1 + (up % 60)).anchor;
      const index = row % heights.length;
      const top = heights.slice(0, index).reduce((sum, height) => sum + height, 0);
      const height = heights[index] ?? 0;
      for (const next of [reveal(all, anchor, index), centered(all, index)]) {
        const edge = linesAbove(all, next);
        expect(top).toBeLessThan(edge);
        if (height <= pageRows) {
          expect(top + height).toBeLessThanOrEqual(edge);
          expect(top).toBeGreaterThanOrEqual(edge - pageRows);
        }
      }
      const edge = linesAbove(all, anchor);
      const isSeen = top >= edge - pageRows && top + height <= edge;
      if (isSeen) expect(reveal(all, anchor, index)).toEqual(anchor);
    }),
    { numRuns: sampleSize(300, 1_500) },
  );
});
