import { expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import * as v from "valibot";
import { defined } from "../../../src/base/values.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { StateFile } from "../../../src/server/queue/state-file.ts";
import { tempFolder } from "../../temp-folder.ts";

const folder = tempFolder();

function open(text: string, encodingMs: number, isPresent?: () => boolean) {
  const delays: number[] = [];
  let nowMs = 0;
  const clock = {
    now: () => nowMs,
    unixMs: () => nowMs,
    after: (delayMs: number) => {
      delays.push(delayMs);
      return () => undefined;
    },
  };
  const disk = systemDisk();
  const file = new StateFile(
    { disk, folder, ...defined({ isPresent }) },
    {
      name: "marks.json",
      sizeBytesMax: 100_000_000,
      writeDelayMs: 500,
      clock,
      warn: () => undefined,
      consequence: "",
      schema: v.unknown(),
      format: () => {
        nowMs += encodingMs;
        return text;
      },
    },
  );
  return { file, delays };
}

test("a slow encoding of a small file does not delay the next write", async () => {
  const { file, delays } = open("{}", 250);
  file.markDirty();
  await file.close();
  file.markDirty();
  expect(delays).toEqual([500, 500]);
});

test("a large file is written less often", async () => {
  const { file, delays } = open("x".repeat(2_000_000), 0);
  file.markDirty();
  await file.close();
  file.markDirty();
  expect(delays).toEqual([500, 2_000]);
});

test("nothing is written into the folder that replaced a removed one", async () => {
  const { file } = open("{}", 0, () => false);
  rmSync(`${folder}/marks.json`, { force: true });
  file.markDirty();
  await file.close();
  expect(existsSync(`${folder}/marks.json`)).toBe(false);
});
