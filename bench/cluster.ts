/**
 * Three servers as one beside one alone, in turns: `bun bench/cluster.ts [--rounds 3] [--quick]`.
 * All of it is on this machine, also the three nats-servers, which sync their disk every two
 * minutes (Debian's version knows nothing else): only the ratios of one run mean something.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ClusterServers } from "./cluster-servers.ts";
import { RawClient } from "./raw-client.ts";
import { keepSample } from "./samples.ts";
import { percentiles, SendsLoad } from "./sends-process.ts";
import { cpuSeconds, type ServerProcess, startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, quick: { type: "boolean", default: false } },
});
const SECONDS = values.quick ? 1 : 3;
const CROWD = 64;
const READERS = values.quick ? 60 : 1_000;
/** Texts that the readers are told, so many of them at once. */
const READ_TEXTS = values.quick ? 320 : 960;
const TOGETHER = 32;
const DELIVERED_TEXTS = values.quick ? 50 : 200;
const SETTLED_MS = 300;
/** By then a client was told where the other servers are. */
const TOLD_MS = 2_000;
const BINARY = join(import.meta.dir, "..", "dist", "chat");
const TEXT = "x".repeat(100);

/** No name is registered twice. */
let nextSender = 0;
let nextName = 0;

/** So many send what they have, one text after the other, spread over the servers. */
async function sends(servers: readonly ServerProcess[], senders: number) {
  const used = servers.slice(0, senders);
  const each = Math.ceil(senders / used.length);
  const loads = used.map(({ port }, i) => {
    const count = Math.min(each, senders - i * each);
    const order = { port, first: nextSender, senders: count, seconds: SECONDS };
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
  readonly #heardAt = new Map<string, number>();
  count = 0;

  private constructor(client: RawClient) {
    this.client = client;
  }

  static async enter({ port }: ServerProcess): Promise<Reader> {
    const reader = new Reader(await RawClient.register(port, `r${nextName++}`));
    reader.client.onBytes = (bytes) => reader.#hear(bytes);
    return reader;
  }

  heardAt(text: string): number | undefined {
    return this.#heardAt.get(text);
  }

  #hear(bytes: Uint8Array): boolean {
    const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = message.indexOf(MARK);
    if (at < 0) return false;
    const now = performance.now();
    for (; at >= 0; at = message.indexOf(MARK, at + 1)) {
      this.count++;
      const text = message.toString("latin1", at, at + MARK.length + NUMBER_DIGITS);
      this.#heardAt.set(text, now);
    }
    return true;
  }
}

const NONE = { p50Ms: Number.NaN, p99Ms: Number.NaN };
const MARK = "text no. ";
const NUMBER_DIGITS = 8;
let nextText = 0;

function marked(): string {
  return `${MARK}${String(nextText++).padStart(NUMBER_DIGITS, "0")}`;
}

/** From the send to a reader on the same server, and to one on the next. */
async function delivery([first, second]: readonly ServerProcess[]) {
  if (first === undefined || second === undefined) throw new Error("there are not two servers");
  const readers = [await Reader.enter(first), await Reader.enter(second)];
  const sender = await Reader.enter(first);
  const sentAt = new Map<string, number>();
  for (let i = 0; i < DELIVERED_TEXTS; i++) {
    const text = marked();
    sentAt.set(text, performance.now());
    await sender.client.post("lobby", `${text} ${TEXT}`);
    await Bun.sleep(5);
  }
  await Bun.sleep(SETTLED_MS);
  const [same = NONE, next = NONE] = readers.map((reader) =>
    percentiles([...sentAt].map(([text, at]) => (reader.heardAt(text) ?? Number.NaN) - at)),
  );
  for (const { client } of [...readers, sender]) client.close();
  return { same, next };
}

/**
 * A busy room, with readers who are spread over the servers.
 * @returns microseconds of each machine's CPU for a delivery to any of the readers
 */
async function reading(
  servers: readonly ServerProcess[],
  pidsOf: readonly (readonly number[])[],
): Promise<number[]> {
  const readers: Reader[] = [];
  for (let i = 0; i < READERS; i++) {
    const server = servers[i % servers.length];
    if (server !== undefined) readers.push(await Reader.enter(server));
  }
  const [sender] = readers;
  const spent = () => pidsOf.map((pids) => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0));
  await Bun.sleep(SETTLED_MS);
  const before = spent();
  for (let i = 0; i < READ_TEXTS; i += TOGETHER) {
    const texts = Array.from({ length: TOGETHER }, () => `${marked()} ${TEXT}`);
    await Promise.all(texts.map((text) => sender?.client.post("lobby", text)));
  }
  while (readers.some(({ count }) => count < READ_TEXTS)) await Bun.sleep(10);
  const after = spent();
  const deliveries = readers.reduce((sum, { count }) => sum + count, 0);
  for (const { client } of readers) client.close();
  return after.map((one, i) => ((one - (before[i] ?? 0)) / deliveries) * 1e6);
}

