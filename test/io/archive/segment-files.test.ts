import { afterEach, expect, test } from "bun:test";
import { SegmentFiles } from "../../../src/io/archive/archive.ts";
import type { ByteRange } from "../../../src/io/archive/block-index.ts";
import type { Disk, DiskFile } from "../../../src/io/disk/disk.ts";
import { rejection } from "../../rejection.ts";

const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);

afterEach(() => {
  process.off("unhandledRejection", note);
});

test("reports a failed prefetch only to the reader of that range", async () => {
  process.on("unhandledRejection", note);
  const file: Partial<DiskFile> = {
    readLater: async (into, offset) => {
      if (offset > 0) throw new Error("the disk is broken");
      return into.length;
    },
    close: () => undefined,
  };
  const disk = { open: () => file } as unknown as Disk;
  const stretches: ByteRange[] = [0, 10, 20].map((from) => ({ firstSeq: 1, from, to: from + 10 }));
  const files = new SegmentFiles(disk, "/d");
  const first: number[] = [];
  const read = async (looksFor: number) => {
    for await (const { range } of files.read(stretches)) {
      first.push(range.from);
      await new Promise((resolve) => setImmediate(resolve));
      if (first.length === looksFor) return;
    }
  };
  await read(1);
  expect((await rejection(read(9))).message).toContain("the disk is broken");
  expect([first, unhandled]).toEqual([[0, 0], []]);
});
