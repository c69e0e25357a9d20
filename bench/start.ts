/** Time from the start of `chat join` to its `connected` line: `bun bench/start.ts [--quick]`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quantile, saveSample } from "./samples.ts";
import { startServer } from "./server-process.ts";

const BINARY = join(import.meta.dir, "..", "dist", "chat");
const STARTS = process.argv.includes("--quick") ? 5 : 15;

async function startToConnected(): Promise<number[]> {
  const server = await startServer();
  const home = mkdtempSync(join(tmpdir(), "chat-bench-"));
  try {
    const times: number[] = [];
    // The first two runs pin the server and register the account.
    for (let i = 0; i < STARTS + 2; i++) times.push(await connectOnce(server.port, home));
    return times.slice(2).sort((a, b) => a - b);
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

const times = await startToConnected();
for (const ms of times) saveSample({ table: "start", row: { name: "chat join" }, values: { ms } });
const [median, worst] = [quantile(times, 0.5).toFixed(1), quantile(times, 1).toFixed(1)];
process.stdout.write(`client start to connected: median ${median} ms, worst ${worst} ms\n`);
