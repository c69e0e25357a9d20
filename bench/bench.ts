/**
 * `npm run bench` runs every part, each in its own process; `npm run bench -- sends log` runs two
 * parts, and `npm run bench -- all` those of bench/performance.md. `--markdown` writes that
 * document from the newest results, `--out FOLDER` to another folder. `--quick` is faster and less
 * accurate. Only ratios are comparable across machines.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine, type Machine, measureNoise } from "./machine.ts";
import { PARTS, type Part } from "./parts.ts";
import { writeReport } from "./report.ts";
import { commitHash, readResults, saveResult } from "./results.ts";
import { readSamples, SAMPLES_VARIABLE, type Sample } from "./samples.ts";
import { processTree } from "./transfer-usage.ts";

const args = process.argv.slice(2);
const outIndex = args.indexOf("--out");
const [, out] = outIndex < 0 ? [] : args.splice(outIndex, 2);
const isMarkdown = args.includes("--markdown");
const isQuick = args.includes("--quick");
const flags = args.filter((arg) => arg.startsWith("--") && arg !== "--markdown");
const selected = args.filter((arg) => !arg.startsWith("--"));
const unknown = selected.filter(
  (name) => name !== "all" && !PARTS.some((part) => part.name === name),
);
if (unknown.length > 0) {
  const names = ["all", ...PARTS.map(({ name }) => name)].join(", ");
  throw new Error(`unknown part ${unknown.join(", ")}; parts: ${names}`);
}

const machine = describeMachine();
const failed: string[] = [];
for (const part of PARTS.filter(isSelected)) {
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

function isSelected({ name, isReported }: Part): boolean {
  if (selected.length === 0) return !isMarkdown;
  return selected.includes(name) || (selected.includes("all") && isReported);
}

async function run(part: Part, machine: Machine): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "chat-bench-part-"));
  const samplesPath = join(folder, "samples");
  const finishNoise = measureNoise();
  const partFlags = part.name === "transfer" || part.name === "udp" ? flags : [];
  const chosen = isQuick ? part.quickFlags : part.flags;
  const extra = partFlags.filter((flag) => !chosen.includes(flag));
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, part.program), ...chosen, ...extra],
    {
      env: { ...process.env, [SAMPLES_VARIABLE]: samplesPath },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let isTimedOut = false;
  const timeout = setTimeout(() => {
    isTimedOut = true;
    killTree(child.pid);
  }, part.minutesMax * 60_000);
  const printedSamples = await forwardOutput(child.stdout, part);
  const exitCode = await child.exited;
  clearTimeout(timeout);
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  const noise = finishNoise(cpuSeconds);
  const samples = [...readSamples(samplesPath), ...printedSamples];
  rmSync(folder, { recursive: true });
  const ending = child.signalCode ?? `exit code ${exitCode}`;
  const failure = isTimedOut
    ? `timed out after ${part.minutesMax} minutes`
    : exitCode === 0
      ? undefined
      : `ended with ${ending}`;
  // Extra flags such as `transfer --small` change what is measured, so the document omits the
  // result.
  if (extra.length === 0) {
    const at = new Date().toISOString().slice(0, 16);
    const head = { part: part.name, isQuick, at, commit: commitHash(), machine, noise };
    saveResult({ ...head, ...(failure === undefined ? {} : { failure }), samples });
  }
  return failure;
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

async function forwardOutput(stdout: ReadableStream<Uint8Array>, part: Part): Promise<Sample[]> {
  const samples: Sample[] = [];
  const decoder = new TextDecoder();
  let partialLine = "";
  for await (const chunk of stdout) {
    process.stdout.write(chunk);
    const lines = (partialLine + decoder.decode(chunk, { stream: true })).split("\n");
    partialLine = lines.pop() ?? "";
    for (const line of lines) {
      const sample = part.parseSample?.(line, isQuick);
      if (sample !== undefined) samples.push(sample);
    }
  }
  return samples;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
