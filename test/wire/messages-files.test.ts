import { describe, expect, test } from "bun:test";
import { Packr } from "msgpackr/pack";
import { Fault } from "../../src/base/fault.ts";
import {
  CHUNK_BYTES,
  FILE_BYTES_MAX,
  FILE_NAME_BYTES_MAX,
  FILE_TARGETS_MAX,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
  TRANSFER_WINDOW_BYTES_MAX,
} from "../../src/base/limits.ts";
import { decode } from "../../src/wire/codec.ts";

/** What another program might send; it checks nothing. */
const foreign = new Packr({ useRecords: false, variableMapSize: true });
const pack = (value: unknown) => new Uint8Array(foreign.pack(value));

const FILE = "f1234567890a";
const HASH = new Uint8Array(32);
const offer = (fields: object) => ({
  kind: "offer",
  ref: 1,
  file: FILE,
  to: ["lobby"],
  name: "a.txt",
  ...fields,
});
const named = (size: number) => offer({ name: "x".repeat(size) });
const targets = (size: number) => offer({ to: Array(size).fill("lobby") });
const folder = (entries: number, manifestBytes: number) =>
  offer({ folder: { entries, manifestBytes } });
const fetch = (window: number) => ({ kind: "fetch", ref: 1, file: FILE, from: 0, window });
const finish = (digest: Uint8Array) => ({
  kind: "finish",
  ref: 1,
  file: FILE,
  size: 1,
  chunks: 1,
  digest,
});
const chunk = (size: number) => ({
  kind: "chunk",
  file: FILE,
  index: 0,
  sha256: HASH,
  bytes: new Uint8Array(size),
});

function isRefused(value: unknown): boolean {
  try {
    return decode(pack(value)).kind === "refused";
  } catch (error) {
    return error instanceof Fault && error.blame === "peer";
  }
}

describe("messages of files, at the edge of their bounds", () => {
  test.each([
    ["a name", named(FILE_NAME_BYTES_MAX), named(FILE_NAME_BYTES_MAX + 1)],
    ["no name", named(1), named(0)],
    ["targets", targets(FILE_TARGETS_MAX), targets(FILE_TARGETS_MAX + 1)],
    ["no target", targets(1), targets(0)],
    ["a size", offer({ size: FILE_BYTES_MAX }), offer({ size: FILE_BYTES_MAX + 1 })],
    ["a size below nothing", offer({ size: 0 }), offer({ size: -1 })],
    ["entries of a folder", folder(FOLDER_ENTRIES_MAX, 1), folder(FOLDER_ENTRIES_MAX + 1, 1)],
    ["a manifest", folder(0, MANIFEST_BYTES_MAX), folder(0, MANIFEST_BYTES_MAX + 1)],
    ["no manifest", folder(0, 1), folder(0, 0)],
    ["a window", fetch(TRANSFER_WINDOW_BYTES_MAX), fetch(TRANSFER_WINDOW_BYTES_MAX + 1)],
    ["a window that holds no chunk", fetch(CHUNK_BYTES), fetch(CHUNK_BYTES - 1)],
    ["a digest", finish(HASH), finish(new Uint8Array(31))],
    ["a chunk", chunk(CHUNK_BYTES), chunk(CHUNK_BYTES + 1)],
    ["a checksum", chunk(1), { ...chunk(1), sha256: new Uint8Array(33) }],
    [
      "a reason",
      { kind: "held", file: FILE, where: "disk" },
      { kind: "held", file: FILE, where: "moon" },
    ],
  ])("%s", (_name, fits, over) => {
    expect(decode(pack(fits)).kind).toBe("message");
    expect(isRefused(over)).toBe(true);
  });
});
