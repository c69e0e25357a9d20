import { expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { appendSparse } from "../../../src/io/disk/sparse.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { sampleSize } from "../../samples.ts";
import { tempFolder } from "../../temp-folder.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { SimDisk } from "./sim.ts";

const MIB = 1 << 20;

function simDisk(): SimDisk {
  const disk = new SimDisk({ random: randomOf(1) });
  disk.makeFolder("/d");
  return disk;
}

test("zeros use no space on the disk, and data around them is unchanged", async () => {
  const path = join(tempFolder(), "image");
  const content = new Uint8Array(64 * MIB + 5);
  content.set([1, 2, 3], 8 * MIB - 1);
  content.set([4], 40 * MIB + 70_000);
  {
    using file = systemDisk().openNew(path);
    for (let at = 0; at < content.length; at += MIB) {
      const middle = Math.min(at + MIB / 2, content.length);
      const end = Math.min(at + MIB, content.length);
      await appendSparse(file, [content.subarray(at, middle), content.subarray(middle, end)], at);
    }
    expect(file.diskBytes?.()).toBeLessThan(MIB);
  }
  expect(Buffer.compare(readFileSync(path), content)).toBe(0);
  expect(statSync(path).blocks * 512).toBeLessThan(MIB);
});

test("zeros over existing data are written", async () => {
  using file = systemDisk().openNew(join(tempFolder(), "old"));
  file.write(new Uint8Array(MIB).fill(7), 0);
  await appendSparse(file, [new Uint8Array(MIB / 2)], 0);
  const into = new Uint8Array(MIB);
  file.read(into, 0);
  expect(into).toEqual(new Uint8Array(MIB).fill(7, MIB / 2));
});

test("any runs of zeros and data are stored as they are", async () => {
  const run = fc.record({
    bytes: fc.oneof(fc.nat(9_000), fc.constantFrom(4_095, 4_096, 32_767, 32_768, 32_769, 69_632)),
    isData: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 8 }), fc.nat(9_000), async (runs, before) => {
      using file = simDisk().open("/d/f", "write");
      const start = new Uint8Array(before).fill(1);
      file.write(start, 0);
      const parts = runs.map(({ bytes, isData }) => new Uint8Array(bytes).fill(isData ? 9 : 0));
      await appendSparse(file, parts, before);
      const into = new Uint8Array(file.sizeBytes() + 1);
      const observed = into.subarray(0, file.read(into, 0));
      expect(Buffer.compare(observed, Buffer.concat([start, ...parts]))).toBe(0);
    }),
    { numRuns: sampleSize(300, 1_500) },
  );
});

test("data without zeros is one write", async () => {
  using file = systemDisk().openNew(join(tempFolder(), "data"));
  const write = file.writeBuffersLater.bind(file);
  let writes = 0;
  file.writeBuffersLater = (parts, offset) => {
    writes++;
    return write(parts, offset);
  };
  await appendSparse(file, [new Uint8Array(MIB).fill(1), new Uint8Array(MIB).fill(2)], 0);
  expect([writes, file.sizeBytes()]).toEqual([1, 2 * MIB]);
});
