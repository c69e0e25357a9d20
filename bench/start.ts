/**
 * Time from start to exit of short commands beside `bun -e 0`, the peak memory of `chat send`, and
 * the time from the start of `chat join` to its `connected` line: `bun bench/start.ts [--quick]`.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "./harness.ts";
import { quantile, saveSample } from "./samples.ts";
import { peakBytes, type ServerProcess, startServer } from "./server-process.ts";

const BINARY = join(import.meta.dir, "..", "dist", "chat");
const STARTS = process.argv.includes("--quick") ? 5 : 15;
const MEMORY_INTERVAL_MS = 1;

class Site {
  readonly #server: ServerProcess;
  readonly #home = newFolder();

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  get address(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  get env(): NodeJS.ProcessEnv {
    // Bun parses these certificates before its first TLS connection, which takes about 4 ms.
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    return { ...env, CHAT_HOME: this.#home, XDG_RUNTIME_DIR: this.#home };
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#home, { recursive: true, force: true });
  }
}

async function connectOnce({ address, env }: Site): Promise<number> {
  const started = performance.now();
  const child = Bun.spawn([BINARY, "join", address, "--user", "ana", "--json"], {
    env,
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

function commandsOf({ address }: Site): Readonly<Record<string, readonly string[]>> {
  const history = `"${BINARY}" history ${address} --user ana | head`;
  return {
    "bun -e 0": [process.execPath, "-e", "0"],
    "chat send": [BINARY, "send", "--server", address, "--user", "ana", "hello"],
    "chat history to head": ["sh", "-c", history],
  };
}

async function runOnce(name: string, argv: readonly string[], env: NodeJS.ProcessEnv) {
  const started = performance.now();
  const exitCode = await Bun.spawn([...argv], { env, stdio: ["ignore", "ignore", "inherit"] })
    .exited;
  if (exitCode !== 0) throw new Error(`${name} ended with exit code ${exitCode}`);
  return performance.now() - started;
}

/** The kernel tracks the peak, so reading it often misses at most the last millisecond. */
async function peakOf(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = Bun.spawn([...argv], { env, stdio: ["ignore", "ignore", "inherit"] });
  let peak = 0;
  while (child.exitCode === null) {
    try {
      peak = Math.max(peak, peakBytes(child.pid));
    } catch {
      break; // Already exited.
    }
    await Bun.sleep(MEMORY_INTERVAL_MS);
  }
  await child.exited;
  return peak / 2 ** 20;
}

function save(name: string, value: "ms" | "peakMib", samples: readonly number[]): void {
  for (const sample of samples) {
    saveSample({ table: "start", row: { name }, values: { [value]: sample } });
  }
  const sorted = samples.toSorted((a, b) => a - b);
  const [median, worst] = [quantile(sorted, 0.5).toFixed(1), quantile(sorted, 1).toFixed(1)];
  const unit = value === "ms" ? "ms" : "MiB";
  process.stdout.write(`${name}: median ${median} ${unit}, worst ${worst} ${unit}\n`);
}

const site = new Site(await startServer());
try {
  const connects: number[] = [];
  // The first two runs pin the server and register the account.
  for (let i = 0; i < STARTS + 2; i++) connects.push(await connectOnce(site));
  save("chat join", "ms", connects.slice(2));
  const commands = Object.entries(commandsOf(site));
  const times = new Map(commands.map(([name]) => [name, [] as number[]]));
  for (let i = 0; i < STARTS; i++) {
    for (const [name, argv] of commands) times.get(name)?.push(await runOnce(name, argv, site.env));
  }
  for (const [name, samples] of times) save(name, "ms", samples);
  const peaks: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    peaks.push(await peakOf(commandsOf(site)["chat send"] ?? [], site.env));
  }
  save("chat send", "peakMib", peaks);
} finally {
  await site.stop();
}
