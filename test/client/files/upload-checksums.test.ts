import { describe, expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { UploadChecksums } from "../../../src/client/files/upload-checksums.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";

const FILE = "fAAAAAAAAAAA" as FileId;
const KEY = { fingerprint: "f", user: "ana", path: "/somewhere/a", to: ["b"], name: "a" };
const hashes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => new Uint8Array(32).fill(from + i));

function begin() {
  const { uploads } = ClientState.inMemory();
  const checksums = new UploadChecksums(() => new Bun.CryptoHasher("sha256"));
  checksums.resume(0, uploads.begin(KEY, "stamp", FILE, 1));
  return { checksums, journal: () => [...(uploads.find(KEY)?.upload.hashes() ?? [])] };
}

describe("checksums of read chunks", () => {
  test("are written to the journal sixteen at a time", () => {
    const { checksums, journal } = begin();
    for (let first = 0; first < 12; first += 4) checksums.record(first, hashes(first, first + 4));
    expect(journal()).toEqual([]);
    checksums.record(12, hashes(12, 16));
    expect(journal()).toEqual(hashes(0, 16));
  });

  test("leave no gap if chunks are read again", () => {
    const { checksums, journal } = begin();
    checksums.record(0, hashes(0, 4));
    checksums.record(2, hashes(2, 6));
    checksums.record(8, hashes(8, 12));
    checksums.flush();
    expect(journal()).toEqual(hashes(0, 6));
  });

  test("of an earlier channel are not recorded on the next one", () => {
    const { checksums } = begin();
    checksums.record(0, hashes(0, 4));
    const { uploads } = ClientState.inMemory();
    checksums.resume(0, uploads.begin(KEY, "stamp", FILE, 1));
    checksums.flush();
    expect([...(uploads.find(KEY)?.upload.hashes() ?? [])]).toEqual([]);
  });
});
