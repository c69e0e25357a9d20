/** Uses a server's disk while no file descriptor is free. Argument: a folder. */
import { openSync } from "node:fs";
import { SpareDescriptors } from "../../../src/io/disk/descriptors.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";

const ROUNDS = 50;
const folder = process.argv[2] ?? "";
const disk = systemDisk(new SpareDescriptors());

function exhaust(): void {
  try {
    for (;;) openSync("/dev/null", "r");
  } catch {
    // EMFILE: no descriptor is left.
  }
}

exhaust();
for (let round = 0; round < ROUNDS; round++) {
  const file = disk.open(`${folder}/file`, "write");
  file.write(Buffer.from(`round ${round}`), 0);
  await file.sync();
  file.close();
  if (disk.list(folder).join() !== "file") throw new Error("the folder has no file");
  await disk.syncFolder(folder);
  exhaust();
}
