import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatCsv, parseCsv } from "../../src/base/csv.ts";
import { faultCode } from "../fault-code.ts";

const cellsOf = (text: string) => parseCsv(text).map(({ cells }) => [...cells]);

test.each([
  [
    "a,b\n1,2",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  ['\uFEFFname;rooms\r\n"x;""y";z\r\n\r\nq;', [["name", "rooms"], ['x;"y', "z"], [], ["q"]]],
  [
    "a\tb\nc\td",
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  ['a,"b\nc",d', [["a", "b\nc", "d"]]],
  ["", [[]]],
])("parses %j", (text, rows) => {
  expect(cellsOf(text)).toEqual(rows);
});

test.each([
  [
    "sep=;\r\nname;rooms\r\nana;a,b",
    [
      [2, "name", "rooms"],
      [3, "ana", "a,b"],
    ],
  ],
  ['\uFEFF"sep=,"\nname\n', [[2, "name"], [3]]],
  ['a,b\n"x\r\ny\nz",1\n\n2,3', [[1, "a", "b"], [2, "x\r\ny\nz", "1"], [5], [6, "2", "3"]]],
  [
    "a\r1\r\n2",
    [
      [1, "a"],
      [2, "1"],
      [3, "2"],
    ],
  ],
] as const)("knows the lines of the rows in %j", (text, rows) => {
  expect(parseCsv(text).map(({ line, cells }) => [line, ...cells])).toEqual(
    rows.map((row) => [...row]),
  );
});

test.each(['"open', '"a"b,c'])("refuses %j", (text) => {
  expect(faultCode(() => parseCsv(text))).toBe("text-invalid");
});

test("no cell starts a formula", () => {
  expect(formatCsv([["=1+1", "-ana", '"']])).toBe(`"'=1+1","'-ana",""""\r\n`);
});

test("any cells survive, except the spaces around them", () => {
  // A prefix of a formula inside an apostrophe would lose the apostrophe.
  const cell = fc.string({ minLength: 1 }).map((text) => `x${text}x`);
  const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { minLength: 1 });
  fc.assert(
    fc.property(rows, (table) => {
      const isComma = !/[;\t]/.test(formatCsv(table).split(/[\r\n]/, 1)[0] ?? "");
      fc.pre(isComma);
      expect(cellsOf(formatCsv(table))).toEqual([...table, []]);
    }),
  );
});
