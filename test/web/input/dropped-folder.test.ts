import { expect, test } from "bun:test";
import { DROPPED_ENTRIES_MAX } from "../../../src/base/limits-page.ts";
import { type DroppedEntry, filesInFolder } from "../../../src/web/input/dropped-folder.ts";

const BATCH = 100;

function file(name: string): DroppedEntry {
  return { name, isDirectory: false, file: (onFile) => onFile(new File([name], name)) };
}

function folder(name: string, entries: readonly DroppedEntry[]): DroppedEntry {
  const createReader = () => {
    let at = 0;
    return {
      readEntries: (onEntries: (entries: readonly DroppedEntry[]) => void) => {
        onEntries(entries.slice(at, at + BATCH));
        at += BATCH;
      },
    };
  };
  return { name, isDirectory: true, createReader };
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => file(`${i}.png`));

async function found(entry: DroppedEntry, countMax = 200) {
  const { files, isComplete } = await filesInFolder(entry, countMax);
  return [files.map(({ name }) => name), isComplete] as const;
}

test("finds the files of all subfolders in the order of their names", async () => {
  const inner = folder("b", [file("10.png"), file("9.png")]);
  const trip = folder("trip", [file("c.png"), inner, folder("empty", []), file("a.png")]);
  expect(await found(trip)).toEqual([["a.png", "9.png", "10.png", "c.png"], true]);
  expect(await found(folder("empty", []))).toEqual([[], true]);
});

test("reads a folder in batches, up to a number of files", async () => {
  const [names, isComplete] = await found(folder("photos", numbered(250)), 250);
  expect([names.length, isComplete]).toEqual([250, true]);
  const [firstNames, isAll] = await found(folder("photos", numbered(251)), 250);
  expect([firstNames, isAll]).toEqual([names, false]);
});

test("stops in a huge or endless tree", async () => {
  const endless: DroppedEntry = folder("endless", []);
  Object.assign(endless, folder("endless", [endless, endless]));
  expect(await found(endless)).toEqual([[], false]);
  const wide = Array.from({ length: 2 * DROPPED_ENTRIES_MAX }, (_, i) => folder(`${i}`, []));
  expect(await found(folder("wide", wide))).toEqual([[], false]);
});

test("omits a file that cannot be read", async () => {
  const broken: DroppedEntry = {
    name: "b.png",
    isDirectory: false,
    file: (_, onError) => onError(new Error("gone")),
  };
  expect(await found(folder("trip", [file("a.png"), broken, file("c.png")]))).toEqual([
    ["a.png", "c.png"],
    false,
  ]);
});
