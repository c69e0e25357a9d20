/** File transfers between processes, in turns: `bun bench/transfer.ts [--quick] [--small]`. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { TRANSFERS } from "./contestants.ts";
import { saveSample, spreadOf } from "./samples.ts";
import { type Content, contentSha256, randomFile, randomFolder } from "./transfer-content.ts";
import type { TransferRun, TransferTool } from "./transfer-contestant.ts";

interface Result {
  readonly name: string;
  readonly runs: TransferRun[];
  missing: string | undefined;
}

const ROUNDS = 3;
const MIB = 1 << 20;
/** A transfer through the server writes two copies, and the programs need memory as well. */
const TOUCHED_PER_BYTE = 3;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
  },
});

const folder = fs.mkdtempSync(join(tmpdir(), "chat-bench-"));
const runningTools = new Set<TransferTool>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void abort());
try {
  const content = values.small
    ? randomFolder(join(folder, "small"), values.quick ? 1_000 : 5_000, 10 * 1024)
    : randomFile(join(folder, "large.bin"), (values.quick ? 256 : 1024) * MIB);
  for (const result of await runInTurns(content)) printResult(content, result);
} finally {
  await cleanUp();
}

async function abort(): Promise<void> {
  await cleanUp();
  process.exit(130);
}

async function cleanUp(): Promise<void> {
  for (const transferTool of runningTools) await transferTool.stop();
  runningTools.clear();
  fs.rmSync(folder, { recursive: true, force: true });
}

function printResult({ sizeBytes }: Content, { name, runs, missing }: Result): void {
  const median = (value: string) =>
    spreadOf(runs.map((run) => sampleValues(run)[value] ?? 0))?.median ?? Number.NaN;
  const rate = (sizeBytes / 1e6 / median("seconds")).toFixed(0);
  const figures = `${rate} MB/s, ${median("cpuSeconds").toFixed(2)} CPU s`;
  process.stdout.write(`${name.padEnd(20)} ${missing ?? figures}\n`);
}

/** Taking turns exposes all tools equally to load from other processes. */
async function runInTurns(content: Content): Promise<Result[]> {
  const tiny = randomFile(join(folder, "tiny.bin"), 1);
  const entrants: { result: Result; transferTool: TransferTool }[] = [];
  const results: Result[] = [];
  for (const contestant of TRANSFERS) {
    const { name } = contestant;
    const result: Result = { name, runs: [], missing: undefined };
    results.push(result);
    try {
      const toolFolder = join(folder, `tool-${results.length}`);
      fs.mkdirSync(toolFolder);
      const transferTool = await contestant.start(toolFolder);
      runningTools.add(transferTool);
      entrants.push({ result, transferTool });
      await checkedTransfer(transferTool, tiny); // Not timed, because it includes one-time steps.
    } catch (error) {
      result.missing = (error as Error).message;
    }
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { result, transferTool } of entrants) {
      if (result.missing !== undefined) continue;
      try {
        const run = await checkedTransfer(transferTool, content);
        result.runs.push(run);
        saveSample({
          table: tableOf(content),
          row: { name: result.name },
          values: { ...sampleValues(run), bytes: content.sizeBytes },
        });
      } catch (error) {
        result.missing = (error as Error).message;
      }
    }
  }
  for (const { name, missing } of results) {
    if (missing === undefined) continue;
    saveSample({ table: tableOf(content), row: { name }, values: {}, missing });
  }
  return results;
}

function tableOf({ isFolder }: Content): string {
  return isFolder ? "files-small" : "files";
}

function sampleValues({ seconds, sender, receiver, server }: TransferRun): Record<string, number> {
  const ends = [sender, receiver, ...(server === undefined ? [] : [server])];
  return {
    seconds,
    cpuSeconds: ends.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    senderPeakMb: sender.peakBytes / 1e6,
    receiverPeakMb: receiver.peakBytes / 1e6,
    ...(server === undefined ? {} : { serverPeakMb: server.peakBytes / 1e6 }),
  };
}

/**
 * Makes the host of a virtual machine back its free memory again. The machine returns free memory
 * within seconds, and using it again can cost 2 s per GiB, depending on what ran before.
 */
function touchFreeMemory(bytes: number): void {
  Bun.spawnSync([process.execPath, "-e", `Buffer.alloc(${bytes}, 1)`]);
}

async function checkedTransfer(transferTool: TransferTool, content: Content): Promise<TransferRun> {
  await transferTool.prepare?.(content);
  Bun.spawnSync(["sync", folder]); // Pending writes would slow down this run.
  touchFreeMemory(TOUCHED_PER_BYTE * content.sizeBytes);
  const run = await transferTool.transfer(content);
  const { path, skipBytes } = run.received;
  const sha256 = contentSha256(path, skipBytes);
  if (sha256 !== content.sha256) throw new Error(`${path} has the wrong digest: ${sha256}`);
  transferTool.removeReceived();
  return run;
}
