/**
 * `npm run soak`: a server under churn for an hour, or `--minutes N`. Clients come, go, lose their
 * links and are killed; files go up and down and are interrupted; the server is stopped and killed,
 * and starts again. Each cycle ends with a quiet point: nearly all clients are gone, all that was
 * acknowledged must have been heard once, and memory, descriptors and files are counted. It prints
 * the verdicts and writes bench/soak-result.md. `npm run soak -- tests` runs the seeded worlds and
 * kill loops instead, at lengths that do not fit a test run; `npm run soak -- power-loss` cuts the
 * power under servers, and `npm run soak -- cluster` kills and stops the servers of a cluster.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LoadMember, textOf } from "../bench/load-member.ts";
import {
  type LoadAnswer,
  type LoadOrder,
  LoadProcess,
  type RoomPlan,
} from "../bench/load-orders.ts";
import type { TransfersAnswer, TransfersOrder } from "../bench/load-transfers.ts";
import { commitHash } from "../bench/results.ts";
import { type ServerProcess, startServer } from "../bench/server-process.ts";
import { type QuietPoint, type Tally, writeSoakResult } from "./soak-result.ts";

const [suite = "", ...rest] = process.argv.slice(2);
/** Mounts of the second end with it. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  tests: [process.execPath, join(import.meta.dir, "soak-tests.ts")],
  "power-loss": ["unshare", "-m", process.execPath, join(import.meta.dir, "power-loss.ts")],
  cluster: ["unshare", "-mn", process.execPath, join(import.meta.dir, "soak-cluster.ts")],
};
const other = OTHERS[suite];
if (other !== undefined) {
  // It reads its options itself.
  const child = Bun.spawn([...other, ...rest], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  process.exit(await child.exited);
}
const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });

const BENCH = join(import.meta.dir, "..", "bench");
const BINARY = join(import.meta.dir, "..", "dist", "chat");
const FLAGS = ["--posts-per-second", "10000000"];
const ROOMS: RoomPlan = { prefix: "soak", count: 4, streamBase: 0 };
const CROWDS = 3;
const CROWD_MEMBERS = 40;
const CHAT_SECONDS = 20;
const TEXTS_PER_SECOND_EACH = 30;
const DROPS_PER_SECOND = 2;
const TRANSFER_CLIENTS = 6;
const TRANSFER_BYTES = 2 << 20;
const INTERRUPTED_BYTES = 12 << 20;
const TYPISTS = 2;
const TYPED_EVERY_MS = 250;
/** Streams of what is typed, far from those of the crowds' accounts. */
const TYPED_STREAMS = 5_000_000;
/** With more than so many beyond those of the first point, what is open is printed. */
const DESCRIPTORS_USUAL = 3;
/** What the last clients needed is let go of. */
const SETTLE_MS = 4_000;
const HEARD_WITHIN_MS = 60_000;
/** One trouble in each cycle, in turn. */
const TROUBLES = [
  "a crowd is killed",
  "no trouble",
  "a typist is killed",
  "the senders of files are killed",
] as const;
/** They take turns in the first half; in the second memory has time to grow. */
const SERVER_TROUBLES = ["the server is killed", "the server is stopped"] as const;
type Trouble = (typeof TROUBLES | typeof SERVER_TROUBLES)[number];
const MINUTES = Number(values.minutes);
const RESTARTS = Math.max(2, Math.floor(MINUTES / 7));

/** `chat join`, typed into, killed, and started again on the same home. */
class Typist {
  readonly #name: string;
  readonly #home: string;
  readonly #child;
  readonly stream: number;
  readonly #tally: Tally;
  #typed = 0;

  private constructor(name: string, home: string, stream: number, port: number, tally: Tally) {
    this.#name = name;
    this.#home = home;
    this.stream = stream;
    this.#tally = tally;
    this.#child = Bun.spawn([BINARY, "join", `127.0.0.1:${port}`, "--user", name, "--json"], {
      env: { ...process.env, CHAT_HOME: home, XDG_RUNTIME_DIR: home },
      stdio: ["pipe", "pipe", "ignore"],
    });
    void this.#read();
  }

  static start(name: string, home: string, port: number, tally: Tally): Typist {
    return new Typist(name, home, nextTyped++, port, tally);
  }

  /** Unanswered lines of the one before are in its outbox: the next one sends them. */
  async killed(port: number): Promise<Typist> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    return new Typist(this.#name, this.#home, nextTyped++, port, this.#tally);
  }

  type(): void {
    this.#child.stdin.write(`${textOf(this.stream, ++this.#typed)}\n`);
    this.#child.stdin.flush();
  }

  async end(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.exited;
  }

  /** The next process is told again of what this one had no time to note. */
  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { kind, text } = JSON.parse(line) as { kind?: string; text?: string };
        if (kind !== "ack" || text === undefined) continue;
        const [stream = 0, number = 0] = text.slice(1).split(" ").map(Number);
        acknowledged(stream, number);
        this.#tally.typedAcked++;
      }
    }
  }
}

