import { expect, test } from "bun:test";
import fc from "fast-check";
import { PICTURE_COLUMNS_MAX, PICTURE_ROWS_MAX } from "../../../../src/base/limits-screen.ts";
import {
  pictureBox,
  pictureLines,
  pictureRows,
} from "../../../../src/cli/screen/pictures/cells.ts";
import { lineWidth } from "../../../../src/cli/screen/view/style.ts";

test("never enlarges a picture, and keeps its ratio", () => {
  const side = fc.double({ min: 0.05, max: 2_000, noNaN: true });
  fc.assert(
    fc.property(side, side, fc.nat(200), fc.nat(PICTURE_ROWS_MAX), (wide, high, columns, rows) => {
      const box = pictureBox({ id: 1, columns: wide, rows: high }, columns, rows);
      if (columns < 8 || rows < 2) {
        expect(box).toBeUndefined();
        return;
      }
      if (box === undefined) throw new Error("there is room");
      expect(box.columns).toBeLessThanOrEqual(Math.min(columns, PICTURE_COLUMNS_MAX));
      expect(box.rows).toBeLessThanOrEqual(rows);
      expect(box.columns).toBeLessThanOrEqual(Math.ceil(wide));
      expect(box.rows).toBeLessThanOrEqual(Math.ceil(high));
      const isOff = Math.abs(box.columns / box.rows - wide / high);
      const cell = Math.max((box.columns + 1) / box.rows, box.columns / Math.max(1, box.rows - 1));
      if (box.columns > 1 && box.rows > 1) expect(isOff).toBeLessThanOrEqual(cell);
      const lines = pictureLines(box);
      expect(lines.map(lineWidth)).toEqual(Array(box.rows).fill(box.columns));
    }),
  );
});

test("omits pictures on a low screen, and leaves lines for text on a higher screen", () => {
  expect([1, 5, 9, 10, 24, 38, 200].map(pictureRows)).toEqual([0, 0, 0, 2, 9, 16, 16]);
});
