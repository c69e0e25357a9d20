import { expect, test } from "bun:test";
import type { DiskSpace } from "../../../src/base/disk-space.ts";
import { Fault } from "../../../src/base/fault.ts";
import {
  DISK_CHECK_INTERVAL_MS,
  DISK_LOW_BYTES,
  DISK_LOW_MARGIN_BYTES,
} from "../../../src/base/limits-page.ts";
import type { BlobStore } from "../../../src/io/blob/interfaces.ts";
import { DiskWatch } from "../../../src/server/admin/disk-watch.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { changedStore } from "../data-channel.ts";
import { lab, operating } from "../site-lab.ts";

const KEEP = 1_000;

function watched(first: number | Fault, keepFreeBytes = KEEP) {
  const clock = new VirtualClock();
  const warnings: DiskSpace[] = [];
  let free = first;
  const watch = new DiskWatch({
    clock,
    keepFreeBytes,
    blobs: {
      freeBytes: () => (free instanceof Fault ? Promise.reject(free) : Promise.resolve(free)),
    },
    onEvent: (state) => warnings.push(state),
  });
  const checkWith = async (bytes: number | Fault) => {
    free = bytes;
    await clock.advance(DISK_CHECK_INTERVAL_MS);
  };
  const changeTo = async (bytes: number) => {
    free = bytes;
    await clock.advance(0);
  };
  return { watch, told: warnings, look: checkWith, changeTo };
}

const LOW = KEEP + DISK_LOW_BYTES;

test("warns once below the low-space limit, and again when the disk is full", async () => {
  const { watch, told, look } = watched(LOW);
  watch.start();
  await look(LOW);
  await look(new Fault("store-failed", "unknown"));
  expect([told, watch.state]).toEqual([[], { freeBytes: LOW, keepFreeBytes: KEEP, isLow: false }]);
  for (const free of [LOW - 1, LOW - 2, KEEP, KEEP - 1, KEEP - 2, KEEP]) await look(free);
  const [above, margin] = [LOW + DISK_LOW_MARGIN_BYTES - 1, LOW + DISK_LOW_MARGIN_BYTES];
  for (const free of [LOW, above, margin, LOW]) await look(free);
  expect(told.map(({ freeBytes, isLow }) => [freeBytes, isLow])).toEqual([
    [LOW - 1, true],
    [KEEP - 1, true],
    [KEEP, true],
    [margin, false],
  ]);
  watch.stop();
});

test("checks on request, once for concurrent requests", async () => {
  const { watch, told, look, changeTo } = watched(KEEP - 1);
  watch.start();
  await look(KEEP - 1);
  await changeTo(2 * LOW);
  expect(watch.isFull).toBe(true);
  const checks = [watch.check(), watch.check()];
  expect(checks[0]).toBe(checks[1]);
  await Promise.all(checks);
  expect(watch.isFull).toBe(false);
  expect(told.map(({ isLow }) => isLow)).toEqual([true, false]);
});

test("counts what the logs have written since the last check", async () => {
  const { watch, look } = watched(KEEP + 100);
  watch.spend(1_000);
  expect(watch.isFull).toBeFalse();
  watch.start();
  await look(KEEP + 100);
  watch.spend(100);
  expect(watch.isFull).toBeFalse();
  watch.spend(1);
  expect(watch.isFull).toBeTrue();
  await look(KEEP + 100);
  expect(watch.isFull).toBeFalse();
  await look(KEEP - 1);
  expect(watch.isFull).toBeTrue();
  watch.stop();
});

test("is never full if no space is reserved", async () => {
  const { watch, look } = watched(0, 0);
  watch.start();
  await look(0);
  watch.spend(1);
  expect(watch.isFull).toBeFalse();
  watch.stop();
});

const open = (free: () => number) =>
  lab({ blobs: (store: BlobStore) => changedStore(store, { freeBytes: async () => free() }) });

test("warns operators at log-in and on changes, and no one else", async () => {
  let free = 3 * DISK_LOW_BYTES;
  const { site, ana, ben } = await open(() => free);
  await operating(ana);
  await site.time.advance(2_000);
  expect(ana.all("disk-low")).toEqual([]);
  free = DISK_LOW_BYTES / 2;
  await site.time.advance(DISK_CHECK_INTERVAL_MS + 1_000);
  await site.quiet();
  const low = { on: true, freeBytes: free, keepFreeBytes: 0 };
  expect(ana.all("disk-low")).toMatchObject([low]);
  const { diskLow, diskFreeBytes, keepFreeBytes } = await ana.request("stats", {});
  expect([diskLow, diskFreeBytes, keepFreeBytes]).toEqual([true, free, 0]);
  await ana.request("grant", { user: "ben", on: true });
  await site.time.advance(1_000);
  await site.quiet();
  expect(ben.all("disk-low")).toMatchObject([low]);
  expect(site.events.filter(({ kind }) => kind === "disk")).toHaveLength(1);
  free = 3 * DISK_LOW_BYTES;
  await site.time.advance(DISK_CHECK_INTERVAL_MS + 1_000);
  await site.quiet();
  expect(ana.all("disk-low").map(({ on }) => on)).toEqual([true, false]);
  const eve = await site.member("dora");
  await site.time.advance(2_000);
  expect(eve.all("disk-low")).toEqual([]);
});
