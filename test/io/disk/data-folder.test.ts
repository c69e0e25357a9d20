import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { checkDataFolder, openDataFolder } from "../../../src/io/disk/data-folder.ts";

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

test("a folder of the first version is taken, and raised so that older programs refuse it", () => {
  const path = folder('{"format":1,"minReader":1}\n');
  expect(checkDataFolder(path)).toBe(path);
  expect(formatIn(path)).toEqual({ format: 1, minReader: 1 }); // Who only reads changes nothing.
  const opened = openDataFolder(path, 0);
  expect(opened.isNew).toBe(false);
  expect(formatIn(path)).toEqual({ format: 2, minReader: 2 });
  opened.lock.release();
  const again = openDataFolder(path, 0);
  expect([again.isNew, formatIn(path)]).toEqual([false, { format: 2, minReader: 2 }]);
  again.lock.release();
});

test("an empty one is new; one of a later version is refused, and left as it is", () => {
  const empty = openDataFolder(folder(), 0);
  expect([empty.isNew, formatIn(empty.path)]).toEqual([true, { format: 2, minReader: 2 }]);
  empty.lock.release();
  const path = folder('{"format":3,"minReader":2}\n');
  expect(() => openDataFolder(path, 0)).toThrow(Fault);
  expect(() => openDataFolder(path, 0)).toThrow("written by a newer version (format 3)");
  expect(checkDataFolder(path)).toBe(path);
  expect(formatIn(path)).toEqual({ format: 3, minReader: 2 });
});
