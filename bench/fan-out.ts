/**
 * Fan-out of one room: `bun bench/fan-out.ts [--readers 10,100,1000] [--only NAME] [--quick]`.
 * Each contestant runs in a process of its own, and so does the load.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Contestant } from "./fan-out-contestant.ts";
import { CONTESTANTS } from "./fan-out-contestants.ts";
import type { LoadOrder, LoadResult } from "./fan-out-load.ts";

const DELIVERIES_PER_SECOND = 20_000;
const SENDERS = 4;

const { values } = parseArgs({
  options: {
    readers: { type: "string", default: "10,100,1000" },
    only: { type: "string" },
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
      // CPU time is counted in steps of 10 ms: enough work for some hundred of them.
      deliveries: (readers >= 100 ? 4_000_000 : 1_000_000) / (values.quick ? 8 : 1),
      deliveriesPerSecond: DELIVERIES_PER_SECOND,
      seconds: values.quick ? 1 : 5,
    };
    const entry = new URL("fan-out-load.ts", import.meta.url).pathname;
    const child = Bun.spawn([process.execPath, entry, JSON.stringify(order)], {
      stdout: "pipe",
      stderr: "inherit",
    });
    return JSON.parse(await new Response(child.stdout).text());
  } finally {
    await server.stop();
  }
}

function row([name, ...cells]: readonly [string, ...(string | number)[]]): string {
  return `${[name.padEnd(22), ...cells.map((cell) => String(cell).padStart(12))].join("")}\n`;
}

process.stdout.write(
  row(["contestant", "readers", "M/s", "M/CPU s", "p50 ms", "p99 ms", "CPU % 20k/s"]),
);
for (const readers of values.readers.split(",").map(Number)) {
  for (const contestant of CONTESTANTS) {
    if (values.only !== undefined && contestant.name !== values.only) continue;
    const { program } = contestant;
    if (program !== undefined && !existsSync(program)) {
      process.stdout.write(`${contestant.name.padEnd(22)}left out: ${program} is not installed\n`);
      continue;
    }
    const result = await measure(contestant, readers);
    process.stdout.write(
      row([
        contestant.name,
        readers,
        (result.deliveriesPerSecond / 1e6).toFixed(2),
        (result.deliveriesPerCpuSecond / 1e6).toFixed(2),
        result.p50Ms.toFixed(2),
        result.p99Ms.toFixed(2),
        result.serverCpuPercent.toFixed(1),
      ]),
    );
  }
}
