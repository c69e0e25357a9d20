/**
 * Comparison of QUIC with TCP on paths with loss, duplication and reordering: throughput of a data
 * channel, and round-trip time of small messages. `--quick`, `--runs N`, `--seconds N`.
 */
import { join } from "node:path";
import { print } from "./harness.ts";
import { percentile } from "./samples.ts";
import type { Path } from "./udp-emulator.ts";
import type { ConnectionCost, Outcome } from "./udp-end.ts";
import { EmulatedPath, FAR, hasTcpBbr, unsupportedReason } from "./udp-path.ts";

const args = process.argv.slice(2);
const RUNS = numberOf("--runs", args.includes("--quick") ? 1 : 3);
const SECONDS = numberOf("--seconds", 8);

const PATHS: readonly Path[] = [
  { name: "20 ms", roundTripMs: 20, loss: 0, duplicated: 0, reordered: 0 },
  { name: "20 ms, 1 % lost", roundTripMs: 20, loss: 0.01, duplicated: 0, reordered: 0 },
  { name: "50 ms, 5 % lost", roundTripMs: 50, loss: 0.05, duplicated: 0, reordered: 0 },
  {
    name: "100 ms, 2 %, reordered",
    roundTripMs: 100,
    loss: 0.02,
    duplicated: 0.01,
    reordered: 0.25,
  },
];

interface Contestant {
  readonly name: string;
  readonly transport: "tcp" | "udp";
  readonly congestion: "cubic" | "bbr";
}

const CONTESTANTS: readonly Contestant[] = [
  { name: "TCP cubic", transport: "tcp", congestion: "cubic" },
  ...(hasTcpBbr() ? [{ name: "TCP bbr", transport: "tcp", congestion: "bbr" } as const] : []),
  { name: "QUIC cubic", transport: "udp", congestion: "cubic" },
  { name: "QUIC bbr", transport: "udp", congestion: "bbr" },
];

/** Minimum throughput of QUIC with BBR, as a multiple of the reference's. */
const RATIO_GOALS: readonly (readonly [path: string, reference: string, minimum: number])[] = [
  ["20 ms", "TCP cubic", 0.6],
  ["20 ms, 1 % lost", "TCP cubic", 20],
  ["50 ms, 5 % lost", "TCP bbr", 1.3],
  ["100 ms, 2 %, reordered", "TCP bbr", 2],
];

await loopback();
const unsupported = unsupportedReason();
if (unsupported !== undefined) print(`no emulated paths: ${unsupported}`);
else for (const path of PATHS) await measure(path);

async function loopback(): Promise<void> {
  for (const transport of ["tcp", "udp"] as const) {
    const contestant = { name: transport, transport, congestion: "bbr" } as const;
    const outcome = median(
      await times(RUNS, () => runEnds<Outcome>([], [], "127.0.0.1", contestant, 3)),
    );
    const { connectMs, idleBytes } = await runEnds<ConnectionCost>(
      [],
      [],
      "127.0.0.1",
      contestant,
      0,
    );
    const idle = `${(idleBytes / 1024).toFixed(0)} KiB per end of an idle link`;
    print(
      `loopback, ${transport}: ${line(outcome)}; first echo ${connectMs.toFixed(1)} ms; ${idle}`,
    );
  }
}

async function measure(path: Path): Promise<void> {
  const outcomes = new Map<string, Outcome>();
  for (const contestant of CONTESTANTS) {
    const outcome = median(await times(RUNS, () => measureOnce(path, contestant)));
    outcomes.set(contestant.name, outcome);
    print(`${path.name.padEnd(24)}${contestant.name.padEnd(12)}${line(outcome)}`);
  }
  const quic = outcomes.get("QUIC bbr");
  for (const [, reference, minimum] of RATIO_GOALS.filter(([name]) => name === path.name)) {
    const referenceOutcome = outcomes.get(reference);
    if (quic === undefined || referenceOutcome === undefined) continue;
    const ratio = quic.megabytesPerS / referenceOutcome.megabytesPerS;
    const verdict = ratio >= minimum ? "met" : "MISSED";
    print(`  QUIC bbr / ${reference}: ${ratio.toFixed(1)}; goal ≥ ${minimum}: ${verdict}`);
  }
  if (quic === undefined) return;
  const echoMsMax = path.roundTripMs + 300;
  const verdict = quic.echoP99Ms <= echoMsMax ? "met" : "MISSED";
  print(`  p99 echo ${quic.echoP99Ms.toFixed(0)} ms; goal ≤ ${echoMsMax}: ${verdict}`);
}

async function measureOnce(path: Path, contestant: Contestant): Promise<Outcome> {
  const wire = await EmulatedPath.open(path);
  try {
    wire.congestion(contestant.congestion);
    return await runEnds<Outcome>(
      wire.commandPrefix("far"),
      wire.commandPrefix("near"),
      FAR,
      contestant,
      SECONDS,
    );
  } finally {
    await wire.close();
  }
}

async function runEnds<Result>(
  far: readonly string[],
  near: readonly string[],
  host: string,
  { transport, congestion }: Contestant,
  seconds: number,
): Promise<Result> {
  const entry = join(import.meta.dir, "udp-end.ts");
  const server = Bun.spawn([...far, process.execPath, entry, "server", host, congestion], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { value } = await server.stdout.getReader().read();
  const port = new TextDecoder().decode(value).trim();
  const clientArgs = [transport, host, port, congestion, String(seconds)];
  const client = Bun.spawn([...near, process.execPath, entry, "client", ...clientArgs], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const text = await new Response(client.stdout).text();
  server.stdin.end();
  await server.exited;
  return JSON.parse(text) as Result;
}

async function times<Result>(count: number, run: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let i = 0; i < count; i++) results.push(await run());
  return results;
}

function median(outcomes: readonly Outcome[]): Outcome {
  const medianOf = (key: keyof Outcome) =>
    percentile(
      outcomes.map((outcome) => outcome[key]),
      0.5,
    );
  return {
    megabytesPerS: medianOf("megabytesPerS"),
    echoP99Ms: medianOf("echoP99Ms"),
    echoP50Ms: medianOf("echoP50Ms"),
  };
}

function line({ megabytesPerS, echoP99Ms, echoP50Ms }: Outcome): string {
  const echo = `echo p50 ${echoP50Ms.toFixed(0)} ms, p99 ${echoP99Ms.toFixed(0)} ms`;
  return `${megabytesPerS.toFixed(2).padStart(8)} MB/s, ${echo}`;
}

function numberOf(flag: string, otherwise: number): number {
  const at = args.indexOf(flag);
  return at < 0 ? otherwise : Number(args[at + 1]);
}
