import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import { FOLDER_ENTRIES_MAX } from "../../src/base/limits.ts";
import { zipEntries, zipStream } from "../../src/server/zip-stream.ts";
import { encodeManifest, type ManifestEntry } from "../../src/wire/manifest.ts";

const MTIME = Date.UTC(2026, 10, 20);
const file = (path: string, size: number): ManifestEntry => ({
  path,
  size,
  mode: 0o644,
  mtime: MTIME,
});

/** Bytes in pieces of that size. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function archive(contents: ReadonlyMap<string, string>, pieceBytes: number) {
  const manifest = encodeManifest([...contents].map(([path, text]) => file(path, text.length)));
  const sorted = [...contents].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const whole = Buffer.concat([manifest, ...sorted.map(([, text]) => Buffer.from(text))]);
  const parts: Uint8Array[] = [];
  const content = pieces(new Uint8Array(whole), pieceBytes);
  for await (const part of zipStream("photos", manifest.length, content)) parts.push(part);
  return Buffer.concat(parts);
}

/** What its table says, looked up where it says. */
function entriesIn(zip: Buffer): Map<string, string> {
  const end = zip.length - 22;
  const found = new Map<string, string>();
  let at = zip.readUInt32LE(end + 16);
  for (let i = 0; i < zip.readUInt16LE(end + 10); i++) {
    const [crc, size] = [zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 24)];
    const [nameBytes, extraBytes] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30)];
    const name = zip.toString("utf8", at + 46, at + 46 + nameBytes);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(start, start + size);
    expect(crc32(bytes)).toBe(crc);
    found.set(name, bytes.toString());
    at += 46 + nameBytes + extraBytes;
  }
  expect(at).toBe(end);
  return found;
}

describe("a folder as an archive", () => {
  const contents = new Map([
    ["a.txt", "alpha"],
    ["b/ü.txt", "beta beta"],
    ["none", ""],
    ["z", "end"],
  ]);

  test.each([1, 7, 100_000])("is the same in pieces of %d bytes", async (pieceBytes) => {
    expect(entriesIn(await archive(contents, pieceBytes))).toEqual(
      new Map([...contents].map(([path, text]) => [`photos/${path}`, text])),
    );
  });

  test("with many entries has all of them in its table", async () => {
    const many = new Map(Array.from({ length: 3_000 }, (_, i) => [`f${i}`, `${i}`]));
    expect(entriesIn(await archive(many, 4_096)).size).toBe(3_000);
  });

  test("breaks off when its content does, and lets go of it", async () => {
    const manifest = encodeManifest([file("a", 100)]);
    let isOver = false;
    async function* content() {
      try {
        yield manifest;
        yield new Uint8Array(50);
      } finally {
        isOver = true;
      }
    }
    const read = async () => {
      for await (const _ of zipStream("x", manifest.length, content()));
    };
    await expect(read()).rejects.toThrow("ends before its list does");
    expect(isOver).toBe(true);
  });
});

test("names in it are those that disks take, and no two are one", () => {
  const paths = (list: readonly ManifestEntry[]) =>
    [...zipEntries("r", list)].map(({ path }) => path);
  expect(paths([file("a:b", 1), file("a?b", 1), file("A_B", 1), file("con", 1)])).toEqual([
    "r/a_b",
    "r/a_b (1)",
    "r/A_B (2)",
    "r/_con",
  ]);
});

test("as many names as a folder may have become one on disks, and are told apart", () => {
  const signs = [
    ...'<>:"|?*\\',
    ...Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)),
  ];
  const raw = signs.flatMap((a) => signs.flatMap((b) => signs.map((c) => a + b + c)));
  const names = [...raw, ...raw.map((name) => `${name}_`)].slice(0, FOLDER_ENTRIES_MAX);
  expect(names).toHaveLength(FOLDER_ENTRIES_MAX);
  const entries = names.map((name) => file(name, 1));
  const paths = [...zipEntries("r", entries)].map(({ path }) => path);
  expect(new Set(paths).size).toBe(FOLDER_ENTRIES_MAX);
  expect(paths[1]).toBe("r/___ (1)");
});

test("a folder of many is named as it is read, not all at once", () => {
  let asked = 0;
  function* many(): Generator<ManifestEntry> {
    for (;;) yield file(`${++asked}`, 1);
  }
  const [first] = zipEntries("r", many());
  expect([first?.path, asked]).toEqual(["r/1", 1]);
});
