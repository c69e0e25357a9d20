import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { crc32 } from "node:zlib";
import { CHUNK_BYTES, FOLDER_ENTRIES_MAX, MANIFEST_BYTES_MAX } from "../../../src/base/limits.ts";
import { ZIP_LISTS_BYTES_MAX } from "../../../src/base/limits-page.ts";
import {
  type HeldZipList,
  readZipList,
  ZipList,
  ZipLists,
} from "../../../src/server/http/zip-list.ts";
import { type ZipSource, zipStream } from "../../../src/server/http/zip-stream.ts";
import { encodeManifest, type ManifestEntry } from "../../../src/wire/manifest.ts";
import { carry, sentFolder } from "../../io/file-carrier.ts";
import { rejection } from "../../rejection.ts";

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
  const chunks = () => pieces(new Uint8Array(whole), pieceBytes);
  return await bytesOf(zipStream(sourceOf(manifest.length, chunks)));
}

function sourceOf(manifestBytes: number, chunks: ZipSource["chunks"]): ZipSource {
  return { name: "photos", digest: "d", manifestBytes, lists: new ZipLists(), chunks };
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** Turns that others get while the work runs. */
async function turnsWhile(work: Promise<unknown>): Promise<number> {
  let [turns, isOver] = [0, false];
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await work;
  isOver = true;
  return turns;
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
      for await (const _ of zipStream(sourceOf(manifest.length, content)));
    };
    expect((await rejection(read())).message).toContain("ends before its list does");
    expect(isOver).toBe(true);
  });
});

async function pathsOf(list: readonly ManifestEntry[]): Promise<string[]> {
  const zip = await readZipList("r", encodeManifest(list));
  return Array.from({ length: zip.count }, (_, i) => zip.entry(i).path);
}

describe("names in an archive", () => {
  test("are those that disks take, and no two are one", async () => {
    const names = ["A_B", "a:b", "a?b", "con", "straße", "STRASSE", "é", "e\u0301", "x:/f", "x?/f"];
    const paths = await pathsOf(names.map((name) => file(name, 1)));
    const folded = paths.map((path) => path.normalize("NFD").toUpperCase());
    expect(new Set(folded).size).toBe(names.length);
    expect(paths).toContain("r/_con");
    expect(paths).toContain("r/x_ (1)/f");
  });

  test("are those that the same folder has on a disk", async () => {
    const names = [
      "A/x",
      "a/y",
      "é",
      "e\u0301",
      "nul.txt",
      "n.tar.gz",
      "N.TAR.GZ",
      "dir:/a",
      "dir?/b",
    ];
    const inbox = mkdtempSync(join(tmpdir(), "chat-zip-"));
    try {
      const { path } = await carry(sentFolder("r", names), inbox);
      const there = readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `r/${relative(path, join(entry.parentPath, entry.name))}`);
      const entries = names.map((name) => file(name, 1));
      expect((await pathsOf(entries)).sort()).toEqual(there.sort());
    } finally {
      rmSync(inbox, { recursive: true });
    }
  });

  test("of as many as a folder may have that become one on disks are told apart", async () => {
    const signs = [
      ...'<>:"|?*\\',
      ...Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)),
    ];
    const raw = signs.flatMap((a) => signs.flatMap((b) => signs.map((c) => a + b + c)));
    const names = [...raw, ...raw.map((name) => `${name}_`)].slice(0, FOLDER_ENTRIES_MAX);
    expect(names).toHaveLength(FOLDER_ENTRIES_MAX);
    const paths = await pathsOf(names.map((name) => file(name, 1)));
    expect(new Set(paths).size).toBe(FOLDER_ENTRIES_MAX);
    expect(paths).toContain("r/___ (1)");
  });
});

