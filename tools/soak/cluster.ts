/**
 * `npm run soak -- cluster [--rounds 20] [--seed 1] [--stop-seconds 30] [--only WORDS]`: disrupts
 * three simulated machines with NATS and `chat serve` while clients post. Two minutes after each
 * disruption, no text may be lost, repeated or reordered, all logs must be equal, and `chat verify`
 * must succeed. Linux only, as root, with `ip`, `mount`, nats-server and faketime.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commitHash } from "../../bench/machine.ts";
import { until } from "../../test/event.ts";
import { natsVersion } from "../../test/io/nats/nats-servers.ts";
import { randomOf } from "../../test/worlds/disk-world.ts";
import { type CheckResult, checkCluster } from "./cluster/check.ts";
import { DISRUPTIONS, type Disruption } from "./cluster/disruptions.ts";
import { type Machine, startMachines } from "./cluster/machines.ts";
import { TypingClient } from "./cluster/typing-client.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    "stop-seconds": { type: "string", default: "30" },
    only: { type: "string", default: "" },
  },
});
const ROUNDS = Number(values.rounds);
const TYPISTS_EACH = 2;
const PER_SECOND = 5;
const CALM_MS = 1_500;

interface Round extends CheckResult {
  readonly disruption: string;
  readonly seconds: number;
  readonly othersMs: number;
  readonly ownMs: number;
}

function* shuffled(items: readonly Disruption[], random: () => number): Generator<Disruption> {
  for (;;) {
    const order = [...items];
    while (order.length > 0) {
      const [item] = order.splice(Math.floor(random() * order.length), 1);
      if (item !== undefined) yield item;
    }
  }
}

async function runRound(
  disruption: Disruption,
  machines: readonly Machine[],
  clients: readonly TypingClient[],
): Promise<Round> {
  const errors: string[] = [];
  const startedAt = performance.now();
  const addresses = new Map<TypingClient, string>();
  for (const client of clients) {
    client.takeLongestMs();
    addresses.set(client, client.serverAddress);
    client.start(PER_SECOND);
  }
  await Bun.sleep(CALM_MS);
  const affected = await disruption.run({
    machines,
    clients,
    random: random,
    stopMs: Number(values["stop-seconds"]) * 1_000,
    reportError: (message) => errors.push(message),
  });
  await Bun.sleep(CALM_MS);
  for (const client of clients) client.pause();
  const result = await checkCluster(machines, clients);
  const longestWaitMs = (isStruck: boolean) => {
    const matching = clients.filter((client) => {
      const isOnAffectedServer = affected.some(
        ({ serverAddress }) => serverAddress === addresses.get(client),
      );
      return (isOnAffectedServer || affected.includes(client.machine)) === isStruck;
    });
    return Math.max(0, ...matching.map((client) => client.takeLongestMs()));
  };
  return {
    ...result,
    disruption: disruption.name,
    seconds: (performance.now() - startedAt) / 1_000,
    othersMs: longestWaitMs(false),
    ownMs: longestWaitMs(true),
    errors: [...errors, ...result.errors],
  };
}

function isGood({ lost, doubled, disordered, readErrors, errors }: Round): boolean {
  return lost + doubled + disordered + readErrors + errors.length === 0;
}

function printRound(number: number, round: Round): void {
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  process.stdout.write(
    `${number}. ${round.disruption}: ${round.acked} acknowledged, ${round.lost} lost, ` +
      `${round.doubled} repeated, ${round.disordered} out of order, ` +
      `${round.readErrors} read errors; ` +
      `longest wait ${seconds(round.ownMs)} on affected servers, ` +
      `${seconds(round.othersMs)} on others; all answered after ${seconds(round.settledMs)}; ` +
      `round of ${round.seconds.toFixed(0)} s\n`,
  );
  for (const line of round.errors) process.stdout.write(`   ${line}\n`);
}

const random = randomOf(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), "chat-soak-cluster-"));
const rounds: Round[] = [];
let clients: TypingClient[] = [];
let machines: Machine[] = [];
try {
  machines = await startMachines(folder);
  clients = machines.flatMap((machine) =>
    Array.from({ length: TYPISTS_EACH }, (_, i) => {
      return new TypingClient(`${machine.name}x${i}`, machine, folder);
    }),
  );
  await until("all clients are connected", () => clients.every(({ isConnected }) => isConnected));
  for (const { errors } of clients) errors.length = 0;
  const chosen = DISRUPTIONS.filter(({ name }) => name.includes(values.only));
  const order = shuffled(chosen, random);
  while (rounds.length < ROUNDS) {
    const round = await runRound(order.next().value, machines, clients);
    rounds.push(round);
    printRound(rounds.length, round);
    if (round.hasStoppedNode) break;
  }
} finally {
  await Promise.all(clients.map((client) => client.stop()));
  const keepDisks = rounds.length < ROUNDS || rounds.some((round) => !isGood(round));
  await Promise.all(machines.map((machine) => machine.shutDown(keepDisks)));
}
const failedRounds = rounds.filter((round) => !isGood(round));
const last = rounds.at(-1);
process.stdout.write(
  `${rounds.length} rounds with seed ${values.seed}, commit ${commitHash()}, ` +
    `nats-server ${natsVersion()}: ` +
    `${last?.acked} texts were acknowledged, ${failedRounds.length} rounds failed` +
    `${failedRounds.length === 0 ? "" : `; data is in ${folder}`}\n`,
);
if (failedRounds.length === 0) rmSync(folder, { recursive: true, force: true });
process.exit(failedRounds.length === 0 ? 0 : 1);
