import { expect, test } from "bun:test";
import { DROPPED_ENTRIES_MAX } from "../../../src/base/limits-page.ts";
import {
  type DroppedEntry,
  distinguishedFiles,
  filesInFolder,
} from "../../../src/web/input/dropped-folder.ts";

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
  return [files.map(({ file }) => file.name), isComplete] as const;
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

async function distinguished(...dropped: readonly DroppedEntry[]): Promise<string[]> {
  const found = await Promise.all(dropped.map((entry) => filesInFolder(entry, 200)));
  const files = found.flatMap((one) => one.files);
  return distinguishedFiles(files).map(({ name }) => name);
}

test("names the folders of files that would otherwise have equal names", async () => {
  const language = (name: string) => folder(name, [file("index.html"), file(`${name}.css`)]);
  const site = folder("site", [language("de"), language("en"), file("INDEX.html")]);
  expect(await distinguished(site)).toEqual([
    "de.css",
    "de - index.html",
    "en.css",
    "en - index.html",
    "INDEX.html",
  ]);
  expect(await distinguished(language("de"), language("en"))).toEqual([
    "de.css",
    "de - index.html",
    "en.css",
    "en - index.html",
  ]);
  const deep = folder("a", [folder("b", [folder("c", [file("x")]), folder("d", [file("x")])])]);
  expect(await distinguished(deep)).toEqual(["c - x", "d - x"]);
});

test("keeps too long a name, and the content and time of a renamed file", async () => {
  const long = "x".repeat(700);
  const names = await distinguished(folder("a", [folder(long, [file(long)]), file(long)]));
  expect(names).toEqual([long, long]);
  const old = new File(["content"], "x", { type: "text/plain", lastModified: 5 });
  const other = { file: new File([], "x"), folders: ["b"] };
  const [renamed] = distinguishedFiles([{ file: old, folders: ["a"] }, other]);
  expect([renamed?.name, renamed?.lastModified]).toEqual(["a - x", 5]);
  expect([renamed?.type, await renamed?.text()]).toEqual([old.type, "content"]);
});
