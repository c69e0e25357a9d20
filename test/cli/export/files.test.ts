import { expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { OutputFile } from "../../../src/cli/export/output-file.ts";
import { MemorySink } from "../../../src/client/files/memory-sink.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";

test("copies the bytes, up to the announced size", async () => {
  const sink = new MemorySink(4, sha256);
  const chunk = Uint8Array.of(1, 2, 3);
  await sink.append(sha256(chunk), chunk);
  chunk.fill(9);
  expect(sink.bytes()).toEqual(Uint8Array.of(1, 2, 3));
  expect(sink.digest()).toEqual(sha256(sha256(Uint8Array.of(1, 2, 3))));
  expect((await rejection(sink.append(sha256(chunk), chunk))).message).toContain("above 4 bytes");
  await sink.restart();
  expect([sink.sizeBytes, sink.bytes().length, await sink.finish()]).toEqual([0, 0, ""]);
});

const folder = tempFolder();
const path = join(folder, "a.ndjson");

test("renames a complete file, with mode 0600", () => {
  writeFileSync(`${path}.part`, "of a run that was killed");
  const file = new OutputFile(path);
  file.write("é".repeat(300_000));
  expect(readdirSync(folder)).toEqual(["a.ndjson.part"]);
  file.finish();
  file.discard();
  expect(readdirSync(folder)).toEqual(["a.ndjson"]);
  expect(readFileSync(path, "utf8")).toBe("é".repeat(300_000));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("replaces an existing file if asked to, and none of its mode", () => {
  chmodSync(path, 0o644);
  const file = new OutputFile(path, { existing: "replace" });
  file.write("new");
  expect(readFileSync(path, "utf8")).not.toBe("new");
  file.finish();
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

function written(text: string, tail = ""): string {
  const file = new OutputFile(path, { existing: "extend", tail });
  try {
    file.write(text);
    file.finish();
  } finally {
    file.discard();
  }
  return readFileSync(path, "utf8");
}

test.each([
  ["the same content", "one\ntwo\n"],
  ["the beginning of the content", "one\n"],
  ["no content", ""],
])("completes an existing file with %s", (_, existing) => {
  writeFileSync(path, existing);
  chmodSync(path, 0o644);
  expect(written("one\ntwo\n")).toBe("one\ntwo\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["a.ndjson"]);
});

test.each([
  ["other content", "ONE\n"],
  ["more content", "one\ntwo\nthree\n"],
  ["content that differs at its end", "one\ntwo!"],
])("refuses to replace a file with %s", (_, existing) => {
  writeFileSync(path, existing);
  expect(() => written("one\ntwo\n")).toThrow("other content");
  expect(readFileSync(path, "utf8")).toBe(existing);
  expect(readdirSync(folder)).toEqual(["a.ndjson"]);
});

test("ignores the digits of the end, where a page has the time of its export", () => {
  writeFileSync(path, "one\nat 10:15\n");
  expect(written("one\nat 11:20\n", "at 11:20\n")).toBe("one\nat 10:15\n");
  expect(written("one\ntwo\nat 11:20\n", "at 11:20\n")).toBe("one\ntwo\nat 11:20\n");
  expect(() => written("one\ntwo\nnow 11:20\n", "now 11:20\n")).toThrow("other content");
});

test.each(["extend", "replace"] as const)("%ss neither a link nor a folder", (existing) => {
  rmSync(path, { force: true });
  symlinkSync(join(folder, "nowhere"), path);
  expect(() => new OutputFile(path, { existing })).toThrow("not a regular file");
  rmSync(path);
  mkdirSync(path);
  expect(() => new OutputFile(path, { existing })).toThrow("not a regular file");
  rmSync(path, { recursive: true });
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ["refuse", "already exists"],
  ["extend", "other content"],
] as const)("replaces no file that was created during the export (%s)", (existing, message) => {
  const file = new OutputFile(path, { existing });
  writeFileSync(path, "mine");
  expect(() => file.finish()).toThrow(message);
  expect(readFileSync(path, "utf8")).toBe("mine");
  rmSync(path);
});

test("finishes no file whose temporary name another export uses", () => {
  const [first, second] = [new OutputFile(path), new OutputFile(path)];
  first.write("first");
  second.write("second");
  expect(() => first.finish()).toThrow("another export");
  first.discard();
  second.finish();
  expect(readFileSync(path, "utf8")).toBe("second");
});

test("refuses an existing file unless asked to extend or replace it", () => {
  writeFileSync(path, "mine");
  expect(() => new OutputFile(path)).toThrow("already exists");
  expect(readFileSync(path, "utf8")).toBe("mine");
});
