/**
 * How long a message of an honest member takes to its readers, alone and beside each kind of
 * attacker: `bun bench/hostile.ts [--rounds 5] [--seconds 2] [--kinds KIND,KIND]`. Quiet and
 * hostile phases alternate against one server. Each number is the median of its rounds, each ratio
 * the median of a hostile phase beside the quiet one before it. On a machine that does other work,
 * put the server and the members before it, and the attacker after them:
 * `BENCH_PARTY_PREFIX="chrt -o 0" chrt -r 5 bun bench/hostile.ts`
 */
import { setPriority } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { utf8Encode } from "../src/base/bytes.ts";
import { readStamp, stampedText } from "./fan-out-contestant.ts";
import { FLOODS } from "./flood.ts";
import { RawClient } from "./raw-client.ts";
import { keepSample, spreadOf } from "./samples.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const HONEST = 5;
const POSTS_PER_SECOND_EACH = 20;
/** A past that is worth searching. */
const PAST_RECORDS = 100_000;
const PAST_TEXT = "said long ago ".repeat(15);
const PAST_WRITERS = 16;
const IDLE_SECONDS = 15;
/** A message that no reader has after this long counts as lost. */
const LATE_MS_MAX = 30_000;
/** Kinds of attackers that read the past. */
const READERS = new Set(["grep in a loop", "pages in a loop", "never reading"]);
const PARTIES = [
  "nobody",
  "burning CPU only",
  "garbage",
  "connect and close",
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
  readonly cpuPercent: number;
  readonly residentMb: number;
}

const FIELD = utf8Encode('"text":"@');

/** Five people in one room, each at a steady pace; what counts is when each of them hears it. */
class Honest {
  readonly #server: ServerProcess;
  readonly #people: RawClient[] = [];
  #heardMs: number[] = [];
  #begunAt = 0;

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  async enter(): Promise<void> {
    for (let i = 0; i < HONEST; i++) {
      const one = await RawClient.register(this.#server.port, `honest${i}`);
      await one.ask("join", { room: "honest", create: true });
      one.onBytes = (bytes) => this.#heard(bytes);
      this.#people.push(one);
    }
  }

  async phase(): Promise<Phase> {
    this.#heardMs = [];
    this.#begunAt = performance.now();
    const answers: Promise<unknown>[] = [];
    const start = performance.now();
    const cpuBefore = this.#server.cpuSeconds();
    const count = seconds * HONEST * POSTS_PER_SECOND_EACH;
    for (let i = 0; i < count; i++) {
      const due = start + (i * 1000) / (HONEST * POSTS_PER_SECOND_EACH);
      while (performance.now() < due) await Bun.sleep(1);
      const text = `@${stampedText(performance.now())}`;
      const one = this.#people[i % HONEST];
      if (one !== undefined) answers.push(one.post("honest", text));
    }
    const cpuPercent =
      ((this.#server.cpuSeconds() - cpuBefore) * 100_000) / (performance.now() - start);
    void Promise.allSettled(answers);
    const end = performance.now() + LATE_MS_MAX;
    while (this.#heardMs.length < count * HONEST && performance.now() < end) await Bun.sleep(1);
    while (this.#heardMs.length < count * HONEST) this.#heardMs.push(LATE_MS_MAX);
    const sorted = Float64Array.from(this.#heardMs).sort();
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    const residentMb = this.#server.residentBytes() / 1e6;
    return { p50Ms: at(0.5), p99Ms: at(0.99), cpuPercent, residentMb };
  }

  leave(): void {
    for (const one of this.#people) one.close();
  }

  /** A message that was late in one phase does not count in the next one. */
  #heard(bytes: Uint8Array): boolean {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const now = performance.now();
    let at = text.indexOf(FIELD);
    if (at < 0) return false;
    for (; at >= 0; at = text.indexOf(FIELD, at + 1)) {
      const sentAt = readStamp(bytes, at + FIELD.length);
      if (sentAt >= this.#begunAt) this.#heardMs.push(now - sentAt);
    }
    return true;
  }
}

async function beside(party: string, server: ServerProcess, honest: Honest): Promise<Phase> {
  const child = Bun.spawn(
    [
      ...(process.env["BENCH_PARTY_PREFIX"]?.split(" ") ?? []),
      ...[process.execPath, join(import.meta.dir, "hostile-party.ts"), party, `${server.port}`],
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  try {
    await child.stdout.getReader().read();
    return await honest.phase();
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

async function pastFolder(): Promise<string> {
  const server = await startServer();
  const writers: RawClient[] = [];
  for (let i = 0; i < PAST_WRITERS; i++) {
    const one = await RawClient.register(server.port, `past${i}`);
    await one.ask("join", { room: "past", create: true });
    one.onBytes = (bytes) => bytes.length > 200; // Nobody counts these records.
    writers.push(one);
  }
  for (let left = PAST_RECORDS / PAST_WRITERS; left > 0; left -= 125) {
    const said = writers.flatMap((one) =>
      Array.from({ length: 125 }, () => one.post("past", PAST_TEXT)),
    );
    await Promise.all(said);
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
  setPriority(-15); // The server too: what else this machine does is not to be measured.
} catch {
  process.stderr.write("not root: other work on this machine is measured, too\n");
}
const kinds = values.kinds?.split(",") ?? PARTIES;
const isPastRead = kinds.some((kind) => READERS.has(kind));
const server = await startServer([], isPastRead ? await pastFolder() : undefined);
const honest = new Honest(server);
await honest.enter();
await honest.phase(); // The runtime warms up.
const atFirst = server.residentBytes() / 1e6;
const quiet: Phase[] = [];
const rounds = new Map<string, (readonly [Phase, Phase])[]>(kinds.map((kind) => [kind, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [kind, phases] of rounds) {
    const before = await honest.phase();
    const hostile = await beside(kind, server, honest);
    process.stderr.write(
      `${kind}: ${before.p99Ms.toFixed(1)} ms, ${hostile.p99Ms.toFixed(1)} ms\n`,
    );
    quiet.push(before);
    phases.push([before, hostile]);
    const { p50Ms, p99Ms, cpuPercent } = hostile;
    const ratio = p99Ms / before.p99Ms;
    keepSample({ table: "hostile", row: { kind }, values: { p50Ms, p99Ms, ratio, cpuPercent } });
  }
}
const afterMb = server.residentBytes() / 1e6;
await Bun.sleep(IDLE_SECONDS * 1000);
const idleMb = server.residentBytes() / 1e6;

const of = (phases: readonly Phase[], key: keyof Phase) => median(phases.map((one) => one[key]));
process.stdout.write(row(["in ms", "p50", "p99", "ratio", "CPU %", "RSS MB"]));
function print(name: string, phases: readonly Phase[], ratio: number): void {
  const cells = [of(phases, "p50Ms"), of(phases, "p99Ms"), ratio].map((one) => one.toFixed(2));
  const whole = [of(phases, "cpuPercent"), of(phases, "residentMb")].map((one) => one.toFixed(0));
  process.stdout.write(row([name, ...cells, ...whole]));
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
const memory = [atFirst, afterMb, idleMb].map((mb) => mb.toFixed(0)).join(", ");
process.stdout.write(`resident MB at first, after all, ${IDLE_SECONDS} s later: ${memory}\n`);
honest.leave();
await server.stop();
