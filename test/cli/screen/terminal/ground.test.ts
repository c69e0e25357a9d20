import { expect, test } from "bun:test";
import { groundIn, groundOf } from "../../../../src/cli/screen/terminal/ground.ts";

test.each([
  ["\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62c", "light"],
  ["\x1b]11;rgb:fdfd/f6f6/e3e3\x07\x1b[?62c", "light"],
  ["\x1b]11;rgb:0000/2b2b/3636\x1b\\", "dark"],
  ["\x1b]11;rgb:1e/1e/1e\x1b\\", "dark"],
  ["\x1b]11;rgba:f/f/f/f\x1b\\", "light"],
  ["\x1b]11;rgb:ffff/0000/0000\x1b\\", "dark"],
  ["\x1b]11;rgb:zz/ff/ff\x1b\\\x1b[?62c", undefined],
  ["\x1b[?62c", undefined],
  ["", undefined],
] as const)("the answer %j is a ground that is %p", (answers, ground) => {
  expect(groundIn(answers)).toBe(ground as never);
});

test.each([
  [{ COLORFGBG: "0;15" }, "light"],
  [{ COLORFGBG: "0;default;7" }, "light"],
  [{ COLORFGBG: "15;0" }, "dark"],
  [{ COLORFGBG: "15;default" }, "dark"],
  [{ COLORFGBG: "" }, "dark"],
  [{}, "dark"],
] as const)("%j is a ground that is %p", (env, ground) => {
  expect(groundOf(env)).toBe(ground);
});
