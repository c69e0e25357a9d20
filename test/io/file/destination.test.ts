import { expect, test } from "bun:test";
import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { storesFiles } from "../../../src/io/file/destination.ts";
import { tempFolder } from "../../temp-folder.ts";
import { unprivileged } from "../../unprivileged.ts";

test("a folder that stores files is left as it was", async () => {
  const folder = tempFolder();
  expect(await storesFiles(folder)).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test.each(["ENOSPC", "EIO", "EROFS", "EDQUOT"])(
  "a folder that refuses with %s stores none",
  async (code) => {
    const folder = tempFolder();
    const real = systemDisk();
    const refuse = () => {
      throw Object.assign(new Error("refused"), { code });
    };
    const openNew: typeof real.openNew = (path) =>
      Object.assign(real.openNew(path), { write: refuse });
    expect(await storesFiles(folder, { ...real, openNew })).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  },
);

test("a folder without write access stores none", async () => {
  const folder = tempFolder();
  chmodSync(folder, 0o555);
  expect(await unprivileged(() => storesFiles(folder))).toBe(false);
  expect(await unprivileged(() => storesFiles(join(folder, "missing")))).toBe(false);
});

test("a missing folder stores files if it can be created", async () => {
  const folder = tempFolder();
  expect(await storesFiles(join(folder, "missing", "deep"))).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});
