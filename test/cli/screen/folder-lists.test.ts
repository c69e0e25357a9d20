import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TAB_ENTRIES_MAX, TAB_FOLDERS_MAX } from "../../../src/base/limits-screen.ts";
import { FolderLists } from "../../../src/cli/screen/folder-lists.ts";

async function withHome(work: (home: string) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "chat-folders-"));
  try {
    await work(home);
  } finally {
    rmSync(home, { recursive: true });
  }
}

test("names of a folder, also of the home; of none where it cannot be read", () =>
  withHome(async (home) => {
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
    lists.forget();
    expect(lists.of("~/")).toBeUndefined();
  }));

test("a huge folder is cut, and old ones are forgotten", () =>
  withHome(async (home) => {
    for (let i = 0; i <= TAB_ENTRIES_MAX; i++) writeFileSync(join(home, `file-${i}`), "");
    const lists = new FolderLists(home);
    await lists.read("~/");
    expect(lists.of("~/")?.length).toBe(TAB_ENTRIES_MAX);
    for (let i = 0; i < TAB_FOLDERS_MAX; i++) await lists.read(`~/none-${i}/`);
    expect(lists.of("~/")).toBeUndefined();
    expect(lists.of(`~/none-${TAB_FOLDERS_MAX - 1}/`)).toEqual([]);
  }));
