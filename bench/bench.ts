/**
 * `npm run bench` runs every part, each in its own process, and `npm run bench -- sends log` two of
 * them. `--quick` is faster and less accurate; other flags go to the programs. Each part saves its
 * samples as JSON in bench/results, where results.md is their table. Only ratios are comparable
 * across machines.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { print } from "./harness.ts";
import { commitHash, describeMachine, type Machine, measureNoise, type Noise } from "./machine.ts";
import { readSamples, renderSamples, SAMPLES_VARIABLE, type Sample } from "./samples.ts";
import { processTree } from "./transfer-usage.ts";

interface Part {
  readonly program: string;
  readonly flags?: readonly string[];
  readonly quickFlags?: readonly string[];
  readonly minutesMax: number;
}

interface PartResult {
  readonly part: string;
  readonly isQuick: boolean;
  readonly at: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly noise: Noise;
  readonly failure?: string;
  readonly samples: readonly Sample[];
}

const RESULTS = process.env["BENCH_RESULTS"] ?? join(import.meta.dir, "results");
const PEOPLE = ["--people", "2000,2000,2000,10000", "--devices", "300,300,300"];

const PARTS: Readonly<Record<string, Part>> = {
  sends: { program: "sends.ts", minutesMax: 10 },
  post: { program: "post-profile.ts", flags: ["--steps"], minutesMax: 4 },
  start: { program: "start.ts", minutesMax: 1 },
  "start-log": {
    program: "start-log.ts",
    flags: ["--records", "1000000", "--starts", "3"],
    quickFlags: ["--records", "100000", "--starts", "1"],
    minutesMax: 4,
  },
  idle: { program: "idle.ts", quickFlags: ["--connections", "500"], minutesMax: 15 },
  calls: { program: "calls.ts", quickFlags: ["--pairs", "10000"], minutesMax: 1 },
  people: { program: "people.ts", flags: PEOPLE, minutesMax: 8 },
  class: { program: "class.ts", quickFlags: ["--rounds", "1"], minutesMax: 5 },
  "sign-ins": { program: "sign-ins.ts", quickFlags: ["--rounds", "1"], minutesMax: 10 },
  "fan-out": {
    program: "fan-out.ts",
    quickFlags: ["--quick", "--readers", "10,100"],
    minutesMax: 20,
  },
  transfer: { program: "transfer.ts", minutesMax: 8 },
  distance: { program: "distance.ts", minutesMax: 3 },
  log: {
    program: "log.ts",
    flags: ["--records", "10000000"],
    quickFlags: ["--records", "1000000"],
    minutesMax: 4,
  },
  load: { program: "load.ts", minutesMax: 6 },
  cluster: { program: "cluster.ts", quickFlags: ["--rounds", "1"], minutesMax: 6 },
  screen: { program: "screen.ts", minutesMax: 5 },
  page: { program: "page.ts", minutesMax: 30 },
  "http-links": { program: "http-links.ts", minutesMax: 2 },
  udp: { program: "udp.ts", minutesMax: 60 },
  floods: { program: "floods.ts", quickFlags: ["--rounds", "2"], minutesMax: 60 },
  hostile: {
    program: "hostile.ts",
    quickFlags: ["--seconds", "1", "--disks", "0", "--shapes", "1x1"],
    minutesMax: 120,
  },
};

const args = process.argv.slice(2);
const isQuick = args.includes("--quick");
const flags = args.filter((arg) => arg.startsWith("--") && arg !== "--quick");
const selected = args.filter((arg) => !arg.startsWith("--"));
const unknown = selected.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  throw new Error(`unknown part ${unknown.join(", ")}; parts: ${Object.keys(PARTS).join(", ")}`);
}

const machine = describeMachine();
const failed: string[] = [];
mkdirSync(RESULTS, { recursive: true });
for (const [name, part] of Object.entries(PARTS)) {
  if (selected.length > 0 && !selected.includes(name)) continue;
  print(`\n== ${name}`);
  const result = await run(name, part);
  if (result.failure !== undefined) failed.push(`${name} ${result.failure}`);
  // Extra flags such as `transfer --small` change what is measured.
  if (flags.length > 0) continue;
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 1)}\n`);
}
writeFileSync(join(RESULTS, "results.md"), renderSamples(savedSamples()));
for (const failure of failed) print(failure);
process.exit(failed.length === 0 ? 0 : 1);

async function run(name: string, part: Part): Promise<PartResult> {
  const folder = mkdtempSync(join(tmpdir(), "chat-bench-part-"));
  const samplesPath = join(folder, "samples");
  const finishNoise = measureNoise();
  const chosen = isQuick ? (part.quickFlags ?? ["--quick"]) : (part.flags ?? []);
  const command = [process.execPath, join(import.meta.dir, part.program), ...chosen, ...flags];
  const child = Bun.spawn(command, {
    env: { ...process.env, [SAMPLES_VARIABLE]: samplesPath },
    stdio: ["ignore", "inherit", "inherit"],
  });
  let isTimedOut = false;
  const timeout = setTimeout(() => {
    isTimedOut = true;
    killTree(child.pid);
  }, part.minutesMax * 60_000);
  const exitCode = await child.exited;
  clearTimeout(timeout);
  const noise = finishNoise(Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6);
  const samples = readSamples(samplesPath);
  rmSync(folder, { recursive: true });
  const at = new Date().toISOString().slice(0, 16);
  const result = { part: name, isQuick, at, commit: commitHash(), machine, noise, samples };
  if (isTimedOut) return { ...result, failure: `timed out after ${part.minutesMax} minutes` };
  if (exitCode === 0) return result;
  return { ...result, failure: `ended with ${child.signalCode ?? `exit code ${exitCode}`}` };
}

function savedSamples(): Sample[] {
  const names = readdirSync(RESULTS).filter((name) => name.endsWith(".json"));
  const results = names.sort().map((name): PartResult => {
    return JSON.parse(readFileSync(join(RESULTS, name), "utf8"));
  });
  return results.flatMap(({ samples }) => samples);
}

/** Servers that keep running would distort later parts. */
function killTree(pid: number): void {
  for (const treePid of processTree(pid).reverse()) {
    try {
      process.kill(treePid, "SIGKILL");
    } catch {
      // Already exited.
    }
  }
}
