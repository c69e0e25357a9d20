import { expect, test } from "bun:test";
import { qrDots } from "../../../src/base/qr.ts";
import { qrLines } from "../../../src/cli/output/qr.ts";

const TEXT = "https://192.168.1.5:2428/#invite=abcd-efgh-ijkm";

/** Dots as they are seen: true is dark. */
function dots(lines: readonly string[], color: boolean): boolean[][] {
  const rows: boolean[][] = [];
  for (const line of lines) {
    const cells = [...line.replaceAll(/\x1b\[[\d;]*m/g, "")];
    rows.push(cells.map((cell) => "█▀".includes(cell) === color));
    rows.push(cells.map((cell) => "█▄".includes(cell) === color));
  }
  return rows;
}

test.each([true, false])("a phone reads what was meant (colour: %p)", (color) => {
  const data = qrDots(TEXT);
  const lines = qrLines(TEXT, 80, color) ?? [];
  expect(dots(lines, color).slice(0, data.length)).toEqual(data.map((row) => [...row]));
  expect(lines.join("").includes("\x1b[30;107m")).toBe(color);
});

test("it is left out where it would not fit", () => {
  expect(qrLines(TEXT, 20, true)).toBeUndefined();
});
