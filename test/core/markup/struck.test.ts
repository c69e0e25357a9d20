import { expect, test } from "bun:test";
import fc from "fast-check";
import { splitStruck } from "../../../src/core/markup/plain.ts";

test("divides a line at struck-out text", () => {
  expect(splitStruck("a ~~b~~ c")).toEqual(["a ", "b", " c"]);
  const unit = fc.constantFrom("~", "~~", " ", "a", "b ", " b");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (line) => {
      // This pattern takes quadratic time.
      expect(splitStruck(line)).toEqual(line.split(/~~(?=\S)(.+?)(?<=\S)~~/));
    }),
  );
});

test("divides a line of many openings within moments", () => {
  expect(splitStruck("~~a ".repeat(50_000))).toHaveLength(1);
}, 5_000);
