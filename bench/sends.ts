/** Durable sends, one at a time per sender: `bun bench/sends.ts [--rounds 3] [--quick]`. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { saveSample } from "./samples.ts";
import { percentiles, SendsLoad } from "./sends-process.ts";
import { startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, quick: { type: "boolean", default: false } },
});
const SECONDS = values.quick ? 1 : 3;
const SENDERS = [1, 64, 512];
/** Leaves one core to the server. */
const LOAD_PROCESSES_MAX = Math.max(1, Math.min(4, availableParallelism() - 1));

interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function rawSyncs(): Rate {
  const folder = mkdtempSync(join(tmpdir(), "chat-bench-"));
  const file = openSync(join(folder, "raw"), "w");
  const line = Buffer.alloc(330, "x");
  const latencies: number[] = [];
  const started = performance.now();
  while (performance.now() - started < SECONDS * 1000) {
    const before = performance.now();
    writeSync(file, line);
    fdatasyncSync(file);
    latencies.push(performance.now() - before);
  }
  closeSync(file);
  const elapsedMs = performance.now() - started;
  rmSync(folder, { recursive: true });
  return { ...percentiles(latencies), perSecond: (latencies.length / elapsedMs) * 1000 };
}

async function durableSends(senders: number) {
  const server = await startServer();
  try {
    const processes = Math.min(LOAD_PROCESSES_MAX, senders);
    const loads: SendsLoad[] = [];
    for (let first = 0; first < senders; first += Math.ceil(senders / processes)) {
      const count = Math.min(Math.ceil(senders / processes), senders - first);
      loads.push(new SendsLoad({ port: server.port, first, senders: count, seconds: SECONDS }));
    }
    await Promise.all(loads.map((load) => load.ready()));
    const cpuBefore = server.cpuSeconds();
    const reports = await Promise.all(loads.map((load) => load.run()));
    const serverCpuSeconds = server.cpuSeconds() - cpuBefore;
    const latencies = reports.flatMap(({ latenciesUs }) => latenciesUs.map((us) => us / 1000));
    const seconds = Math.max(...reports.map((report) => report.seconds));
    return {
      ...percentiles(latencies),
      perSecond: latencies.length / seconds,
      serverCpuUsEach: (serverCpuSeconds / latencies.length) * 1e6,
      serverCpuPercent: (serverCpuSeconds / seconds) * 100,
      loadCpuPercent: (reports.reduce((sum, report) => sum + report.cpuSeconds, 0) / seconds) * 100,
      serverPeakMib: server.peakBytes() / 2 ** 20,
    };
  } finally {
    await server.stop();
  }
}

function save(name: string, rate: Rate & Readonly<Record<string, number>>): void {
  saveSample({ table: "sends", row: { name }, values: { ...rate } });
  const cells = [rate.perSecond.toFixed(0), rate.p50Ms.toFixed(2), rate.p99Ms.toFixed(2)];
  const server = rate["serverCpuPercent"]?.toFixed(0) ?? "";
  const load = rate["loadCpuPercent"]?.toFixed(0) ?? "";
  print([name, ...cells, server, load]);
}

function print([name = "", ...cells]: readonly string[]): void {
  process.stdout.write(`${name.padEnd(22)}${cells.map((cell) => cell.padStart(13)).join("")}\n`);
}

print(["durable sends", "per second", "p50 ms", "p99 ms", "server CPU %", "load CPU %"]);
for (let round = 0; round < Number(values.rounds); round++) {
  save("write + fdatasync", { ...rawSyncs() });
  for (const senders of SENDERS) save(`senders ${senders}`, await durableSends(senders));
}
