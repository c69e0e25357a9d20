/** Newest result of each part, each in its own JSON file, so that parts can be repeated alone. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine, Noise } from "./machine.ts";
import type { Sample } from "./samples.ts";

const FOLDER = process.env["BENCH_RESULTS"] ?? join(import.meta.dir, "results");

export interface PartResult {
  readonly part: string;
  readonly isQuick: boolean;
  readonly at: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly noise: Noise;
  readonly failure?: string;
  readonly samples: readonly Sample[];
}

export function saveResult(result: PartResult): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${result.part}.json`), `${JSON.stringify(result, null, 1)}\n`);
}

export function readResults(): PartResult[] {
  if (!existsSync(FOLDER)) return [];
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => JSON.parse(readFileSync(join(FOLDER, name), "utf8")));
}

export function commitHash(): string {
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", ...args], { cwd: import.meta.dir })
      .stdout.toString()
      .trim();
  const isChanged = git("status", "--porcelain", "--untracked-files=no") !== "";
  return `${git("rev-parse", "--short", "HEAD")}${isChanged ? "+" : ""}`;
}
