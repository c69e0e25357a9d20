import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expandPaths } from "../../../src/cli/files/sources.ts";
import { tempFolder } from "../../temp-folder.ts";

test("expands * and ? on Windows alone", () => {
  const folder = tempFolder();
  for (const name of ["a1", "a2"]) mkdirSync(join(folder, name));
  for (const name of ["a.txt", "B.TXT", "[x].txt", "c.md", "a1/in.txt", "a2/in.txt"])
    writeFileSync(join(folder, name), "");
  const expand = (...patterns: string[]) => {
    const paths = patterns.map((pattern) => join(folder, pattern));
    return expandPaths(paths, "win32").map((path) => path.slice(folder.length + 1));
  };
  expect(expand("*.txt")).toEqual(["B.TXT", "[x].txt", "a.txt"]);
  expect(expand("?.txt", "c.md")).toEqual(["B.TXT", "a.txt", "c.md"]);
  expect(expand("[x].*")).toEqual(["[x].txt"]);
  expect(expand("a?/*.txt")).toEqual(["a1/in.txt", "a2/in.txt"]);
  expect(expand("*/none", "none*")).toEqual(["*/none", "none*"]);
  expect(expandPaths([join(folder, "*.txt")], "linux")).toEqual([join(folder, "*.txt")]);
  expect(expandPaths(["-", "file:///x/*", "\\\\?\\C:\\x"], "win32")).toEqual([
    "-",
    "file:///x/*",
    "\\\\?\\C:\\x",
  ]);
});
