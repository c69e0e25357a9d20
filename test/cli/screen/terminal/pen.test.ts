import { expect, test } from "bun:test";
import { PLAIN, penAfter } from "../../../../src/cli/screen/terminal/row.ts";

test.each([
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
