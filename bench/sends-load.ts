/**
 * Process with some of the senders: prints `ready`, waits for a line, sends for some seconds, and
 * prints its measurements as JSON.
 */
import { type Poster, TEXT_BYTES } from "./fan-out-contestant.ts";
import { contestantNamed } from "./fan-out-contestants.ts";

const TEXT = "x".repeat(TEXT_BYTES);

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
await Promise.all(posters.map((poster) => poster.post(TEXT)));
process.stdout.write("ready\n");
await process.stdin[Symbol.asyncIterator]().next();

const latenciesUs: number[] = [];
const cpuBefore = process.cpuUsage();
const started = performance.now();
const until = started + order.seconds * 1000;
await Promise.all(
  posters.map(async (poster) => {
    while (performance.now() < until) {
      const before = performance.now();
      await poster.post(TEXT);
      latenciesUs.push(Math.round((performance.now() - before) * 1000));
    }
  }),
);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
for (const poster of posters) poster.close();
const report: SendsReport = { latenciesUs, seconds, cpuSeconds: (user + system) / 1e6 };
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
