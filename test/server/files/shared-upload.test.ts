import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { FileId, RoomId, UserId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, UPLOAD_KEEP_MS } from "../../../src/base/limits.ts";
import { CLUSTER_CONTENT_TIMEOUT_MS } from "../../../src/base/limits-cluster.ts";
import type { Name } from "../../../src/base/names.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { openSharedSite, type SharedSite } from "../shared-site.ts";
import { operating, TOKEN } from "../site-lab.ts";

const FOUR = new TestFile("four", 4 * CHUNK_BYTES);
const HOUR_MS = 60 * 60_000;

function noMajority(): Fault {
  return new Fault("no-majority", "too few answer", { retryAfterMs: 1_000 });
}

const tellers = ({ records }: Guest) => records.filter(({ head }) => head.kind === "file");

async function recordedElsewhere({ site, ana }: SharedSite, source: TestFile): Promise<void> {
  const { id: file, name, size, digest, chunks } = source;
  const listed = { file, name, size, chunks: chunks.length, digest: digest.toHex() };
  const body = { files: [listed] };
  const room = ana.all("room")[0]?.room as RoomId;
  const by = site.registry.find("ana" as Name)?.id as UserId;
  await site.history.append({ kind: "file", room, by, id: file, body });
}

const sharedTest = fixtureTest(openSharedSite);

sharedTest(
  "stores a file in the cluster before announcing it",
  async ({ site, store, ana, ben }) => {
    const lane = await channelOf(ana);
    const held = Promise.withResolvers<void>();
    store.before = (call, _, part = "") =>
      call === "put" && part.startsWith("c2-") ? held.promise : undefined;
    await lane.request("offer", FOUR.offer());
    FOUR.sendAll(lane);
    await lane.until("ack", 4);
    const finished = FOUR.end(lane);
    await site.time.advance(5_000);
    expect(tellers(ben)).toEqual([]);
    held.resolve();
    expect(await finished).toHaveLength(1);
    await site.quiet();
    expect(tellers(ben)).toHaveLength(1);
    const parts = await store.parts(FOUR.id);
    expect(parts.map((part) => part.split("-")[0]).toSorted()).toEqual([
      "about",
      "c0",
      "c1",
      "c2",
      "c3",
      "l0",
    ]);
  },
);

test("reports a chunk as durable only once it survives the server", async () => {
  const { site, store, ana } = await openSharedSite();
  const file = new TestFile("big", TRANSFER_SYNC_BYTES + CHUNK_BYTES);
  const lane = await channelOf(ana);
  const held = Promise.withResolvers<void>();
  store.before = (call) => (call === "put" ? held.promise : undefined);
  await lane.request("offer", file.offer());
  await file.pour(lane);
  await site.time.advance(5_000);
  expect(lane.all("durable")).toEqual([]);
  held.resolve();
  const { upTo } = await lane.until("durable");
  expect(upTo).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES / CHUNK_BYTES);
});

test("refuses an upload without a majority and finishes it later", async () => {
  const { site, store, ana } = await openSharedSite();
  const lane = await channelOf(ana);
  await lane.request("offer", FOUR.offer());
  store.before = () => {
    throw noMajority();
  };
  FOUR.sendAll(lane);
  await lane.until("ack", 4);
  const refused = lane.refused("finish", FOUR.finish).catch(() => undefined);
  await site.time.advance(CLUSTER_CONTENT_TIMEOUT_MS + 1_000);
  const fault = (await refused) ?? (await lane.untilEnded()).fault;
  expect(fault).toMatchObject({ code: "no-majority", retryAfterMs: 1_000 });
  store.before = () => {};
  lane.hangUp();
  await site.quiet();
  const next = await channelOf(ana);
  expect(await next.request("offer", FOUR.offer())).toMatchObject({ have: 4 });
  expect(await FOUR.end(next)).toHaveLength(1);
});

sharedTest("resumes at another server, even a stream", async (one) => {
  const first = await channelOf(one.ana);
  const { size: _, ...stream } = FOUR.offer();
  await first.request("offer", stream);
  FOUR.sendAll(first, 0, 2);
  await first.until("ack", 2);
  await one.site.until("two are there", () =>
    [...(one.store.files.get(FOUR.id)?.keys() ?? [])].length === 3 ? true : undefined,
  );
  const other = await openSharedSite(one.store);
  const lane = await channelOf(other.ana);
  expect(await lane.request("offer", stream)).toMatchObject({ have: 2 });
  FOUR.sendAll(lane, 2);
  await lane.until("ack", 2);
  expect(await FOUR.end(lane)).toHaveLength(1);
  const { bytes } = await download(await channelOf(other.ben), FOUR.id);
  expect(bytes).toEqual(new Uint8Array(Buffer.concat([...FOUR.chunks])));
});

sharedTest("drops changed chunks at another server", async (one) => {
  const first = await channelOf(one.ana);
  await first.request("offer", FOUR.offer());
  FOUR.sendAll(first, 0, 2);
  await first.until("ack", 2);
  await one.site.until("two are there", () =>
    [...(one.store.files.get(FOUR.id)?.keys() ?? [])].length === 3 ? true : undefined,
  );
  const other = await openSharedSite(one.store);
  const lane = await channelOf(other.ana);
  const whole = new Uint8Array(FOUR.size);
  whole.set(FOUR.chunks[0] ?? []);
  const changed = TestFile.of("four", whole, FOUR.name);
  expect(await lane.request("offer", changed.offer(["lobby"], { keep: 1 }))).toMatchObject({
    have: 1,
  });
  changed.sendAll(lane, 1);
  await lane.until("ack", 3);
  expect(await changed.end(lane)).toHaveLength(1);
  const { bytes } = await download(await channelOf(other.ben), FOUR.id);
  expect(bytes).toEqual(whole);
});

