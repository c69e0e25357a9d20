import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { groupsOfProc } from "../../../src/io/terminal/foreground.ts";
import { tempFolder } from "../../temp-folder.ts";

test("reads the process groups of a program whose name has brackets and blanks", () => {
  const file = join(tempFolder(), "stat");
  writeFileSync(file, "71 (a) b (c) S 60 71 60 34816 72 4194304 123 0\n");
  expect(groupsOfProc(file)).toEqual(["71", "72"]);
  expect(groupsOfProc(`${file}-missing`)).toEqual([]);
});
