/** Files common to all archives of a release. */

import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output, ROOT, run } from "./run.ts";

const COMPLETIONS = { bash: "chat.bash", zsh: "_chat", fish: "chat.fish" };

export async function stageFiles(folder: string): Promise<string> {
  const program = join(ROOT, "dist", "chat");
  const completions = join(folder, "completions");
  mkdirSync(completions, { recursive: true });
  copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  writeFileSync(
    join(folder, "THIRD-PARTY.txt"),
    `${output(program, "version", "--licenses").trimEnd()}\n`,
  );
  await run(["man", "--install", join(folder, "man")], { program });
  await buildGuides(join(folder, "guides"));
  for (const [shell, name] of Object.entries(COMPLETIONS)) {
    writeFileSync(
      join(completions, name),
      `${output(program, "completions", shell, "--program", "chat")}\n`,
    );
  }
  return folder;
}

/** The documentation site without its search, which browsers refuse to pages from a disk. */
async function buildGuides(folder: string): Promise<void> {
  const eleventy = join(ROOT, "node_modules/@11ty/eleventy/cmd.cjs");
  const config = "--config=tools/site/eleventy.config.mjs";
  await run([eleventy, config, "--quiet", `--output=${folder}`], { program: "node" });
}
