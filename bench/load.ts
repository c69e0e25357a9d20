/**
 * Load that a server must hold: `bun bench/load.ts [--connections 10000] [--quick]`. Connections
 * that are idle and that chat, one large room, many rooms, many transfers at once, and all clients
 * that come back after the server was killed. Everything that was acknowledged must be heard by
 * each member of its room, once: it fails if a text is lost or comes twice. Some processes share
 * the accounts; they compete with the server for the cores, so latencies are those of a machine
 * that is busy.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  type LoadAnswer,
  type LoadOrder,
  LoadProcess,
  NOTHING,
  type RoomPlan,
} from "./load-orders.ts";
import type { TransfersAnswer, TransfersOrder } from "./load-transfers.ts";
import { atShare, keepSample } from "./samples.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "10000" },
    quick: { type: "boolean", default: false },
  },
});
const CONNECTIONS = values.quick ? 500 : Number(values.connections);
const PROCESSES = Math.max(2, Math.min(4, availableParallelism()));
const QUIET_MS = 5_000;
const CHAT_SECONDS = values.quick ? 3 : 15;
/** Both plans: the same deliveries for each second. */
const DELIVERIES_PER_SECOND = values.quick ? 2_000 : 10_000;
const ROOMS: RoomPlan = { prefix: "r", count: values.quick ? 25 : 500, streamBase: 0 };
const LARGE_ROOM: RoomPlan = { prefix: "large", count: 1, streamBase: 100_000 };
const BESIDE: RoomPlan = { ...ROOMS, streamBase: 200_000 };
const KILLED: RoomPlan = { ...ROOMS, streamBase: 300_000 };
const STOPPED: RoomPlan = { ...ROOMS, streamBase: 400_000 };
const LARGE_ROOM_MEMBERS = values.quick ? 100 : 1_000;
const LARGE_ROOM_WRITERS = 10;
const TRANSFERS = values.quick ? 20 : 200;
const TRANSFER_BYTES = 4 << 20;
/** Sockets beside those of the clients, files, and some that close late. */
const DESCRIPTORS_BESIDE = 1_000;
const UNLIMITED_POSTS = ["--posts-per-second", "10000000"];

interface Marks {
  readonly seconds: number;
  readonly answer?: LoadAnswer;
  readonly more?: Readonly<Record<string, number>>;
}

let isWhole = true;
let server: ServerProcess = await startServer(UNLIMITED_POSTS);
const processes = Array.from(
  { length: PROCESSES },
  () => new LoadProcess(join(import.meta.dir, "load-members.ts")),
);
const transfers: LoadProcess[] = [];
try {
  await all();
} finally {
  for (const one of [...processes, ...transfers]) await one.kill();
  await server.stop();
}
process.exit(isWhole ? 0 : 1);

async function all(): Promise<void> {
  const wanted = CONNECTIONS + DESCRIPTORS_BESIDE;
  if (descriptorsMax() < wanted) {
    throw new Error(`a process may open ${descriptorsMax()} files: ulimit -n ${wanted}, first`);
  }
  const each = Math.ceil(CONNECTIONS / PROCESSES);
  const entered = await every((i) => {
    const count = Math.min(each, CONNECTIONS - i * each);
    return { do: "enter", port: server.port, first: i * each, count };
  });
  tell(`${CONNECTIONS} log in`, { seconds: entered.seconds });

  const cpuBefore = server.cpuSeconds();
  await Bun.sleep(QUIET_MS);
  const quiet = { cpuSeconds: server.cpuSeconds() - cpuBefore };
  tell(`${CONNECTIONS} idle`, { seconds: QUIET_MS / 1000, more: quiet });

  const joined = await every(() => ({ do: "join", rooms: ROOMS, below: CONNECTIONS }));
  tell(`${CONNECTIONS} enter ${ROOMS.count} rooms`, { seconds: joined.seconds });
  await chat(`${CONNECTIONS} chat in ${ROOMS.count} rooms`, ROOMS, CONNECTIONS, 1);

  await every(() => ({ do: "join", rooms: LARGE_ROOM, below: LARGE_ROOM_MEMBERS }));
  const talkative = Math.max(1, Math.floor(LARGE_ROOM_MEMBERS / LARGE_ROOM_WRITERS));
  const members = LARGE_ROOM_MEMBERS;
  await chat(`${members} in one room`, LARGE_ROOM, members, talkative);

  await transferAll();

  await storm("the server is killed and starts again", KILLED, () => server.kill());
  await storm("the server stops and starts again", STOPPED, () => server.stop(true));
}

/** @param every one in so many members writes */
async function chat(what: string, rooms: RoomPlan, below: number, everyNth: number): Promise<void> {
  const cpuBefore = server.cpuSeconds();
  const answer = await chatAndCheck(rooms, below, everyNth, CHAT_SECONDS);
  tell(what, {
    seconds: answer.seconds,
    answer,
    more: { cpuSeconds: server.cpuSeconds() - cpuBefore },
  });
}

async function chatAndCheck(
  rooms: RoomPlan,
  below: number,
  everyNth: number,
  seconds: number,
): Promise<LoadAnswer> {
  const membersEach = below / rooms.count;
  // The writers of one plan may all be in the first process.
  const writing = Math.max(1, Math.min(PROCESSES, Math.ceil(below / (CONNECTIONS / PROCESSES))));
  const perSecond = Math.max(1, Math.round(DELIVERIES_PER_SECOND / membersEach / writing));
  const chatted = await every(() => ({
    do: "chat",
    rooms,
    below,
    every: everyNth,
    perSecond,
    seconds,
  }));
  const said = chatted.said.filter(({ texts }) => texts > 0);
  const checked = await every(() => ({ do: "check", rooms, below, said }));
  return { ...checked, seconds: chatted.seconds, said };
}

