import { expect, test } from "bun:test";
import { crc32 as nodeCrc32 } from "node:zlib";
import { offsetsIn } from "../../../src/server/http/reader-zone.ts";
import { ZipLists, zipStream } from "../../../src/server/http/zip-stream.ts";
import type { SaveTarget } from "../../../src/web/browser/environment.ts";
import { ZipTarget } from "../../../src/web/browser/zip-target.ts";
import { encodeManifest, type ManifestEntry } from "../../../src/wire/manifest.ts";

const MTIME = Date.UTC(2026, 10, 20);
const CONTENTS: Readonly<Record<string, string>> = {
  "a.txt": "alpha",
  "b/empty": "",
  "b/ü.txt": "beta beta",
  "z.bin": "z".repeat(5000),
};
const ENTRIES: readonly ManifestEntry[] = [
  ...Object.entries(CONTENTS).map(([path, text]) => ({
    path,
    size: Buffer.byteLength(text),
    mode: 0o644,
    mtime: MTIME,
  })),
  { path: "b/dir", dir: true, mode: 0o755, mtime: MTIME },
];

function travelling(): { bytes: Uint8Array; manifestBytes: number } {
  const manifest = encodeManifest(ENTRIES);
  const paths = Object.keys(CONTENTS).toSorted((one, other) => (one < other ? -1 : 1));
  const contents = paths.map((path) => Buffer.from(CONTENTS[path] ?? ""));
  return {
    bytes: new Uint8Array(Buffer.concat([manifest, ...contents])),
    manifestBytes: manifest.length,
  };
}

async function zipped(pieceBytes: number, cut = 0): Promise<Buffer> {
  const { bytes, manifestBytes } = travelling();
  const inner = new Collected();
  const place = new ZipTarget(inner, "photos", manifestBytes, undefined);
  const end = bytes.length - cut;
  for (let at = 0; at < end; at += pieceBytes) {
    await place.write(bytes.slice(at, Math.min(end, at + pieceBytes)));
  }
  await place.finish();
  return inner.bytes;
}

class Collected implements SaveTarget {
  readonly handle = undefined;
  bytes = Buffer.alloc(0);

  async write(bytes: Uint8Array): Promise<void> {
    this.bytes = Buffer.concat([this.bytes, bytes]);
  }

  async restart(): Promise<void> {
    this.bytes = Buffer.alloc(0);
  }

  async flush(): Promise<void> {}
  async finish(): Promise<void> {}
  async abandon(): Promise<void> {}
}

function entriesIn(zip: Buffer): Map<string, string> {
  const end = zip.length - 22;
  const found = new Map<string, string>();
  let at = zip.readUInt32LE(end + 16);
  for (let i = 0; i < zip.readUInt16LE(end + 10); i++) {
    const [crc, size] = [zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 24)];
    const [nameBytes, extraBytes] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30)];
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(start, start + size);
    expect(nodeCrc32(bytes)).toBe(crc);
    found.set(zip.toString("utf8", at + 46, at + 46 + nameBytes), bytes.toString());
    at += 46 + nameBytes + extraBytes;
  }
  expect(at).toBe(end);
  return found;
}

test.each([1, 7, 100, 1e6])("a folder that comes in pieces of %d becomes an archive", async (n) => {
  const found = entriesIn(await zipped(n));
  for (const [path, text] of Object.entries(CONTENTS)) {
    expect([path, found.get(`photos/${path}`)]).toEqual([path, text]);
  }
  expect([...found.keys()].filter((path) => path.endsWith("/"))).toEqual([
    "photos/",
    "photos/b/dir/",
  ]);
  expect(found.size).toBe(6);
});

test("rejects content that is shorter than the manifest", async () => {
  for (const cut of [1, 5000, 5014]) {
    expect(await zipped(64, cut).catch((fault: { code: string }) => fault.code)).toBe(
      "frame-malformed",
    );
  }
});

test("rejects content that is longer than the manifest, and restarts", async () => {
  const { bytes, manifestBytes } = travelling();
  const inner = new Collected();
  const place = new ZipTarget(inner, "photos", manifestBytes, undefined);
  await place.write(bytes);
  const more = place.write(Uint8Array.of(1)).catch((fault: { code: string }) => fault.code);
  expect(await more).toBe("frame-malformed");
  await place.restart();
  await place.write(bytes);
  await place.finish();
  expect(entriesIn(inner.bytes).size).toBe(6);
});

test("makes the same archive as the server, also of names that collide", async () => {
  const sent = [
    "a:b",
    "a?b/in",
    "a_b",
    "Logo.txt",
    "logo.txt",
    "caf\u00e9",
    "cafe\u0301",
    "con",
    "x",
  ];
  const text = "12345678x";
  const entries = sent.map((path) => ({ path, size: 1, mode: 0o600, mtime: MTIME }));
  const manifest = encodeManifest([...entries, { path: "z", dir: true, mode: 0o700, mtime: 0 }]);
  const bytes = new Uint8Array(Buffer.concat([manifest, Buffer.from(text)]));
  const details = { mode: 0o700, mtimeMs: MTIME };
  const inner = new Collected();
  const target = new ZipTarget(inner, "photos", manifest.length, details);
  await target.write(bytes);
  await target.finish();
  async function* chunks() {
    yield bytes;
  }
  const source = { name: "photos", digest: "d", manifestBytes: manifest.length, chunks };
  const offsetMinutes = offsetsIn(null);
  const lists = new ZipLists();
  const pieces = await Array.fromAsync(zipStream({ ...source, details, lists, offsetMinutes }));
  expect(inner.bytes.equals(Buffer.concat(pieces))).toBe(true);
  expect(target.renamed.map(({ to }) => to)).toEqual([
    "a_b (1)",
    "a_b (2)",
    "caf\u00e9 (1)",
    "_con",
    "logo (1).txt",
  ]);
});
