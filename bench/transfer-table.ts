import type { Content } from "./transfer-content.ts";
import type { Trip } from "./transfer-contestant.ts";

export interface Result {
  readonly name: string;
  readonly trips: Trip[];
  /** Of one byte: what comes before the first and after the last. */
  readonly starts: Trip[];
  /** Why it was not measured. */
  missing: string | undefined;
}

interface Figures {
  readonly name: string;
  readonly seconds: number;
  /** Without what one byte takes. */
  readonly netSeconds: number;
  readonly cpu: number;
  readonly netCpu: number;
}

const HEAD = ["contestant", "MB/s", "start s", "net MB/s", "CPU s snd/rcv/srv", "net", "peak MB"];
const WIDTHS = [8, 9, 10, 19, 7, 13];

export function printTable(content: Content, results: readonly Result[]): void {
  const mb = (content.sizeBytes / 1e6).toFixed(0);
  const what = content.isFolder ? "a folder of small files" : "one random file";
  print(`${what}, ${mb} MB; medians; start: the same with one byte; net: without it`);
  print(row(HEAD));
  for (const { name, trips, starts, missing } of results) {
    if (missing !== undefined) {
      print(`${name.padEnd(20)}  not measured: ${missing}`);
      continue;
    }
    const { seconds, netSeconds, netCpu } = figures(name, trips, starts);
    const rate = (s: number) => (content.sizeBytes / 1e6 / s).toFixed(0);
    const cpu = [
      median(trips, ({ sender }) => sender.cpuSeconds).toFixed(2),
      median(trips, ({ receiver }) => receiver.cpuSeconds).toFixed(2),
    ];
    const peak = [
      (median(trips, ({ sender }) => sender.peakBytes) / 1e6).toFixed(0),
      (median(trips, ({ receiver }) => receiver.peakBytes) / 1e6).toFixed(0),
    ];
    if (trips.some(({ server }) => server !== undefined)) {
      cpu.push(median(trips, ({ server }) => server?.cpuSeconds ?? 0).toFixed(2));
      peak.push((median(trips, ({ server }) => server?.peakBytes ?? 0) / 1e6).toFixed(0));
    }
    const start = (seconds - netSeconds).toFixed(2);
    const net = [rate(netSeconds), cpu.join("/"), netCpu.toFixed(2)];
    print(row([name, rate(seconds), start, ...net, peak.join("/")]));
  }
  printRatios(results);
}

/** Times as fast as each of the others, and times as much work for each second of CPU time. */
function printRatios(results: readonly Result[]): void {
  const measured = results
    .filter(({ missing }) => missing === undefined)
    .map(({ name, trips, starts }) => figures(name, trips, starts));
  const others = measured.filter(({ name }) => !name.startsWith("chat"));
  for (const ours of measured.filter(({ name }) => name.startsWith("chat"))) {
    print(`${ours.name}: as many times as fast, and net; the same for each CPU second, and net:`);
    for (const { name, seconds, netSeconds, cpu, netCpu } of others) {
      const wall = [seconds / ours.seconds, netSeconds / ours.netSeconds];
      const times = [...wall, cpu / ours.cpu, netCpu / ours.netCpu];
      print(`  ${name.padEnd(18)}${times.map((time) => time.toFixed(2).padStart(8)).join("")}`);
    }
  }
}

function figures(name: string, trips: readonly Trip[], starts: readonly Trip[]): Figures {
  const seconds = median(trips, (trip) => trip.seconds);
  const netSeconds = Math.max(0.001, seconds - median(starts, (trip) => trip.seconds));
  const cpu = median(trips, cpuSeconds);
  const netCpu = Math.max(0.01, cpu - median(starts, cpuSeconds));
  return { name, seconds, netSeconds, cpu, netCpu };
}

function cpuSeconds({ sender, receiver, server }: Trip): number {
  return sender.cpuSeconds + receiver.cpuSeconds + (server?.cpuSeconds ?? 0);
}

function median(trips: readonly Trip[], of: (trip: Trip) => number): number {
  const sorted = trips.map(of).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function row([name = "", ...cells]: readonly string[]): string {
  return `${name.padEnd(20)}${cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 12)).join("")}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
