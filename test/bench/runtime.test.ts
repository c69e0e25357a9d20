import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { remainingRuntimeTexts, replaceRuntimeTexts } from "../../tools/release/runtime.ts";

test("replaces the texts of the runtime that builds programs", () => {
  const runtime = new Uint8Array(readFileSync(process.execPath));
  expect(remainingRuntimeTexts(runtime)).toContain("https://bun.report");
  const sizeBytes = runtime.length;
  replaceRuntimeTexts(runtime);
  expect(remainingRuntimeTexts(runtime)).toEqual([]);
  expect(runtime).toHaveLength(sizeBytes);
});

test("refuses a runtime that lacks a text or has it in more places", () => {
  const runtime = new Uint8Array(readFileSync(process.execPath));
  replaceRuntimeTexts(runtime);
  expect(() => replaceRuntimeTexts(runtime)).toThrow("0 places with https://bun.report");
  const twice = Buffer.from("https://bun.report https://bun.report");
  expect(() => replaceRuntimeTexts(twice)).toThrow("2 places with https://bun.report");
});
