/**
 * File transfers between processes, in turns: `bun bench/transfer.ts [--quick] [--small | --resume
 * | --beside] [--only NAME]`.
 */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { saveSample } from "./samples.ts";
import { bare } from "./transfer-bare.ts";
import { chatDownload, chatRelay, chatUpload } from "./transfer-chat.ts";
import { type Content, contentSha256, randomFile, randomFolder } from "./transfer-content.ts";
import type { Contestant, TransferRun, TransferTool } from "./transfer-contestant.ts";
import { benchLatency } from "./transfer-latency.ts";
import { benchResume } from "./transfer-resume.ts";
import { rsync, scp } from "./transfer-ssh.ts";
import { printTable, type Result } from "./transfer-table.ts";
import { wormhole } from "./transfer-wormhole.ts";

const CONTESTANTS = [scp, rsync, wormhole, bare, chatUpload, chatRelay, chatDownload];
const FOLDER_CONTESTANTS = CONTESTANTS.filter((contestant) => contestant !== bare);
const ROUNDS = 3;
const MIB = 1 << 20;
/** A transfer through the server writes two copies, and the programs need memory as well. */
const TOUCHED_PER_BYTE = 3;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
    resume: { type: "boolean", default: false },
    beside: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
  },
});

const folder = fs.mkdtempSync(join(tmpdir(), "chat-bench-"));
const runningTools = new Set<TransferTool>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void abort());
try {
  if (values.resume) await benchResume(folder, (values.quick ? 1 : 4) * 1024 * MIB);
  else if (values.beside) await benchLatency(folder, (values.quick ? 64 : 256) * MIB);
  else if (values.small) await small();
  else await large();
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

async function large(): Promise<void> {
  const content = randomFile(join(folder, "large.bin"), (values.quick ? 256 : 1024) * MIB);
  printTable(content, await runInTurns(CONTESTANTS, content));
}

async function small(): Promise<void> {
  const content = randomFolder(join(folder, "small"), values.quick ? 1_000 : 5_000, 10 * 1024);
  printTable(content, await runInTurns(FOLDER_CONTESTANTS, content));
}

/** Taking turns exposes all tools equally to load from other processes. */
async function runInTurns(contestants: readonly Contestant[], content: Content): Promise<Result[]> {
  const tiny = randomFile(join(folder, "tiny.bin"), 1);
  const entrants: { result: Result; transferTool: TransferTool }[] = [];
  const results: Result[] = [];
  for (const contestant of contestants) {
    const { name } = contestant;
    if (values.only?.includes(name) === false) continue;
    const result: Result = { name, runs: [], starts: [], missing: undefined };
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
        result.starts.push(await checkedTransfer(transferTool, tiny));
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
