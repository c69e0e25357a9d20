/** Many worlds at once: each part of the seeds in a process of its own. */
import { relative } from "node:path";

export interface Outcome {
  readonly kind: "passed" | "failed" | "done";
  readonly seed?: number;
  readonly digest?: string;
  readonly error?: string;
  readonly stack?: string;
  /** Of all these worlds: the kinds of requests that were asked. */
  readonly asked?: readonly string[];
}

const RUNNER = `${import.meta.dir}/world-process.ts`;
/** As many as there are cores where these are usually run. */
const PROCESSES = 2;

interface WorldsOptions {
  readonly bug?: string;
  /** The worlds of sealed rooms have another one. */
  readonly runner?: string;
}

export async function runWorlds(
  first: number,
  last: number,
  { bug, runner = RUNNER }: WorldsOptions = {},
): Promise<Outcome[]> {
  const args = [process.execPath, runner, String(first), String(last)];
  const child = Bun.spawn(bug === undefined ? args : [...args, bug], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = (await child.stdout.text()).split("\n").filter((line) => line !== "");
  const outcomes = lines.map((line) => JSON.parse(line) as Outcome);
  if (outcomes.at(-1)?.kind !== "done") throw new Error(`worlds ${first} to ${last} broke off`);
  return outcomes;
}

interface FleetOptions extends Pick<WorldsOptions, "runner"> {
  readonly test: string;
  /** Gets the kinds of requests that were asked. */
  readonly asked?: Set<string>;
}

/**
 * @param test what replays one of them, from the folder of the project
 * @returns what failed, by seed, and how to see it again; empty: nothing
 */
export async function runFleet(
  first: number,
  last: number,
  { test, runner = RUNNER, asked = new Set() }: FleetOptions,
): Promise<string> {
  const size = Math.ceil((last - first + 1) / PROCESSES);
  const parts: Promise<Outcome[]>[] = [];
  for (let from = first; from <= last; from += size) {
    parts.push(runWorlds(from, Math.min(last, from + size - 1), { runner }));
  }
  const outcomes = (await Promise.all(parts)).flat();
  for (const outcome of outcomes) for (const kind of outcome.asked ?? []) asked.add(kind);
  const failed = outcomes.filter(({ kind }) => kind === "failed");
  const told = failed.map(
    ({ seed, error, stack }) =>
      `seed ${seed}: ${error}\n${stack}\n` +
      `replay: CHAT_SEED=${seed} bun test ${test}\n` +
      `read what happened: CHAT_TELL=1 bun ${relative(process.cwd(), runner)} ${seed}`,
  );
  return told.join("\n\n");
}
