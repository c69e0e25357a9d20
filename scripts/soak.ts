/**
 * `npm run soak`: runs a server under churn for an hour, or `--minutes N`. Each cycle disrupts
 * clients or the server and ends with a quiet point, at which each acknowledged text must have been
 * received once, and memory, descriptors and files are counted. Writes bench/soak-result.md.
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

const [suite = "", ...suiteArgs] = process.argv.slice(2);
/** `unshare` makes the mounts and networks of these suites private. */
const OTHER_SUITES: Readonly<Record<string, readonly string[]>> = {
  load: [process.execPath, join(import.meta.dir, "soak-load.ts")],
  tests: [process.execPath, join(import.meta.dir, "soak-tests.ts")],
  "power-loss": ["unshare", "-m", process.execPath, join(import.meta.dir, "power-loss.ts")],
  irc: [process.execPath, join(import.meta.dir, "soak-irc.ts")],
  release: ["unshare", "-m", process.execPath, join(import.meta.dir, "soak-release.ts")],
  cluster: ["unshare", "-mn", process.execPath, join(import.meta.dir, "soak-cluster.ts")],
};
const otherSuite = OTHER_SUITES[suite];
if (otherSuite !== undefined) {
  const child = Bun.spawn([...otherSuite, ...suiteArgs], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  process.exit(await child.exited);
}
const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });

const BENCH = join(import.meta.dir, "..", "bench");
const BINARY = join(import.meta.dir, "..", "dist", "chat");
const FLAGS = ["--posts-per-second", "10000000", "--texts-per-day", "1T"];
const ROOMS: RoomPlan = { prefix: "soak", count: 4, streamBase: 0 };
const LOAD_PROCESSES = 3;
const MEMBERS_PER_PROCESS = 40;
const CHAT_SECONDS = 20;
const TEXTS_PER_SECOND_EACH = 30;
const DROPS_PER_SECOND = 2;
const TRANSFER_CLIENTS = 6;
const TRANSFER_BYTES = 2 << 20;
const INTERRUPTED_BYTES = 12 << 20;
const TYPING_CLIENTS = 2;
const TYPING_INTERVAL_MS = 250;
const FIRST_TYPED_STREAM = 5_000_000;
/** Prints the open files if there are this many more than at the first point. */
const DESCRIPTORS_USUAL = 3;
const SETTLE_MS = 4_000;
const DELIVERY_TIMEOUT_MS = 60_000;
const DISRUPTIONS = [
  "load clients are killed",
  "none",
  "a typing client is killed",
  "file senders are killed",
] as const;
/** Disruptions only for the first half of the run; the second half measures memory growth. */
const SERVER_DISRUPTIONS = ["the server is killed", "the server is stopped"] as const;
type Disruption = (typeof DISRUPTIONS | typeof SERVER_DISRUPTIONS)[number];
const MINUTES = Number(values.minutes);
const RESTARTS = Math.max(2, Math.floor(MINUTES / 7));

class TypingClient {
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

  static start(name: string, home: string, port: number, tally: Tally): TypingClient {
    return new TypingClient(name, home, nextTyped++, port, tally);
  }

  /** The new process resends the unanswered lines in the outbox. */
  async killAndRestart(port: number): Promise<TypingClient> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    return new TypingClient(this.#name, this.#home, nextTyped++, port, this.#tally);
  }

  type(): void {
    this.#child.stdin.write(`${textOf(this.stream, ++this.#typed)}\n`);
    this.#child.stdin.flush();
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.exited;
  }