let nextTyped = TYPED_STREAMS;
let nextMember = 0;
let nextSenders = 0;
const commit = commitHash();
const folder = mkdtempSync(join(tmpdir(), "chat-soak-"));
const acksPath = join(folder, "acks");
const tally: Tally = {
  acked: 0,
  typedAcked: 0,
  unheard: 0,
  lost: 0,
  doubled: 0,
  refusals: [],
  sent: 0,
  got: 0,
  interrupted: 0,
  failures: [],
  sendersKilled: 0,
  troubles: new Map(),
};
/** The highest acknowledged number of each stream. */
const acked = new Map<number, number>();
const points: QuietPoint[] = [];
const killed = new Set<LoadProcess>();
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;

let life = 1;
let server: ServerProcess = await startServer(FLAGS, folder);
const { port } = server;
const auditor = await LoadMember.enter(port, "auditor");
for (let room = 0; room < ROOMS.count; room++) await auditor.join(`${ROOMS.prefix}-${room}`);
await auditor.join("lobby");
const crowds: LoadProcess[] = [];
for (let i = 0; i < CROWDS; i++) crowds.push(await crowd());
let senders = await fileSenders();
const typists = Array.from({ length: TYPISTS }, (_, i) => {
  const home = join(folder, `typist-${i}`);
  mkdirSync(home);
  return Typist.start(`typist-${i}`, home, port, tally);
});
try {
  for (let i = 0; elapsed() < MINUTES * 60; i++) await cycle(troubleOf(i));
} finally {
  for (const one of [...crowds, senders]) await one.kill();
  for (const one of typists) await one.end();
  auditor.rest();
  await server.stop();
}
const uploadsTogether = TRANSFER_CLIENTS + 1;
const run = { seconds: elapsed(), commit, tally, points, uploadsTogether };
const isGood = writeSoakResult(run, join(BENCH, "soak-result.md"));
process.exit(isGood ? 0 : 1);

function troubleOf(cycle: number): Trouble {
  const restarts = life - 1;
  const isDue = elapsed() > (((restarts + 1) / RESTARTS) * MINUTES * 60) / 2;
  const troubles = isDue && restarts < RESTARTS ? SERVER_TROUBLES : TROUBLES;
  return troubles[(troubles === TROUBLES ? cycle : restarts) % troubles.length] ?? "no trouble";
}

async function cycle(trouble: Trouble): Promise<void> {
  const typing = setInterval(() => {
    for (const one of typists) one.type();
  }, TYPED_EVERY_MS);
  const chatting = crowds.map((one) =>
    one
      .obey<LoadOrder, LoadAnswer>({
        do: "chat",
        rooms: ROOMS,
        below: Number.MAX_SAFE_INTEGER,
        every: 1,
        perSecond: TEXTS_PER_SECOND_EACH,
        seconds: CHAT_SECONDS,
        dropsPerSecond: DROPS_PER_SECOND,
        acksPath,
      })
      .catch(() => undefined),
  );
  const transferring = transferAll();
  await Bun.sleep((CHAT_SECONDS * 1000) / 3);
  await make(trouble);
  const answers = await Promise.all(chatting);
  clearInterval(typing);
  await transferring;
  for (const answer of answers) tally.refusals.push(...(answer?.refusals ?? []));
  readAcks();
  await heardAll();
  for (const one of crowds) await one.obey<LoadOrder, LoadAnswer>({ do: "rest" });
  await Bun.sleep(SETTLE_MS);
  tally.troubles.set(trouble, (tally.troubles.get(trouble) ?? 0) + 1);
  points.push(quietPoint());
  say(trouble);
}

async function make(trouble: Trouble): Promise<void> {
  switch (trouble) {
    case "a crowd is killed":
      await crowds.shift()?.kill("SIGKILL");
      crowds.push(await crowd());
      return;
    case "a typist is killed": {
      const one = typists.shift();
      if (one !== undefined) typists.push(await one.killed(port));
      return;
    }
    case "the senders of files are killed":
      killed.add(senders);
      tally.sendersKilled++;
      await senders.kill("SIGKILL");
      senders = await fileSenders();
      return;
    case "the server is killed":
      await server.kill();
      return await startAgain();
    case "the server is stopped":
      await server.stop(true);
      return await startAgain();
    case "no trouble":
  }
}

