/** Process with some of the senders, which send for some seconds at each order. */
import { contestantNamed } from "./contestants.ts";
import { type Poster, TEXT_BYTES } from "./fan-out-contestant.ts";
import { serveOrders } from "./load-orders.ts";

const TEXT = "x".repeat(TEXT_BYTES);

export interface SendsShare {
  readonly contestant: string;
  readonly port: number;
  readonly first: number;
  readonly senders: number;
}

export interface SendsOrder {
  readonly seconds: number;
}

export interface SendsReport {
  readonly latenciesUs: readonly number[];
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const share: SendsShare = JSON.parse(process.argv[2] ?? "");
const contestant = contestantNamed(share.contestant);
const posters: Poster[] = [];
for (let i = share.first; i < share.first + share.senders; i++) {
  const poster = await contestant.makePoster?.(share.port, i);
  if (poster === undefined) throw new Error(`${share.contestant} acknowledges nothing`);
  posters.push(poster);
}

await serveOrders<SendsOrder>(async (order): Promise<SendsReport> => {
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  const latenciesUs = await sendFor(order.seconds);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { latenciesUs, seconds, cpuSeconds: (user + system) / 1e6 };
});

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
