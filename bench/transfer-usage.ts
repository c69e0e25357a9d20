import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Usage } from "./transfer-contestant.ts";

/** Linux: `getconf CLK_TCK`. */
const TICKS_PER_SECOND = 100;
const SAMPLE_INTERVAL_MS = 50;
const REAP_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 600_000;
const STDERR_QUOTED_LENGTH = 2_000;

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  readonly usage: Usage;
  readonly stdout: string;
}

export async function runCommand(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: COMMAND_TIMEOUT_MS,
  });
  const watch = new MemoryWatch(child.pid);
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const peakBytes = watch.end();
  if (child.exitCode !== 0) {
    const ending = child.signalCode ?? child.exitCode;
    throw new Error(
      `${command.join(" ")} ended with ${ending}: ${stderr.slice(-STDERR_QUOTED_LENGTH)}`,
    );
  }
  const used = child.resourceUsage();
  const cpuSeconds = Number(used?.cpuTime.total ?? 0) / 1e6;
  // `maxRSS` would include the memory of the forking parent before exec.
  return { usage: { cpuSeconds, peakBytes }, stdout };
}

export async function usageDuring<T>(pid: number, action: () => Promise<T>): Promise<[T, Usage]> {
  await waitForChildren(pid);
  resetPeak(pid);
  const before = treeCpuSeconds(pid);
  const watch = new MemoryWatch(pid);
  try {
    const result = await action();
    await waitForChildren(pid);
    const cpuSeconds = treeCpuSeconds(pid) - before;
    return [result, { cpuSeconds, peakBytes: watch.end() }];
  } finally {
    watch.end();
  }
}

class MemoryWatch {
  readonly #pid: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #peakBytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS);
  }

  end(): number {
    clearInterval(this.#timer);
    this.#sample();
    return this.#peakBytes;
  }

  #sample(): void {
    // The kernel tracks each process's peak, so nothing is missed between two samples.
    const bytes = processTree(this.#pid).reduce((sum, pid) => sum + peakBytes(pid), 0);
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }
}

/** A session's CPU time counts only after its process is reaped. */
async function waitForChildren(pid: number): Promise<void> {
  const until = performance.now() + REAP_TIMEOUT_MS;
  while (processTree(pid).length > 1 && performance.now() < until) await Bun.sleep(5);
}

export function processTree(pid: number): number[] {
  const all = [pid];
  for (const parent of all) all.push(...childrenOf(parent));
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
    return [];
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
  // utime and stime, including those of reaped children.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

function resetPeak(pid: number): void {
  const path = `/proc/${pid}/clear_refs`;
  if (existsSync(path)) Bun.spawnSync(["sh", "-c", `echo 5 > ${path}`], { stderr: "ignore" });
}
