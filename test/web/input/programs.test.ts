import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { PROGRAM_TARGETS, programFile } from "../../../src/cli/serve/offer.ts";
import { checkLine, offeredPrograms, systemOf } from "../../../src/web/input/programs.ts";
import { requires } from "../../installed.ts";

const SUM = "0a".repeat(32);
const told = (name: unknown, size: unknown = 5, sha256: unknown = SUM) => ({
  programs: [{ name, size, sha256 }],
});

test.each(PROGRAM_TARGETS)("the program for %s is known by its name", (target) => {
  const name = programFile(target);
  expect(offeredPrograms(told(name))).toEqual([
    { name, system: target, sizeBytes: 5, sha256: SUM },
  ]);
});

test("what is none is left out, whatever it is", () => {
  for (const name of ["x", "../chat-linux-x64", "chat-linux-x64/..", "chat-linux-x64\n", 7, null]) {
    expect(offeredPrograms(told(name))).toEqual([]);
  }
  expect(offeredPrograms(told("chat-linux-x64", "5"))).toEqual([]);
  expect(offeredPrograms(told("chat-linux-x64", 5, `${SUM}"; rm -rf`))).toEqual([]);
  expect(offeredPrograms(undefined)).toEqual([]);
  fc.assert(fc.property(fc.anything(), (value) => void offeredPrograms(value)));
  fc.assert(fc.property(fc.array(fc.anything()), (programs) => void offeredPrograms({ programs })));
});

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "linux-x64"],
  ["Mozilla/5.0 (X11; Linux aarch64) Chrome/138.0 Safari/537.36", "linux-arm64"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/138.0", "windows-x64"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15", "darwin-arm64"],
  ["Mozilla/5.0 (Linux; Android 10; K) Chrome/138.0 Mobile", undefined],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Safari", undefined],
  ["Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/138.0", undefined],
  ["", undefined],
])("for %p it is %p", (agent, system) => {
  expect(systemOf(agent)).toBe(system);
});

requires("sha256sum").test("the line checks the file", () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-sum-"));
  try {
    const run = (bytes: string) => {
      writeFileSync(join(folder, "chat-linux-x64"), "right");
      const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
      const [program] = offeredPrograms(told("chat-linux-x64", 5, sha256));
      if (program === undefined) throw new Error("none");
      return Bun.spawnSync(["sh", "-c", checkLine(program)], { cwd: folder, stderr: "ignore" });
    };
    expect(run("right").exitCode).toBe(0);
    expect(run("wrong").exitCode).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("other systems have other commands", () => {
  const line = (name: string) => offeredPrograms(told(name)).map(checkLine)[0];
  expect(line("chat-darwin-arm64")).toBe(`echo "${SUM}  chat-darwin-arm64" | shasum -a 256 -c`);
  expect(line("chat-windows-x64.exe")).toBe(
    `(Get-FileHash chat-windows-x64.exe).Hash -eq "${SUM.toUpperCase()}"`,
  );
});