  /** A killed process may leave acknowledgements unread; the next process receives them again. */
  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let partialLine = "";
    for await (const chunk of this.#child.stdout) {
      const lines = (partialLine + decoder.decode(chunk, { stream: true })).split("\n");
      partialLine = lines.pop() ?? "";
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

let nextTyped = FIRST_TYPED_STREAM;
let nextMember = 0;
let nextSenders = 0;
const commit = commitHash();
const folder = mkdtempSync(join(tmpdir(), "chat-soak-"));
const acksPath = join(folder, "acks");
const tally: Tally = {
  acked: 0,
  typedAcked: 0,
  undelivered: 0,
  lost: 0,
  doubled: 0,
  refusals: [],
  uploaded: 0,
  downloaded: 0,
  interrupted: 0,
  failures: [],
  sendersKilled: 0,
  disruptions: new Map(),
};
const acked = new Map<number, number>();
const points: QuietPoint[] = [];
const killed = new Set<LoadProcess>();
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;

let serverProcess = 1;
let server: ServerProcess = await startServer(FLAGS, folder);
const { port } = server;
const auditor = await LoadMember.register(port, "auditor");
for (let room = 0; room < ROOMS.count; room++) await auditor.join(`${ROOMS.prefix}-${room}`);
await auditor.join("lobby");
const loadProcesses: LoadProcess[] = [];
for (let i = 0; i < LOAD_PROCESSES; i++) loadProcesses.push(await startLoadProcess());
let fileSenderProcess = await fileSenders();
const typingClients = Array.from({ length: TYPING_CLIENTS }, (_, i) => {
  const home = join(folder, `typing-${i}`);
  mkdirSync(home);
  return TypingClient.start(`typing-${i}`, home, port, tally);
});
try {
  for (let i = 0; elapsed() < MINUTES * 60; i++) await runCycle(disruptionOf(i));
} finally {
  for (const child of [...loadProcesses, fileSenderProcess]) await child.kill();
  for (const child of typingClients) await child.stop();
  auditor.disconnect();
  await server.stop();
}
const concurrentUploads = TRANSFER_CLIENTS + 1;
const run = { seconds: elapsed(), commit, tally, points, concurrentUploads };
const isGood = writeSoakResult(run, join(BENCH, "soak-result.md"));
process.exit(isGood ? 0 : 1);

function disruptionOf(cycle: number): Disruption {
  const restarts = serverProcess - 1;
  const isDue = elapsed() > (((restarts + 1) / RESTARTS) * MINUTES * 60) / 2;
  const disruptions = isDue && restarts < RESTARTS ? SERVER_DISRUPTIONS : DISRUPTIONS;
  return (
    disruptions[(disruptions === DISRUPTIONS ? cycle : restarts) % disruptions.length] ?? "none"
  );
}

async function runCycle(disruption: Disruption): Promise<void> {
  const typing = setInterval(() => {
    for (const child of typingClients) child.type();
  }, TYPING_INTERVAL_MS);
  const chatting = loadProcesses.map((child) =>
    child
      .execute<LoadOrder, LoadAnswer>({
        do: "chat",
        rooms: ROOMS,
        memberLimit: Number.MAX_SAFE_INTEGER,
        senderStep: 1,
        perSecond: TEXTS_PER_SECOND_EACH,
        seconds: CHAT_SECONDS,
        dropsPerSecond: DROPS_PER_SECOND,
        acksPath,
      })
      .catch(() => undefined),
  );
  const transferring = transferAll();
  await Bun.sleep((CHAT_SECONDS * 1000) / 3);
  await disrupt(disruption);
  const answers = await Promise.all(chatting);
  clearInterval(typing);
  await transferring;
  for (const answer of answers) tally.refusals.push(...(answer?.refusals ?? []));
  readAcks();
  await waitForDelivery();
  for (const child of loadProcesses)
    await child.execute<LoadOrder, LoadAnswer>({ do: "disconnect" });
  await Bun.sleep(SETTLE_MS);
  tally.disruptions.set(disruption, (tally.disruptions.get(disruption) ?? 0) + 1);
  points.push(quietPoint());
  printPoint(disruption);
}

async function disrupt(disruption: Disruption): Promise<void> {
  switch (disruption) {
    case "load clients are killed":
      await loadProcesses.shift()?.kill("SIGKILL");
      loadProcesses.push(await startLoadProcess());
      return;
    case "a typing client is killed": {
      const child = typingClients.shift();
      if (child !== undefined) typingClients.push(await child.killAndRestart(port));
      return;
    }
    case "file senders are killed":
      killed.add(fileSenderProcess);
      tally.sendersKilled++;
      await fileSenderProcess.kill("SIGKILL");
      fileSenderProcess = await fileSenders();
      return;
    case "the server is killed":
      await server.kill();
      return await restartServer();
    case "the server is stopped":
      await server.stop(true);
      return await restartServer();
    case "none":
  }
}

async function restartServer(): Promise<void> {
  server = await startServer(FLAGS, folder, port);
  serverProcess++;
}

async function startLoadProcess(): Promise<LoadProcess> {
  const child = new LoadProcess(join(BENCH, "load-members.ts"));
  const [first, count] = [nextMember, MEMBERS_PER_PROCESS];
  nextMember += count;
  await child.execute<LoadOrder, LoadAnswer>({ do: "register", port, first, count });
  const memberLimit = Number.MAX_SAFE_INTEGER;
  await child.execute<LoadOrder, LoadAnswer>({ do: "join", rooms: ROOMS, memberLimit });
  return child;
}

async function fileSenders(): Promise<LoadProcess> {
  const child = new LoadProcess(join(BENCH, "load-transfers.ts"));
  const name = `files${nextSenders++}x`;
  const order = { do: "register", port, name, count: TRANSFER_CLIENTS } as const;
  await child.execute<TransfersOrder, TransfersAnswer>(order);
  return child;
}

async function transferAll(): Promise<void> {
  const child = fileSenderProcess;
  try {
    for (const order of [
      { do: "transfer", sizeBytes: TRANSFER_BYTES },
      { do: "interrupt", sizeBytes: INTERRUPTED_BYTES },
      { do: "transfer", sizeBytes: TRANSFER_BYTES },
    ] as const) {
      const answer = await child.execute<TransfersOrder, TransfersAnswer>(order);
      tally.uploaded += answer.uploaded;
      tally.downloaded += answer.downloaded;
      tally.interrupted += answer.interrupted;
      tally.failures.push(...answer.failures);
    }
  } catch (error) {
    if (!killed.has(child)) tally.failures.push(String(error));
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

/** Texts are numbered without gaps, so the last number proves that all were received. */
async function waitForDelivery(): Promise<void> {
  const until = performance.now() + DELIVERY_TIMEOUT_MS;
  const undelivered = () =>
    [...acked].reduce(
      (sum, [stream, last]) => sum + Math.max(0, last - auditor.lastReceived(stream)),
      0,
    );
  while (undelivered() > 0 && performance.now() < until) await Bun.sleep(50);
  tally.undelivered = undelivered();
  tally.lost = auditor.received.lost;
  tally.doubled = auditor.received.doubled;
}

function quietPoint(): QuietPoint {
  const data = join(folder, "data");
  const names = readdirSync(data, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => entry.parentPath);
  const under = (part: string) => files.filter((path) => path.startsWith(join(data, part))).length;
  return {
    seconds: elapsed(),
    serverProcess: serverProcess,
    residentMib: server.residentBytes() / 2 ** 20,
    descriptors: server.descriptors(),
    storedFiles: readdirSync(join(data, "files")).length,
    completedUploads: tally.uploaded,
    otherFiles:
      files.length - under("files") - under("history") - under("accounts") - under("torn"),
    records: tally.acked,
  };
}

function printPoint(disruption: string): void {
  const point = points.at(-1);
  if (point === undefined) return;
  process.stdout.write(
    `${(point.seconds / 60).toFixed(1)} min, ` +
      `server process ${point.serverProcess}, ${disruption}: ` +
      `${tally.acked} + ${tally.typedAcked} acknowledged, ${tally.undelivered} undelivered, ` +
      `${tally.lost} lost, ${tally.doubled} repeated; ${tally.uploaded} uploaded, ` +
      `${tally.downloaded} downloaded, ` +
      `${tally.interrupted} interrupted, ${tally.failures.length} failed; ` +
      `${point.residentMib.toFixed(0)} MiB, ${point.descriptors} descriptors, ` +
      `${point.storedFiles} stored, ${point.otherFiles} other files\n`,
  );
  if (point.descriptors <= (points[0]?.descriptors ?? 0) + DESCRIPTORS_USUAL) return;
  const kinds = Map.groupBy(server.openFiles(), (path) => path.replace(/\[\d+\]$/, ""));
  for (const [kind, paths] of kinds) process.stdout.write(`  open: ${paths.length} ${kind}\n`);
}
