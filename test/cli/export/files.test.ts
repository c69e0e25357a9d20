import { expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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

test("replaces an existing file if asked to", () => {
  const file = new OutputFile(path, { isReplacing: true });
  file.write("new");
  expect(readFileSync(path, "utf8")).not.toBe("new");
  file.finish();
  expect(readFileSync(path, "utf8")).toBe("new");
});

test("replaces no existing file", () => {
  expect(() => new OutputFile(path)).toThrow("already exists");
  rmSync(path);
  const file = new OutputFile(path);
  writeFileSync(path, "mine");
  expect(() => file.finish()).toThrow("already exists");
  expect(readFileSync(path, "utf8")).toBe("mine");
});
