import { sha256 } from "../../../src/crypto/sha256.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import { openLog } from "../../../src/io/log/log-file.ts";
import { draftOf } from "../log-fixture.ts";

/** Appends to a log and prints the acknowledgements until it is killed. */
const log = await openLog({
  folder: process.argv[2] ?? "",
  disk: systemDisk(),
  clock: systemClock(),
  entropy: systemEntropy(),
  sha256,
  segmentBytes: 100_000,
  reserveBytes: 4_096,
});

async function client(number: number): Promise<void> {
  for (let i = 0; ; i++) {
    const text = `${process.pid} ${number} ${i} ${"x".repeat((i * 37) % 300)}`;
    const { head } = await log.append(draftOf(text));
    process.stdout.write(`${head.seq} ${text}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, number) => client(number)));
