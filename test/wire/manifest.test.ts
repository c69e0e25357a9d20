import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  FILE_BYTES_MAX,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
  PATH_BYTES_MAX,
} from "../../src/base/limits.ts";
import {
  encodeManifest,
  FolderMap,
  isFolder,
  type ManifestEntry,
  type ManifestFile,
  manifestEntries,
  parseManifest,
} from "../../src/wire/manifest.ts";
import { faultCode } from "../fault-code.ts";
import { sampleSize } from "../samples.ts";
import vectors from "../vectors/file.json";

const file = (path: string, size = 3): ManifestFile => ({ path, size, mode: 0o644, mtime: 7 });
const folder = (path: string) => ({ path, dir: true, mode: 0o755, mtime: 7 }) as const;
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const listed = (...entries: unknown[]) => bytesOf({ v: 1, entries });

describe("manifest", () => {
  test("equals the golden vector", () => {
    const { entries, manifest, manifestBytes, sizeBytes } = vectors.folder;
    const bytes = encodeManifest(entries as ManifestEntry[]);
    expect(new TextDecoder().decode(bytes)).toBe(manifest);
    expect(bytes.length).toBe(manifestBytes);
    const map = new FolderMap(parseManifest(bytes), bytes.length);
    expect(map.sizeBytes).toBe(sizeBytes);
  });

  test("has the same bytes for the same folder read in any order", () => {
    const entries = [folder("b"), file("b/x"), file("a-b"), file("Z"), file("é")];
    const bytes = encodeManifest(entries);
    expect(encodeManifest(entries.toReversed())).toEqual(bytes);
    expect(parseManifest(bytes).map(({ path }) => path)).toEqual(["Z", "a-b", "b", "b/x", "é"]);
  });

  test("keeps only permission bits and whole milliseconds", () => {
    const entries = [{ path: "a", size: 0, mode: 0o104755, mtime: 1.9 }];
    expect(parseManifest(encodeManifest(entries))).toEqual([
      { path: "a", size: 0, mode: 0o755, mtime: 1 },
    ]);
  });

  test.each([
    ["no JSON", new TextEncoder().encode("{")],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["nil", bytesOf(null)],
    ["a later version", bytesOf({ v: 2, entries: [] })],
    ["no list", bytesOf({ v: 1, entries: {} })],
    ["an entry that is nil", listed(null)],
    ["no path", listed({ size: 1, mode: 1, mtime: 1 })],
    ["an empty path", listed(file(""))],
    ["an absolute path", listed(file("/etc/passwd"))],
    ["a way up", listed(file("../x"))],
    ["a point", listed(file("a/./b"))],
    ["an empty part", listed(file("a//b"))],
    ["a slash at the end", listed(folder("a/"))],
    ["a NUL", listed(file("a\0b"))],
    [
      "half a character",
      new TextEncoder().encode(
        '{"v":1,"entries":[{"path":"\\ud800","size":1,"mode":1,"mtime":1}]}',
      ),
    ],
    ["the same twice", listed(file("a"), file("a"))],
    ["another order", listed(file("b"), file("a"))],
    ["something inside a file", listed(file("a"), file("a-b"), file("a/b"))],
    ["a folder inside a file", listed(file("a"), folder("a/b"))],
    ["a negative size", listed(file("a", -1))],
    ["a size beyond all", listed(file("a", FILE_BYTES_MAX + 1))],
    ["a mode beyond permissions", listed({ ...file("a"), mode: 0o4755 })],
    ["a time beyond all", listed({ ...file("a"), mtime: 8.64e15 + 1 })],
    ["a time that is none", listed({ ...file("a"), mtime: "now" })],
  ])("is malformed with %s", (_name, bytes) => {
    expect(faultCode(() => parseManifest(bytes))).toBe("frame-malformed");
    const isFound = !/inside a file/.test(_name);
    expect(faultCode(() => [...manifestEntries(bytes)])).toBe(isFound ? "frame-malformed" : "none");
  });

  test.each([
    ["blanks between", '{"v":1, "entries":[]}'],
    ["no comma", '{"v":1,"entries":[{"path":"a","size":1}{"path":"b"}]}'],
    ["an object in an entry", '{"v":1,"entries":[{"path":"a","size":1,"mode":1,"mtime":{}}]}'],
    ["an end within a text", '{"v":1,"entries":[{"path":"a}]}'],
    ["the end alone", "]}"],
    ["a long entry", `{"v":1,"entries":[{"x":"${"y".repeat(1_000_000)}","path":"a"}]}`],
  ])("is not canonical with %s", (_name, text) => {
    expect(faultCode(() => [...manifestEntries(new TextEncoder().encode(text))])).toBe(
      "frame-malformed",
    );
  });

  test("parses to the same entries one at a time", () => {
    const paths = ["a", 'b}{\\"],[', "ü\u2028", "x".repeat(PATH_BYTES_MAX), "\u0001".repeat(4_096)];
    const entries = [...paths.map((path, i) => file(path, i)), folder("f")];
    for (const some of [[], entries.slice(0, 1), entries]) {
      const bytes = encodeManifest(some);
      expect([...manifestEntries(bytes)]).toEqual(parseManifest(bytes));
    }
  });

  test("refuses a manifest one beyond each limit", () => {
    const long = (size: number) => file("x".repeat(size));
    expect(faultCode(() => parseManifest(listed(long(PATH_BYTES_MAX))))).toBe("none");
    expect(faultCode(() => parseManifest(listed(long(PATH_BYTES_MAX + 1))))).toBe(
      "frame-malformed",
    );
    expect(faultCode(() => encodeManifest([long(PATH_BYTES_MAX + 1)]))).toBe("name-invalid");
    expect(faultCode(() => encodeManifest([file("a/../b")]))).toBe("name-invalid");
    const many = Array.from({ length: FOLDER_ENTRIES_MAX + 1 }, (_, i) =>
      file(String(i).padStart(6, "0")),
    );
    expect(faultCode(() => encodeManifest(many))).toBe("too-large");
    expect(faultCode(() => parseManifest(listed(...many)))).toBe("too-large");
    const fits = encodeManifest(many.slice(1));
    expect(parseManifest(fits).length).toBe(FOLDER_ENTRIES_MAX);
    const wide = many.slice(1, 4_100).map((entry) => file(`${entry.path}${"x".repeat(4_080)}`));
    expect(faultCode(() => encodeManifest(wide))).toBe("too-large");
    expect(faultCode(() => parseManifest(new Uint8Array(MANIFEST_BYTES_MAX + 1)))).toBe(
      "too-large",
    );
    expect(faultCode(() => parseManifest(new Uint8Array(MANIFEST_BYTES_MAX)))).toBe(
      "frame-malformed",
    );
    const huge = listed(file("a", FILE_BYTES_MAX - 50), file("b", 1));
    expect(faultCode(() => parseManifest(huge))).toBe("too-large");
  });

  test("parses a deep tree as fast as a wide one", () => {
    const deep = (i: number) => `${String(i).padStart(4, "0")}${"/x".repeat(2_000)}`;
    const entries = Array.from({ length: 3_900 }, (_, i) => file(deep(i)));
    const bytes = encodeManifest(entries);
    // Checking every parent folder of each entry would take hours.
    expect(parseManifest(bytes).length).toBe(entries.length);
  });
});

