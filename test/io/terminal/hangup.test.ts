import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hangupSignals, ignoresHangup } from "../../../src/io/terminal/hangup.ts";

test.each([
  ["0000000000000001", true],
  ["0000000001001001", true],
  ["0000000001001000", false],
  ["0000000000000000", false],
])("the mask %s ignores SIGHUP: %p", (mask, ignored) => {
  const folder = mkdtempSync(join(tmpdir(), "chat-hangup-"));
  const file = join(folder, "status");
  writeFileSync(file, `Name:\tchat\nSigBlk:\t0000000000000001\nSigIgn:\t${mask}\nSigCgt:\t0\n`);
  expect(ignoresHangup(file)).toBe(ignored);
  rmSync(folder, { recursive: true });
});

test("assumes that SIGHUP is not ignored if unknown", () => {
  expect(ignoresHangup("/nonexistent/status")).toBe(false);
});

test("the console of Windows ends the program with SIGHUP and SIGBREAK", () => {
  expect(hangupSignals("win32", false)).toEqual(["SIGHUP", "SIGBREAK"]);
  expect(hangupSignals("linux", false)).toEqual(["SIGHUP"]);
  expect(hangupSignals("linux", true)).toEqual([]);
});
