/**
 * Latency of members' messages during attacks: `bun bench/floods.ts [--rounds 5] [--seconds 2]
 * [--kinds KIND,KIND]`; the kind `irc` stands for all IRC floods. Each ratio compares a hostile
 * phase with the preceding quiet phase. On a busy machine, give the server and members a higher
 * priority than the attacker: `BENCH_PARTY_PREFIX="chrt -o 0" chrt -r 5 bun bench/floods.ts`
 */
import { setPriority } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { utf8Encode } from "../src/base/bytes.ts";
import { readStamp, stampedText } from "./fan-out-contestant.ts";
import { FLOODS } from "./flood.ts";
import { freePort } from "./harness.ts";
import { IRC_FLOODS, registerCrowd } from "./irc-flood.ts";
import { RawClient } from "./raw-client.ts";
import { quantile, saveSample, spreadOf } from "./samples.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const MEMBERS = 5;
const POSTS_PER_SECOND_EACH = 20;
const HISTORY_RECORDS = 100_000;
const HISTORY_TEXT = "said long ago ".repeat(15);
const HISTORY_WRITERS = 16;
const IDLE_SECONDS = 15;
const LATENCY_MS_MAX = 30_000;
const SAMPLING_MS = 50;
const HISTORY_READERS = new Set(["grep in a loop", "pages in a loop", "never reading"]);
const ATTACKS = [
  "nobody",
  "burning CPU only",
  "garbage",
  "registering",
  "guessing",
  "huge frames",
  "grep in a loop",
  "pages in a loop",
  "asking who",
  "asking nonsense",
  "talking elsewhere",
  "talking here",
  "long texts elsewhere",
  "never reading",
  ...Object.keys(FLOODS),
  ...Object.keys(IRC_FLOODS),
];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    kinds: { type: "string" },
  },
});
const seconds = Number(values.seconds);

interface Phase {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  readonly cpuPercent: number;
  /** Maximum during the phase. */
  readonly residentMb: number;
}

const FIELD = utf8Encode('"text":"@');

