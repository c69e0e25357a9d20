/**
 * Comparison of a three-server cluster with a single server: `bun bench/cluster.ts [--rounds 3]
 * [--quick]`. Everything runs on this machine, so only ratios within a run are meaningful.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ClusterServers } from "./cluster-servers.ts";
import { RawClient } from "./raw-client.ts";
import { saveSample } from "./samples.ts";
import { percentiles, SendsLoad } from "./sends-process.ts";
import { cpuSeconds, type ServerProcess, startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, quick: { type: "boolean", default: false } },
});
const SECONDS = values.quick ? 1 : 3;
const CLIENTS = 64;
const READERS = values.quick ? 60 : 1_000;
const READ_TEXTS = values.quick ? 320 : 960;
const CONCURRENT_POSTS = 32;
const DELIVERED_TEXTS = values.quick ? 50 : 200;
const SETTLE_MS = 300;
const ADDRESSES_MS = 2_000;
const BINARY = join(import.meta.dir, "..", "dist", "chat");
const TEXT = "x".repeat(100);
const CHAT = "chat serve";

let nextSender = 0;
let nextName = 0;

async function measureSends(servers: readonly ServerProcess[], senders: number) {
  const usedServers = servers.slice(0, senders);
  const perServer = Math.ceil(senders / usedServers.length);
  const loads = usedServers.map(({ port }, i) => {
    const count = Math.min(perServer, senders - i * perServer);
    const order = { contestant: CHAT, port, first: nextSender, senders: count, seconds: SECONDS };
    nextSender += count;
    return new SendsLoad(order);
  });
  await Promise.all(loads.map((load) => load.ready()));
  const reports = await Promise.all(loads.map((load) => load.run()));
  const latencies = reports.flatMap(({ latenciesUs }) => latenciesUs.map((us) => us / 1000));
  const seconds = Math.max(...reports.map((report) => report.seconds));
  return { ...percentiles(latencies), perSecond: latencies.length / seconds };
}

class Reader {
  readonly client: RawClient;
  readonly #receivedAt = new Map<string, number>();
  count = 0;

  private constructor(client: RawClient) {
    this.client = client;
  }

  static async register({ port }: ServerProcess): Promise<Reader> {
    const reader = new Reader(await RawClient.register(port, `r${nextName++}`));
    reader.client.onBytes = (bytes) => reader.#onBytes(bytes);
    return reader;
  }

  receivedAt(text: string): number | undefined {
    return this.#receivedAt.get(text);
  }

  #onBytes(bytes: Uint8Array): boolean {
    const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = message.indexOf(MARK);
    if (at < 0) return false;
    const now = performance.now();
    for (; at >= 0; at = message.indexOf(MARK, at + 1)) {
      this.count++;
      const text = message.toString("latin1", at, at + MARK.length + NUMBER_DIGITS);
      this.#receivedAt.set(text, now);
    }
    return true;
  }
}

const NO_LATENCY = { p50Ms: Number.NaN, p99Ms: Number.NaN };
const MARK = "text no. ";
const NUMBER_DIGITS = 8;
let nextText = 0;

function nextMarkedText(): string {
  return `${MARK}${String(nextText++).padStart(NUMBER_DIGITS, "0")}`;
}

async function measureDelivery([first, second]: readonly ServerProcess[]) {
  if (first === undefined || second === undefined) throw new Error("two servers are required");
  const readers = [await Reader.register(first), await Reader.register(second)];
  const sender = await Reader.register(first);
  const sentAt = new Map<string, number>();
  for (let i = 0; i < DELIVERED_TEXTS; i++) {
    const text = nextMarkedText();
    sentAt.set(text, performance.now());
    await sender.client.post("lobby", `${text} ${TEXT}`);
    await Bun.sleep(5);
  }
  await Bun.sleep(SETTLE_MS);
  const [same = NO_LATENCY, next = NO_LATENCY] = readers.map((reader) =>
    percentiles([...sentAt].map(([text, at]) => (reader.receivedAt(text) ?? Number.NaN) - at)),
  );
  for (const { client } of [...readers, sender]) client.close();
  return { same, next };
}

async function measureFanOut(
  servers: readonly ServerProcess[],
  pidsOf: readonly (readonly number[])[],
): Promise<number[]> {
  const readers: Reader[] = [];
  for (let i = 0; i < READERS; i++) {
    const server = servers[i % servers.length];
    if (server !== undefined) readers.push(await Reader.register(server));
  }
  const [sender] = readers;
  const cpuTimes = () => pidsOf.map((pids) => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0));
  await Bun.sleep(SETTLE_MS);
  const before = cpuTimes();
  for (let i = 0; i < READ_TEXTS; i += CONCURRENT_POSTS) {
    const texts = Array.from({ length: CONCURRENT_POSTS }, () => `${nextMarkedText()} ${TEXT}`);
    await Promise.all(texts.map((text) => sender?.client.post("lobby", text)));
  }
  while (readers.some(({ count }) => count < READ_TEXTS)) await Bun.sleep(10);
  const after = cpuTimes();
  const deliveries = readers.reduce((sum, { count }) => sum + count, 0);
  for (const { client } of readers) client.close();
  return after.map((seconds, i) => ((seconds - (before[i] ?? 0)) / deliveries) * 1e6);
}

async function measureFailOver(cluster: ClusterServers, index: number): Promise<number> {
  const node = cluster.nodes[index];
  if (node === undefined) throw new Error(`no node ${index}`);
  const home = mkdtempSync(join(tmpdir(), "chat-bench-home-"));
  const args = ["join", `127.0.0.1:${node.port}`, "--user", `f${nextName++}`, "--json"];
  const child = Bun.spawn([BINARY, ...args], {
    env: { ...process.env, CHAT_HOME: home, XDG_RUNTIME_DIR: home },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const decoder = new TextDecoder();
  let killedAt: number | undefined;
  let partialLine = "";
  for await (const chunk of child.stdout) {
    const lines = (partialLine + decoder.decode(chunk, { stream: true })).split("\n");
    partialLine = lines.pop() ?? "";
    const isConnected = lines.some((line) => line.startsWith('{"kind":"connected"'));
    if (isConnected && killedAt !== undefined) break;
    if (!isConnected) continue;
    await Bun.sleep(ADDRESSES_MS);
    killedAt = performance.now();
    await node.kill();
  }
  const failOverMs = performance.now() - (killedAt ?? Number.NaN);
  child.kill("SIGKILL");
  await child.exited;
  rmSync(home, { recursive: true, force: true });
  await cluster.restart(index);
  return failOverMs;
}

function save(name: string, figures: Readonly<Record<string, number>>): void {
  saveSample({ table: "cluster", row: { name }, values: figures });
  const cells = Object.entries(figures).map(([label, value]) => `${label} ${value.toPrecision(3)}`);
  process.stdout.write(`${name.padEnd(28)} ${cells.join("  ")}\n`);
}

const cluster = await ClusterServers.start();
const alone = await startServer();
try {
  const natsPids = cluster.nats.servers.map(({ pid }) => pid);
  for (let round = 0; round < Number(values.rounds); round++) {
    const single = [await measureSends([alone], 1), await measureSends(cluster.nodes, 1)] as const;
    const many = [
      await measureSends([alone], CLIENTS),
      await measureSends(cluster.nodes, CLIENTS),
    ] as const;
    save("1 client, alone", single[0]);
    save("1 client, cluster", single[1]);
    save(`${CLIENTS} clients, alone`, many[0]);
    save(`${CLIENTS} clients, cluster`, many[1]);
    const { same, next } = await measureDelivery(cluster.nodes);
    const [aloneUs = 0] = await measureFanOut([alone], [[alone.pid]]);
    const machines = await measureFanOut(
      cluster.nodes,
      cluster.nodes.map(({ pid }, i) => [pid, natsPids[i] ?? 0]),
    );
    save("latency, same server", same);
    save("latency, next server", next);
    save("CPU us per delivery", { alone: aloneUs, busiest: Math.max(...machines) });
    const failOverMs = await measureFailOver(cluster, round % cluster.nodes.length);
    save("ratios", {
      oneClient: single[1].perSecond / single[0].perSecond,
      oneClientP50: single[0].p50Ms / single[1].p50Ms,
      crowd: many[1].perSecond / many[0].perSecond,
      delivery: next.p50Ms / same.p50Ms,
      readers: aloneUs / Math.max(...machines),
      failOverMs,
    });
  }
} finally {
  await alone.stop();
  await cluster.stop();
}
