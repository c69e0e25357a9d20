/** Many worlds at once: each part of the seeds in a process of its own. */

export interface Outcome {
  readonly kind: "passed" | "failed" | "done";
  readonly seed?: number;
  readonly digest?: string;
  readonly error?: string;
  readonly stack?: string;
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

/** @returns what failed, by seed */
export async function runFleet(first: number, last: number, runner = RUNNER): Promise<Outcome[]> {
  const size = Math.ceil((last - first + 1) / PROCESSES);
  const parts: Promise<Outcome[]>[] = [];
  for (let from = first; from <= last; from += size) {
    parts.push(runWorlds(from, Math.min(last, from + size - 1), { runner }));
  }
  const outcomes = (await Promise.all(parts)).flat();
  return outcomes.filter(({ kind }) => kind === "failed");
}