sharedTest("keeps its id from other accounts at other servers", async (one) => {
  const lane = await channelOf(one.ana);
  await lane.request("offer", FOUR.offer());
  FOUR.sendAll(lane, 0, 2);
  await lane.until("ack", 2);
  const other = await openSharedSite(one.store);
  const eve = await channelOf(other.ben);
  expect(await eve.refusal("offer", FOUR.offer())).toBe("not-allowed");
  expect(await eve.refusal("withdraw", { file: FOUR.id })).toBe("file-unknown");
  expect(other.stored()).toEqual([]);
  FOUR.sendAll(lane, 2);
  await lane.until("ack", 4);
  expect(await FOUR.end(lane)).toHaveLength(1);
});

sharedTest("removes a withdrawn file from the store", async (one) => {
  const other = await openSharedSite(one.store);
  for (const { ana } of [one, other]) {
    const lane = await channelOf(one.ana);
    await lane.request("offer", FOUR.offer());
    FOUR.sendAll(lane, 0, 2);
    await lane.until("ack", 2);
    await (await channelOf(ana)).request("withdraw", { file: FOUR.id });
    expect([...one.store.files.keys()]).toEqual([]);
    lane.hangUp();
    await one.site.quiet();
  }
});

test("counts files that other servers recorded during the upload", async () => {
  const files = { userBytesMax: FOUR.size };
  const one = await openSharedSite(undefined, { files });
  const lane = await channelOf(one.ana);
  await lane.request("offer", FOUR.offer());
  await FOUR.pour(lane);
  one.cluster.others = () => recordedElsewhere(one, new TestFile("tiny", 1));
  expect(await lane.refusal("finish", FOUR.finish)).toBe("quota-reached");
});

test("removes an erased file from the store, after a crash too", async () => {
  const one = await openSharedSite(undefined, { operatorToken: TOKEN });
  const { site, store, ana } = one;
  await operating(ana);
  const posted = await FOUR.upload(await channelOf(ana));
  store.before = (call) => {
    if (call === "erase") throw noMajority();
  };
  const erased = ana.refused("erase", { seq: posted[0]?.seq ?? 0 });
  await site.time.advance(CLUSTER_CONTENT_TIMEOUT_MS + 1_000);
  expect((await erased).code).toBe("no-majority");
  expect(store.files.has(FOUR.id)).toBe(true);
  expect(one.stored()).toEqual([]);
  store.before = () => {};
  await site.restart();
  await site.quiet();
  expect(store.files.has(FOUR.id)).toBe(false);
});

sharedTest("restores files that the store lacks from a disk", async (one) => {
  const { site, store, ana, ben } = one;
  const other = new TestFile("other", CHUNK_BYTES + 1);
  for (const file of [FOUR, other]) await file.upload(await channelOf(ana));
  store.files.clear();
  await one.lose(other.id);
  let puts = 0;
  store.before = (call) => {
    if (call.startsWith("put") && ++puts === 3) throw new Fault("store-full", "no space");
  };
  await site.restart();
  await site.quiet();
  expect(await store.filesWith("about")).toEqual([]);
  await site.restart();
  await site.quiet();
  expect(await store.filesWith("about")).toEqual([FOUR.id]);
  puts = 9;
  await site.time.advance(2 * HOUR_MS);
  expect(puts).toBe(9);
  await one.lose(FOUR.id);
  const again = await site.again(ben, "ben");
  expect((await download(await channelOf(again), FOUR.id)).bytes).toHaveLength(FOUR.size);
});

sharedTest("removes an abandoned upload from the store after a while", async (one) => {
  const lane = await channelOf(one.ana);
  await lane.request("offer", FOUR.offer());
  FOUR.sendAll(lane, 0, 2);
  await lane.until("ack", 2);
  await one.site.quiet();
  await one.site.stop();
  const recorded = new TestFile("told", 10);
  const other = await openSharedSite(one.store, { operatorToken: "token" });
  await recorded.upload(await channelOf(other.ana));
  const has = (file: FileId) => other.store.files.has(file);
  other.site.skewMs = UPLOAD_KEEP_MS - HOUR_MS;
  await other.site.restart();
  const operator = await other.site.again(other.ana, "ana");
  await operator.request("operate", { token: "token" });
  await operator.request("clock", { accept: true });
  await other.site.quiet();
  expect([has(FOUR.id), has(recorded.id)]).toEqual([true, true]);
  other.site.skewMs += HOUR_MS;
  await other.site.time.advance(HOUR_MS + 60_000);
  expect([has(FOUR.id), has(recorded.id)]).toEqual([false, true]);
});

sharedTest("stores a file again if it was erased before its announcement", async (one) => {
  const { site, store, ana, ben } = one;
  const lane = await channelOf(ana);
  await lane.request("offer", FOUR.offer());
  FOUR.sendAll(lane);
  await lane.until("ack", 4);
  await site.until("all are there", () => store.files.get(FOUR.id)?.size === 5 || undefined);
  store.files.delete(FOUR.id);
  expect(await FOUR.end(lane)).toHaveLength(1);
  await one.lose(FOUR.id);
  expect((await download(await channelOf(ben), FOUR.id)).bytes).toHaveLength(FOUR.size);
});
