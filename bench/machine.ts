/** Description of the machine (Linux only), and load by other processes while a part runs. */
import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { quantile } from "./samples.ts";

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
    syncMs: syncMs(),
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

function syncMs(): number {
  const folder = mkdtempSync(join(tmpdir(), "chat-bench-"));
  const file = openSync(join(folder, "sync"), "w");
  const line = Buffer.alloc(330, "x");
  const times: number[] = [];
  for (let i = 0; i < SYNCS; i++) {
    const before = performance.now();
    writeSync(file, line);
    fdatasyncSync(file);
    times.push(performance.now() - before);
  }
  closeSync(file);
  rmSync(folder, { recursive: true });
  return quantile(
    times.sort((a, b) => a - b),
    0.5,
  );
}
