import type { Content } from "./transfer-content.ts";
import type { TransferRun } from "./transfer-contestant.ts";

export interface Result {
  readonly name: string;
  readonly runs: TransferRun[];
  readonly starts: TransferRun[];
  missing: string | undefined;
}

interface Figures {
  readonly name: string;
  readonly seconds: number;
  readonly netSeconds: number;
  readonly cpu: number;
  readonly netCpu: number;
}

const HEAD = ["contestant", "MB/s", "start s", "net MB/s", "CPU s snd/rcv/srv", "net", "peak MB"];
const WIDTHS = [8, 9, 10, 19, 7, 13];

export function printTable(content: Content, results: readonly Result[]): void {
  const mb = (content.sizeBytes / 1e6).toFixed(0);
  const title = content.isFolder ? "a folder of small files" : "one random file";
  print(`${title}, ${mb} MB; medians; start: overhead, measured with one byte; net: without it`);
  print(row(HEAD));
  for (const { name, runs, starts, missing } of results) {
    if (missing !== undefined) {
      print(`${name.padEnd(20)}  not measured: ${missing}`);
      continue;
    }
    const { seconds, netSeconds, netCpu } = figures(name, runs, starts);
    const rate = (s: number) => (content.sizeBytes / 1e6 / s).toFixed(0);
    const cpu = [
      median(runs, ({ sender }) => sender.cpuSeconds).toFixed(2),
      median(runs, ({ receiver }) => receiver.cpuSeconds).toFixed(2),
    ];
    const peak = [
      (median(runs, ({ sender }) => sender.peakBytes) / 1e6).toFixed(0),
      (median(runs, ({ receiver }) => receiver.peakBytes) / 1e6).toFixed(0),
    ];
    if (runs.some(({ server }) => server !== undefined)) {
      cpu.push(median(runs, ({ server }) => server?.cpuSeconds ?? 0).toFixed(2));
      peak.push((median(runs, ({ server }) => server?.peakBytes ?? 0) / 1e6).toFixed(0));
    }
    const start = (seconds - netSeconds).toFixed(2);
    const net = [rate(netSeconds), cpu.join("/"), netCpu.toFixed(2)];
    print(row([name, rate(seconds), start, ...net, peak.join("/")]));
  }
  printRatios(results);
}

function printRatios(results: readonly Result[]): void {
  const measured = results
    .filter(({ missing }) => missing === undefined)
    .map(({ name, runs, starts }) => figures(name, runs, starts));
  const others = measured.filter(({ name }) => !name.startsWith("chat"));
  for (const ours of measured.filter(({ name }) => name.startsWith("chat"))) {
    print(`${ours.name}: speed relative to each, also net of overhead; the same per CPU second:`);
    for (const { name, seconds, netSeconds, cpu, netCpu } of others) {
      const wall = [seconds / ours.seconds, netSeconds / ours.netSeconds];
      const times = [...wall, cpu / ours.cpu, netCpu / ours.netCpu];
      print(`  ${name.padEnd(18)}${times.map((time) => time.toFixed(2).padStart(8)).join("")}`);
    }
  }
}

function figures(
  name: string,
  runs: readonly TransferRun[],
  starts: readonly TransferRun[],
): Figures {
  const seconds = median(runs, (run) => run.seconds);
  const netSeconds = Math.max(0.001, seconds - median(starts, (run) => run.seconds));
  const cpu = median(runs, cpuSeconds);
  const netCpu = Math.max(0.01, cpu - median(starts, cpuSeconds));
  return { name, seconds, netSeconds, cpu, netCpu };
}

function cpuSeconds({ sender, receiver, server }: TransferRun): number {
  return sender.cpuSeconds + receiver.cpuSeconds + (server?.cpuSeconds ?? 0);
}

function median(runs: readonly TransferRun[], field: (run: TransferRun) => number): number {
  const sorted = runs.map(field).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function row([name = "", ...cells]: readonly string[]): string {
  return `${name.padEnd(20)}${cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 12)).join("")}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
