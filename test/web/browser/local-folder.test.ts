import { describe, expect, test } from "bun:test";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asFault } from "../../../src/base/fault.ts";
import { CHUNK_BYTES, FOLDER_ENTRIES_MAX, PATH_BYTES_MAX } from "../../../src/base/limits.ts";
import type { Source } from "../../../src/io/blob/interfaces.ts";
import { openSource } from "../../../src/io/file/source.ts";
import {
  type DroppedEntry,
  droppedFolder,
  type FileNode,
  type FolderNode,
  LocalFolder,
} from "../../../src/web/browser/local-folder.ts";
import { isFolder, parseManifest } from "../../../src/wire/manifest.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";

const MTIME = Date.UTC(2026, 10, 20, 12, 0, 0);
const LARGE = new Uint8Array(2 * CHUNK_BYTES + 77).map((_, i) => (i * 31 + (i >> 8)) & 0xff);

/** A file on a disk: a `File` of an earlier content cannot be read. */
class DiskFile implements FileNode {
  listed = 0;
  constructor(
    readonly name: string,
    public content: Uint8Array<ArrayBuffer> | string,
    public mtime = MTIME,
  ) {}

  async getFile(): Promise<File> {
    this.listed += 1;
    const { content, name, mtime } = this;
    const check = () => {
      if (this.content !== content) throw new DOMException("changed", "NotReadableError");
    };
    return snapshot(new File([content], name, { lastModified: mtime }), check);
  }
}

function snapshot(file: File, check: () => void): File {
  const { slice, arrayBuffer } = file;
  return Object.assign(file, {
    slice: (...range: Parameters<Blob["slice"]>) => {
      const part = slice.apply(file, range);
      const { arrayBuffer: read } = part;
      return Object.assign(part, {
        stream: () => {
          throw new TypeError("there is no stream");
        },
        arrayBuffer: async () => {
          check();
          return read.call(part);
        },
        slice: (...inner: Parameters<Blob["slice"]>) =>
          Object.assign(Blob.prototype.slice.apply(part, inner), {
            arrayBuffer: async () => {
              check();
              return Blob.prototype.slice.apply(part, inner).arrayBuffer();
            },
          }),
      });
    },
    arrayBuffer: async () => {
      check();
      return arrayBuffer.call(file);
    },
  });
}

const file = (name: string, content: Uint8Array<ArrayBuffer> | string = name) =>
  new DiskFile(name, content);

function folder(name: string, ...nodes: readonly (FileNode | FolderNode)[]): FolderNode {
  return {
    name,
    async *values() {
      yield* nodes;
    },
  };
}

async function bytesOf(source: Source): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let index = 0; ; index++) {
    const chunk = await source.read(index);
    if (chunk === undefined) return Buffer.concat(chunks);
    chunks.push(chunk);
  }
}

async function contentOf(local: LocalFolder): Promise<Buffer> {
  const source = local.open("key");
  try {
    return await bytesOf(source);
  } finally {
    source.close();
  }
}

function entriesIn(content: Uint8Array, { folder: size }: LocalFolder) {
  return parseManifest(content.subarray(0, size.manifestBytes));
}

const pathsIn = (local: LocalFolder, content: Uint8Array) =>
  entriesIn(content, local).map((entry) => `${entry.path}${isFolder(entry) ? "/" : ""}`);

async function pathsOf(node: FolderNode): Promise<readonly string[]> {
  const local = await LocalFolder.read(node);
  return pathsIn(local, await contentOf(local));
}

const skippedOf = ({ skipped }: LocalFolder) => skipped.map(({ path }) => path);

test("has the same content as a folder that a terminal sends", async () => {
  const root = tempFolder();
  mkdirSync(join(root, "trip/inner/empty"), { recursive: true });
  const contents = { "b.txt": "beta", "inner/large.bin": LARGE, "inner/ü": "", "z.txt": "zeta" };
  for (const [path, content] of Object.entries(contents)) {
    writeFileSync(join(root, "trip", path), content, { mode: 0o644 });
    utimesSync(join(root, "trip", path), MTIME / 1000, MTIME / 1000);
  }
  for (const path of ["inner/empty", "inner"])
    utimesSync(join(root, "trip", path), MTIME / 1000, MTIME / 1000);
  await using terminal = closing(await openSource(join(root, "trip")));
  const inner = folder("inner", file("ü", ""), folder("empty"), file("large.bin", LARGE));
  const local = await LocalFolder.read(
    folder("trip", file("z.txt", "zeta"), inner, file("b.txt", "beta")),
  );
  const source = local.open("key");
  expect([source.name, source.folder, source.sizeBytes]).toEqual([
    terminal.source.name,
    terminal.source.folder,
    terminal.source.sizeBytes,
  ]);
  expect(await bytesOf(source)).toEqual(await bytesOf(terminal.source));
  expect(local.takeOmissions()).toBeUndefined();
});

