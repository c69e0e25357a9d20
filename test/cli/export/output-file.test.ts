import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OutputFile } from "../../../src/cli/export/output-file.ts";

const folder = mkdtempSync(join(tmpdir(), "chat-output-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "a.ndjson");

test("has its name when it is complete, and mode 0600; a left part is replaced", () => {
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

test("replaces nothing, also of what came meanwhile", () => {
  expect(() => new OutputFile(path)).toThrow("is there already");
  rmSync(path);
  const file = new OutputFile(path);
  writeFileSync(path, "mine");
  expect(() => file.finish()).toThrow("is there already");
  expect(readFileSync(path, "utf8")).toBe("mine");
});

test("leaves nothing when it is given up", () => {
  rmSync(path);
  const file = new OutputFile(path);
  file.write("x");
  file.discard();
  expect(readdirSync(folder)).not.toContain("a.ndjson");
});
