/**
 * Three servers on three nats-servers, beside a client that publishes to the same stream directly:
 * latency of a post, and the longest wait of a client after `kill -9` of the stream's leader and of
 * its own server: `bun bench/cluster.ts [--rounds 5]`. `CHAT_SERVER_COMMAND` selects another
 * binary of the servers.
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { until } from "../test/event.ts";
import { NatsServers } from "../test/io/nats/nats-servers.ts";
import { linesOf, newFolder, print } from "./harness.ts";
import { RawClient } from "./raw-client.ts";
import { percentile, saveSample } from "./samples.ts";
import { type ServerProcess, startServer, UNLIMITED } from "./server-process.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const ROUNDS = Number(values.rounds);
const BINARY = join(import.meta.dir, "..", "dist", "chat");
const POSTS = 300;
const TYPING_INTERVAL_MS = 50;
const CALM_MS = 1_500;
const STREAM = "CHAT_chat";
/** Without meaning for the servers, which ignore it. */
const RAW_MESSAGE = new Uint8Array(400);
const RAW_TIMEOUT_MS = 500;

class Typist {
  readonly #child;
  readonly #typedAt: number[] = [];
  #timer: Timer | undefined;
  #longestMs = 0;
  isConnected = false;

  constructor(name: string, port: number) {
    const home = newFolder();
    this.#child = Bun.spawn([BINARY, "join", `127.0.0.1:${port}`, "--user", name, "--json"], {
      env: { ...process.env, CHAT_HOME: home, XDG_RUNTIME_DIR: home },
      stdio: ["pipe", "pipe", "ignore"],
    });
    void this.#read();
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#child.stdout)) {
      if (line.startsWith('{"kind":"connected"')) this.isConnected = true;
      if (!line.startsWith('{"kind":"ack"')) continue;
      this.#longestMs = Math.max(this.#longestMs, this.#oldestMs());
      this.#typedAt.shift();
    }
  }

  #oldestMs(): number {
    const [oldest] = this.#typedAt;
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  start(): void {
    this.#longestMs = 0;
    this.#timer = setInterval(() => {
      this.#typedAt.push(performance.now());
      this.#child.stdin.write("x".repeat(100));
      this.#child.stdin.write("\n");
      this.#child.stdin.flush();
    }, TYPING_INTERVAL_MS);
  }

  async stop(): Promise<number> {
    clearInterval(this.#timer);
    await until("all posts are acknowledged", () => this.#typedAt.length === 0, 60_000);
    return this.#longestMs;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

const nats = await NatsServers.start();
const flags = [...UNLIMITED, "--nats", nats.urls.join(","), "--unsafe-nats"];
const servers: ServerProcess[] = [];
for (let i = 0; i < 3; i++) {
  const folder = newFolder();
  const [first] = servers;
  if (first !== undefined) {
    mkdirSync(join(folder, "data"), { mode: 0o700 });
    for (const file of ["identity.key", "settings.json"])
      copyFileSync(join(first.folder, "data", file), join(folder, "data", file));
  }
  servers.push(await startServer(flags, folder));
}
const connection = await connect({
  servers: [...nats.urls],
  maxReconnectAttempts: -1,
  reconnectTimeWait: 50,
  reconnectJitter: 0,
});
const client = jetstream(connection);
const manager = await jetstreamManager(connection, { checkAPI: false });

async function publishRaw(): Promise<void> {
  await client.publish("chat.chat.log", RAW_MESSAGE, { timeout: RAW_TIMEOUT_MS, retries: 0 });
}

async function timeEach(count: number, act: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const before = performance.now();
    await act();
    times.push(performance.now() - before);
  }
  return times;
}

async function leader(): Promise<string> {
  return await until("the stream has a leader and all replicas", async () => {
    const found = await manager.streams.info(STREAM).catch(() => undefined);
    const isCurrent = found?.cluster?.replicas?.every(({ current }) => current) ?? false;
    return isCurrent ? found?.cluster?.leader : undefined;
  });
}

/** Longest time between two acknowledgements of NATS, until `isStopped`. */
async function rawPauseMs(isStopped: () => boolean): Promise<number> {
  let [longestMs, ackedAt] = [0, performance.now()];
  while (!isStopped()) {
    await publishRaw().then(
      () => {
        longestMs = Math.max(longestMs, performance.now() - ackedAt);
        ackedAt = performance.now();
      },
      () => undefined,
    );
    await Bun.sleep(TYPING_INTERVAL_MS / 5);
  }
  return longestMs;
}

function report(name: string, measured: Readonly<Record<string, number>>): void {
  saveSample({ table: "cluster", row: { name }, values: measured });
  const cells = Object.entries(measured).map(([key, value]) => `${key} ${value.toFixed(2)}`);
  print(`${name}: ${cells.join(", ")}`);
}

async function measureLatency(): Promise<void> {
  const poster = await RawClient.register(servers[0]?.port ?? 0, "poster");
  const post = () => poster.post("@poster", "x".repeat(100));
  await timeEach(POSTS, post);
  for (let i = 0; i < ROUNDS; i++) {
    const rawMs = percentile(await timeEach(POSTS, publishRaw), 0.5);
    const chatMs = percentile(await timeEach(POSTS, post), 0.5);
    report("post, p50", { "NATS ms": rawMs, "chat ms": chatMs, ratio: chatMs / rawMs });
  }
  poster.close();
}

async function waitsDuring(disrupt: () => Promise<void>) {
  for (const typist of typists) typist.start();
  let isStopped = false;
  const pause = rawPauseMs(() => isStopped);
  await Bun.sleep(CALM_MS);
  await disrupt();
  await Bun.sleep(CALM_MS);
  const waits = await Promise.all(typists.map((typist) => typist.stop()));
  isStopped = true;
  return { rawMs: await pause, waits };
}

const typists = servers.map(({ port }, i) => new Typist(`typist${i}`, port));
try {
  await until("all clients are connected", () => typists.every(({ isConnected }) => isConnected));
  await leader();
  await measureLatency();
  for (let i = 0; i < ROUNDS; i++) {
    const killed = nats.servers[Number((await leader()).slice(1))];
    const { rawMs, waits } = await waitsDuring(async () => {
      await killed?.kill();
      await Bun.sleep(12_000);
    });
    const chatMs = Math.max(...waits);
    report("NATS leader killed", { "NATS ms": rawMs, "chat ms": chatMs, own: chatMs - rawMs });
    killed?.start();
    await leader();
  }
  for (let i = 0; i < ROUNDS; i++) {
    const at = i % servers.length;
    const server = servers[at];
    const { rawMs, waits } = await waitsDuring(async () => {
      await server?.kill();
      await Bun.sleep(3_000);
    });
    report("server killed", {
      "NATS ms": rawMs,
      "affected ms": waits[at] ?? 0,
      "others ms": Math.max(...waits.filter((_, i) => i !== at)),
    });
    if (server !== undefined) servers[at] = await startServer(flags, server.folder, server.port);
    for (const typist of typists) typist.kill();
    typists.splice(0);
    for (const { port } of servers) typists.push(new Typist(`t${i}x${typists.length}`, port));
    await until("all clients are connected", () => typists.every(({ isConnected }) => isConnected));
  }
} finally {
  for (const typist of typists) typist.kill();
  await connection.close();
  await Promise.all(servers.map((server) => server.kill()));
  await nats.stop();
}
