/** A process to be killed: uploads to its argument's store for ever, and prints what is durable. */
import { sha256 } from "../../../src/crypto/sha256.ts";
import { openBlobStore } from "../../../src/io/blob/blob-store.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { chunkOf, offerOf } from "../blob-fixture.ts";

const store = openBlobStore({ disk: systemDisk(), folder: process.argv[2] ?? "", sha256 });
const known = new Set((await store.list()).map(({ file }) => file));

async function upload(number: number): Promise<void> {
  const about = offerOf(number);
  const blob =
    (known.has(about.file) && (await store.open(about.file))) || (await store.create(about));
  for (;;) {
    const bytes = chunkOf(number, blob.have);
    await blob.append(sha256(bytes), bytes);
    if (blob.have % 3 === 0) process.stdout.write(`${number} ${await blob.sync()}\n`);
  }
}

await Promise.all([1, 2, 3].map(upload));
