/** Description of the machine (Linux only), and load by other processes while a part runs. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { syncTimesMs } from "./harness.ts";
import { percentile } from "./samples.ts";

const TICKS_PER_SECOND = 100;
const SYNCS = 300;

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly kernel: string;
  readonly memoryGib: number;
  readonly syncMs: number;
  readonly bun: string;
}

export interface Noise {
  readonly seconds: number;
  readonly ownCpuSeconds: number;
  readonly otherCpuSeconds: number;
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    kernel: `Linux ${release()}`,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    syncMs: percentile(
      syncTimesMs(({ length }) => length === SYNCS),
      0.5,
    ),
    bun: Bun.version,
  };
}

export function commitHash(): string {
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", ...args], { cwd: import.meta.dir })
      .stdout.toString()
      .trim();
  const isChanged = git("status", "--porcelain", "--untracked-files=no") !== "";
  return `${git("rev-parse", "--short", "HEAD")}${isChanged ? "+" : ""}`;
}

export function busyCpuSeconds(): number {
  const [first = ""] = readFileSync("/proc/stat", "latin1").split("\n");
  const ticks = first.split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = ticks;
  return (user + nice + system + irq + softIrq + steal) / TICKS_PER_SECOND;
}

/** @returns a function that ends the measurement; its argument is the benchmark's own CPU time */
export function measureNoise(): (ownCpuSeconds: number) => Noise {
  const [started, busyBefore, loadBefore] = [performance.now(), busyCpuSeconds(), loadavg()[0]];
  return (ownCpuSeconds) => ({
    seconds: (performance.now() - started) / 1000,
    ownCpuSeconds,
    otherCpuSeconds: Math.max(0, busyCpuSeconds() - busyBefore - ownCpuSeconds),
    loadBefore: loadBefore ?? 0,
    loadAfter: loadavg()[0] ?? 0,
  });
}
