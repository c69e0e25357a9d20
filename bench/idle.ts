/** Memory and CPU time per idle connection: `bun bench/idle.ts [--connections 1000,10000]`. */
import { parseArgs } from "node:util";
import { carriesRecords, RawClient } from "./raw-client.ts";
import { saveSample } from "./samples.ts";
import { startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: { connections: { type: "string", default: "1000,10000" } },
});
const CONCURRENT_CONNECTS = 50;
const QUIET_MS = 5_000;

const server = await startServer();
const clients: RawClient[] = [];
const before = server.residentBytes();
try {
  for (const count of values.connections.split(",").map(Number)) await measureIdle(count);
} finally {
  for (const client of clients) client.close();
  await server.stop();
}

async function measureIdle(count: number): Promise<void> {
  const started = performance.now();
  while (clients.length < count) {
    const batch = Math.min(CONCURRENT_CONNECTS, count - clients.length);
    const made = Array.from({ length: batch }, (_, i) =>
      RawClient.register(server.port, `idle-${clients.length + i}`, carriesRecords),
    );
    clients.push(...(await Promise.all(made)));
  }
  const connectSeconds = (performance.now() - started) / 1000;
  const cpuBefore = server.cpuSeconds();
  await Bun.sleep(QUIET_MS); // Temporary memory for connecting is freed meanwhile.
  const cpuPercent = ((server.cpuSeconds() - cpuBefore) / (QUIET_MS / 1000)) * 100;
  const kibEach = (server.residentBytes() - before) / 1024 / count;
  const peakMib = server.peakBytes() / 2 ** 20;
  saveSample({
    table: "idle",
    row: { connections: count },
    values: { kibEach, cpuPercent, peakMib, connectSeconds },
  });
  process.stdout.write(
    `${count} idle connections: ${kibEach.toFixed(1)} KiB each, ${cpuPercent.toFixed(1)} % CPU\n`,
  );
}
