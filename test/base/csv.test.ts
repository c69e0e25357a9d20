import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatCsv, parseCsv } from "../../src/base/csv.ts";
import { faultCode } from "../fault-code.ts";

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
  expect(parseCsv(text)).toEqual(rows);
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
      expect(parseCsv(formatCsv(table))).toEqual([...table, []]);
    }),
  );
});
