import { describe, expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import type { TreeDisk } from "../../src/io/disk/disk.ts";
import { type DiskFailure, SimDisk } from "../io/disk/sim.ts";
import { IS_SOAK, sampleSize } from "../samples.ts";
import {
  download,
  type Given,
  given,
  givenFolder,
  INBOX,
  live,
  Promised,
  pattern,
  stands,
  upload,
} from "./disk-files-world.ts";
import { check, InvariantViolation, randomOf } from "./disk-world.ts";

const SEEDS = sampleSize(8, 400);

interface Kind {
  readonly all: Given;
  readonly life: (disk: TreeDisk, all: Given, promised: Promised) => Promise<void>;
  readonly isRight: (disk: SimDisk, promised: Promised, all: Given) => boolean;
}

const stood = (disk: SimDisk, { path }: Promised, all: Given) =>
  path !== undefined && stands(disk, path, all);

const KINDS: Readonly<Record<string, Kind>> = {
  "an upload": { all: given(pattern(4 * CHUNK_BYTES + 1_000)), life: upload, isRight: () => true },
  "a file that arrives": {
    all: given(pattern(3 * CHUNK_BYTES + 700)),
    life: download,
    isRight: stood,
  },
  "a folder that arrives": { all: givenFolder(), life: download, isRight: stood },
};

async function callsOf({ all, life, isRight }: Kind): Promise<number> {
  const disk = new SimDisk({ random: randomOf(1) });
  const promised = new Promised();
  await life(disk.boot(), all, promised);
  check(isRight(disk, promised, all), "without trouble all is right");
  disk.losePower();
  check(isRight(disk, promised, all), "a file reported as complete remains");
  return disk.calls;
}

function crash(disk: SimDisk, isPower: boolean, promised: Promised, all: Given): void {
  if (isPower) disk.losePower();
  else disk.killProcess();
  forgive(disk, promised, all);
}

/** Discards a file that was renamed early but not reported, because it may be fetched again. */
function forgive(disk: SimDisk, promised: Promised, all: Given): void {
  const places = ["name.tar.gz", "name (1).tar.gz"].map((name) => `${INBOX}/${name}`);
  if (places.some((path) => disk.kind(path) !== undefined && stands(disk, path, all))) {
    promised.chunks = 0;
  }
}

describe.each(Object.entries(KINDS))("%s", (_, kind) => {
  const { all, life, isRight } = kind;

  test("continues after a kill or a power failure at any call", async () => {
    const calls = await callsOf(kind);
    expect(calls).toBeGreaterThan(20);
    for (let call = 1; call <= calls; call++) {
      for (const isPower of IS_SOAK ? [true, false] : [call % 2 === 0]) {
        const disk = new SimDisk({ random: randomOf(call) });
        const promised = new Promised();
        disk.stopAt(call);
        await live(disk, () => life(disk.boot(), all, promised));
        crash(disk, isPower, promised, all);
        disk.stopAt(disk.calls + 1 + (call % 17));
        await live(disk, () => life(disk.boot(), all, promised));
        crash(disk, isPower, promised, all);
        await life(disk.boot(), all, promised);
        check(isRight(disk, promised, all), `stopped at call ${call}: it is right`);
        disk.losePower();
        check(isRight(disk, promised, all), `stopped at call ${call}: it stays`);
      }
    }
  });

  test("survives any fault at any call", async () => {
    const calls = await callsOf(kind);
    const troubles: readonly DiskFailure[] = ["EIO", "ENOSPC", "EACCES", "short"];
    for (let call = 1; call <= calls; call++) {
      for (const trouble of IS_SOAK ? troubles : troubles.slice(call % 4, (call % 4) + 1)) {
        const disk = new SimDisk({
          random: randomOf(call),
          failure: (kind, _path, number) => {
            // A client that may not read a folder did not create it and ignores it.
            if (number !== call || (kind === "syncFolder" && trouble === "EACCES")) return;
            return trouble;
          },
        });
        const promised = new Promised();
        const isThrough = await live(disk, () => life(disk.boot(), all, promised));
        if (!isThrough && call % 3 === 0) crash(disk, true, promised, all);
        forgive(disk, promised, all);
        if (!isThrough) await life(disk.boot(), all, promised);
        check(isRight(disk, promised, all), `${trouble} at call ${call}: it is right`);
        disk.losePower();
        check(isRight(disk, promised, all), `${trouble} at call ${call}: it stays`);
      }
    }
  });

  test(`survives ${SEEDS} seeds of all faults combined`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = randomOf(seed);
      let isTroubled = true;
      const disk = new SimDisk({
        random,
        failure: (call) => {
          if (!isTroubled) return undefined;
          if (call === "write" && random() < 0.1) return "short";
          return random() < 0.02 ? "EIO" : undefined;
        },
      });
      const promised = new Promised();
      for (let lives = 0; lives < 6 && promised.path === undefined; lives++) {
        disk.stopAt(disk.calls + 1 + Math.floor(random() * 60));
        const isThrough = await live(disk, () => life(disk.boot(), all, promised));
        if (!isThrough) crash(disk, random() < 0.5, promised, all);
      }
      isTroubled = false;
      disk.stopAt(Number.POSITIVE_INFINITY);
      if (promised.path === undefined) await life(disk.boot(), all, promised);
      check(isRight(disk, promised, all), `seed ${seed}: it is right`);
      disk.losePower();
      check(isRight(disk, promised, all), `seed ${seed}: it stays`);
    }
  });
});

describe("detects planted bugs", () => {
  const { all, life } = KINDS["an upload"] as Kind;

  async function isCaught(change: (disk: TreeDisk) => Partial<TreeDisk>): Promise<boolean> {
    for (let seed = 1; seed <= 100; seed++) {
      const disk = new SimDisk({ random: randomOf(seed) });
      const boot = (): TreeDisk => {
        const right = disk.boot();
        return { ...right, ...change(right) };
      };
      const promised = new Promised();
      disk.stopAt(15 + (seed % 40));
      try {
        await live(disk, () => life(boot(), all, promised));
        disk.losePower();
        await life(boot(), all, promised);
      } catch (error) {
        if (error instanceof InvariantViolation) return true;
        throw error;
      }
    }
    return false;
  }

  const careless = (disk: TreeDisk, name: string): Partial<TreeDisk> => ({
    open: (path, access) => {
      const file = disk.open(path, access);
      if (path.endsWith(name)) file.sync = async () => undefined;
      return file;
    },
  });

  test("without a sync of the content", async () => {
    expect(await isCaught((disk) => careless(disk, "content"))).toBe(true);
  });

  test("without a sync of the lines", async () => {
    expect(await isCaught((disk) => careless(disk, "chunks.jsonl"))).toBe(true);
  });

  test("without a sync of the folders", async () => {
    expect(await isCaught(() => ({ syncFolder: async () => undefined }))).toBe(true);
  });
});
