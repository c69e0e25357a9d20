/**
 * Files from one process to another: `bun bench/transfer.ts [--quick] [--small | --resume |
 * --beside] [--only NAME]`. All contestants take turns in one run, and what arrived is compared.
 */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { keepSample } from "./samples.ts";
import { bare } from "./transfer-bare.ts";
import { benchBeside } from "./transfer-beside.ts";
import { chatDownload, chatRelay, chatUpload } from "./transfer-chat.ts";
import { type Content, contentSha256, randomFile, randomFolder } from "./transfer-content.ts";
import type { Contestant, TransferTool, Trip } from "./transfer-contestant.ts";
import { benchResume } from "./transfer-resume.ts";
import { rsync, scp } from "./transfer-ssh.ts";
import { printTable, type Result } from "./transfer-table.ts";
import { wormhole } from "./transfer-wormhole.ts";

const CONTESTANTS = [scp, rsync, wormhole, bare, chatUpload, chatRelay, chatDownload];
/** The bare prototype knows no folders. */
const FOLDER_CONTESTANTS = CONTESTANTS.filter((contestant) => contestant !== bare);
const ROUNDS = 3;
const MIB = 1 << 20;

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
/** Whoever runs servers now. */
const couriers = new Set<TransferTool>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void leave());
try {
  if (values.resume) await benchResume(folder, (values.quick ? 1 : 4) * 1024 * MIB);
  else if (values.beside) await benchBeside(folder, (values.quick ? 64 : 256) * MIB);
  else if (values.small) await small();
  else await large();
} finally {
  await clear();
}

async function leave(): Promise<void> {
  await clear();
  process.exit(130);
}

async function clear(): Promise<void> {
  for (const transferTool of couriers) await transferTool.stop();
  couriers.clear();
  fs.rmSync(folder, { recursive: true, force: true });
}

async function large(): Promise<void> {
  const content = randomFile(join(folder, "large.bin"), (values.quick ? 256 : 1024) * MIB);
  printTable(content, await race(CONTESTANTS, content));
}

async function small(): Promise<void> {
  const content = randomFolder(join(folder, "small"), values.quick ? 1_000 : 5_000, 10 * 1024);
  printTable(content, await race(FOLDER_CONTESTANTS, content));
}

/** In turns, so that what else the machine does falls on all alike. */
async function race(contestants: readonly Contestant[], content: Content): Promise<Result[]> {
  const tiny = randomFile(join(folder, "tiny.bin"), 1);
  const entered: { result: Result; transferTool: TransferTool }[] = [];
  const results: Result[] = [];
  for (const contestant of contestants) {
    const { name } = contestant;
    if (values.only?.includes(name) === false) continue;
    const result: Result = { name, trips: [], starts: [], missing: undefined };
    results.push(result);
    try {
      const place = join(folder, `place-${results.length}`);
      fs.mkdirSync(place);
      const transferTool = await contestant.start(place);
      couriers.add(transferTool);
      entered.push({ result, transferTool });
      await checkedTrip(transferTool, tiny); // The first one meets everybody.
    } catch (error) {
      result.missing = (error as Error).message;
    }
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { result, transferTool } of entered) {
      if (result.missing !== undefined) continue;
      try {
        result.starts.push(await checkedTrip(transferTool, tiny));
        const trip = await checkedTrip(transferTool, content);
        result.trips.push(trip);
        keepSample({ table: tableOf(content), row: { name: result.name }, values: flat(trip) });
      } catch (error) {
        result.missing = (error as Error).message;
      }
    }
  }
  for (const { name, missing } of results) {
    if (missing === undefined) continue;
    keepSample({ table: tableOf(content), row: { name }, values: {}, missing });
  }
  return results;
}

function tableOf({ isFolder }: Content): string {
  return isFolder ? "files-small" : "files";
}

function flat({ seconds, sender, receiver, server }: Trip): Record<string, number> {
  const ends = [sender, receiver, ...(server === undefined ? [] : [server])];
  return {
    seconds,
    cpuSeconds: ends.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    senderPeakMb: sender.peakBytes / 1e6,
    receiverPeakMb: receiver.peakBytes / 1e6,
    ...(server === undefined ? {} : { serverPeakMb: server.peakBytes / 1e6 }),
  };
}

async function checkedTrip(transferTool: TransferTool, content: Content): Promise<Trip> {
  // Nobody pays for what the one before left to be written.
  Bun.spawnSync(["sync", folder]);
  const trip = await transferTool.bring(content);
  const { path, skipBytes } = trip.arrived;
  const sha256 = contentSha256(path, skipBytes);
  if (sha256 !== content.sha256) throw new Error(`${path} is not what was sent: ${sha256}`);
  transferTool.forget();
  return trip;
}
