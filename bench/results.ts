/**
 * Newest results of each part, newest first, in one JSON file per part, so that parts can be
 * repeated alone.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine, Noise } from "./machine.ts";
import type { Sample } from "./samples.ts";

const FOLDER = process.env["BENCH_RESULTS"] ?? join(import.meta.dir, "results");
/** The goals count if they are met in three runs. */
const RUNS = 3;

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

/** Quick and full runs replace each other, because they are not comparable. */
export function saveResult(result: PartResult, folder = FOLDER): void {
  const earlier = readResults(folder).filter(
    ({ part, isQuick }) => part === result.part && isQuick === result.isQuick,
  );
  const results = [result, ...earlier].slice(0, RUNS);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${result.part}.json`), `${JSON.stringify(results, null, 1)}\n`);
}

export function readResults(folder = FOLDER): PartResult[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
}

export function commitHash(): string {
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", ...args], { cwd: import.meta.dir })
      .stdout.toString()
      .trim();
  const isChanged = git("status", "--porcelain", "--untracked-files=no") !== "";
  return `${git("rev-parse", "--short", "HEAD")}${isChanged ? "+" : ""}`;
}
