import { expect, test } from "bun:test";
import { ignoreFault } from "../../src/base/fault.ts";
import type { Clock } from "../../src/io/clock.ts";
import type { DiskFile, TreeDisk } from "../../src/io/disk/disk.ts";
import { changedDisk } from "../worlds/changed-disk.ts";
import type { Guest } from "./guest.ts";
import { Site } from "./site.ts";

const SYNC_MS = 200;
const AT_ONCE_MS = 25;

function slow(disk: TreeDisk, clock: Clock): TreeDisk {
  const sync = async (file: DiskFile) => {
    const syncing = file.sync();
    await new Promise<void>((resolve) => clock.after(SYNC_MS, resolve));
    await syncing;
  };
  return changedDisk(disk, { sync });
}

async function open(): Promise<{ site: Site; ana: Guest; ben: Guest }> {
  const site = await Site.open({ disk: slow, signs: true });
  return { site, ana: await site.member("ana"), ben: await site.member("ben") };
}

async function tookMs(site: Site, work: Promise<unknown>): Promise<number> {
  const started = site.time.now();
  await site.wait(work);
  return site.time.now() - started;
}

test("acknowledges a post after one sync, and at most two", async () => {
  const { site, ana, ben } = await open();
  const alone = await tookMs(site, ana.post("alone"));
  expect(alone).toBeGreaterThanOrEqual(SYNC_MS);
  expect(alone).toBeLessThanOrEqual(SYNC_MS + AT_ONCE_MS);
  const first = ana.post("first");
  await site.time.advance(SYNC_MS / 2);
  const behind = await tookMs(site, ben.post("behind"));
  expect(behind).toBeGreaterThan(SYNC_MS);
  expect(behind).toBeLessThanOrEqual(2 * SYNC_MS);
  expect((await site.wait(first)).seq).toBeGreaterThan(0);
});

test("answers reads, pings and log-ins during a sync", async () => {
  const { site, ana, ben } = await open();
  await site.wait(ana.post("before"));
  await site.quiet();
  const [{ head } = { head: undefined }] = ben.records.slice(-1);
  const posting = ana.post("on its way");
  await site.time.advance(1);
  const started = site.time.now();
  await ben.request("who", { room: "lobby" });
  await ben.request("rooms", {});
  const page = await ben.request("history", { target: "lobby", limit: 10 });
  expect(page.records.length).toBeGreaterThan(0);
  await ben.request("read", { room: head?.room ?? "", n: head?.n ?? 0 });
  let receivedCount = 0;
  ben.takes = () => ++receivedCount === 0;
  ben.notify({ kind: "ping" });
  await site.until("a pong", () => receivedCount || undefined);
  const again = await site.again(ben, "ben");
  ben.hangUp();
  again.hangUp();
  const isGone = () => ana.all("presence").at(-1)?.online === false;
  await site.until("that ben has gone", () => isGone() || undefined);
  expect(site.time.now() - started).toBeLessThan(SYNC_MS - 1);
  expect(ana.texts()).not.toContain("on its way");
  await site.wait(posting);
  await site.quiet();
  expect(ana.texts()).toContain("on its way");
});

test("records the joins of an account one at a time, and those of others meanwhile", async () => {
  const { site, ana, ben } = await open();
  let joined = 0;
  const joins = Array.from({ length: 10 }, async (_, i) => {
    await ana.send("join", { room: `room${i}`, create: true });
    joined++;
  });
  await site.time.advance(1);
  const other = ben.send("join", { room: "other", create: true });
  expect(await tookMs(site, other)).toBeLessThanOrEqual(2 * SYNC_MS + AT_ONCE_MS);
  expect(joined).toBeLessThanOrEqual(2);
  // A room that one is in already has no record, so it waits for nothing.
  expect(await tookMs(site, ana.send("join", { room: "lobby" }))).toBeLessThan(AT_ONCE_MS);
  await site.wait(Promise.all(joins));
});

test("answers a join while guesses of the account's passwords wait", async () => {
  const { site, ana, ben } = await open();
  await ana.request("join", { room: "vault", create: true, password: "right" });
  let guessed = 0;
  const devices: Guest[] = [];
  for (let i = 0; i < 6; i++) devices.push(await site.again(ben, "ben"));
  const guesses = devices.map(async (device) => {
    await device.send("join", { room: "vault", password: "wrong" }).catch(ignoreFault);
    guessed++;
  });
  await site.time.advance(1);
  const other = ben.send("join", { room: "other", create: true });
  expect(await tookMs(site, other)).toBeLessThanOrEqual(2 * SYNC_MS + AT_ONCE_MS);
  expect(guessed).toBeLessThan(guesses.length);
  await site.wait(Promise.all(guesses));
});