async function startAgain(): Promise<void> {
  server = await startServer(FLAGS, folder, port);
  life++;
}

async function crowd(): Promise<LoadProcess> {
  const one = new LoadProcess(join(BENCH, "load-members.ts"));
  const [first, count] = [nextMember, CROWD_MEMBERS];
  nextMember += count;
  await one.obey<LoadOrder, LoadAnswer>({ do: "enter", port, first, count });
  const below = Number.MAX_SAFE_INTEGER;
  await one.obey<LoadOrder, LoadAnswer>({ do: "join", rooms: ROOMS, below });
  return one;
}

async function fileSenders(): Promise<LoadProcess> {
  const one = new LoadProcess(join(BENCH, "load-transfers.ts"));
  const name = `files${nextSenders++}x`;
  const order = { do: "enter", port, name, count: TRANSFER_CLIENTS } as const;
  await one.obey<TransfersOrder, TransfersAnswer>(order);
  return one;
}

async function transferAll(): Promise<void> {
  const one = senders;
  try {
    for (const order of [
      { do: "transfer", sizeBytes: TRANSFER_BYTES },
      { do: "interrupt", sizeBytes: INTERRUPTED_BYTES },
      { do: "transfer", sizeBytes: TRANSFER_BYTES },
    ] as const) {
      const answer = await one.obey<TransfersOrder, TransfersAnswer>(order);
      tally.sent += answer.sent;
      tally.got += answer.got;
      tally.interrupted += answer.interrupted;
      tally.failures.push(...answer.failures);
    }
  } catch (error) {
    if (!killed.has(one)) tally.failures.push(String(error));
  }
}

function readAcks(): void {
  if (!existsSync(acksPath)) return;
  for (const line of readFileSync(acksPath, "utf8").split("\n").slice(0, -1)) {
    const [stream = 0, number = 0] = line.split(" ").map(Number);
    acknowledged(stream, number);
    tally.acked++;
  }
  rmSync(acksPath);
}

function acknowledged(stream: number, number: number): void {
  acked.set(stream, Math.max(acked.get(stream) ?? 0, number));
}

/** Texts are numbered without gaps: with the last number all before it were heard. */
async function heardAll(): Promise<void> {
  const until = performance.now() + HEARD_WITHIN_MS;
  const unheard = () =>
    [...acked].reduce((sum, [stream, last]) => sum + Math.max(0, last - auditor.lastOf(stream)), 0);
  while (unheard() > 0 && performance.now() < until) await Bun.sleep(50);
  tally.unheard = unheard();
  tally.lost = auditor.heard.lost;
  tally.doubled = auditor.heard.doubled;
}

function quietPoint(): QuietPoint {
  const data = join(folder, "data");
  const names = readdirSync(data, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => entry.parentPath);
  const under = (part: string) => files.filter((path) => path.startsWith(join(data, part))).length;
  return {
    seconds: elapsed(),
    life,
    residentMib: server.residentBytes() / 2 ** 20,
    descriptors: server.descriptors(),
    storedFiles: readdirSync(join(data, "files")).length,
    completedUploads: tally.sent,
    otherFiles:
      files.length - under("files") - under("history") - under("accounts") - under("torn"),
    records: tally.acked,
  };
}

function say(trouble: string): void {
  const point = points.at(-1);
  if (point === undefined) return;
  process.stdout.write(
    `${(point.seconds / 60).toFixed(1)} min, life ${point.life}, ${trouble}: ` +
      `${tally.acked} + ${tally.typedAcked} acknowledged, ${tally.unheard} unheard, ` +
      `${tally.lost} lost, ${tally.doubled} doubled; ${tally.sent} up, ${tally.got} down, ` +
      `${tally.interrupted} interrupted, ${tally.failures.length} failed; ` +
      `${point.residentMib.toFixed(0)} MiB, ${point.descriptors} descriptors, ` +
      `${point.storedFiles} stored, ${point.otherFiles} other files\n`,
  );
  if (point.descriptors <= (points[0]?.descriptors ?? 0) + DESCRIPTORS_USUAL) return;
  const kinds = Map.groupBy(server.openFiles(), (path) => path.replace(/\[\d+\]$/, ""));
  for (const [kind, some] of kinds) process.stdout.write(`  open: ${some.length} ${kind}\n`);
}
