import { expect, test } from "bun:test";
import fc from "fast-check";
import { PICTURE_COLUMNS_MAX, PICTURE_ROWS_MAX } from "../../../../src/base/limits-screen.ts";
import { cleanText } from "../../../../src/base/text.ts";
import {
  PICTURE_FAMILIES,
  PICTURE_NUMBERS_MAX,
  PICTURE_SIGN,
  pictureAttributes,
  pictureCells,
  pictureId,
  pictureRowAt,
} from "../../../../src/cli/screen/pictures/cells.ts";
import { rowOf } from "../../../../src/cli/screen/terminal/row.ts";

test("cells are one column wide each, and say which row of which picture they are", () => {
  fc.assert(
    fc.property(
      fc.nat(PICTURE_FAMILIES - 1),
      fc.integer({ min: 1, max: PICTURE_NUMBERS_MAX }),
      fc.integer({ min: 1, max: PICTURE_COLUMNS_MAX }),
      fc.nat(PICTURE_ROWS_MAX - 1),
      (family, number, columns, row) => {
        const id = pictureId(family, number);
        const text = pictureCells({ id, columns, rows: PICTURE_ROWS_MAX }, row);
        const { texts, pens } = rowOf(`│ \x1b[${pictureAttributes(id)}m${text}\x1b[m  x`, 80);
        expect(texts).toHaveLength(2 + columns + 3);
        expect(pictureRowAt(texts[2] ?? "", pens[2]?.slots[8] ?? "")).toEqual({ id, row });
        expect(texts.slice(3, 2 + columns).every((one) => one === PICTURE_SIGN)).toBe(true);
      },
    ),
  );
});

test("the numbers are the first of kitty's list", () => {
  expect(pictureCells({ id: pictureId(29, 7), columns: 3, rows: 2 }, 1)).toBe(
    "\u{10eeee}\u030d\u0305\u036f\u{10eeee}\u{10eeee}",
  );
  expect(pictureId(2, 7)).toBe(0x2000007);
  expect(pictureAttributes(0x2000007)).toBe("38;5;7");
});

test("nothing else is the beginning of a picture", () => {
  const sign = PICTURE_SIGN;
  for (const text of [" ", "x", sign, `${sign}\u0305`, `${sign}\u0305\u030d\u0305`, `${sign}abc`]) {
    expect(pictureRowAt(text, "38;5;7")).toBeUndefined();
  }
  const cell = `${sign}\u0305\u0305\u0305`;
  expect(pictureRowAt(cell, "38;5;7")).toEqual({ id: 7, row: 0 });
  for (const look of ["", "31", "38;2;1;2;3"]) expect(pictureRowAt(cell, look)).toBeUndefined();
});

test("nobody can write such cells in a message", () => {
  expect(cleanText(`see ${PICTURE_SIGN}\u0305\u0305`)).toBe("see <U+10EEEE>\u0305\u0305");
});
