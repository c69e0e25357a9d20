import { beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { IS_SOAK } from "../samples.ts";

const ELF = "7f454c46";

const TARGETS = [
  ["windows-x64", "4d5a", undefined],
  ["linux-x64", `${ELF}0201`, { at: 18, hex: "3e00" }],
  ["linux-arm64", `${ELF}0201`, { at: 18, hex: "b700" }],
  ["linux-x64-baseline", `${ELF}0201`, { at: 18, hex: "3e00" }],
  ["linux-x64-musl", `${ELF}0201`, { at: 18, hex: "3e00" }],
  ["linux-arm64-musl", `${ELF}0201`, { at: 18, hex: "b700" }],
  ["darwin-arm64", "cffaedfe", { at: 4, hex: "0c000001" }],
  ["darwin-x64", "cffaedfe", { at: 4, hex: "07000001" }],
] as const;

const ROOT = join(import.meta.dir, "../..");

// Platforms of a release, in the soak only, because builds are slow and need downloads.
describe.if(IS_SOAK)("cross-compiled", () => {
  beforeAll(async () => {
    const build = Bun.spawn([process.execPath, "build.ts", "--all"], {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const errors = await new Response(build.stderr).text();
    expect([await build.exited, errors]).toEqual([0, expect.stringContaining("built")]);
  }, 600_000);

  test.each(TARGETS)("%s is a program of its platform", (target, magic, machine) => {
    const exe = target.startsWith("windows") ? ".exe" : "";
    const file = join(ROOT, "dist", `chat-${target}${exe}`);
    const head = firstBytes(file);
    expect(head.subarray(0, magic.length / 2).toString("hex")).toBe(magic);
    if (machine === undefined) {
      const at = head.readUInt32LE(0x3c);
      expect(head.subarray(at, at + 6).toString("hex")).toBe("504500006486");
    } else {
      const { at, hex } = machine;
      expect(head.subarray(at, at + hex.length / 2).toString("hex")).toBe(hex);
    }
  });
});

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(4096);
  const file = openSync(path, "r");
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  return bytes;
}
