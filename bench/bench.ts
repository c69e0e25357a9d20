/**
 * `npm run bench`: everything that is measured, beside what it is measured against, each in one
 * run. Only the ratios mean something elsewhere. `npm run bench -- sends` runs one part;
 * `--quick` takes less time and means less.
 */
import { join } from "node:path";
import { durableSends, type Rate, rawSyncs } from "./sends.ts";
import { idleConnections, startToConnected } from "./start.ts";

const args = process.argv.slice(2);
const isQuick = args.includes("--quick");
const flags = args.filter((arg) => arg.startsWith("--"));
const parts = args.filter((arg) => !arg.startsWith("--"));

await part("sends", sends);
await part("start", start);
await part("idle", idle);
await part("people", () => script("people.ts", isQuick ? ["--quick"] : []));
await part("fan-out", () => script("fan-out.ts", isQuick ? ["--quick"] : []));
await part("transfer", () => script("transfer.ts", flags));
await part("udp", () => script("udp.ts", flags));
await part("page", () => script("page.ts", flags));
await part("hostile", () => script("hostile.ts", isQuick ? ["--rounds", "2"] : []));
await part("log", () => script("log.ts", ["--records", isQuick ? "1000000" : "10000000"]));

async function part(name: string, run: () => Promise<void>): Promise<void> {
  if (parts.length > 0 && !parts.includes(name)) return;
  print(`\n== ${name}`);
  await run();
}

async function sends(): Promise<void> {
  print(row(["durable sends", "per second", "p50 ms", "p99 ms", "beside"]));
  const raw = rawSyncs();
  print(rate("write + fdatasync", raw, "1.00 of itself"));
  const one = await durableSends(1);
  print(rate("1 sender", one, `${(one.perSecond / raw.perSecond).toFixed(2)} of raw`));
  for (const senders of [64, 512]) {
    const many = await durableSends(senders);
    const times = (many.perSecond / one.perSecond).toFixed(1);
    print(rate(`${senders} senders`, many, `${times} times one sender`));
  }
}

async function start(): Promise<void> {
  const times = await startToConnected();
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  print(`client start to connected: median ${at(0.5)} ms, worst ${at(0.999)} ms`);
}

async function idle(): Promise<void> {
  for (const { connections, bytesEach, cpuPercent } of await idleConnections([1_000, 10_000])) {
    const kib = (bytesEach / 1024).toFixed(1);
    print(`${connections} idle connections: ${kib} KiB each, ${cpuPercent.toFixed(1)} % CPU`);
  }
}

async function script(name: string, flags: readonly string[]): Promise<void> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, name), ...flags], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if ((await child.exited) !== 0) throw new Error(`${name} failed`);
}

function rate(name: string, { perSecond, p50Ms, p99Ms }: Rate, beside: string): string {
  return row([name, perSecond.toFixed(0), p50Ms.toFixed(2), p99Ms.toFixed(2), beside]);
}

function row([name = "", ...cells]: readonly string[]): string {
  return `${name.padEnd(22)}${cells.map((cell) => cell.padStart(12)).join("  ")}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