function closing(source: Source) {
  return { source, [Symbol.asyncDispose]: async () => source.close() };
}

test("reads any chunk again, in any order", async () => {
  const local = await LocalFolder.read(folder("a", file("1", LARGE), file("2"), file("3", LARGE)));
  const content = await contentOf(local);
  const source = local.open("key");
  const count = Math.ceil(content.length / CHUNK_BYTES);
  for (const index of [3, 0, 1, 1, 4, 2, 3, 4]) {
    const part = content.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
    expect(Buffer.compare((await source.read(index)) ?? new Uint8Array(), part)).toBe(0);
  }
  expect(await source.read(count)).toBeUndefined();
  const abandoned = source.read(0);
  source.close();
  await abandoned;
});

test("sends an empty folder, and folders without files", async () => {
  expect(await pathsOf(folder("empty"))).toEqual([]);
  const local = await LocalFolder.read(folder("a", folder("b", folder("c")), file("x")));
  const entries = entriesIn(await contentOf(local), local);
  expect(entries.map(({ path, mtime, mode }) => [path, mtime, mode])).toEqual([
    ["b", MTIME, 0o755],
    ["b/c", MTIME, 0o755],
    ["x", MTIME, 0o644],
  ]);
});

test("gives folders the time of their newest file", async () => {
  const old = new DiskFile("old", "", Date.UTC(1969, 6, 20));
  const local = await LocalFolder.read(folder("a", folder("b", old), file("x")));
  const entries = entriesIn(await contentOf(local), local);
  expect(entries.map(({ path, mtime }) => [path, mtime])).toEqual([
    ["b", Date.UTC(1969, 6, 20)],
    ["b/old", Date.UTC(1969, 6, 20)],
    ["x", MTIME],
  ]);
  const timeless = {
    name: "x",
    getFile: async () =>
      Object.defineProperty(new File([], "x"), "lastModified", { value: Number.NaN }),
  };
  const other = await LocalFolder.read(folder("a", timeless));
  expect(entriesIn(await contentOf(other), other)[0]?.mtime).toBe(0);
});

test("skips names that no receiver could accept, and sends all others", async () => {
  const names = ["a:b", "CON", "back\\slash", "Ä", "A\u0308", "ä", "trailing ", ".hidden", "-rf"];
  expect(await pathsOf(folder("a", ...names.map((name) => file(name))))).toEqual(names.toSorted());
  const bad = ["", ".", "..", "a/b", "nul\0", "\ud800", "x".repeat(PATH_BYTES_MAX + 1)];
  const local = await LocalFolder.read(
    folder("a", file("good"), ...bad.map((name) => file(name)), folder("..", file("up"))),
  );
  expect(pathsIn(local, await contentOf(local))).toEqual(["good"]);
  expect(skippedOf(local)).toEqual(bad);
});

test("sends one of the entries with names that the browser could not decode", async () => {
  const [one, other] = [file("\ufffd", "first"), file("\ufffd", "second")];
  const local = await LocalFolder.read(folder("a", one, other));
  expect(pathsIn(local, await contentOf(local))).toEqual(["\ufffd"]);
  expect(skippedOf(local)).toEqual(["\ufffd"]);
  const mixed = await LocalFolder.read(folder("a", one, folder("\ufffd", file("x"))));
  expect(pathsIn(mixed, await contentOf(mixed))).toEqual(["\ufffd/", "\ufffd/x"]);
});

test("ends in an endless tree", async () => {
  const endless: FolderNode = {
    name: "e".repeat(63),
    async *values() {
      yield endless;
    },
  };
  const local = await LocalFolder.read(endless);
  expect(local.folder.entries).toBe(PATH_BYTES_MAX / 64);
  expect(local.takeOmissions()?.code).toBe("incomplete");
});

test("refuses a folder with too many entries", async () => {
  const many: FolderNode = {
    name: "many",
    async *values() {
      for (let i = 0; i <= FOLDER_ENTRIES_MAX; i++) yield folder(String(i));
    },
  };
  const refusal = await rejection(LocalFolder.read(many));
  expect(refusal.message).toContain(`has more than ${FOLDER_ENTRIES_MAX} entries`);
});

test("refuses files that exceed the limit while they are read together", async () => {
  const folders = Array.from({ length: FOLDER_ENTRIES_MAX - 1 }, (_, i) => folder(String(i)));
  const many = folder("many", ...folders, file("a.txt"), file("b.txt"));
  expect(await rejection(LocalFolder.read(many))).toMatchObject({ code: "too-large" });
});

