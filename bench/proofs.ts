/**
 * CPU time of verifying a log, of proofs and of checkpoints, as JSON: `bun bench/proofs.ts
 * [--records 1000000]`.
 */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { signCheckpoint } from "../src/crypto/checkpoint.ts";
import { Identity } from "../src/crypto/identity.ts";
import { sha256 } from "../src/crypto/sha256.ts";
import { openArchive } from "../src/io/archive/archive.ts";
import { systemClock } from "../src/io/clock.ts";
import { systemDisk } from "../src/io/disk/system-disk.ts";
import { systemEntropy } from "../src/io/entropy.ts";
import { writeCheckpointFile } from "../src/io/log/checkpoint-file.ts";
import { openLog } from "../src/io/log/log-file.ts";
import { LogProofs } from "../src/io/log/proofs.ts";
import { linesOf, scanBlocks } from "../src/io/log/scan.ts";
import { listSegments, segmentName } from "../src/io/log/segment.ts";
import { verifyLog } from "../src/io/log/verify.ts";
import { fillLogs } from "./data-folder.ts";

const PROOFS = 1_000;
const SIGNATURES = 200;

const { values } = parseArgs({ options: { records: { type: "string", default: "1000000" } } });
const data = fs.mkdtempSync(join(tmpdir(), "chat-bench-proofs-"));
fillLogs(data, Number(values.records));
const folder = join(data, "history");
const disk = systemDisk();

async function cpuMs(action: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function print(what: string, ms: number): void {
  process.stdout.write(`${JSON.stringify({ what, ms: Math.round(ms * 1_000) / 1_000 })}\n`);
}

const head = () => Number(values.records);
const verify = () => verifyLog({ disk, folder, sha256, isSigned: () => true });
const index = () => openArchive({ folder, disk, sha256, head }).ready();
const scan = async () => {
  let lines = 0;
  for (const firstSeq of listSegments(disk, folder)) {
    const file = disk.open(join(folder, segmentName(firstSeq)), "read");
    for await (const block of scanBlocks(file, 0, file.sizeBytes())) {
      for (const { isComplete } of linesOf(block)) lines += Number(isComplete);
    }
    file.close();
  }
  if (lines !== head()) throw new Error(`${lines} lines`);
};
for (let round = 0; round < 3; round++) {
  print("sparse index", await cpuMs(index));
  print("lines", await cpuMs(scan));
  print("verify", await cpuMs(verify));
}
const log = await openLog({
  folder,
  disk,
  clock: systemClock(),
  entropy: systemEntropy(),
  sha256,
});
const size = log.head();
const from = (i: number) => 1 + ((i * 7_919_993) % (size - 1));
const cold = new LogProofs(log, sha256);
const proveAll = async (proofs: LogProofs, sizeAt: (i: number) => number) => {
  for (let i = 0; i < PROOFS; i++) await proofs.consistency(sizeAt(i), size);
};
print("proof from any size", (await cpuMs(() => proveAll(cold, from))) / PROOFS);
print(
  "proof from a recent size",
  (await cpuMs(() => proveAll(cold, (i) => size - 1_000 - (i % 500)))) / PROOFS,
);
const identity = Identity.generate();
const origin = log.origin ?? "";
const signing = async () => {
  for (let i = 0; i < SIGNATURES; i++) {
    const note = signCheckpoint({ origin, size, root: log.tree.root() }, identity);
    await writeCheckpointFile(disk, folder, note);
  }
};
print("checkpoint with its file", (await cpuMs(signing)) / SIGNATURES);
await log.close();
fs.rmSync(data, { recursive: true });
