/** Durable sends, one at a time per sender: `bun bench/sends.ts [--rounds 1] [--quick]`. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CONTESTANTS, missingProgram } from "./contestants.ts";
import type { Contestant } from "./fan-out-contestant.ts";
import { syncTimesMs } from "./harness.ts";
import { LoadProcess } from "./load-orders.ts";
import { percentile, saveSample } from "./samples.ts";
import type { SendsOrder, SendsReport, SendsShare } from "./sends-load.ts";
import { treeCpuSeconds, treePeakBytes } from "./server-process.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "1" },
    quick: { type: "boolean", default: false },
  },
});
const SECONDS = values.quick ? 1 : 3;
const SENDERS = [1, 64, 512];
/** Servers run for days, so their first seconds of compiling code are not measured. */
const WARM_UP_SECONDS = 3;
const LOAD_PROGRAM = join(import.meta.dir, "sends-load.ts");
/** Leaves one core to the server. */
const LOAD_PROCESSES_MAX = Math.max(1, Math.min(4, availableParallelism() - 1));

interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function percentiles(latenciesMs: readonly number[]) {
  return { p50Ms: percentile(latenciesMs, 0.5), p99Ms: percentile(latenciesMs, 0.99) };
}

function rawSyncs(): Rate {
  const started = performance.now();
  const latencies = syncTimesMs(() => performance.now() - started >= SECONDS * 1000);
  const elapsedMs = performance.now() - started;
  return { ...percentiles(latencies), perSecond: (latencies.length / elapsedMs) * 1000 };
}

async function durableSends(contestant: Contestant, senders: number) {
  const server = await contestant.start();
  try {
    const processes = Math.min(LOAD_PROCESSES_MAX, senders);
    const loads: LoadProcess[] = [];
    for (let first = 0; first < senders; first += Math.ceil(senders / processes)) {
      const count = Math.min(Math.ceil(senders / processes), senders - first);
      const { port } = server;
      const share: SendsShare = { contestant: contestant.name, port, first, senders: count };
      loads.push(new LoadProcess(LOAD_PROGRAM, [JSON.stringify(share)]));
    }
    const sendFor = (seconds: number) =>
      Promise.all(loads.map((load) => load.execute<SendsOrder, SendsReport>({ seconds })));
    await sendFor(WARM_UP_SECONDS);
    const cpuBefore = treeCpuSeconds(server.pid);
    const reports = await sendFor(SECONDS);
    for (const load of loads) await load.kill();
    const serverCpuSeconds = treeCpuSeconds(server.pid) - cpuBefore;
    const latencies = reports.flatMap(({ latenciesUs }) => latenciesUs.map((us) => us / 1000));
    const seconds = Math.max(...reports.map((report) => report.seconds));
    return {
      ...percentiles(latencies),
      perSecond: latencies.length / seconds,
      serverCpuUsEach: (serverCpuSeconds / latencies.length) * 1e6,
      serverCpuPercent: (serverCpuSeconds / seconds) * 100,
      loadCpuPercent: (reports.reduce((sum, report) => sum + report.cpuSeconds, 0) / seconds) * 100,
      serverPeakMib: treePeakBytes(server.pid) / 2 ** 20,
    };
  } finally {
    await server.stop();
  }
}

type Values = Rate & Readonly<Record<string, number>>;

function save(name: string, senders: number, values: Values): void {
  saveSample({ table: "sends", row: { name, senders }, values });
  const cells = [values.perSecond.toFixed(0), values.p50Ms.toFixed(2), values.p99Ms.toFixed(2)];
  const server = values["serverCpuPercent"]?.toFixed(0) ?? "";
  const load = values["loadCpuPercent"]?.toFixed(0) ?? "";
  print([name, `${senders}`, ...cells, server, load]);
}

function print([name = "", ...cells]: readonly string[]): void {
  process.stdout.write(`${name.padEnd(26)}${cells.map((cell) => cell.padStart(13)).join("")}\n`);
}

const failed = new Set<Contestant>();

async function runTurn(contestant: Contestant, senders: number): Promise<void> {
  if (failed.has(contestant)) return;
  const { name } = contestant;
  let missing = missingProgram(contestant);
  try {
    if (missing === undefined) {
      save(name, senders, await durableSends(contestant, senders));
      return;
    }
  } catch (error) {
    missing = `failed: ${(error as Error).message}`;
  }
  failed.add(contestant);
  saveSample({ table: "sends", row: { name, senders }, values: {}, missing });
  print([name, `skipped: ${missing}`]);
}

print(["durable sends", "senders", "per second", "p50 ms", "p99 ms", "server CPU %", "load CPU %"]);
const contestants = CONTESTANTS.filter(
  ({ name, makePoster }) =>
    makePoster !== undefined && (values.only?.split(",").includes(name) ?? true),
);
for (let round = 0; round < Number(values.rounds); round++) {
  save("write + fdatasync", 1, { ...rawSyncs() });
  for (const senders of SENDERS) {
    for (const contestant of contestants) await runTurn(contestant, senders);
  }
}
