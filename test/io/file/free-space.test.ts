import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { checkSpace } from "../../../src/io/file/partial-file.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { pour, sent, sinkFor } from "../file-carrier.ts";

const SIZE = 5 * CHUNK_BYTES;

test("refuses a download that does not fit, and creates nothing", async () => {
  const root = tempFolder();
  const planned = (freeBytes: number) => ({
    folder: join(root, "in", "deep"),
    name: "a.bin",
    sizeBytes: SIZE,
    file: "fAAAAAAAAAAA" as FileId,
    server: "fingerprint",
    disk: {
      ...systemDisk(),
      freeBytes: async (path: string) => ((await fs.promises.statfs(path)) ? freeBytes : 0),
    },
  });
  const full = { code: "store-full", message: "a.bin needs 1.3 MB, but only 1.3 MB is free" };
  expect(await rejection(checkSpace(planned(SIZE - 1)))).toMatchObject(full);
  await checkSpace(planned(SIZE));
  expect(fs.readdirSync(root)).toEqual([]);
  await checkSpace({ ...planned(0), sizeBytes: undefined });
});

test("counts only the rest of a partial download", async () => {
  const folder = tempFolder();
  const source = sent("a.bin", new Uint8Array(SIZE));
  const sink = await sinkFor(source, folder);
  await pour(source, sink, 3);
  await sink.sync();
  sink.close();
  const disk = { ...systemDisk(), freeBytes: async () => 2 * CHUNK_BYTES };
  const planned = { folder, name: "a.bin", server: "fingerprint", sizeBytes: SIZE, disk };
  await checkSpace({ ...planned, file: "fAAAAAAAAAAA" as FileId });
  const other = checkSpace({ ...planned, file: "fBBBBBBBBBBB" as FileId });
  expect(await rejection(other)).toMatchObject({ code: "store-full" });
});

test("needs no space for long runs of zeros", async () => {
  const disk = { ...systemDisk(), freeBytes: async () => CHUNK_BYTES };
  const planned = { folder: tempFolder(), name: "image", server: "fingerprint", disk };
  const image = { ...planned, file: "fAAAAAAAAAAA" as FileId, sizeBytes: SIZE };
  await checkSpace({ ...image, dataBytes: CHUNK_BYTES });
  expect(await rejection(checkSpace({ ...image, dataBytes: CHUNK_BYTES + 1 }))).toMatchObject({
    code: "store-full",
  });
  // A compressed or preallocated file may use more than its size.
  await checkSpace({ ...image, sizeBytes: CHUNK_BYTES, dataBytes: SIZE });
});

test("refuses a file above the limit of the file system before the first byte", async () => {
  const disk = { ...systemDisk(), fileBytesMax: async () => SIZE - 1 };
  const folder = join(tempFolder(), "new");
  const planned = { folder, name: "film.mkv", server: "fingerprint", sizeBytes: SIZE, disk };
  const file = { ...planned, file: "fAAAAAAAAAAA" as FileId };
  expect(await rejection(checkSpace(file))).toMatchObject({
    code: "store-failed",
    message: `film.mkv is too large: the disk of ${folder} cannot store files of this size`,
  });
  await checkSpace({ ...file, sizeBytes: SIZE - 1 });
  // A folder of this size may consist of small files.
  await checkSpace({ ...file, folderSize: { entries: 2, manifestBytes: 200 } });
});
