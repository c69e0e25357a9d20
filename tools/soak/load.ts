/**
 * `npm run soak -- load [--minutes 60]`: 10,000 connections talk while others join and transfer
 * files, and reconnect after a kill and after a stop of the server. Fails if a text or file is
 * damaged, or if memory, descriptors or latency grow over the rounds. Writes bench/soak-load.md.
 * `--quick` tests this program: two small rounds, no check of growth, no file.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { print } from "../../bench/harness.ts";
import {
  LoadGroup,
  latenciesOf,
  reconnectsOf,
  requireDescriptors,
  restartServer,
  TransferGroup,
} from "../../bench/load-group.ts";
import type { LoadAnswer, RoomPlan } from "../../bench/load-orders.ts";
import { commitHash } from "../../bench/machine.ts";
import { type ServerProcess, startServer } from "../../bench/server-process.ts";
import {
  correctnessVerdicts,
  growthVerdicts,
  type LoadRound,
  type LoadRun,
  renderLoadReport,
  type Storm,
} from "./load-result.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    quick: { type: "boolean", default: false },
  },
});
const RESULT = join(import.meta.dir, "../../bench/soak-load.md");
const MINUTES = Number(values.minutes);
const QUICK_ROUNDS = 2;
const SIZES = values.quick
  ? { connections: 500, rooms: 25, largeRoom: 100, joins: 30, transfers: 20, talkSeconds: 6 }
  : {
      connections: 10_000,
      rooms: 500,
      largeRoom: 1_000,
      joins: 300,
      transfers: 200,
      talkSeconds: 60,
    };
const { connections, joins, transfers, talkSeconds } = SIZES;
const ROOMS: RoomPlan = {
  prefix: "soak",
  count: SIZES.rooms,
  streamBase: 0,
  largeRoomMembers: SIZES.largeRoom,
};
/** All joining accounts join the large room, where each join goes to the most members. */
const JOINING: RoomPlan = { ...ROOMS, largeRoomMembers: connections + joins };
const TRANSFER_BYTES = 4 << 20;
const JOIN_DELAY_MS = 1_000;
const SETTLE_MS = 5_000;
/** A phase takes about a minute, and a storm half a minute more on two cores. */
const PHASE_TIMEOUT_MS = 600_000;

requireDescriptors(connections + joins + 2 * transfers);
const commit = commitHash();
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;
const rounds: LoadRound[] = [];
const refusals = new Set<string>();
const failures: string[] = [];
let server: ServerProcess = await startServer();
const group = new LoadGroup();
const joiners = new LoadGroup(1);
const transferring = new TransferGroup();
try {
  await group.register(server.port, connections);
  await group.execute({ do: "join", rooms: ROOMS, memberLimit: connections });
  await joiners.register(server.port, joins, connections);
  await transferring.register(server.port, transfers);
  print(`${elapsed().toFixed(0)} s: ${connections} connections`);
  const isDue = () => (values.quick ? rounds.length < QUICK_ROUNDS : elapsed() < MINUTES * 60);
  while (isDue()) printRound(await runRound());
} catch (error) {
  failures.push(String(error));
} finally {
  for (const child of [group, joiners, transferring]) await child.kill();
  await server.stop();
}
const run: LoadRun = {
  seconds: elapsed(),
  commit,
  connections,
  joins,
  transfers,
  rounds,
  failures,
  refusals: [...refusals],
};
const verdicts = correctnessVerdicts(run);
if (!values.quick) verdicts.push(...growthVerdicts(rounds));
const report = renderLoadReport(run, verdicts);
if (!values.quick) writeFileSync(RESULT, report);
print(`\n${report}`);
process.exit(verdicts.every(({ isMet }) => isMet) ? 0 : 1);

async function runRound(): Promise<LoadRound> {
  const { answer: killed, storm: afterKill } = await talkThroughRestart("kill");
  const { answer: stopped, storm: afterStop } = await talkThroughRestart("stop");
  const calm = await inTime(talk());
  const [busy, { uploaded, downloaded }, joinSeconds] = await inTime(
    Promise.all([talk(), transferFiles(), joinAndLeave()]),
  );
  const answers = [killed, stopped, calm, busy];
  await Bun.sleep(SETTLE_MS);
  const round = {
    seconds: elapsed(),
    acked: busy.streams.reduce((sum, { texts }) => sum + texts, 0),
    lost: answers.reduce((sum, { lost }) => sum + lost, 0),
    doubled: answers.reduce((sum, { doubled }) => sum + doubled, 0),
    joinSeconds,
    uploaded,
    downloaded,
    afterKill,
    afterStop,
    residentMib: server.residentBytes() / 2 ** 20,
    descriptors: server.descriptors(),
    p50Ms: latenciesOf(calm).p50Ms,
    p99Ms: latenciesOf(calm).p99Ms,
    busyP99Ms: latenciesOf(busy).p99Ms,
  };
  rounds.push(round);
  return round;
}

/** Each connection posts one text; the texts are checked at the end. */
async function talk(): Promise<LoadAnswer> {
  const answer = await group.chatAndCheck({
    rooms: ROOMS,
    memberLimit: connections,
    senderStep: 1,
    perSecond: connections / group.size / talkSeconds,
    seconds: talkSeconds,
  });
  for (const refusal of answer.refusals) refusals.add(refusal);
  return answer;
}

async function talkThroughRestart(
  end: "kill" | "stop",
): Promise<{ readonly answer: LoadAnswer; readonly storm: Storm }> {
  const restart = async () => {
    await Bun.sleep((talkSeconds * 1000) / 3);
    ({ server } = await restartServer(server, end));
  };
  const [answer] = await inTime(Promise.all([talk(), restart()]));
  return { answer, storm: reconnectsOf(answer) };
}

async function transferFiles() {
  const answer = await transferring.transfer(TRANSFER_BYTES);
  failures.push(...answer.failures);
  return answer;
}

/** Returns the seconds until the last join is answered. */
async function joinAndLeave(): Promise<number> {
  await Bun.sleep(JOIN_DELAY_MS);
  const memberLimit = connections + joins;
  const joining = { do: "join", rooms: JOINING, memberLimit, concurrency: joins } as const;
  const { seconds } = await joiners.execute(joining);
  await joiners.execute({ do: "leave", rooms: JOINING });
  return seconds;
}

async function inTime<T>(phase: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const error = new Error(`a phase took more than ${PHASE_TIMEOUT_MS / 1000} s`);
  const timer = setTimeout(() => late.reject(error), PHASE_TIMEOUT_MS);
  try {
    return await Promise.race([phase, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function printRound(round: LoadRound): void {
  const back = ({ backP50Seconds, backWorstSeconds, cameBack }: Storm) =>
    `${cameBack} back after ${backP50Seconds.toFixed(1)} to ${backWorstSeconds.toFixed(1)} s`;
  print(
    `${(round.seconds / 60).toFixed(1)} min: ${round.acked} acknowledged, ${round.lost} lost, ` +
      `${round.doubled} repeated, ${refusals.size} refused; ` +
      `killed: ${back(round.afterKill)}; stopped: ${back(round.afterStop)}; ` +
      `p50 ${round.p50Ms} ms, p99 ${round.p99Ms} ms, ${round.busyP99Ms} ms during transfers; ` +
      `${joins} joins in ${round.joinSeconds.toFixed(1)} s; ${round.uploaded} uploaded, ` +
      `${round.downloaded} downloaded, ${failures.length} failures; ` +
      `${round.residentMib.toFixed(0)} MiB, ${round.descriptors} descriptors`,
  );
}
