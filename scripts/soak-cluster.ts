/**
 * `npm run soak -- cluster [--rounds 20] [--seed 1] [--stop-seconds 30] [--only WORDS]`: three
 * nats-servers and three `chat serve` on three machines, as far as one machine can be three: with
 * networks and disks of their own. Clients type on each of them, while something happens to them
 * in each round, drawn by the seed. After it all must be well again within two minutes: nothing
 * that was acknowledged is lost, twice or out of its sender's order; all readers have been shown
 * all of it, once; the logs of all machines are the same bytes; `chat verify` finds nothing.
 *
 * Linux only, as root, with `ip`, `mount`, nats-server and faketime (Debian's names iproute2,
 * nats-server, faketime). Its networks and mounts are seen by its processes alone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commitHash } from "../bench/results.ts";
import { until } from "../test/event.ts";
import { natsVersion } from "../test/io/nats/nats-servers.ts";
import { type Judgement, judge } from "./cluster/judge.ts";
import { type Machine, threeMachines } from "./cluster/machines.ts";
import { TROUBLES, type Trouble } from "./cluster/troubles.ts";
import { Typist } from "./cluster/typist.ts";

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
/** Before and after each trouble, with all well. */
const CALM_MS = 1_500;

interface Round extends Judgement {
  readonly trouble: string;
  readonly seconds: number;
  /** The longest wait for an answer of those whose own server was well. */
  readonly othersMs: number;
  /** Of the others. */
  readonly ownMs: number;
}

/** Mulberry32: one seed decides what happens, though not what comes of it. */
function diceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Each comes before one comes again. */
function* drawn(some: readonly Trouble[], dice: () => number): Generator<Trouble> {
  for (;;) {
    const deck = [...some];
    while (deck.length > 0) {
      const [one] = deck.splice(Math.floor(dice() * deck.length), 1);
      if (one !== undefined) yield one;
    }
  }
}

async function round(
  trouble: Trouble,
  machines: readonly Machine[],
  typists: readonly Typist[],
): Promise<Round> {
  const complaints: string[] = [];
  const began = performance.now();
  const places = new Map<Typist, string>();
  for (const typist of typists) {
    typist.longestMs();
    places.set(typist, typist.place);
    typist.begin(PER_SECOND);
  }
  await Bun.sleep(CALM_MS);
  const struck = await trouble.happen({
    ...{ machines, typists, dice, stopMs: Number(values["stop-seconds"]) * 1_000 },
    complain: (sentence) => complaints.push(sentence),
  });
  await Bun.sleep(CALM_MS);
  for (const typist of typists) typist.pause();
  const judgement = await judge(machines, typists);
  const waited = (isStruck: boolean) => {
    const some = typists.filter((typist) => {
      const isAt = struck.some(({ place }) => place === places.get(typist));
      return (isAt || struck.includes(typist.machine)) === isStruck;
    });
    return Math.max(0, ...some.map((typist) => typist.longestMs()));
  };
  return {
    ...judgement,
    trouble: trouble.name,
    seconds: (performance.now() - began) / 1_000,
    ...{ othersMs: waited(false), ownMs: waited(true) },
    complaints: [...complaints, ...judgement.complaints],
  };
}

function isGood({ lost, doubled, disordered, missedByReaders, complaints }: Round): boolean {
  return lost + doubled + disordered + missedByReaders + complaints.length === 0;
}

function say(number: number, one: Round): void {
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  process.stdout.write(
    `${number}. ${one.trouble}: ${one.acked} confirmed, ${one.lost} lost, ` +
      `${one.doubled} doubled, ${one.disordered} out of order, ` +
      `${one.missedByReaders} wrong at readers; longest wait ${seconds(one.ownMs)} there, ` +
      `${seconds(one.othersMs)} elsewhere; all answered after ${seconds(one.settledMs)}; ` +
      `round of ${one.seconds.toFixed(0)} s\n`,
  );
  for (const line of one.complaints) process.stdout.write(`   ${line}\n`);
}

const dice = diceOf(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), "chat-soak-cluster-"));
const rounds: Round[] = [];
let typists: Typist[] = [];
let machines: Machine[] = [];
try {
  machines = await threeMachines(folder);
  typists = machines.flatMap((machine) =>
    Array.from({ length: TYPISTS_EACH }, (_, i) => {
      return new Typist(`${machine.name}x${i}`, machine, folder);
    }),
  );
  await until("all are in", () => typists.every(({ isConnected }) => isConnected));
  for (const { complaints } of typists) complaints.length = 0; // Whom they have met.
  const chosen = TROUBLES.filter(({ name }) => name.includes(values.only));
  const deck = drawn(chosen, dice);
  while (rounds.length < ROUNDS) {
    const one = await round(deck.next().value, machines, typists);
    rounds.push(one);
    say(rounds.length, one);
    if (one.isOver) break;
  }
} finally {
  await Promise.all(typists.map((typist) => typist.end()));
  const isKept = rounds.length < ROUNDS || rounds.some((one) => !isGood(one));
  await Promise.all(machines.map((machine) => machine.end(isKept)));
}
const bad = rounds.filter((one) => !isGood(one));
const last = rounds.at(-1);
process.stdout.write(
  `${rounds.length} rounds with seed ${values.seed}, commit ${commitHash()}, ` +
    `nats-server ${natsVersion()}: ` +
    `${last?.acked} texts were confirmed, ${bad.length} rounds went wrong` +
    `${bad.length === 0 ? "" : `; what was left is in ${folder}`}\n`,
);
if (bad.length === 0) rmSync(folder, { recursive: true, force: true });
process.exit(bad.length === 0 ? 0 : 1);
