/**
 * Fan-out in one room: `bun bench/fan-out.ts [--readers 10,100,1000] [--only NAME] [--rounds 1]
 * [--warm-up 1] [--quick]`. After ten seconds of warm-up, the code of a server on Bun is compiled.
 * Contestants take turns; one that fails is skipped in later rounds.
 */
import { parseArgs } from "node:util";
import { CONTESTANTS, missingProgram } from "./contestants.ts";
import type { Contestant } from "./fan-out-contestant.ts";
import type { LoadOrder, LoadResult } from "./fan-out-load.ts";
import { saveSample } from "./samples.ts";

const DELIVERIES_PER_SECOND = 20_000;
const SENDERS = 4;

const { values } = parseArgs({
  options: {
    readers: { type: "string", default: "10,100,1000" },
    only: { type: "string" },
    rounds: { type: "string", default: "1" },
    "warm-up": { type: "string", default: "1" },
    quick: { type: "boolean", default: false },
  },
});

async function measure(contestant: Contestant, readers: number): Promise<LoadResult> {
  const server = await contestant.start();
  try {
    const order: LoadOrder = {
      contestant: contestant.name,
      pid: server.pid,
      port: server.port,
      readers,
      senders: SENDERS,
      // CPU time has a resolution of 10 ms, so the load must take a few seconds.
      deliveries: (readers >= 100 ? 3_000_000 : 1_000_000) / (values.quick ? 8 : 1),
      deliveriesPerSecond: DELIVERIES_PER_SECOND,
      warmUpSeconds: Number(values["warm-up"]),
      seconds: values.quick ? 1 : 4,
    };
    const entry = new URL("fan-out-load.ts", import.meta.url).pathname;
    const child = Bun.spawn([process.execPath, entry, JSON.stringify(order)], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error("the load process failed");
    return JSON.parse(text);
  } finally {
    await server.stop();
  }
}

function formatRow([name, ...cells]: readonly [string, ...(string | number)[]]): string {
  return `${[name.padEnd(26), ...cells.map((cell) => String(cell).padStart(12))].join("")}\n`;
}

process.stdout.write(
  formatRow([
    "contestant",
    "readers",
    "M/s",
    "M/CPU s",
    "p50 ms",
    "p99 ms",
    "CPU % 20k/s",
    "peak MB",
  ]),
);
const contestants = CONTESTANTS.filter(
  ({ name }) => values.only === undefined || values.only.split(",").includes(name),
);
const failed = new Set<string>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const readers of values.readers.split(",").map(Number)) {
    for (const contestant of contestants) await runTurn(contestant, readers);
  }
}

async function runTurn(contestant: Contestant, readers: number): Promise<void> {
  const { name } = contestant;
  const key = `${name} ${readers}`;
  if (failed.has(key)) return;
  const missing = missingProgram(contestant);
  if (missing !== undefined) {
    reportSkipped(contestant, readers, missing);
    failed.add(key);
    return;
  }
  try {
    const { latency, ...result } = await measure(contestant, readers);
    const values = { ...result, ...latency };
    saveSample({ table: "fan-out", row: { name, readers }, values });
    process.stdout.write(
      formatRow([
        name,
        readers,
        (result.deliveriesPerSecond / 1e6).toFixed(3),
        (result.deliveriesPerCpuSecond / 1e6).toFixed(3),
        latency?.p50Ms.toFixed(2) ?? "too slow",
        latency?.p99Ms.toFixed(2) ?? "",
        latency?.serverCpuPercent.toFixed(1) ?? "",
        (result.serverPeakBytes / 1e6).toFixed(0),
      ]),
    );
  } catch (error) {
    reportSkipped(contestant, readers, `failed: ${(error as Error).message}`);
    failed.add(key);
  }
}

function reportSkipped({ name }: Contestant, readers: number, missing: string): void {
  saveSample({ table: "fan-out", row: { name, readers }, values: {}, missing });
  process.stdout.write(`${name.padEnd(26)}skipped: ${missing}\n`);
}
