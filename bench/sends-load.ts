/**
 * Process with some of the senders: warms up, prints `ready`, waits for a line, sends for some
 * seconds, and prints its measurements as JSON.
 */

import { contestantNamed } from "./contestants.ts";
import { type Poster, TEXT_BYTES } from "./fan-out-contestant.ts";

const TEXT = "x".repeat(TEXT_BYTES);
/** Servers run for days, so their first seconds of compiling code are not measured. */
const WARM_UP_SECONDS = 3;

export interface SendsOrder {
  readonly contestant: string;
  readonly port: number;
  readonly first: number;
  readonly senders: number;
  readonly seconds: number;
}

export interface SendsReport {
  readonly latenciesUs: readonly number[];
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const order: SendsOrder = JSON.parse(process.argv[2] ?? "");
const contestant = contestantNamed(order.contestant);
const posters: Poster[] = [];
for (let i = order.first; i < order.first + order.senders; i++) {
  const poster = await contestant.makePoster?.(order.port, i);
  if (poster === undefined) throw new Error(`${order.contestant} acknowledges nothing`);
  posters.push(poster);
}
await sendFor(WARM_UP_SECONDS);
process.stdout.write("ready\n");
await process.stdin[Symbol.asyncIterator]().next();

const cpuBefore = process.cpuUsage();
const started = performance.now();
const latenciesUs = await sendFor(order.seconds);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
for (const poster of posters) poster.close();
const report: SendsReport = { latenciesUs, seconds, cpuSeconds: (user + system) / 1e6 };
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));

async function sendFor(seconds: number): Promise<readonly number[]> {
  const latenciesUs: number[] = [];
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    posters.map(async (poster) => {
      while (performance.now() < until) {
        const before = performance.now();
        await poster.post(TEXT);
        latenciesUs.push(Math.round((performance.now() - before) * 1000));
      }
    }),
  );
  return latenciesUs;
}
