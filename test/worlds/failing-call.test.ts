import { describe, expect, test } from "bun:test";
import type { DiskFile } from "../../src/io/disk/disk.ts";
import type { LogValue } from "../../src/io/log/snapshot.ts";
import { changedDisk } from "./changed-disk.ts";
import { failEach, TROUBLES } from "./failing-call.ts";
import { FOLDER, LogWorld, type Mutant, type Operation } from "./failing-log.ts";

/** Each call of the disk that an operation of the log makes fails once, in each way. */

/** Ends the process in the middle of a write, and leaves an erasing that was only ordered. */
async function leaveUnfinished(world: LogWorld): Promise<void> {
  await world.order(...world.oldest(2));
  await world.append();
  world.crash(false);
  const { disk } = world.machine;
  disk.remove("/data/reserve");
  const file = world.lastSegment();
  file.write(Buffer.from('{"head":{"v":1,"seq":'), file.sizeBytes);
}

const OPERATIONS = {
  append: {
    run: async (world) => {
      await world.append();
      const outcomes = await Promise.allSettled([world.append(), world.append(), world.append()]);
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
      await world.append();
    },
  },
  "append that begins a segment": {
    before: async (world) => {
      while (!world.isSegmentFull()) await world.append();
    },
    run: async (world) => {
      for (let i = 0; i < 4; i++) await world.append();
    },
  },
  erase: { run: (world) => world.erase(...world.oldest(1)) },
  // As retention does it: the oldest of a room, by one record.
  "erase many": { run: (world) => world.erase(...world.oldest(3)) },
  checkpoint: {
    before: async (world) => {
      await world.append();
    },
    run: (world) => world.sign(),
    after: (world) => expect(world.signedSize()).toBe(world.log.head()),
  },
  snapshot: {
    before: async (world) => {
      await world.append();
      await world.sign(); // A snapshot that is newer than what was signed is not believed.
    },
    run: (world) => world.snapshot(),
    after: async (world) => {
      world.crash(false);
      await world.open();
      expect(world.log.coveredBytes).toBeGreaterThan(0);
    },
  },
  recovery: { before: leaveUnfinished, run: (world) => world.open() },
  "recovery by a snapshot": {
    before: async (world) => {
      await world.sign();
      await world.snapshot();
      await world.append();
      await world.order(...world.oldest(1));
      await world.append();
      world.crash(false);
    },
    run: (world) => world.open(),
    after: (world) => expect(world.log.coveredBytes).toBeGreaterThan(0),
  },
} satisfies Record<string, Operation>;

describe.each(Object.entries(OPERATIONS))("%s: each call of the disk", (_, operation) => {
  test.each(Object.entries(TROUBLES))("%s", async (_, trouble) => {
    const calls = await failEach(trouble, (seed) => LogWorld.make(operation, seed));
    expect(calls).toBeGreaterThan(3);
  });
});

/** Says that what it was asked to write is on the disk, when it is not. */
function withoutSync(isMeant: (path: string) => boolean): Mutant {
  const sync = (file: DiskFile, path: string) => (isMeant(path) ? Promise.resolve() : file.sync());
  return { disk: (disk) => changedDisk(disk, { sync }) };
}

/** Another tree, as of another log that has the same last record. */
function withOtherTree(value: LogValue): LogValue {
  const open = Uint8Array.fromBase64(value.tree.open);
  open[0] = (open[0] ?? 0) ^ 1;
  return { ...value, tree: { ...value.tree, open: open.toBase64() } };
}

const isSegment = (path: string) => path.endsWith(".jsonl");
const isCheckpoint = (path: string) => path.includes("/checkpoint");

/** Bugs as they might be made, each with an operation in which it must be caught. */
const PLANTED: Readonly<Record<string, readonly [keyof typeof OPERATIONS, Mutant]>> = {
  "no fdatasync": ["append", withoutSync(isSegment)],
  "acknowledged before the sync": [
    "append",
    {
      disk: (disk) => {
        const sync = async (file: DiskFile, path: string) => {
          const syncing = file.sync();
          if (isSegment(path)) syncing.catch(() => undefined);
          else await syncing;
        };
        return changedDisk(disk, { sync });
      },
    },
  ],
  "no fsync of the folder": [
    "append that begins a segment",
    { disk: (disk) => changedDisk(disk, { syncFolder: () => Promise.resolve() }) },
  ],
  "a checkpoint that is not synced before it is used": ["checkpoint", withoutSync(isCheckpoint)],
  "a checkpoint of records that are not on the disk": ["checkpoint", withoutSync(isSegment)],
  "a checkpoint without fsync of its folder": [
    "checkpoint",
    {
      disk: (disk) => {
        const syncFolder = async (folder: string) => {
          if (!disk.exists(`${FOLDER}/checkpoint`)) await disk.syncFolder(folder);
        };
        return changedDisk(disk, { syncFolder });
      },
    },
  ],
  "a snapshot that is not compared with the checkpoint": [
    "snapshot",
    {
      snapshot: withOtherTree,
      disk: (disk) =>
        changedDisk(disk, { exists: (path) => !isCheckpoint(path) && disk.exists(path) }),
    },
  ],
};

describe("a wrong program is caught", () => {
  test.each(Object.entries(PLANTED))("%s", async (_, [name, mutant]) => {
    const make = (seed: number) => LogWorld.make(OPERATIONS[name], seed, mutant);
    const caught = Object.values(TROUBLES).map((trouble) =>
      failEach(trouble, make).then(
        () => [],
        (error: unknown) => [String(error)],
      ),
    );
    expect((await Promise.all(caught)).flat()).not.toEqual([]);
  });

  test("but the right one believes no snapshot that the checkpoint contradicts", async () => {
    const run = async (world: LogWorld) => {
      await world.sign();
      await world.snapshot();
      world.crash(false);
      await world.open();
      expect(world.log.coveredBytes).toBe(0);
    };
    const world = await LogWorld.make({ run }, 1, { snapshot: withOtherTree });
    await world.run();
    await world.goOn("a power loss");
  });
});