class Members {
  readonly #server: ServerProcess;
  readonly #clients: RawClient[] = [];
  #latenciesMs: number[] = [];
  #startedAt = 0;

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  async connect(): Promise<void> {
    for (let i = 0; i < MEMBERS; i++) {
      const client = await RawClient.register(this.#server.port, `honest${i}`);
      await client.request("join", { room: "honest", create: true });
      client.onBytes = (bytes) => this.#onBytes(bytes);
      this.#clients.push(client);
    }
  }

  async measure(): Promise<Phase> {
    this.#latenciesMs = [];
    let residentMb = 0;
    const sampling = setInterval(() => {
      residentMb = Math.max(residentMb, this.#server.residentBytes() / 1e6);
    }, SAMPLING_MS);
    this.#startedAt = performance.now();
    const answers: Promise<unknown>[] = [];
    const start = performance.now();
    const cpuBefore = this.#server.cpuSeconds();
    const count = seconds * MEMBERS * POSTS_PER_SECOND_EACH;
    for (let i = 0; i < count; i++) {
      const due = start + (i * 1000) / (MEMBERS * POSTS_PER_SECOND_EACH);
      while (performance.now() < due) await Bun.sleep(1);
      const text = `@${stampedText(performance.now())}`;
      const client = this.#clients[i % MEMBERS];
      if (client !== undefined) answers.push(client.post("honest", text));
    }
    const cpuPercent =
      ((this.#server.cpuSeconds() - cpuBefore) * 100_000) / (performance.now() - start);
    void Promise.allSettled(answers);
    const end = performance.now() + LATENCY_MS_MAX;
    while (this.#latenciesMs.length < count * MEMBERS && performance.now() < end)
      await Bun.sleep(1);
    while (this.#latenciesMs.length < count * MEMBERS) this.#latenciesMs.push(LATENCY_MS_MAX);
    clearInterval(sampling);
    const sorted = Float64Array.from(this.#latenciesMs).sort();
    const [p50Ms, p99Ms, worstMs] = [
      quantile(sorted, 0.5),
      quantile(sorted, 0.99),
      quantile(sorted, 1),
    ];
    return { p50Ms, p99Ms, worstMs, cpuPercent, residentMb };
  }

  disconnect(): void {
    for (const client of this.#clients) client.close();
  }

  #onBytes(bytes: Uint8Array): boolean {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const now = performance.now();
    let at = text.indexOf(FIELD);
    if (at < 0) return false;
    for (; at >= 0; at = text.indexOf(FIELD, at + 1)) {
      const sentAt = readStamp(bytes, at + FIELD.length);
      if (sentAt >= this.#startedAt) this.#latenciesMs.push(now - sentAt);
    }
    return true;
  }
}

async function measureUnderAttack(
  attack: string,
  server: ServerProcess,
  members: Members,
): Promise<Phase> {
  const child = Bun.spawn(
    [
      ...(process.env["BENCH_PARTY_PREFIX"]?.split(" ") ?? []),
      ...[process.execPath, join(import.meta.dir, "floods-attacker.ts"), attack],
      ...[`${server.port}`, `${ircPort}`],
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  try {
    await child.stdout.getReader().read();
    return await members.measure();
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

async function createHistoryFolder(): Promise<string> {
  const server = await startServer();
  const writers: RawClient[] = [];
  for (let i = 0; i < HISTORY_WRITERS; i++) {
    const client = await RawClient.register(server.port, `past${i}`);
    await client.request("join", { room: "past", create: true });
    client.onBytes = (bytes) => bytes.length > 200;
    writers.push(client);
  }
  for (let left = HISTORY_RECORDS / HISTORY_WRITERS; left > 0; left -= 125) {
    const posts = writers.flatMap((client) =>
      Array.from({ length: 125 }, () => client.post("past", HISTORY_TEXT)),
    );
    await Promise.all(posts);
  }
  await server.stop(true);
  return server.folder;
}

function median(numbers: readonly number[]): number {
  return spreadOf(numbers)?.median ?? Number.NaN;
}

function row([name = "", ...cells]: readonly string[]): string {
  return `${name.padEnd(40)}${cells.map((cell) => cell.padStart(11)).join("")}\n`;
}

try {
  // The server inherits the priority, which reduces the influence of other work on this machine.
  setPriority(-15);
} catch {
  process.stderr.write("not root: other work on this machine affects the results\n");
}
const chosen = values.kinds?.split(",") ?? ATTACKS;
const kinds = chosen.flatMap((kind) => (kind === "irc" ? Object.keys(IRC_FLOODS) : [kind]));
const ircPort = freePort();
const isIrc = kinds.some((kind) => kind in IRC_FLOODS);
const flags = isIrc ? ["--irc", `127.0.0.1:${ircPort}`] : [];
const needsHistory = kinds.some((kind) => HISTORY_READERS.has(kind));
const server = await startServer(flags, needsHistory ? await createHistoryFolder() : undefined);
if (isIrc) await registerCrowd(server.port);
const members = new Members(server);
await members.connect();
await members.measure(); // Warm-up.
const initialMb = server.residentBytes() / 1e6;
const quiet: Phase[] = [];
const rounds = new Map<string, (readonly [Phase, Phase])[]>(kinds.map((kind) => [kind, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [kind, phases] of rounds) {
    const before = await members.measure();
    const hostile = await measureUnderAttack(kind, server, members);
    const cells = [before, hostile].map(({ p99Ms, worstMs, residentMb }) => {
      const [p99, worst, mb] = [p99Ms, worstMs, residentMb].map((value) => value.toFixed(0));
      return `p99 ${p99} ms, worst ${worst} ms, ${mb} MB`;
    });
    process.stderr.write(`${kind}: ${cells.join("; ")}\n`);
    quiet.push(before);
    phases.push([before, hostile]);
    const { p50Ms, p99Ms, cpuPercent } = hostile;
    const ratio = p99Ms / before.p99Ms;
    saveSample({ table: "floods", row: { kind }, values: { p50Ms, p99Ms, ratio, cpuPercent } });
  }
}
const afterMb = server.residentBytes() / 1e6;
await Bun.sleep(IDLE_SECONDS * 1000);
const idleMb = server.residentBytes() / 1e6;

const medianOf = (phases: readonly Phase[], key: keyof Phase) =>
  median(phases.map((phase) => phase[key]));
const worstOf = (phases: readonly Phase[]) => Math.max(...phases.map(({ worstMs }) => worstMs));
process.stdout.write(row(["in ms", "p50", "p99", "worst", "ratio", "CPU %", "RSS MB"]));
function print(name: string, phases: readonly Phase[], ratio: number): void {
  const cells = [medianOf(phases, "p50Ms"), medianOf(phases, "p99Ms"), worstOf(phases), ratio].map(
    (value) => value.toFixed(2),
  );
  const integers = [medianOf(phases, "cpuPercent"), medianOf(phases, "residentMb")].map((value) =>
    value.toFixed(0),
  );
  process.stdout.write(row([name, ...cells, ...integers]));
}
print("quiet", quiet, 1);
for (const [kind, pairs] of rounds) {
  const ratio = median(pairs.map(([before, hostile]) => hostile.p99Ms / before.p99Ms));
  print(
    kind,
    pairs.map(([, hostile]) => hostile),
    ratio,
  );
}
const memory = [initialMb, afterMb, idleMb].map((mb) => mb.toFixed(0)).join(", ");
process.stdout.write(
  `resident MB initially, after all rounds, ${IDLE_SECONDS} s later: ${memory}\n`,
);
members.disconnect();
await server.stop();
