import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TAB_ENTRIES_MAX, TAB_FOLDERS_MAX } from "../../../src/base/limits-screen.ts";
import { FolderLists } from "../../../src/cli/screen/files.ts";
import { tempFolder } from "../../temp-folder.ts";

test("lists the names in a folder, or none if the folder is unreadable", async () => {
  const home = tempFolder();
  mkdirSync(join(home, "pictures"));
  writeFileSync(join(home, "a.txt"), "");
  const lists = new FolderLists(home);
  expect(lists.of("~/")).toBeUndefined();
  for (const path of ["~/", `${home}/`, "~/missing/"]) await lists.read(path);
  const names = [
    { name: "a.txt", isFolder: false },
    { name: "pictures", isFolder: true },
  ];
  expect([lists.of("~/"), lists.of(`${home}/`)]).toEqual([names, names]);
  expect(lists.of("~/missing/")).toEqual([]);
  lists.clear();
  expect(lists.of("~/")).toBeUndefined();
});

test("lists at most TAB_ENTRIES_MAX names, and caches TAB_FOLDERS_MAX folders", async () => {
  const home = tempFolder();
  for (let i = 0; i <= TAB_ENTRIES_MAX; i++) writeFileSync(join(home, `file-${i}`), "");
  const lists = new FolderLists(home);
  await lists.read("~/");
  expect(lists.of("~/")?.length).toBe(TAB_ENTRIES_MAX);
  for (let i = 0; i < TAB_FOLDERS_MAX; i++) await lists.read(`~/none-${i}/`);
  expect(lists.of("~/")).toBeUndefined();
  expect(lists.of(`~/none-${TAB_FOLDERS_MAX - 1}/`)).toEqual([]);
});
