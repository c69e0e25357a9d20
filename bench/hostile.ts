/**
 * Honest people alone, then beside each kind of hostile party, in turns, against one server:
 * `bun bench/hostile.ts [--rounds 8] [--seconds 1] [--kinds KIND,KIND]`. What else a machine does
 * only adds to what is measured, so each number is the lower quartile of its rounds. Where Linux
 * groups processes by session: `setsid sh -c 'echo -15 > /proc/self/autogroup; bun bench/...'`.
 */
import { setPriority } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { utf8Encode } from "../src/base/bytes.ts";
import { readStamp, stampedText } from "./fan-out-contestant.ts";
import { RawClient } from "./raw-client.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const HONEST = 5;
const POSTS_PER_SECOND_EACH = 20;
/** A past that is worth searching. */
const PAST_RECORDS = 100_000;
const PAST_TEXT = "said long ago ".repeat(15);
const PAST_WRITERS = 16;
const IDLE_SECONDS = 15;
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
];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "8" },
    seconds: { type: "string", default: "1" },
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
    await Promise.all(answers);
    while (this.#heardMs.length < count * HONEST) await Bun.sleep(1);
    const sorted = Float64Array.from(this.#heardMs).sort();
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    const residentMb = this.#server.residentBytes() / 1e6;
    return { p50Ms: at(0.5), p99Ms: at(0.99), cpuPercent, residentMb };
  }

  leave(): void {
    for (const one of this.#people) one.close();
  }

  #heard(bytes: Uint8Array): boolean {
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(FIELD);
    if (at < 0) return false;
    this.#heardMs.push(performance.now() - readStamp(bytes, at + FIELD.length));
    return true;
  }
}

async function beside(party: string, server: ServerProcess, honest: Honest): Promise<Phase> {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "hostile-party.ts"), party, `${server.port}`],
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

function lowerQuartile(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 4)] ?? Number.NaN;
}

function row([name = "", ...cells]: readonly string[]): string {
  return `${name.padEnd(22)}${cells.map((cell) => cell.padStart(11)).join("")}\n`;
}

try {
  setPriority(-15); // The server too: what else this machine does is not to be measured.
} catch {
  process.stderr.write("not root: other work on this machine is measured, too\n");
}
const server = await startServer([], await pastFolder());
const honest = new Honest(server);
await honest.enter();
await honest.phase(); // The runtime warms up.
const atFirst = server.residentBytes() / 1e6;
const alone: Phase[] = [];
const storm = new Map<string, Phase[]>(PARTIES.map((party) => [party, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const party of PARTIES) {
    if (values.kinds !== undefined && !values.kinds.split(",").includes(party)) continue;
    alone.push(await honest.phase());
    storm.get(party)?.push(await beside(party, server, honest));
  }
}
const afterMb = server.residentBytes() / 1e6;
await Bun.sleep(IDLE_SECONDS * 1000);
const idleMb = server.residentBytes() / 1e6;

const of = (phases: readonly Phase[], key: keyof Phase) =>
  lowerQuartile(phases.map((one) => one[key]));
const p99Alone = of(alone, "p99Ms");
process.stdout.write(row(["in ms", "p50", "p99", "times alone", "CPU %", "RSS MB"]));
const shown: [string, readonly Phase[]][] = [["alone", alone], ...storm];
for (const [name, phases] of shown) {
  if (phases.length === 0) continue;
  const p99Ms = of(phases, "p99Ms");
  const cells = [of(phases, "p50Ms"), p99Ms, p99Ms / p99Alone].map((ms) => ms.toFixed(2));
  const whole = [of(phases, "cpuPercent"), of(phases, "residentMb")].map((one) => one.toFixed(0));
  process.stdout.write(row([name, ...cells, ...whole]));
}
const memory = [atFirst, afterMb, idleMb].map((mb) => mb.toFixed(0)).join(", ");
process.stdout.write(`resident MB at first, after all, ${IDLE_SECONDS} s later: ${memory}\n`);
honest.leave();
await server.stop();
