import { beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

/**
 * The four machines that a release is built for. Slow, and the targets come from the network, so
 * only where it is asked for: CI=true, or CHAT_TARGETS=1.
 */
const isWanted = process.env["CI"] === "true" || process.env["CHAT_TARGETS"] === "1";

const ROOT = join(import.meta.dir, "../..");

const ELF = "7f454c46";

describe.if(isWanted)("cross-compiled", () => {
  beforeAll(async () => {
    const build = Bun.spawn([process.execPath, "build.ts", "--all"], {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said = await new Response(build.stderr).text();
    expect([await build.exited, said]).toEqual([0, expect.stringContaining("built")]);
  }, 600_000);

  test.each([
    ["linux-x64", `${ELF}0201`, { at: 18, hex: "3e00" }],
    ["linux-arm64", `${ELF}0201`, { at: 18, hex: "b700" }],
    ["darwin-arm64", "cffaedfe", { at: 4, hex: "0c000001" }],
    ["windows-x64", "4d5a", undefined],
  ])("%s is a program of its platform", (target, magic, machine) => {
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
