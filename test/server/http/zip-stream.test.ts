import { expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import {
  type AcquiredZipList,
  readZipList,
  ZipLists,
  type ZipSource,
  zipStream,
} from "../../../src/server/http/zip-stream.ts";
import type { FileDetails } from "../../../src/wire/file-details.ts";
import { encodeManifest, type ManifestEntry } from "../../../src/wire/manifest.ts";
import { rejection } from "../../rejection.ts";

const MTIME = Date.UTC(2026, 10, 20);
const file = (path: string, size: number): ManifestEntry => ({
  path,
  size,
  mode: 0o644,
  mtime: MTIME,
});

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
  return {
    name: "photos",
    digest: "d",
    details: undefined,
    manifestBytes,
    lists: new ZipLists(),
    offsetMinutes: () => 0,
    chunks,
  };
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

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

const contents = new Map([
  ["a.txt", "alpha"],
  ["b/ü.txt", "beta beta"],
  ["none", ""],
  ["z", "end"],
]);

test.each([1, 7, 100_000])("sends the same archive from pieces of %d bytes", async (pieceBytes) => {
  expect(entriesIn(await archive(contents, pieceBytes))).toEqual(
    new Map([
      ["photos/", ""],
      ...[...contents].map(([path, text]) => [`photos/${path}`, text] as const),
    ]),
  );
});

test("aborts with its content and closes it", async () => {
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
  expect((await rejection(read())).message).toContain("the folder is truncated");
  expect(isOver).toBe(true);
});

async function pathsOf(list: readonly ManifestEntry[]): Promise<string[]> {
  const zip = await readZipList("r", encodeManifest(list), undefined);
  return Array.from({ length: zip.count }, (_, i) => zip.entry(i).path);
}

test("gives each entry a name that disks accept", async () => {
  const names = ["A_B", "a:b", "a?b", "con", "straße", "STRASSE", "é", "e\u0301", "x:/f", "x?/f"];
  const paths = await pathsOf(names.map((name) => file(name, 1)));
  const folded = paths.map((path) => path.normalize("NFD").toUpperCase());
  expect(new Set(folded).size).toBe(names.length + 1);
  expect(paths[0]).toBe("r/");
  expect(paths).toContain("r/_con");
  expect(paths).toContain("r/x_ (1)/f");
});

test("begins with the folder itself, with its mode and time if they are known", async () => {
  const manifest = encodeManifest([file("a", 1)]);
  const top = async (details: FileDetails) => (await readZipList("r", manifest, details)).entry(0);
  const known = { mode: 0o700, mtimeMs: 1_000 };
  expect(await top(known)).toEqual({ path: "r/", sizeBytes: 0, mode: 0o700, mtime: 1_000 });
  expect(await top({})).toMatchObject({ mode: 0o755 });
  const lists = new ZipLists();
  const content = async function* () {
    yield manifest;
    yield Uint8Array.of(1);
  };
  const source = { ...sourceOf(manifest.length, content), lists };
  const archiveOf = async (details: FileDetails) => bytesOf(zipStream({ ...source, details }));
  expect(await archiveOf(known)).not.toEqual(await archiveOf({}));
});

test("yields while it reads a large folder", async () => {
  const names = Array.from({ length: 8_000 }, (_, i) => `a-name-as-they-are-in-large-folders-${i}`);
  const manifest = encodeManifest(names.map((name) => file(name, 0)));
  let [turns, isOver] = [0, false];
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await readZipList("r", manifest, undefined);
  isOver = true;
  expect(turns).toBeGreaterThan(names.length / 700);
});

const made = () => readZipList("r", encodeManifest([file("a".repeat(1_000), 1)]), undefined);
const never = () => Promise.reject(new Error("it is there"));

test("keeps a list while it is in use or there is room", async () => {
  const lists = new ZipLists(2 * (await made()).memoryBytes);
  const held: AcquiredZipList[] = [];
  for (const key of ["one", "two"]) held.push(await lists.acquire(key, made));
  expect(await rejection(lists.acquire("three", made))).toMatchObject({ code: "too-many" });
  held[0]?.release();
  held[0]?.release();
  (await lists.acquire("three", made)).release();
  (await lists.acquire("two", never)).release();
  expect((await rejection(lists.acquire("one", never))).message).toContain("it is there");
});

test("creates a list once for all waiting downloads, and retries after a failure", async () => {
  const lists = new ZipLists();
  let makings = 0;
  const failingFirst = async () => {
    makings += 1;
    if (makings === 1) throw new Error("the first");
    return await made();
  };
  const waiting = Array.from({ length: 5 }, () => lists.acquire("one", failingFirst));
  const ends = await Promise.allSettled(waiting);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", ...Array(4).fill("fulfilled")]);
  expect(makings).toBe(2);
});

test("refuses entries inside a file, and too many folders", async () => {
  const inside = encodeManifest([file("a", 1), file("a-b", 1), file("a/b", 1)]);
  expect(await rejection(readZipList("r", inside, undefined))).toMatchObject({
    code: "folder-malformed",
  });
  const deep = Array.from({ length: 100 }, (_, i) => file(`${`${i}/`.padEnd(2_100, "d/")}f`, 0));
  const many = encodeManifest(deep);
  expect(await rejection(readZipList("r", many, undefined))).toMatchObject({
    code: "folder-malformed",
  });
});
