import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Usage } from "./transfer-contestant.ts";

/** Linux: `getconf CLK_TCK`. */
const TICKS_PER_SECOND = 100;
const SAMPLE_EVERY_MS = 50;
const REAPED_WITHIN_MS = 2_000;
/** Whatever hangs is ended, and the bench fails. */
const COMMAND_WITHIN_MS = 600_000;
const STDERR_SHOWN = 2_000;

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
}

export interface Done {
  readonly usage: Usage;
  readonly stdout: string;
}

/** Runs one end to its end. @throws Error with what it said, when it fails */
export async function runEnd(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<Done> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: COMMAND_WITHIN_MS,
  });
  const watch = new Watch(child.pid);
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const peakBytes = watch.end();
  if (child.exitCode !== 0) {
    const how = child.signalCode ?? child.exitCode;
    throw new Error(`${command.join(" ")} ended with ${how}: ${stderr.slice(-STDERR_SHOWN)}`);
  }
  const used = child.resourceUsage();
  const cpuSeconds = Number(used?.cpuTime.total ?? 0) / 1e6;
  // `maxRSS` would count what the forking parent had before the command took its place.
  return { usage: { cpuSeconds, peakBytes }, stdout };
}

/** What a process that runs on and its children use while something is done. */
export async function usageDuring<T>(pid: number, work: () => Promise<T>): Promise<[T, Usage]> {
  await childless(pid);
  forgetPeak(pid);
  const before = treeCpuSeconds(pid);
  const watch = new Watch(pid);
  try {
    const result = await work();
    await childless(pid);
    const cpuSeconds = treeCpuSeconds(pid) - before;
    return [result, { cpuSeconds, peakBytes: watch.end() }];
  } finally {
    watch.end();
  }
}

/** Peak of the resident memory of a process and all it started, summed. */
class Watch {
  readonly #pid: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #peakBytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
  }

  end(): number {
    clearInterval(this.#timer);
    this.#sample();
    return this.#peakBytes;
  }

  #sample(): void {
    // The kernel keeps the high-water mark of each, so that nothing is missed between two looks.
    const bytes = processTree(this.#pid).reduce((sum, pid) => sum + peakBytes(pid), 0);
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }
}

/** Children count once they were waited for: a server's sessions are gone by then. */
async function childless(pid: number): Promise<void> {
  const until = performance.now() + REAPED_WITHIN_MS;
  while (processTree(pid).length > 1 && performance.now() < until) await Bun.sleep(5);
}

/** A process and all that it has started, as long as each parent lives. */
export function processTree(pid: number): number[] {
  const all = [pid];
  for (const parent of all) all.push(...childrenOf(parent)); // Grows while it is walked.
  return all;
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "latin1")
        .split(" ")
        .filter((word) => word !== "")
        .map(Number),
    );
  } catch {
    return []; // Gone in between.
  }
}

function peakBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function treeCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // utime, stime, and those of the children that were waited for.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

/** The high-water mark begins anew with what is resident now. */
function forgetPeak(pid: number): void {
  const path = `/proc/${pid}/clear_refs`;
  if (existsSync(path)) Bun.spawnSync(["sh", "-c", `echo 5 > ${path}`], { stderr: "ignore" });
}
