import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { FileId } from "../../../src/base/ids.ts";
import { UPLOAD_KEEP_MS } from "../../../src/base/limits.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { tempFolder } from "../../temp-folder.ts";

const root = tempFolder();
const FILE = "fAAAAAAAAAAA" as FileId;
const KEY = { fingerprint: "f", user: "Ana", path: "/somewhere/a", to: ["b", "a"], name: "a" };
const hash = (number: number) => new Uint8Array(32).fill(number);
const hashes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => hash(from + i));

describe("the journal of uploads", () => {
  test("preserves checksums over a restart", () => {
    const folder = join(root, "restart");
    const before = ClientState.open(folder);
    const upload = before.uploads.begin(KEY, "stamp", FILE, 1);
    upload.addHashes(hashes(0, 64));
    upload.addHashes([]);
    upload.addHashes(hashes(64, 70));
    before.close();
    const state = ClientState.open(folder);
    const found = state.uploads.find({ ...KEY, user: "aNA", to: ["a", "b"] });
    expect([found?.stamp, found?.upload.file, found?.upload.upTo]).toEqual(["stamp", FILE, 70]);
    expect([...(found?.upload.hashes() ?? [])]).toEqual(hashes(0, 70));
    state.close();
  });

  test("stores only certain checksums of two concurrent processes", () => {
    const { uploads } = ClientState.inMemory();
    const one = uploads.begin(KEY, "stamp", FILE, 1);
    one.addHashes(hashes(0, 64));
    const other = uploads.find(KEY)?.upload;
    one.addHashes(hashes(64, 128));
    other?.addHashes(hashes(64, 68));
    const third = uploads.find(KEY)?.upload;
    expect(third?.upTo).toBe(128);
    expect([...(third?.hashes() ?? [])]).toEqual(hashes(0, 68));
  });

  test("distinguishes all parts of a key", () => {
    const { uploads } = ClientState.inMemory();
    uploads.begin(KEY, "stamp", FILE, 1);
    const others = [
      { fingerprint: "g" },
      { user: "eve" },
      { path: "/b" },
      { to: ["a"] },
      { name: "b" },
    ];
    for (const other of others) {
      expect(uploads.find({ ...KEY, ...other })).toBeUndefined();
    }
  });

  test("is truncated if the server has less", () => {
    const { uploads } = ClientState.inMemory();
    const upload = uploads.begin(KEY, "stamp", FILE, 1);
    upload.addHashes(hashes(0, 10));
    upload.addHashes(hashes(10, 20));
    upload.truncate(15);
    upload.truncate(16);
    expect([...upload.hashes()]).toEqual(hashes(0, 15));
    upload.addHashes(hashes(15, 30));
    expect([...(uploads.find(KEY)?.upload.hashes() ?? [])]).toEqual(hashes(0, 30));
    upload.truncate(0);
    expect([...upload.hashes()]).toEqual([]);
  });

  test("removes uploads after UPLOAD_KEEP_MS", () => {
    const { uploads } = ClientState.inMemory();
    uploads.begin(KEY, "stamp", FILE, 1_000);
    const other = { ...KEY, path: "/other" };
    uploads.begin(other, "stamp", "fBBBBBBBBBBB" as FileId, 1_000 + UPLOAD_KEEP_MS);
    expect(uploads.find(KEY)).toBeDefined();
    uploads.begin(other, "stamp", "fCCCCCCCCCCC" as FileId, 1_001 + UPLOAD_KEEP_MS);
    expect(uploads.find(KEY)).toBeUndefined();
  });
});
