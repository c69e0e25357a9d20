import { expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { FOLDER_ENTRIES_MAX, PATH_SEGMENT_BYTES_MAX } from "../../../src/base/limits.ts";
import { collectedFolder, type HandedWork } from "../../../src/server/http/collected.ts";
import { encodeManifest, type ManifestEntry, parseManifest } from "../../../src/wire/manifest.ts";

function filesOf(folder: string, count: number, name = "a"): HandedWork {
  const part = { name, unixMs: 1, sizeBytes: 0, content: "fAAAAAAAAAAA" as FileId };
  return { folder, parts: Array.from({ length: count }, () => part) };
}

async function collected(works: readonly HandedWork[], content = new Uint8Array()) {
  let turns = 0;
  const folder = await collectedFolder(works, {
    async *read() {
      yield content;
    },
    yieldTurn: async () => void turns++,
  });
  const { value } = await folder.chunks().next();
  return { folder, turns, entries: parseManifest(value ?? new Uint8Array()) };
}

const countIn = (entries: readonly ManifestEntry[], folder: string) =>
  entries.filter(({ path }) => path.startsWith(`${folder}/`)).length;

test("names many equal files in turns, in linear time", async () => {
  const count = 30_000;
  const { entries, turns } = await collected([filesOf("ben", count)]);
  expect(entries).toHaveLength(count);
  expect(entries.map(({ path }) => path)).toContain(`ben/a (${count - 1})`);
  // At most a few steps for each name: choosing it, numbering it and encoding its entry.
  expect(turns).toBeGreaterThan(count / 100);
  expect(turns).toBeLessThan(count / 10);
});

test("gives each person a share of the list, and notes what is left out", async () => {
  const works = [filesOf("ben", FOLDER_ENTRIES_MAX), filesOf("ana", 3), filesOf("eve", 60_000)];
  const { entries } = await collected(works);
  expect(entries.length).toBeLessThanOrEqual(FOLDER_ENTRIES_MAX);
  expect(countIn(entries, "ana")).toBe(3);
  for (const person of ["ben", "eve"]) {
    expect(countIn(entries, person)).toBeGreaterThan(FOLDER_ENTRIES_MAX / 2 - 10);
    expect(entries.map(({ path }) => path)).toContain(`${person}/not-included.txt`);
  }
});

test("long names of one person leave room for the files of the others", async () => {
  const long = "a".repeat(PATH_SEGMENT_BYTES_MAX);
  const { entries } = await collected([filesOf("ben", 60_000, long), filesOf("ana", 500)]);
  expect(countIn(entries, "ana")).toBe(500);
  expect(countIn(entries, "ben")).toBeGreaterThan(20_000);
});

test("includes an empty folder", async () => {
  const manifest = Uint8Array.from(encodeManifest([]));
  const part = { name: "photos", unixMs: 1, sizeBytes: manifest.length, content: "fB" as FileId };
  const work = { folder: "ben", parts: [{ ...part, manifestBytes: manifest.length }] };
  const { entries } = await collected([work], manifest);
  expect(entries).toEqual([{ path: "ben/photos", dir: true, mode: 0o755, mtime: 1 }]);
});
