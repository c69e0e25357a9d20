/**
 * Sustained load: `bun bench/load.ts [--connections 10000] [--quick]`. Fails unless each
 * acknowledged text reaches each member of its room exactly once. The load shares the server's
 * cores.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  EMPTY_ANSWER,
  type LoadAnswer,
  type LoadOrder,
  LoadProcess,
  type RoomPlan,
} from "./load-orders.ts";
import type { TransfersAnswer, TransfersOrder } from "./load-transfers.ts";
import { quantile, saveSample } from "./samples.ts";
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
const DELIVERIES_PER_SECOND = values.quick ? 2_000 : 10_000;
const ROOMS: RoomPlan = { prefix: "r", count: values.quick ? 25 : 500, streamBase: 0 };
const LARGE_ROOM: RoomPlan = { prefix: "large", count: 1, streamBase: 100_000 };
const ROOMS_DURING_TRANSFERS: RoomPlan = { ...ROOMS, streamBase: 200_000 };
const ROOMS_DURING_KILL: RoomPlan = { ...ROOMS, streamBase: 300_000 };
const ROOMS_DURING_STOP: RoomPlan = { ...ROOMS, streamBase: 400_000 };
const LARGE_ROOM_MEMBERS = values.quick ? 100 : 1_000;
const LARGE_ROOM_WRITERS = 10;
const TRANSFERS = values.quick ? 20 : 200;
const TRANSFER_BYTES = 4 << 20;
const OTHER_DESCRIPTORS = 1_000;
const UNLIMITED_POSTS = ["--posts-per-second", "10000000"];

interface Measurement {
  readonly seconds: number;
  readonly answer?: LoadAnswer;
  readonly extra?: Readonly<Record<string, number>>;
}

let isSuccess = true;
let server: ServerProcess = await startServer(UNLIMITED_POSTS);
const processes = Array.from(
  { length: PROCESSES },
  () => new LoadProcess(join(import.meta.dir, "load-members.ts")),
);
const transfers: LoadProcess[] = [];
try {
  await runAll();
} finally {
  for (const child of [...processes, ...transfers]) await child.kill();
  await server.stop();
}
process.exit(isSuccess ? 0 : 1);

async function runAll(): Promise<void> {
  const needed = CONNECTIONS + OTHER_DESCRIPTORS;
  if (descriptorsMax() < needed) {
    throw new Error(`limit of ${descriptorsMax()} open files is too low: run ulimit -n ${needed}`);
  }
  const perProcess = Math.ceil(CONNECTIONS / PROCESSES);
  const loggedIn = await executeAll((i) => {
    const count = Math.min(perProcess, CONNECTIONS - i * perProcess);
    return { do: "register", port: server.port, first: i * perProcess, count };
  });
  report(`${CONNECTIONS} log in`, { seconds: loggedIn.seconds });

  const cpuBefore = server.cpuSeconds();
  await Bun.sleep(QUIET_MS);
  const quiet = { cpuSeconds: server.cpuSeconds() - cpuBefore };
  report(`${CONNECTIONS} idle`, { seconds: QUIET_MS / 1000, extra: quiet });

  const joined = await executeAll(() => ({ do: "join", rooms: ROOMS, memberLimit: CONNECTIONS }));
  report(`${CONNECTIONS} join ${ROOMS.count} rooms`, { seconds: joined.seconds });
  await measureChat(`${CONNECTIONS} chat in ${ROOMS.count} rooms`, ROOMS, CONNECTIONS, 1);

  await executeAll(() => ({ do: "join", rooms: LARGE_ROOM, memberLimit: LARGE_ROOM_MEMBERS }));
  const senderStep = Math.max(1, Math.floor(LARGE_ROOM_MEMBERS / LARGE_ROOM_WRITERS));
  const members = LARGE_ROOM_MEMBERS;
  await measureChat(`${members} in one room`, LARGE_ROOM, members, senderStep);

  await transferAll();

  await measureReconnects("the server is killed and starts again", ROOMS_DURING_KILL, () =>
    server.kill(),
  );
  await measureReconnects("the server stops and starts again", ROOMS_DURING_STOP, () =>
    server.stop(true),
  );
}

async function measureChat(
  name: string,
  rooms: RoomPlan,
  memberLimit: number,
  senderStep: number,
): Promise<void> {
  const cpuBefore = server.cpuSeconds();
  const answer = await chatAndCheck(rooms, memberLimit, senderStep, CHAT_SECONDS);
  report(name, {
    seconds: answer.seconds,
    answer,
    extra: { cpuSeconds: server.cpuSeconds() - cpuBefore },
  });
}

async function chatAndCheck(
  rooms: RoomPlan,
  memberLimit: number,
  senderStep: number,
  seconds: number,
): Promise<LoadAnswer> {
  const membersEach = memberLimit / rooms.count;
  // Number of processes with writers; a small `memberLimit` needs only one.
  const writing = Math.max(
    1,
    Math.min(PROCESSES, Math.ceil(memberLimit / (CONNECTIONS / PROCESSES))),
  );
  const perSecond = Math.max(1, Math.round(DELIVERIES_PER_SECOND / membersEach / writing));
  const answer = await executeAll(() => ({
    do: "chat",
    rooms,
    memberLimit,
    senderStep: senderStep,
    perSecond,
    seconds,
  }));
  const streams = answer.streams.filter(({ texts }) => texts > 0);
  const checked = await executeAll(() => ({
    do: "check",
    rooms,
    memberLimit,
    streams,
  }));
  return { ...checked, seconds: answer.seconds, streams };
}

async function transferAll(): Promise<void> {
  const perProcess = Math.ceil(TRANSFERS / PROCESSES);
  for (let i = 0; i < PROCESSES; i++) {
    const child = new LoadProcess(join(import.meta.dir, "load-transfers.ts"));
    transfers.push(child);
    const enter = { do: "register", port: server.port, name: `t${i}x`, count: perProcess } as const;
    await child.execute<TransfersOrder, TransfersAnswer>(enter);
  }
  const [cpuBefore, started] = [server.cpuSeconds(), performance.now()];
  const [answers, echo] = await Promise.all([
    Promise.all(
      transfers.map((child) =>
        child.execute<TransfersOrder, TransfersAnswer>({
          do: "transfer",
          sizeBytes: TRANSFER_BYTES,
        }),
      ),
    ).then((answers) => ({ answers, seconds: (performance.now() - started) / 1000 })),
    chatAndCheck(ROOMS_DURING_TRANSFERS, CONNECTIONS, 1, values.quick ? 2 : 5),
  ]);
  const failures = answers.answers.flatMap((answer) => answer.failures);
  for (const failure of failures) print(`a transfer failed: ${failure}`);
  if (failures.length > 0) isSuccess = false;
  const megabytes = ((TRANSFERS + PROCESSES) * TRANSFER_BYTES) / 1e6;
  report(`${TRANSFERS} concurrent transfers during the chat`, {
    seconds: answers.seconds,
    answer: echo,
    extra: {
      cpuSeconds: server.cpuSeconds() - cpuBefore,
      mbPerSecond: megabytes / answers.seconds,
      failures: failures.length,
    },
  });
  for (const child of transfers.splice(0)) await child.kill();
}

async function measureReconnects(
  name: string,
  rooms: RoomPlan,
  end: () => Promise<void>,
): Promise<void> {
  const chatting = chatAndCheck(rooms, CONNECTIONS, 1, CHAT_SECONDS);
  await Bun.sleep((CHAT_SECONDS * 1000) / 3);
  const { folder, port } = server;
  await end();
  const stopped = performance.now();
  server = await startServer(UNLIMITED_POSTS, folder, port);
  const startSeconds = (performance.now() - stopped) / 1000;
  const answer = await chatting;
  const offlineMs = [...answer.offlineMs].sort((a, b) => a - b);
  report(`${name}: ${CONNECTIONS} reconnect`, {
    seconds: answer.seconds,
    answer,
    extra: {
      cpuSeconds: server.cpuSeconds(),
      startSeconds,
      backP50Seconds: quantile(offlineMs, 0.5) / 1000,
      backWorstSeconds: quantile(offlineMs, 1) / 1000,
      cameBack: offlineMs.length,
    },
  });
}

async function executeAll(orderOf: (process: number) => LoadOrder): Promise<LoadAnswer> {
  const answers = await Promise.all(
    processes.map((child, i) => child.execute<LoadOrder, LoadAnswer>(orderOf(i))),
  );
  return answers.reduce(
    (sum, answer) => ({
      seconds: Math.max(sum.seconds, answer.seconds),
      streams: [...sum.streams, ...answer.streams],
      lost: sum.lost + answer.lost,
      doubled: sum.doubled + answer.doubled,
      refusals: [...sum.refusals, ...answer.refusals],
      latencies: [...sum.latencies, ...answer.latencies],
      offlineMs: [...sum.offlineMs, ...answer.offlineMs],
    }),
    EMPTY_ANSWER,
  );
}

function report(name: string, { seconds, answer, extra = {} }: Measurement): void {
  const measured: Record<string, number> = {
    seconds,
    ...extra,
    residentMib: server.residentBytes() / 2 ** 20,
    descriptors: server.descriptors(),
  };
  if (answer !== undefined) {
    const { lost, doubled, refusals, streams } = answer;
    const texts = streams.reduce((sum, stream) => sum + stream.texts, 0);
    Object.assign(measured, { texts, lost, doubled, ...percentiles(answer.latencies) });
    for (const refusal of refusals) print(`a post was refused: ${refusal}`);
    if (lost + doubled + refusals.length > 0) isSuccess = false;
  }
  saveSample({ table: "load", row: { name: name }, values: measured });
  const formatted = Object.entries(measured).map(([name, value]) => `${name} ${rounded(value)}`);
  print(`${name}: ${formatted.join(", ")}`);
}

function percentiles(latencies: LoadAnswer["latencies"]) {
  const sorted = [...latencies].sort(([a], [b]) => a - b);
  const count = sorted.reduce((sum, [, times]) => sum + times, 0);
  const at = (share: number) => {
    let cumulative = 0;
    for (const [tenth, times] of sorted) {
      cumulative += times;
      if (cumulative > count * share) return tenth / 10;
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
