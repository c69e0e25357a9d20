import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RawClient } from "./raw-client.ts";
import { startServer } from "./server-process.ts";

const BINARY = join(import.meta.dir, "..", "dist", "chat");
const STARTS = 15;
const CONNECT_TOGETHER = 50;

/** From the start of `chat join` to its `connected` line, in milliseconds, ascending. */
export async function startToConnected(): Promise<number[]> {
  const server = await startServer();
  const home = mkdtempSync(join(tmpdir(), "chat-bench-"));
  try {
    const times: number[] = [];
    // The first two meet the server and make the account.
    for (let i = 0; i < STARTS + 2; i++) times.push(await connectOnce(server.port, home));
    return times.slice(2).sort((one, other) => one - other);
  } finally {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function connectOnce(port: number, home: string): Promise<number> {
  const started = performance.now();
  const child = Bun.spawn([BINARY, "join", `127.0.0.1:${port}`, "--user", "ana", "--json"], {
    env: { ...process.env, CHAT_HOME: home, XDG_RUNTIME_DIR: home },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const reader = child.stdout.getReader();
  await reader.read();
  const elapsedMs = performance.now() - started;
  child.stdin.end();
  while (!(await reader.read()).done);
  await child.exited;
  return elapsedMs;
}

export interface Idle {
  readonly connections: number;
  readonly bytesEach: number;
  readonly cpuPercent: number;
}

/** Resident memory of the server for each connection that is logged in and silent. */
export async function idleConnections(counts: readonly number[]): Promise<Idle[]> {
  const server = await startServer();
  const clients: RawClient[] = [];
  try {
    const results: Idle[] = [];
    const before = server.residentBytes();
    for (const count of counts) {
      while (clients.length < count) {
        const batch = Math.min(CONNECT_TOGETHER, count - clients.length);
        const made = Array.from({ length: batch }, (_, i) =>
          RawClient.register(server.port, `idle-${clients.length + i}`),
        );
        clients.push(...(await Promise.all(made)));
      }
      const cpuBefore = server.cpuSeconds();
      await Bun.sleep(5_000); // What was needed to connect is let go of.
      const cpuPercent = ((server.cpuSeconds() - cpuBefore) / 5) * 100;
      const bytesEach = (server.residentBytes() - before) / count;
      results.push({ connections: count, bytesEach, cpuPercent });
    }
    return results;
  } finally {
    for (const client of clients) client.close();
    await server.stop();
  }
}