const part = fc.stringMatching(/^[a-zé~ -]{1,3}$/);
const entry = fc.record({
  path: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
  size: fc.option(fc.nat({ max: 40 })),
  mode: fc.integer({ min: 0, max: 0o777 }),
  mtime: fc.integer(),
});
const tree = fc.array(entry, { maxLength: 12 }).map((drawn) => {
  const byPath = new Map<string, ManifestEntry>();
  for (const { path, size, mode, mtime } of drawn) {
    const isInside = drawn.some((other) => other.path.startsWith(`${path}/`));
    byPath.set(
      path,
      size === null || isInside ? { path, dir: true, mode, mtime } : { path, size, mode, mtime },
    );
  }
  return [...byPath.values()];
});

test("round-trips any folder to the same bytes", () =>
  fc.assert(
    fc.property(tree, (entries) => {
      const bytes = encodeManifest(entries);
      const parsed = parseManifest(bytes);
      const byPath = (a: ManifestEntry, b: ManifestEntry) => (a.path < b.path ? -1 : 1);
      expect(parsed).toEqual(entries.toSorted(byPath));
      expect(encodeManifest(parsed)).toEqual(bytes);
    }),
  ));

test("splits any range into the pieces that it covers", () =>
  fc.assert(
    fc.property(tree, fc.nat({ max: 300 }), fc.nat({ max: 300 }), (drawn, offset, sizeBytes) => {
      const bytes = encodeManifest(drawn);
      const entries = parseManifest(bytes);
      const map = new FolderMap(entries, bytes.length);
      const owners = Array.from(bytes, (_, i) => `\0${i}`);
      for (const one of entries) {
        if (isFolder(one)) continue;
        for (let i = 0; i < one.size; i++) owners.push(`${one.path}\0${i}`);
      }
      expect(map.sizeBytes).toBe(owners.length);
      const pieces = map.pieces(offset, sizeBytes);
      const covered = pieces.flatMap((piece) =>
        Array.from({ length: piece.sizeBytes }, (_, i) => {
          const path = piece.kind === "file" ? piece.file.path : "";
          return `${path}\0${piece.offset + i}`;
        }),
      );
      expect(covered).toEqual(owners.slice(offset, offset + sizeBytes));
      expect(pieces.every((piece) => piece.sizeBytes > 0)).toBe(true);
    }),
    { numRuns: sampleSize(200, 1_000) },
  ));

test("parses any value or throws the peer's fault", () => {
  const key = fc.constantFrom("path", "size", "mode", "mtime", "dir", "v", "entries");
  const loose = fc.dictionary(key, fc.anything({ maxDepth: 2 }));
  const value = fc.oneof(
    fc.anything(),
    fc.record({ v: fc.constant(1), entries: fc.array(loose) }),
    fc.record({ v: fc.constant(1), entries: fc.anything() }),
  );
  fc.assert(
    fc.property(value, (drawn) => {
      const text = JSON.stringify(drawn, (_, one: unknown) => (typeof one === "bigint" ? 0 : one));
      const bytes = new TextEncoder().encode(text ?? "");
      expect(["none", "frame-malformed", "too-large"]).toContain(
        faultCode(() => parseManifest(bytes)),
      );
    }),
    { numRuns: sampleSize(200, 1_000) },
  );
});
