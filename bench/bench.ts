/**
 * `npm run bench`: everything that is measured, beside what it is measured against, each in one
 * run. Only the ratios mean something elsewhere. `npm run bench -- sends log` runs two parts, and
 * `npm run bench -- all` those of bench/performance.md. `--markdown` writes that document from the
 * newest result of each part, after those that were named have run; `--out FOLDER` puts it
 * elsewhere. `--quick` takes less time and means less. `transfer` and `udp` have more flags.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine, type Machine, watchNoise } from "./machine.ts";
import { PARTS, type Part } from "./parts.ts";
import { writeReport } from "./report.ts";
import { commitHash, readResults, saveResult } from "./results.ts";
import { readSamples, SAMPLES_VARIABLE, type Sample } from "./samples.ts";
import { processTree } from "./transfer-usage.ts";

const args = process.argv.slice(2);
const outAt = args.indexOf("--out");
const [, out] = outAt < 0 ? [] : args.splice(outAt, 2);
const isMarkdown = args.includes("--markdown");
const isQuick = args.includes("--quick");
const flags = args.filter((arg) => arg.startsWith("--") && arg !== "--markdown");
const named = args.filter((arg) => !arg.startsWith("--"));
const unknown = named.filter((name) => name !== "all" && !PARTS.some((part) => part.name === name));
if (unknown.length > 0) {
  const names = ["all", ...PARTS.map(({ name }) => name)].join(", ");
  throw new Error(`no part is called ${unknown.join(", ")}; there are ${names}`);
}

const machine = describeMachine();
const failed: string[] = [];
for (const part of PARTS.filter(isWanted)) {
  if (!existsSync(join(import.meta.dir, part.program))) continue;
  print(`\n== ${part.name}`);
  const failure = await run(part, machine);
  if (failure === undefined) continue;
  failed.push(part.name);
  print(`${part.name} ${failure}`);
}
if (isMarkdown) {
  for (const path of writeReport(readResults(), out ?? import.meta.dir)) {
    print(`wrote ${path}`);
  }
}
if (failed.length > 0) print(`\nfailed: ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);

function isWanted({ name, isReported }: Part): boolean {
  if (named.length === 0) return !isMarkdown;
  return named.includes(name) || (named.includes("all") && isReported);
}

/** @returns how it failed, if it did */
async function run(part: Part, machine: Machine): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "chat-bench-part-"));
  const samplesPath = join(folder, "samples");
  const noiseUntilNow = watchNoise();
  const own = part.name === "transfer" || part.name === "udp" ? flags : [];
  const chosen = isQuick ? part.quickFlags : part.flags;
  const extra = own.filter((flag) => !chosen.includes(flag));
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, part.program), ...chosen, ...extra],
    {
      env: { ...process.env, [SAMPLES_VARIABLE]: samplesPath },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    endTree(child.pid);
  }, part.minutesMax * 60_000);
  const printed = await samplesPrinted(child.stdout, part);
  const exitCode = await child.exited;
  clearTimeout(late);
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  const noise = noiseUntilNow(cpuSeconds);
  const samples = [...readSamples(samplesPath), ...printed];
  rmSync(folder, { recursive: true });
  const how = child.signalCode ?? `exit code ${exitCode}`;
  const failure = isLate
    ? `took more than ${part.minutesMax} minutes`
    : exitCode === 0
      ? undefined
      : `ended with ${how}`;
  // `transfer --small` and the like are other measurements than the document's.
  if (extra.length === 0) {
    const at = new Date().toISOString().slice(0, 16);
    const head = { part: part.name, isQuick, at, commit: commitHash(), machine, noise };
    saveResult({ ...head, ...(failure === undefined ? {} : { failure }), samples });
  }
  return failure;
}

/** Its servers, too: they would live on, and spoil what comes after. */
function endTree(pid: number): void {
  for (const one of processTree(pid).reverse()) {
    try {
      process.kill(one, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Prints on what the part prints. */
async function samplesPrinted(stdout: ReadableStream<Uint8Array>, part: Part): Promise<Sample[]> {
  const samples: Sample[] = [];
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stdout) {
    process.stdout.write(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const sample = part.sampleOf?.(line, isQuick);
      if (sample !== undefined) samples.push(sample);
    }
  }
  return samples;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
