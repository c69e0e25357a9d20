/**
 * Process with some of the senders: prints `ready`, waits for a line, sends for some seconds, and
 * prints its measurements as JSON.
 */
import { RawClient } from "./raw-client.ts";

const TEXT = "x".repeat(100);

export interface SendsOrder {
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
const senders: { readonly client: RawClient; readonly to: string }[] = [];
for (let i = order.first; i < order.first + order.senders; i++) {
  const client = await RawClient.register(order.port, `s${i}`);
  await client.request("leave", { room: "lobby" });
  senders.push({ client, to: `@s${i}` });
}
// Each sender posts to itself, because fan-out is measured elsewhere.
await Promise.all(senders.map(({ client, to }) => client.post(to, TEXT)));
process.stdout.write("ready\n");
await process.stdin[Symbol.asyncIterator]().next();

const latenciesUs: number[] = [];
const cpuBefore = process.cpuUsage();
const started = performance.now();
const until = started + order.seconds * 1000;
await Promise.all(
  senders.map(async ({ client, to }) => {
    while (performance.now() < until) {
      const before = performance.now();
      await client.post(to, TEXT);
      latenciesUs.push(Math.round((performance.now() - before) * 1000));
    }
  }),
);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
for (const { client } of senders) client.close();
const report: SendsReport = { latenciesUs, seconds, cpuSeconds: (user + system) / 1e6 };
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
