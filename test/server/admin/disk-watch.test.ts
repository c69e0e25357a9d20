import { describe, expect, test } from "bun:test";
import type { DiskSpace } from "../../../src/base/disk-space.ts";
import { Fault } from "../../../src/base/fault.ts";
import {
  DISK_LOOK_EVERY_MS,
  DISK_LOW_BYTES,
  DISK_LOW_MARGIN_BYTES,
} from "../../../src/base/limits-page.ts";
import type { BlobStore } from "../../../src/io/blob/interfaces.ts";
import { DiskWatch } from "../../../src/server/admin/disk-watch.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { lab, operating } from "../site-lab.ts";

const KEEP = 1_000;

function watched(first: number | Fault) {
  const clock = new VirtualClock();
  const told: DiskSpace[] = [];
  let free = first;
  let asked = 0;
  const watch = new DiskWatch({
    clock,
    keepFreeBytes: KEEP,
    blobs: {
      freeBytes: () => {
        asked++;
        return free instanceof Fault ? Promise.reject(free) : Promise.resolve(free);
      },
    },
    changed: (state) => told.push(state),
  });
  const look = async (bytes: number | Fault) => {
    free = bytes;
    await clock.advance(DISK_LOOK_EVERY_MS);
  };
  return { watch, clock, told, look, asked: () => asked };
}

const LOW = KEEP + DISK_LOW_BYTES;

describe("the disk is looked at", () => {
  test("and warned of below the bound, once, and again when it is full", async () => {
    const { watch, told, look } = watched(LOW);
    watch.start();
    await look(LOW);
    expect([told, watch.state]).toEqual([
      [],
      { freeBytes: LOW, keepFreeBytes: KEEP, isLow: false },
    ]);
    for (const free of [LOW - 1, LOW - 2, KEEP, KEEP - 1, KEEP - 2, KEEP]) await look(free);
    expect(told.map(({ freeBytes, isLow }) => [freeBytes, isLow])).toEqual([
      [LOW - 1, true],
      [KEEP - 1, true],
      [KEEP, true],
    ]);
    watch.stop();
  });

  test("it is over with some margin, so that it does not come and go", async () => {
    const { watch, told, look } = watched(LOW - 1);
    watch.start();
    for (const free of [LOW - 1, LOW, LOW + DISK_LOW_MARGIN_BYTES - 1]) await look(free);
    expect(told.map(({ isLow }) => isLow)).toEqual([true]);
    await look(LOW + DISK_LOW_MARGIN_BYTES);
    expect(told.map(({ isLow }) => isLow)).toEqual([true, false]);
    await look(LOW);
    expect(told).toHaveLength(2);
    watch.stop();
  });

  test("one that does not say leaves what was known, and is asked again", async () => {
    const { watch, told, look } = watched(new Fault("store-failed", "no"));
    watch.start();
    await look(new Fault("store-failed", "no"));
    expect([watch.state, told]).toEqual([undefined, []]);
    await look(5);
    await look(new Fault("store-failed", "no"));
    expect(watch.state?.freeBytes).toBe(5);
    watch.stop();
  });

  test("and not any more when the server stops", async () => {
    const { watch, look, asked } = watched(1);
    watch.start();
    await look(1);
    watch.stop();
    const before = asked();
    await look(1);
    expect(asked()).toBe(before);
  });
});

describe("operators are told that the disk is nearly full", () => {
  const open = (free: () => number) => lab({ blobs: (store: BlobStore) => measured(store, free) });

  test("when they come in, when it changes, and nobody else", async () => {
    let free = 3 * DISK_LOW_BYTES;
    const { site, ana, ben } = await open(() => free);
    await operating(ana);
    await site.time.advance(2_000);
    expect(ana.all("disk-low")).toEqual([]);
    free = DISK_LOW_BYTES / 2;
    await site.time.advance(DISK_LOOK_EVERY_MS + 1_000);
    await site.quiet();
    const low = { on: true, freeBytes: free, keepFreeBytes: 0 };
    expect(ana.all("disk-low")).toMatchObject([low]);
    const { diskLow, diskFreeBytes, keepFreeBytes } = await ana.ask("stats", {});
    expect([diskLow, diskFreeBytes, keepFreeBytes]).toEqual([true, free, 0]);
    await ana.ask("grant", { user: "ben", on: true });
    await site.time.advance(1_000);
    await site.quiet();
    expect(ben.all("disk-low")).toMatchObject([low]);
    expect(site.events.filter(({ kind }) => kind === "disk")).toHaveLength(1);
    free = 3 * DISK_LOW_BYTES;
    await site.time.advance(DISK_LOOK_EVERY_MS + 1_000);
    await site.quiet();
    expect(ana.all("disk-low").map(({ on }) => on)).toEqual([true, false]);
    const eve = await site.member("dora");
    await site.time.advance(2_000);
    expect(eve.all("disk-low")).toEqual([]);
    await site.stop();
  });

  test("a server that takes no files says nothing of it", async () => {
    const { site, ana } = await lab({ files: "none" });
    await operating(ana);
    await site.time.advance(DISK_LOOK_EVERY_MS);
    expect((await ana.ask("stats", {})).diskFreeBytes).toBeUndefined();
    expect((await ana.ask("samples", {})).diskFreeBytes).toBeUndefined();
    await site.stop();
  });
});

/** The same store on a disk of our own measure. */
function measured(store: BlobStore, free: () => number): BlobStore {
  return {
    list: () => store.list(),
    create: (about) => store.create(about),
    open: (file) => store.open(file),
    remove: (file) => store.remove(file),
    freeBytes: async () => free(),
  };
}
