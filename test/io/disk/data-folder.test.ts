import { afterEach, expect, test } from "bun:test";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import {
  checkDataFolder,
  openDataFolder,
  readSmallFile,
  writeSmallFile,
} from "../../../src/io/disk/data-folder.ts";

const folders: string[] = [];

function folder(format?: string): string {
  const path = mkdtempSync(join(tmpdir(), "chat-data-folder-"));
  folders.push(path);
  if (format !== undefined) writeFileSync(join(path, "format.json"), format);
  return path;
}

afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true });
});

const formatIn = (path: string): unknown =>
  JSON.parse(readFileSync(join(path, "format.json"), "utf8"));

test("upgrades a folder of the first version so that older programs refuse it", () => {
  const path = folder('{"format":1,"minReader":1}\n');
  expect(checkDataFolder(path)).toBe(path);
  expect(formatIn(path)).toEqual({ format: 1, minReader: 1 });
  const opened = openDataFolder(path, 0);
  expect(opened.isNew).toBe(false);
  expect(formatIn(path)).toEqual({ format: 3, minReader: 3 });
  opened.lock.release();
  const again = openDataFolder(path, 0);
  expect([again.isNew, formatIn(path)]).toEqual([false, { format: 3, minReader: 3 }]);
  again.lock.release();
});

test("accepts an empty folder, and rejects one of a later version unchanged", () => {
  const empty = openDataFolder(folder(), 0);
  expect([empty.isNew, formatIn(empty.path)]).toEqual([true, { format: 3, minReader: 3 }]);
  empty.lock.release();
  const path = folder('{"format":4,"minReader":3}\n');
  expect(() => openDataFolder(path, 0)).toThrow(Fault);
  expect(() => openDataFolder(path, 0)).toThrow("written by a newer version (format 4)");
  expect(checkDataFolder(path)).toBe(path);
  expect(formatIn(path)).toEqual({ format: 4, minReader: 3 });
});

const TRAPS: readonly (readonly [string, (path: string, ownFile: string) => unknown])[] = [
  ["a link", (path, ownFile) => symlinkSync(ownFile, path)],
  ["a link to a device", (path) => symlinkSync("/dev/zero", path)],
  ["a link to nothing", (path) => symlinkSync("/nowhere", path)],
  ["a pipe", (path) => Bun.spawnSync(["mkfifo", path])],
  ["a folder", (path) => mkdirSync(path)],
];

test.each(TRAPS)("rejects %s in place of a small file", (_, make) => {
  const path = folder();
  const ownFile = join(path, "mine");
  writeFileSync(ownFile, "precious");
  make(join(path, "trap"), ownFile);
  expect(() => readSmallFile(join(path, "trap"))).toThrow("is a link or not a regular file");
  make(join(path, "format.json"), ownFile);
  expect(() => openDataFolder(path, 0)).toThrow("is a link or not a regular file");
  expect(readFileSync(ownFile, "utf8")).toBe("precious");
});

test("replaces files at the path of a temporary file", () => {
  const path = folder();
  const ownFile = join(path, "mine");
  writeFileSync(ownFile, "precious", { mode: 0o644 });
  symlinkSync(ownFile, join(path, "note.tmp"));
  writeSmallFile(join(path, "note"), "hi");
  expect(readFileSync(ownFile, "utf8")).toBe("precious");
  writeFileSync(join(path, "note.tmp"), "left by a killed run", { mode: 0o644 });
  writeSmallFile(join(path, "note"), "hi");
  expect(lstatSync(join(path, "note")).mode & 0o777).toBe(0o600);
});

test.each(["LOCK", "LOCK.json.tmp"])("does not lock through a link: %s", (name) => {
  const path = folder('{"format":3,"minReader":3}\n');
  const ownFile = join(path, "mine");
  writeFileSync(ownFile, "precious");
  symlinkSync(ownFile, join(path, name));
  try {
    openDataFolder(path, 0).lock.release();
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
  }
  expect(readFileSync(ownFile, "utf8")).toBe("precious");
});
