import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkOpen, isInputMissing } from "../../../src/io/terminal/input.ts";
import { tempFolder } from "../../temp-folder.ts";

const folder = tempFolder();

test.each([
  ["opened by the runtime in its place", "02100002", true],
  ["a terminal", "0100002", false],
  ["/dev/null given by the user", "0100000", false],
  ["a pipe", "00", false],
])("standard input that is %s", (_, flags, isMissing) => {
  const path = join(folder, `info-${flags}`);
  writeFileSync(path, `pos:\t0\nflags:\t${flags}\nmnt_id:\t25\n`);
  expect(isInputMissing(path)).toBe(isMissing);
});

test("standard input counts as open where the system does not say", () => {
  expect(isInputMissing(join(folder, "none"))).toBe(false);
});

test("a closed standard input is refused", () => {
  expect(() => checkOpen({ isClosed: false })).not.toThrow();
  expect(() => checkOpen({ isClosed: true })).toThrow("standard input is closed");
});
