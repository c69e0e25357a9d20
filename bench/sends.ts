import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RawClient } from "./raw-client.ts";
import { startServer } from "./server-process.ts";

/** Durable sends: each sender waits for its acknowledgement before it sends the next. */
const TEXT = "x".repeat(100);
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 3);

export interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One line and one fdatasync, again and again: what the disk gives a single writer. */
export function rawSyncs(): Rate {
  const folder = mkdtempSync(join(tmpdir(), "chat-bench-"));
  const file = openSync(join(folder, "raw"), "w");
  const line = Buffer.from(`${JSON.stringify({ text: TEXT, more: "x".repeat(220) })}\n`);
  const latencies: number[] = [];
  const started = performance.now();
  while (performance.now() - started < SECONDS * 1000) {
    const before = performance.now();
    writeSync(file, line);
    fdatasyncSync(file);
    latencies.push(performance.now() - before);
  }
  closeSync(file);
  rmSync(folder, { recursive: true });
  return rateOf(latencies, performance.now() - started);
}

export async function durableSends(senders: number): Promise<Rate & { serverCpu: number }> {
  const server = await startServer();
  try {
    const clients: RawClient[] = [];
    for (let i = 0; i < senders; i++) {
      const client = await RawClient.register(server.port, `s${i}`);
      await client.ask("leave", { room: "lobby" });
      clients.push(client);
    }
    // Each to itself: the cost of telling others is measured elsewhere.
    await Promise.all(clients.map((client, i) => client.post(`@s${i}`, TEXT)));
    const latencies: number[] = [];
    const cpuBefore = server.cpuSeconds();
    const started = performance.now();
    const until = started + SECONDS * 1000;
    await Promise.all(
      clients.map(async (client, i) => {
        while (performance.now() < until) {
          const before = performance.now();
          await client.post(`@s${i}`, TEXT);
          latencies.push(performance.now() - before);
        }
      }),
    );
    const elapsedMs = performance.now() - started;
    const serverCpu = server.cpuSeconds() - cpuBefore;
    for (const client of clients) client.close();
    return { ...rateOf(latencies, elapsedMs), serverCpu };
  } finally {
    await server.stop();
  }
}

function rateOf(latencies: number[], elapsedMs: number): Rate {
  latencies.sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { perSecond: (latencies.length / elapsedMs) * 1000, p50Ms: at(0.5), p99Ms: at(0.99) };
}