test("names files and folders that cannot be read, three at most, and each once", async () => {
  const denied = (name: string): FileNode => ({
    name,
    getFile: () => Promise.reject(new DOMException("denied", "NotReadableError")),
  });
  const closed: FolderNode = {
    name: "closed",
    // biome-ignore lint/correctness/useYield: fails before the first entry
    async *values() {
      throw new DOMException("denied", "NotReadableError");
    },
  };
  const local = await LocalFolder.read(folder("a", denied("1"), file("2"), closed, denied("3")));
  expect(pathsIn(local, await contentOf(local))).toEqual(["2"]);
  expect(local.takeOmissions()?.message).toContain(": a/1, a/3, a/closed");
  expect(local.takeOmissions()).toBeUndefined();
  const many = await LocalFolder.read(folder("a", ...["1", "2", "3", "4"].map(denied)));
  expect(many.takeOmissions()?.message).toContain(": a/1, a/2, a/3, … (4)");
  expect((await rejection(LocalFolder.read(closed))).message).toContain("cannot be read");
});

describe("a file that changes after it was listed", () => {
  const readCode = async (source: Source) => asFault(await rejection(bytesOf(source))).code;

  test.each(["small", LARGE])("is listed again, then left out", async (first) => {
    const unsteady = file("b", first);
    const local = await LocalFolder.read(folder("a", file("1"), unsteady, file("c", LARGE)));
    const source = local.open("key");
    const { stamp } = source;
    unsteady.content = "changed";
    expect(await readCode(source)).toBe("file-changed");
    expect(await source.relist?.()).toBe(true);
    expect(await source.relist?.()).toBe(false);
    expect((await bytesOf(source)).includes("changed")).toBe(true);
    expect([source.stamp === stamp, source.skipped]).toEqual([false, []]);
    unsteady.content = "again";
    expect(await readCode(source)).toBe("file-changed");
    expect(await source.relist?.()).toBe(true);
    expect(pathsIn(local, await bytesOf(source))).toEqual(["1", "c"]);
    expect(local.takeOmissions()?.message).toContain(": a/b");
    source.close();
  });

  test("is detected at its end, if it changes while it is read", async () => {
    const unsteady = file("b", LARGE);
    const local = await LocalFolder.read(folder("a", unsteady));
    const source = local.open("key");
    await source.read(0);
    unsteady.content = LARGE.slice();
    expect((await rejection(source.read(1))).message).toContain("changed while it was sent");
  });

  test("is left out immediately if the browser cannot list the folder again", async () => {
    const unsteady = file("b");
    const files = [file("1"), unsteady, file("3")].map(async (node) => {
      const path = `trip/inner/${node.name}`;
      return Object.defineProperty(await node.getFile(), "webkitRelativePath", { value: path });
    });
    const local = await LocalFolder.ofFiles(await Promise.all(files));
    expect([local.name, pathsIn(local, await contentOf(local))]).toEqual([
      "trip",
      ["inner/", "inner/1", "inner/b", "inner/3"].toSorted(),
    ]);
    const source = local.open("key");
    unsteady.content = "changed";
    expect(await readCode(source)).toBe("file-changed");
    expect(await source.relist?.()).toBe(true);
    expect(pathsIn(local, await bytesOf(source))).toEqual(["inner/", "inner/1", "inner/3"]);
  });
});

test("has the same stamp while no path, size or time differs", async () => {
  const stampOf = async (...nodes: readonly (FileNode | FolderNode)[]) =>
    (await LocalFolder.read(folder("a", ...nodes))).stamp;
  const stamp = await stampOf(file("1"), file("2"));
  expect(await stampOf(file("2"), file("1"))).toBe(stamp);
  const others = [
    await stampOf(file("1"), file("2", "22")),
    await stampOf(file("1"), new DiskFile("2", "2", MTIME + 1)),
    await stampOf(file("1"), file("3", "2")),
    await stampOf(file("1"), file("2"), folder("3")),
  ];
  expect(new Set([stamp, ...others]).size).toBe(5);
  const source = (await LocalFolder.read(folder("a", file("1")))).open("key");
  expect([source.matchStamp?.(source.stamp ?? ""), source.matchStamp?.(stamp)]).toEqual([
    "unsure",
    "other",
  ]);
});

test("reads a dropped folder in batches", async () => {
  const entry = (name: string): DroppedEntry => ({
    name,
    isDirectory: false,
    file: (onFile) => onFile(new File([name], name, { lastModified: MTIME })),
  });
  const dropped = (name: string, entries: readonly DroppedEntry[]): DroppedEntry => ({
    name,
    isDirectory: true,
    createReader: () => {
      let at = 0;
      return {
        readEntries: (onEntries) => {
          onEntries(entries.slice(at, at + 100));
          at += 100;
        },
      };
    },
  });
  const many = Array.from({ length: 250 }, (_, i) => entry(`${i}.png`));
  const root = dropped("photos", [dropped("empty", []), dropped("many", many)]);
  const local = await LocalFolder.read(droppedFolder(root));
  expect([local.name, local.folder.entries]).toEqual(["photos", 252]);
});
