/**
 * Sustained load: `bun bench/load.ts [--connections 10000] [--quick]`. Fails unless each
 * acknowledged text reaches each member of its room exactly once. The load shares the server's
 * cores.
 */
import { parseArgs } from "node:util";
import { print } from "./harness.ts";
import {
  LOAD_PROCESSES,
  LoadGroup,
  latenciesOf,
  reconnectsOf,
  requireDescriptors,
  restartServer,
  TransferGroup,
} from "./load-group.ts";
import type { LoadAnswer, RoomPlan } from "./load-orders.ts";
import { saveSample } from "./samples.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "10000" },
    quick: { type: "boolean", default: false },
  },
});
const CONNECTIONS = values.quick ? 500 : Number(values.connections);
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

interface Measurement {
  readonly seconds: number;
  readonly answer?: LoadAnswer;
  readonly extra?: Readonly<Record<string, number>>;
}

let isSuccess = true;
let server: ServerProcess = await startServer();
const group = new LoadGroup();
let transfers: TransferGroup | undefined;
try {
  await runAll();
} finally {
  await group.kill();
  await transfers?.kill();
  await server.stop();
}
process.exit(isSuccess ? 0 : 1);

async function runAll(): Promise<void> {
  requireDescriptors(CONNECTIONS);
  const loggedIn = await group.register(server.port, CONNECTIONS);
  report(`${CONNECTIONS} log in`, { seconds: loggedIn.seconds });

  const cpuBefore = server.cpuSeconds();
  await Bun.sleep(QUIET_MS);
  const quiet = { cpuSeconds: server.cpuSeconds() - cpuBefore };
  report(`${CONNECTIONS} idle`, { seconds: QUIET_MS / 1000, extra: quiet });

  const joined = await group.execute({ do: "join", rooms: ROOMS, memberLimit: CONNECTIONS });
  report(`${CONNECTIONS} join ${ROOMS.count} rooms`, { seconds: joined.seconds });
  await measureChat(`${CONNECTIONS} chat in ${ROOMS.count} rooms`, ROOMS, CONNECTIONS, 1);

  await group.execute({ do: "join", rooms: LARGE_ROOM, memberLimit: LARGE_ROOM_MEMBERS });
  const senderStep = Math.max(1, Math.floor(LARGE_ROOM_MEMBERS / LARGE_ROOM_WRITERS));
  const members = LARGE_ROOM_MEMBERS;
  await measureChat(`${members} in one room`, LARGE_ROOM, members, senderStep);

  await transferAll();

  await measureReconnects("the server is killed and starts again", ROOMS_DURING_KILL, "kill");
  await measureReconnects("the server stops and starts again", ROOMS_DURING_STOP, "stop");
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
    Math.min(LOAD_PROCESSES, Math.ceil(memberLimit / (CONNECTIONS / LOAD_PROCESSES))),
  );
  const perSecond = Math.max(1, Math.round(DELIVERIES_PER_SECOND / membersEach / writing));
  return await group.chatAndCheck({ rooms, memberLimit, senderStep, perSecond, seconds });
}

async function transferAll(): Promise<void> {
  transfers = new TransferGroup();
  await transfers.register(server.port, TRANSFERS);
  const cpuBefore = server.cpuSeconds();
  const [{ seconds, failures }, answer] = await Promise.all([
    transfers.transfer(TRANSFER_BYTES),
    chatAndCheck(ROOMS_DURING_TRANSFERS, CONNECTIONS, 1, values.quick ? 2 : 5),
  ]);
  for (const failure of failures) print(`a transfer failed: ${failure}`);
  if (failures.length > 0) isSuccess = false;
  const megabytes = ((TRANSFERS + LOAD_PROCESSES) * TRANSFER_BYTES) / 1e6;
  report(`${TRANSFERS} concurrent transfers during the chat`, {
    seconds,
    answer,
    extra: {
      cpuSeconds: server.cpuSeconds() - cpuBefore,
      mbPerSecond: megabytes / seconds,
      failures: failures.length,
    },
  });
  await transfers.kill();
}

async function measureReconnects(
  name: string,
  rooms: RoomPlan,
  end: "kill" | "stop",
): Promise<void> {
  const chatting = chatAndCheck(rooms, CONNECTIONS, 1, CHAT_SECONDS);
  await Bun.sleep((CHAT_SECONDS * 1000) / 3);
  const restarted = await restartServer(server, end);
  ({ server } = restarted);
  const answer = await chatting;
  const { startSeconds } = restarted;
  report(`${name}: ${CONNECTIONS} reconnect`, {
    seconds: answer.seconds,
    answer,
    extra: { cpuSeconds: server.cpuSeconds(), startSeconds, ...reconnectsOf(answer) },
  });
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
    Object.assign(measured, { texts, lost, doubled, ...latenciesOf(answer) });
    for (const refusal of refusals) print(`a post was refused: ${refusal}`);
    if (lost + doubled + refusals.length > 0) isSuccess = false;
  }
  saveSample({ table: "load", row: { name: name }, values: measured });
  const formatted = Object.entries(measured).map(([name, value]) => `${name} ${rounded(value)}`);
  print(`${name}: ${formatted.join(", ")}`);
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
