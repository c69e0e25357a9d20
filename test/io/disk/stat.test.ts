import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMountPoint } from "../../../src/io/disk/stat.ts";

test("knows the root of a volume", () => {
  expect(isMountPoint("/proc")).toBe(process.platform === "linux");
  expect(isMountPoint(join(tmpdir(), "missing"))).toBe(false);
  expect(isMountPoint(import.meta.dir)).toBe(false);
});
