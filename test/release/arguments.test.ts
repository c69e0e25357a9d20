import { expect, test } from "bun:test";
import { join } from "node:path";
import { version } from "../../package.json";

const ROOT = join(import.meta.dir, "..", "..");

test.each([
  [[], `missing VERSION; run: npm run release -- ${version}`],
  [["99.0.0"], `raise "version" to 99.0.0 and commit, or run: npm run release -- ${version}`],
  [[version, "--targets", "amiga"], "unknown target amiga; use "],
])("npm run release -- %p explains the mistake", (args, message) => {
  const command = [process.execPath, "tools/release/release.ts", ...args];
  const { exitCode, stderr } = Bun.spawnSync(command, { cwd: ROOT });
  expect([exitCode, stderr.toString()]).toEqual([2, expect.stringContaining(message)]);
});
