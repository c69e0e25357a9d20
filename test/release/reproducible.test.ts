import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "../temp-folder.ts";

const ROOT = join(import.meta.dir, "..", "..");
const GUIDES = ["README.md", "SECURITY.md", "docs"];
const INPUTS = ["LICENSE", "build.ts", "package.json", "src", "tools", "tsconfig.json", ...GUIDES];

async function hashOfBuild(folder: string): Promise<string> {
  for (const name of INPUTS) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  // Hard links: a symbolic link would reveal the folder of this repository to both builds.
  Bun.spawnSync(["cp", "-al", join(ROOT, "node_modules"), folder]);
  const build = Bun.spawn([process.execPath, "build.ts"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const error = await build.stderr.text();
  if ((await build.exited) !== 0) throw new Error(error);
  const program = readFileSync(join(folder, "dist", "chat"));
  return createHash("sha256").update(program).digest("hex");
}

// GNU cp makes hard links.
describe.if(process.platform === "linux")("the program", () => {
  test("is identical when built in two folders", async () => {
    const folders = [tempFolder(), join(tempFolder(), "a", "longer path")];
    const [first, second] = await Promise.all(folders.map(hashOfBuild));
    expect(second).toBe(first);
  });
});
