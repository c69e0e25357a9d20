import { expect } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requires } from "../installed.ts";
import { TESTED_ALONE } from "../tested-alone.ts";

const { test } = requires("knip");

const ROOT = join(import.meta.dir, "../..");

/** Runs the rule of knip.json over a few files. @returns what it prints, empty if all is well */
async function unused(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = fs.mkdtempSync(join(tmpdir(), "chat-knip-"));
  try {
    fs.copyFileSync(join(ROOT, "knip.json"), join(folder, "knip.json"));
    fs.symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const [path, text] of Object.entries({ "package.json": '{"name":"planted"}', ...files })) {
      fs.mkdirSync(join(folder, path, ".."), { recursive: true });
      fs.writeFileSync(join(folder, path), text);
    }
    const knip = [process.execPath, join(ROOT, "node_modules/.bin/knip")];
    const child = Bun.spawn([...knip, "--production", "--include", "exports,files"], {
      cwd: folder,
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return (await child.exited) === 0 ? "" : stdout + stderr;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const MAIN = 'import { used } from "./part.ts";\nused();\n';
const PART = "export function used() {}\n";
const ALONE = "export function alone() {}\n";
const TEST = 'import { alone } from "../src/part.ts";\nalone();\n';

test("an export for tests alone is found, unless it is listed", async () => {
  const files = { "src/main.ts": MAIN, "src/part.ts": PART };
  const [good, bad, listed] = await Promise.all([
    unused(files),
    unused({ ...files, "src/part.ts": PART + ALONE, "test/part.test.ts": TEST }),
    unused({ ...files, "src/part.ts": PART + ALONE, "test/tested-alone.ts": TEST }),
  ]);
  expect(good).toBe("");
  expect(bad).toContain("alone");
  expect(bad).toContain("Unused exports (1)");
  expect(listed).toBe("");
});

test("each one that is listed has a reason", () => {
  expect(new Set(TESTED_ALONE.map(([one]) => one)).size).toBe(TESTED_ALONE.length);
  for (const [, reason] of TESTED_ALONE) expect(reason.length).toBeGreaterThan(20);
});