describe("a folder of 100,000 entries", () => {
  const entries = Array.from({ length: FOLDER_ENTRIES_MAX }, (_, i) =>
    file(`folder-${Math.floor(i / 100)}/a-name-as-they-are-in-large-folders-${i}`, 0),
  );
  const manifest = encodeManifest(entries);
  const chunksOf = (bytes: Uint8Array) =>
    async function* (from: number) {
      yield* pieces(bytes.subarray(from * CHUNK_BYTES), CHUNK_BYTES);
    };

  test("is read and spelled in many turns", async () => {
    expect(await turnsWhile(readZipList("r", manifest))).toBeGreaterThan(150);
    const source = sourceOf(manifest.length, chunksOf(manifest));
    let zip: Buffer = Buffer.alloc(0);
    const turns = await turnsWhile(
      bytesOf(zipStream(source)).then((bytes) => {
        zip = bytes;
      }),
    );
    expect(turns).toBeGreaterThan(400);
    expect(zip.readUInt16LE(zip.length - 12)).toBe(0xffff); // Said in 64 bits, before.
  });

  test("takes one turn after the other with all others that go out", async () => {
    const source = sourceOf(manifest.length, chunksOf(manifest));
    const all = Array.from({ length: 4 }, () => bytesOf(zipStream(source)));
    const alone = (2 * FOLDER_ENTRIES_MAX * 100) / (64 * 1024); // Heads and table, in slices.
    expect(await turnsWhile(Promise.all(all))).toBeGreaterThan(4 * alone);
  });

  test("is read once, by whoever comes first; each reader holds little more", async () => {
    const begun: number[] = [];
    const chunks = (from: number) => {
      begun.push(from);
      return chunksOf(manifest)(from);
    };
    const source = sourceOf(manifest.length, chunks);
    const [whole, ...stalled] = Array.from({ length: 16 }, () => zipStream(source));
    const firsts = await Promise.all(stalled.map((one) => one.next()));
    expect(new Set(firsts.map(({ value }) => (value as Uint8Array).length)).size).toBe(1);
    const bytes = await bytesOf(whole ?? stalled[0] ?? source.chunks(0));
    expect(begun.filter((from) => from === 0)).toHaveLength(1);
    const alone = await bytesOf(zipStream(sourceOf(manifest.length, chunksOf(manifest))));
    expect(bytes.equals(alone)).toBe(true);
    for (const one of stalled) await one.return(undefined);
  });
});

describe("lists of archives", () => {
  const made = () => readZipList("r", encodeManifest([file("a".repeat(1_000), 1)]));
  const never = () => Promise.reject(new Error("it is there"));

  test("stay as long as there is room, and while they are in use", async () => {
    const lists = new ZipLists(2 * (await made()).memoryBytes);
    const held: HeldZipList[] = [];
    for (const key of ["one", "two"]) held.push(await lists.hold(key, made));
    expect(await rejection(lists.hold("three", made))).toMatchObject({ code: "too-many" });
    held[0]?.release();
    held[0]?.release(); // Once is enough, and twice is no more.
    (await lists.hold("three", made)).release();
    (await lists.hold("two", never)).release();
    expect((await rejection(lists.hold("one", never))).message).toContain("it is there");
  });

  test("of the largest folders fit twice at least", async () => {
    const largest = new Uint8Array(MANIFEST_BYTES_MAX);
    const list = new ZipList("r", [], largest, new Uint32Array(0));
    const lists = new ZipLists();
    for (let i = 0; i < ZIP_LISTS_BYTES_MAX / MANIFEST_BYTES_MAX; i++) {
      await lists.hold(`${i}`, async () => list);
    }
    const more = lists.hold("more", async () => list);
    expect(await rejection(more)).toMatchObject({ code: "too-many" });
  });

  test("are made once for all who wait, and anew when that failed", async () => {
    const lists = new ZipLists();
    let makings = 0;
    const failingFirst = async () => {
      makings += 1;
      if (makings === 1) throw new Error("the first");
      return await made();
    };
    const waiting = Array.from({ length: 5 }, () => lists.hold("one", failingFirst));
    const ends = await Promise.allSettled(waiting);
    expect(ends.map(({ status }) => status)).toEqual(["rejected", ...Array(4).fill("fulfilled")]);
    expect(makings).toBe(2);
  });

  test("are refused where something lies inside a file, or folders are too many", async () => {
    const inside = encodeManifest([file("a", 1), file("a-b", 1), file("a/b", 1)]);
    expect(await rejection(readZipList("r", inside))).toMatchObject({ code: "folder-malformed" });
    const deep = Array.from({ length: 100 }, (_, i) => file(`${`${i}/`.padEnd(2_100, "d/")}f`, 0));
    const many = encodeManifest(deep);
    expect(await rejection(readZipList("r", many))).toMatchObject({ code: "folder-malformed" });
  });
});