/** @returns milliseconds from the kill of its server until `chat join` is in at another one */
async function failOver(cluster: ClusterServers, index: number): Promise<number> {
  const node = cluster.nodes[index];
  if (node === undefined) throw new Error(`there is no node ${index}`);
  const home = mkdtempSync(join(tmpdir(), "chat-bench-home-"));
  const args = ["join", `127.0.0.1:${node.port}`, "--user", `f${nextName++}`, "--json"];
  const child = Bun.spawn([BINARY, ...args], {
    env: { ...process.env, CHAT_HOME: home, XDG_RUNTIME_DIR: home },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const decoder = new TextDecoder();
  let killedAt: number | undefined;
  let rest = "";
  for await (const chunk of child.stdout) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    const isIn = lines.some((line) => line.startsWith('{"kind":"connected"'));
    if (isIn && killedAt !== undefined) break;
    if (!isIn) continue;
    await Bun.sleep(TOLD_MS);
    killedAt = performance.now();
    await node.kill();
  }
  const tookMs = performance.now() - (killedAt ?? Number.NaN);
  child.kill("SIGKILL");
  await child.exited;
  rmSync(home, { recursive: true, force: true });
  await cluster.restart(index);
  return tookMs;
}

function keep(name: string, figures: Readonly<Record<string, number>>): void {
  keepSample({ table: "cluster", row: { name }, values: figures });
  const cells = Object.entries(figures).map(([what, value]) => `${what} ${value.toPrecision(3)}`);
  process.stdout.write(`${name.padEnd(28)} ${cells.join("  ")}\n`);
}

const cluster = await ClusterServers.start();
const alone = await startServer();
try {
  const natsPids = cluster.nats.servers.map(({ pid }) => pid);
  for (let round = 0; round < Number(values.rounds); round++) {
    const one = [await sends([alone], 1), await sends(cluster.nodes, 1)] as const;
    const crowd = [await sends([alone], CROWD), await sends(cluster.nodes, CROWD)] as const;
    keep("1 client, alone", one[0]);
    keep("1 client, cluster", one[1]);
    keep(`${CROWD} clients, alone`, crowd[0]);
    keep(`${CROWD} clients, cluster`, crowd[1]);
    const { same, next } = await delivery(cluster.nodes);
    const [single = 0] = await reading([alone], [[alone.pid]]);
    const machines = await reading(
      cluster.nodes,
      cluster.nodes.map(({ pid }, i) => [pid, natsPids[i] ?? 0]),
    );
    keep("a word, same server", same);
    keep("a word, next server", next);
    keep("CPU us a delivery", { alone: single, busiest: Math.max(...machines) });
    const failOverMs = await failOver(cluster, round % cluster.nodes.length);
    keep("ratios", {
      oneClient: one[1].perSecond / one[0].perSecond,
      oneClientP50: one[0].p50Ms / one[1].p50Ms,
      crowd: crowd[1].perSecond / crowd[0].perSecond,
      delivery: next.p50Ms / same.p50Ms,
      readers: single / Math.max(...machines),
      failOverMs,
    });
  }
} finally {
  await alone.stop();
  await cluster.stop();
}