async function transferAll(): Promise<void> {
  const each = Math.ceil(TRANSFERS / PROCESSES);
  for (let i = 0; i < PROCESSES; i++) {
    const one = new LoadProcess(join(import.meta.dir, "load-transfers.ts"));
    transfers.push(one);
    const enter = { do: "enter", port: server.port, name: `t${i}x`, count: each } as const;
    await one.obey<TransfersOrder, TransfersAnswer>(enter);
  }
  const [cpuBefore, started] = [server.cpuSeconds(), performance.now()];
  const [answers, echo] = await Promise.all([
    Promise.all(
      transfers.map((one) =>
        one.obey<TransfersOrder, TransfersAnswer>({ do: "transfer", sizeBytes: TRANSFER_BYTES }),
      ),
    ).then((answers) => ({ answers, seconds: (performance.now() - started) / 1000 })),
    chatAndCheck(BESIDE, CONNECTIONS, 1, values.quick ? 2 : 5),
  ]);
  const failures = answers.answers.flatMap((answer) => answer.failures);
  for (const failure of failures) print(`a transfer failed: ${failure}`);
  if (failures.length > 0) isWhole = false;
  const megabytes = ((TRANSFERS + PROCESSES) * TRANSFER_BYTES) / 1e6;
  tell(`${TRANSFERS} transfers at once, beside the chat`, {
    seconds: answers.seconds,
    answer: echo,
    more: {
      cpuSeconds: server.cpuSeconds() - cpuBefore,
      mbPerSecond: megabytes / answers.seconds,
      failures: failures.length,
    },
  });
  for (const one of transfers.splice(0)) await one.kill();
}

/** While all chat, the server goes away; posts without an answer are sent again. */
async function storm(what: string, rooms: RoomPlan, end: () => Promise<void>): Promise<void> {
  const chatting = chatAndCheck(rooms, CONNECTIONS, 1, CHAT_SECONDS);
  await Bun.sleep((CHAT_SECONDS * 1000) / 3);
  const { folder, port } = server;
  await end();
  const stopped = performance.now();
  server = await startServer(UNLIMITED_POSTS, folder, port);
  const startSeconds = (performance.now() - stopped) / 1000;
  const answer = await chatting;
  const away = [...answer.awayMs].sort((one, other) => one - other);
  tell(`${what}: ${CONNECTIONS} come back`, {
    seconds: answer.seconds,
    answer,
    more: {
      cpuSeconds: server.cpuSeconds(),
      startSeconds,
      backP50Seconds: atShare(away, 0.5) / 1000,
      backWorstSeconds: atShare(away, 1) / 1000,
      cameBack: away.length,
    },
  });
}

/** Gives each process its order at once, and adds the answers up. */
async function every(orderOf: (process: number) => LoadOrder): Promise<LoadAnswer> {
  const answers = await Promise.all(
    processes.map((one, i) => one.obey<LoadOrder, LoadAnswer>(orderOf(i))),
  );
  return answers.reduce(
    (sum, one) => ({
      seconds: Math.max(sum.seconds, one.seconds),
      said: [...sum.said, ...one.said],
      lost: sum.lost + one.lost,
      doubled: sum.doubled + one.doubled,
      refusals: [...sum.refusals, ...one.refusals],
      latencies: [...sum.latencies, ...one.latencies],
      awayMs: [...sum.awayMs, ...one.awayMs],
    }),
    NOTHING,
  );
}

function tell(what: string, { seconds, answer, more = {} }: Marks): void {
  const measured: Record<string, number> = {
    seconds,
    ...more,
    residentMib: server.residentBytes() / 2 ** 20,
    descriptors: server.descriptors(),
  };
  if (answer !== undefined) {
    const { lost, doubled, refusals, said } = answer;
    const texts = said.reduce((sum, one) => sum + one.texts, 0);
    Object.assign(measured, { texts, lost, doubled, ...percentiles(answer.latencies) });
    for (const refusal of refusals) print(`a post was refused: ${refusal}`);
    if (lost + doubled + refusals.length > 0) isWhole = false;
  }
  keepSample({ table: "load", row: { name: what }, values: measured });
  const shown = Object.entries(measured).map(([name, value]) => `${name} ${rounded(value)}`);
  print(`${what}: ${shown.join(", ")}`);
}

/** Of a histogram by tenths of milliseconds. */
function percentiles(latencies: LoadAnswer["latencies"]) {
  const sorted = [...latencies].sort(([one], [other]) => one - other);
  const count = sorted.reduce((sum, [, times]) => sum + times, 0);
  const at = (share: number) => {
    let seen = 0;
    for (const [tenth, times] of sorted) {
      seen += times;
      if (seen > count * share) return tenth / 10;
    }
    return (sorted.at(-1)?.[0] ?? 0) / 10;
  };
  return { deliveries: count, p50Ms: at(0.5), p99Ms: at(0.99), worstMs: at(1) };
}

function descriptorsMax(): number {
  const limits = readFileSync("/proc/self/limits", "latin1");
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 0);
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
