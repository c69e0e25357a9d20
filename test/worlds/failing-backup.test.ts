import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../src/base/fault.ts";
import { rejection } from "../rejection.ts";
import { changedDisk } from "./changed-disk.ts";
import { BackupWorld, type Mutant, type Operation } from "./failing-backup.ts";
import { failEach, TROUBLES } from "./failing-call.ts";

/** Each fault occurs at every eleventh call; in the soak, at every call. */
const STRIDE = 11;

let real = "";
beforeAll(() => {
  real = mkdtempSync(join(tmpdir(), "chat-machine-backup-"));
});
afterAll(() => rmSync(real, { recursive: true }));

const backUp = async (world: BackupWorld) => {
  await world.backUp();
};

/** Ignore a target that an attempt has restored although its last call failed. */
const restore = async (world: BackupWorld) => {
  if (!world.exists(world.restored)) await world.restore(world.restored);
};

const setBack = async (world: BackupWorld) => {
  try {
    await world.restore(world.data, { acceptsRollback: true });
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "data-foreign") throw error;
  }
};

const OPERATIONS = {
  backup: { run: backUp, check: (world, isDone) => world.checkBackup({ isDone }) },
  "incremental backup": {
    before: async (world) => {
      await world.backUp();
      await world.addRecords();
      await world.erase();
    },
    run: backUp,
    check: (world) => world.checkBackup({ isDone: true }),
  },
  restore: {
    before: async (world) => {
      await world.backUp();
      await world.addRecords();
    },
    run: restore,
    check: async (world) => {
      if (world.isExpected(world.restored)) await world.checkFolder(world.restored);
      await world.checkBackup({ isDone: true });
    },
  },
  "restore over records that came later": {
    before: async (world) => {
      await world.backUp();
      await world.addRecords();
    },
    run: setBack,
    check: async (world) => {
      const aside = `${world.data}.before-restore`;
      const places = [world.data, aside].filter((item) => world.isExpected(item));
      for (const place of places) await world.checkFolder(place);
      expect(places.some((place) => world.isNewest(place))).toBe(true);
      if (places.length === 2) expect(world.isNewest(aside)).toBe(true);
    },
  },
} satisfies Record<string, Operation>;

describe.each(Object.entries(OPERATIONS))("%s: each call of the disk", (_, operation) => {
  test.each(Object.entries(TROUBLES))("%s", async (_, trouble) => {
    const calls = await failEach(
      trouble,
      (seed) => BackupWorld.make(operation, real, seed),
      STRIDE,
    );
    expect(calls).toBeGreaterThan(20);
  });
});

const noFileSync: Mutant = (disk) => changedDisk(disk, { sync: () => Promise.resolve() });
const noFolderSync: Mutant = (disk) => changedDisk(disk, { syncFolder: () => Promise.resolve() });

const PLANTED: Readonly<Record<string, readonly [keyof typeof OPERATIONS, Mutant]>> = {
  "a backup without fdatasync": ["backup", noFileSync],
  "a backup without fsync of folders": ["incremental backup", noFolderSync],
  "a restore without fdatasync": ["restore", noFileSync],
  "a restore without fsync of folders": ["restore", noFolderSync],
};

describe("detects planted bugs", () => {
  test.each(Object.entries(PLANTED))("%s", async (_, [name, mutant]) => {
    const make = (seed: number) => BackupWorld.make(OPERATIONS[name], real, seed, mutant);
    expect((await rejection(failEach("stop", make))).message).toMatch(/stop at call/);
  });
});
