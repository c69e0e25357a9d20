import { beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { countPartialChunks } from "../../../src/io/file/partial-file.ts";
import { tempFolder } from "../../temp-folder.ts";
import { pour, sent, sinkFor } from "../file-carrier.ts";

let folder = "";

beforeEach(() => {
  folder = tempFolder();
});

const WHOSE = { file: "fAAAAAAAAAAA" as FileId, server: "fingerprint" };
const source = sent("a.bin", new Uint8Array(5 * CHUNK_BYTES).fill(7));
const left = (whose: Partial<typeof WHOSE> = {}) =>
  countPartialChunks({ folder, ...WHOSE, ...whose });

async function interrupted(chunks: number, file = WHOSE.file): Promise<void> {
  const sink = await sinkFor(source, folder, { file });
  await pour(source, sink, chunks);
  await sink.sync();
  sink.close();
}

describe("partial chunks", () => {
  test("are counted like the sink counts them, for any file name", async () => {
    expect(left()).toBe(0);
    await interrupted(2, "fBBBBBBBBBBB" as FileId);
    await interrupted(3);
    expect(fs.readdirSync(folder)).toContain("a (1).bin.part.journal");
    expect(left()).toBe(3);
    expect(left({ file: "fBBBBBBBBBBB" as FileId })).toBe(2);
    const sink = await sinkFor(source, folder);
    expect(sink.have).toBe(3);
    sink.close();
  });

  test("exclude torn lines, short journals, folders and links", async () => {
    await interrupted(4);
    const journal = join(folder, "a.bin.part.journal");
    fs.truncateSync(journal, fs.statSync(journal).size - 20);
    fs.writeFileSync(join(folder, "b.part.journal"), "{");
    fs.mkdirSync(join(folder, "c.part.journal"));
    fs.symlinkSync("/dev/zero", join(folder, "d.part.journal"));
    expect(left()).toBe(3);
  });
});
