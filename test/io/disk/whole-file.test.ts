import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { readWholeFile, writeWholeFile } from "../../../src/io/disk/disk.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { SimDisk } from "./sim.ts";

const PATH = "/d/file";
const bytes = (text: string) => new TextEncoder().encode(text);

function newDisk(seed: number, trouble: ConstructorParameters<typeof SimDisk>[0]["failure"]) {
  const options = trouble === undefined ? {} : { trouble };
  const disk = new SimDisk({ random: randomOf(seed), ...options });
  disk.makeFolder("/d");
  return disk;
}

function textOf(disk: SimDisk): string | undefined {
  const read = readWholeFile(disk.boot(), PATH, 1_000_000);
  return read === undefined ? undefined : Buffer.from(read).toString();
}

test("reads files back, rejects oversized ones, and returns nothing if missing", async () => {
  const disk = newDisk(1, undefined);
  expect(textOf(disk)).toBeUndefined();
  await writeWholeFile(disk, PATH, bytes("a long first text"));
  await writeWholeFile(disk, PATH, bytes("short"));
  expect(textOf(disk)).toBe("short");
  expect(readWholeFile(disk, PATH, 5)).toHaveLength(5);
  expect(() => readWholeFile(disk, PATH, 4)).toThrow(Fault);
  await writeWholeFile(disk, PATH, new Uint8Array(300_000));
  expect(readWholeFile(disk, PATH, 300_000)).toHaveLength(300_000);
});

test.each(Array.from({ length: 40 }, (_, i) => [i + 1]))(
  "holds the old or the new text after any failure or loss, seed %i",
  async (seed) => {
    const random = randomOf(seed);
    let hasFailed = false;
    const disk = newDisk(seed, () => (hasFailed && random() < 0.2 ? "EIO" : undefined));
    await writeWholeFile(disk, PATH, bytes("0".repeat(500)));
    await disk.syncFolder("/");
    let displayed = "0";
    for (let i = 1; i < 9; i++) {
      let isDone = true;
      hasFailed = true;
      try {
        await writeWholeFile(disk, PATH, bytes(`${i}`.repeat(500)));
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
        isDone = false;
      }
      hasFailed = false;
      if (isDone) disk.losePower();
      const text = textOf(disk) ?? "";
      expect([text.length, new Set(text).size]).toEqual([500, 1]);
      expect(isDone ? [`${i}`] : [displayed, `${i}`]).toContain(text.slice(0, 1));
      displayed = text.slice(0, 1);
    }
  },
);
