import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Pen,
  PLAIN,
  penAfter,
  penChange,
  penWithLink,
} from "../../../../src/cli/screen/terminal/pen.ts";

const SEQUENCE = /\x1b\[([\d;:]*)m|\x1b\]8;([^\x1b]*)\x1b\\/g;

function after(pen: Pen, text: string): Pen {
  let now = pen;
  for (const [, attributes, link] of text.matchAll(SEQUENCE)) {
    now = attributes === undefined ? penWithLink(now, link ?? "") : penAfter(now, attributes);
  }
  return now;
}

test.each([
  ["1", { 0: "1" }],
  ["1;2;31", { 0: "1", 1: "2", 8: "31" }],
  ["38;5;9;4", { 8: "38;5;9", 3: "4" }],
  ["48;2;1;2;3;97", { 9: "48;2;1;2;3", 8: "97" }],
  ["38:2::1:2:3;1", { 8: "38:2::1:2:3", 0: "1" }],
  ["4:3;58;5;1", { 3: "4:3", 10: "58;5;1" }],
  ["1;2;22", {}],
  ["31;41;39", { 9: "41" }],
  ["7;8;9;27", { 6: "8", 7: "9" }],
  ["1;", {}],
  ["", {}],
])("SGR %s", (parameters, slots) => {
  const { slots: found } = penAfter(PLAIN, parameters);
  expect(Object.fromEntries(found.entries().filter(([, slot]) => slot !== ""))).toEqual(
    slots as Record<string, string>,
  );
});

const CODES = ["1", "2", "3", "4", "7", "9", "31", "92", "38;5;3", "41", "48;2;1;1;1", "22", "0"];
const pen = fc
  .tuple(fc.array(fc.constantFrom(...CODES)), fc.constantFrom(";", ";http://a", "id=1;http://b"))
  .map(([codes, link]) => penWithLink(penAfter(PLAIN, codes.join(";")), link));

test("a change leads from any pen to any other", () => {
  fc.assert(
    fc.property(pen, pen, (from, to) => {
      expect(after(from, penChange(from, to)).key).toBe(to.key);
    }),
  );
});

test("a change takes the shorter of two ways", () => {
  const bold = penAfter(PLAIN, "1");
  const red = penAfter(bold, "31");
  expect(penChange(bold, red)).toBe("\x1b[31m");
  expect(penChange(red, bold)).toBe("\x1b[39m");
  expect(penChange(penAfter(red, "4;3;7"), bold)).toBe("\x1b[0;1m");
  expect(penChange(penAfter(PLAIN, "1;2"), bold)).toBe("\x1b[0;1m");
  expect(penChange(red, PLAIN)).toBe("\x1b[m");
  expect(penChange(red, red)).toBe("");
});
