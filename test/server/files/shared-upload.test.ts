import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { FileId, RoomId, UserId } from "../../../src/base/ids.ts";
import {
  CHUNK_BYTES,
  FILE_BYTES_MAX,
  TRANSFER_SYNC_BYTES,
  UPLOAD_KEEP_MS,
} from "../../../src/base/limits.ts";
import {
  CLUSTER_CONTENT_WITHIN_MS,
  CLUSTER_FILE_BYTES_MAX,
} from "../../../src/base/limits-cluster.ts";
import type { Name } from "../../../src/base/names.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { SharedFiles } from "../../../src/io/cluster/shared-files.ts";
import { channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { SharedSite } from "../shared-site.ts";
import { operating, TOKEN } from "../site-lab.ts";

const FOUR = new TestFile("four", 4 * CHUNK_BYTES);
const HOUR_MS = 60 * 60_000;

function noMajority(): Fault {
  return new Fault("no-majority", "too few answer", { retryAfterMs: 1_000 });
}

const tellers = ({ records }: Guest) => records.filter(({ head }) => head.kind === "file");

/** Another server has told the lobby of ana's file. */
async function recordedElsewhere({ site, ana }: SharedSite, told: TestFile): Promise<void> {
  const { id: file, name, size, digest, chunks } = told;
  const body = { file, name, size, chunks: chunks.length, digest: digest.toHex() };
  const room = ana.all("room")[0]?.room as RoomId;
  const by = site.registry.find("ana" as Name)?.id as UserId;
  await site.history.append({ kind: "file", room, by, id: file, body });
}

describe("what is sent to one of several servers", () => {
  test("is in the store before anybody is told of it", async () => {
    const { site, store, ana, ben } = await SharedSite.open();
    const lane = await channelOf(ana);
    const held = Promise.withResolvers<void>();
    store.before = (call, _, part = "") =>
      call === "put" && part.startsWith("c2-") ? held.promise : undefined;
    await lane.ask("offer", FOUR.offer());
    FOUR.sendAll(lane);
    await lane.until("ack", 4);
    const finished = lane.ask("finish", FOUR.finish);
    await site.time.advance(5_000);
    expect(tellers(ben)).toEqual([]);
    held.resolve();
    expect((await finished).posted).toHaveLength(1);
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
    await site.stop();
  });

  test("is called durable only when it outlives the server", async () => {
    const { site, store, ana } = await SharedSite.open();
    const file = new TestFile("big", TRANSFER_SYNC_BYTES + CHUNK_BYTES);
    const lane = await channelOf(ana);
    const held = Promise.withResolvers<void>();
    store.before = (call) => (call === "put" ? held.promise : undefined);
    await lane.ask("offer", file.offer());
    await file.pour(lane);
    await site.time.advance(5_000);
    expect(lane.all("durable")).toEqual([]);
    held.resolve();
    const { upTo } = await lane.until("durable");
    expect(upTo).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES / CHUNK_BYTES);
    await site.stop();
  });

  test("waits for a majority, is refused for now, and finishes when asked again", async () => {
    const { site, store, ana } = await SharedSite.open();
    const lane = await channelOf(ana);
    await lane.ask("offer", FOUR.offer());
    store.before = () => {
      throw noMajority();
    };
    FOUR.sendAll(lane);
    await lane.until("ack", 4);
    const refused = lane.refused("finish", FOUR.finish).catch(() => undefined);
    await site.time.advance(CLUSTER_CONTENT_WITHIN_MS + 1_000);
    const fault = (await refused) ?? (await lane.untilEnded()).fault;
    expect(fault).toMatchObject({ code: "no-majority", retryAfterMs: 1_000 });
    store.before = () => {};
    lane.hangUp();
    await site.quiet();
    const next = await channelOf(ana);
    expect(await next.ask("offer", FOUR.offer())).toMatchObject({ have: 4 });
    expect((await next.ask("finish", FOUR.finish)).posted).toHaveLength(1);
    await site.stop();
  });

  test("is brought again where it was erased meanwhile, before anybody is told", async () => {
    const one = await SharedSite.open();
    const { site, store, ana, ben } = one;
    const lane = await channelOf(ana);
    await lane.ask("offer", FOUR.offer());
    FOUR.sendAll(lane);
    await lane.until("ack", 4);
    await site.until("all are there", () => store.files.get(FOUR.id)?.size === 5 || undefined);
    store.files.delete(FOUR.id);
    expect((await lane.ask("finish", FOUR.finish)).posted).toHaveLength(1);
    await one.lose(FOUR.id);
    expect((await download(await channelOf(ben), FOUR.id)).bytes).toHaveLength(FOUR.size);
    expect(await store.filesWith("about")).toEqual([FOUR.id]);
    await site.stop();
  });

  test("takes no space in a store where it does not fit, and is sent once it does", async () => {
    const { site, store, ana } = await SharedSite.open();
    let puts = 0;
    store.before = (call) => {
      if (call === "put" && ++puts > 2) throw new Fault("store-full", "no space");
    };
    const lane = await channelOf(ana);
    await lane.ask("offer", FOUR.offer());
    FOUR.sendAll(lane);
    const asked = lane.refused("finish", FOUR.finish).catch(() => undefined);
    expect(((await asked) ?? (await lane.untilEnded()).fault)?.code).toBe("store-full");
    lane.hangUp();
    await site.quiet();
    expect([...store.files.keys()]).toEqual([]);
    store.before = () => {};
    const next = await channelOf(ana);
    expect(await next.ask("offer", FOUR.offer())).toMatchObject({ have: 4 });
    expect((await next.ask("finish", FOUR.finish)).posted).toHaveLength(1);
    expect((await store.parts(FOUR.id)).length).toBe(6);
    await site.stop();
  });

  test("goes on at another server, also as a stream that cannot be read twice", async () => {
    const one = await SharedSite.open();
    const first = await channelOf(one.ana);
    const { size: _, ...stream } = FOUR.offer();
    await first.ask("offer", stream);
    FOUR.sendAll(first, 0, 2);
    await first.until("ack", 2);
    await one.site.until("two are there", () =>
      [...(one.store.files.get(FOUR.id)?.keys() ?? [])].length === 3 ? true : undefined,
    );
    const other = await SharedSite.open(one.store);
    const lane = await channelOf(other.ana);
    expect(await lane.ask("offer", stream)).toMatchObject({ have: 2 });
    FOUR.sendAll(lane, 2);
    await lane.until("ack", 2);
    expect((await lane.ask("finish", FOUR.finish)).posted).toHaveLength(1);
    const { bytes } = await download(await channelOf(other.ben), FOUR.id);
    expect(bytes).toEqual(new Uint8Array(Buffer.concat([...FOUR.chunks])));
    await other.site.stop();
    await one.site.stop();
  });

  test("goes on before what the store has lost, or has of another content", async () => {
    const one = await SharedSite.open();
    const lane = await channelOf(one.ana);
    await lane.ask("offer", FOUR.offer());
    FOUR.sendAll(lane, 0, 3);
    await lane.until("ack", 3);
    const parts = await one.site.until("three are there", () => {
      const there = one.store.files.get(FOUR.id);
      return there?.size === 4 ? there : undefined;
    });
    const damaged = [...parts.keys()].find((part) => part.startsWith("c1-")) ?? "";
    parts.set(damaged, Uint8Array.of(1, 2, 3));
    const other = await SharedSite.open(one.store);
    const next = await channelOf(other.ana);
    expect(await next.ask("offer", FOUR.offer())).toMatchObject({ have: 1 });
    FOUR.sendAll(next, 1);
    await next.until("ack", 3);
    expect((await next.ask("finish", FOUR.finish)).posted).toHaveLength(1);
    await other.lose(FOUR.id);
    expect((await download(await channelOf(other.ben), FOUR.id)).bytes).toHaveLength(FOUR.size);
    await other.site.stop();
    await one.site.stop();
  });

  test("gives way to what another server has finished", async () => {
    const one = await SharedSite.open();
    const { site, store, ana, ben } = one;
    const lane = await channelOf(ana);
    await lane.ask("offer", FOUR.offer());
    FOUR.sendAll(lane, 0, 2);
    await lane.until("ack", 2);
    const elsewhere = new SharedFiles({ store, clock: site.clock, sha256 });
    for (const [i, chunk] of FOUR.chunks.entries()) {
      const hash = FOUR.hashes[i] ?? new Uint8Array();
      await elsewhere.put(FOUR.id, i, hash, async () => chunk);
    }
    await elsewhere.complete(FOUR.id, FOUR.digest, FOUR.hashes);
    await site.wait(recordedElsewhere(one, FOUR));
    const { bytes } = await download(await channelOf(ben), FOUR.id);
    expect(bytes).toEqual(new Uint8Array(Buffer.concat([...FOUR.chunks])));
    expect((await lane.untilEnded()).fault?.code).toBe("link-closed");
    const next = await channelOf(ana);
    expect(await next.ask("offer", FOUR.offer())).toMatchObject({ have: 4 });
    expect((await next.ask("finish", FOUR.finish)).posted).toHaveLength(1);
    await site.stop();
  });

  test("is not taken over under its id by somebody else at another server", async () => {
    const one = await SharedSite.open();
    const lane = await channelOf(one.ana);
    await lane.ask("offer", FOUR.offer());
    FOUR.sendAll(lane, 0, 2);
    await lane.until("ack", 2);
    const other = await SharedSite.open(one.store);
    const eve = await channelOf(other.ben);
    expect((await eve.refused("offer", FOUR.offer())).code).toBe("not-allowed");
    expect((await eve.refused("withdraw", { file: FOUR.id })).code).toBe("file-unknown");
    expect(other.stored).toEqual([]);
    FOUR.sendAll(lane, 2);
    await lane.until("ack", 4);
    expect((await lane.ask("finish", FOUR.finish)).posted).toHaveLength(1);
    await other.site.stop();
    await one.site.stop();
  });

  test("leaves the store when it is withdrawn, there or elsewhere", async () => {
    const one = await SharedSite.open();
    const other = await SharedSite.open(one.store);
    for (const { ana } of [one, other]) {
      const lane = await channelOf(one.ana);
      await lane.ask("offer", FOUR.offer());
      FOUR.sendAll(lane, 0, 2);
      await lane.until("ack", 2);
      await (await channelOf(ana)).ask("withdraw", { file: FOUR.id });
      expect([...one.store.files.keys()]).toEqual([]);
      lane.hangUp();
      await one.site.quiet();
    }
    await other.site.stop();
    await one.site.stop();
  });

  test("is as large as a cluster takes, and no larger", async () => {
    const { site, ana } = await SharedSite.open();
    expect(CLUSTER_FILE_BYTES_MAX).toBeLessThan(FILE_BYTES_MAX);
    const lane = await channelOf(ana);
    const offer = FOUR.offer();
    const fault = await lane.refused("offer", { ...offer, size: CLUSTER_FILE_BYTES_MAX + 1 });
    expect(fault).toMatchObject({ code: "too-large", message: "a file may have 4.0 GB here" });
    await lane.ask("offer", { ...offer, size: CLUSTER_FILE_BYTES_MAX });
    await site.stop();
  });

  test("keeps to what the files of a user may take, over all servers", async () => {
    const files = { userBytesMax: 6 * CHUNK_BYTES };
    const { site, ana } = await SharedSite.open(undefined, { files });
    const five = new TestFile("other", 3 * CHUNK_BYTES);
    await five.upload(await channelOf(ana));
    const lane = await channelOf(ana);
    expect((await lane.refused("offer", FOUR.offer())).code).toBe("quota-reached");
    await site.stop();
  });

  test("is counted with what other servers have recorded while it was sent", async () => {
    const files = { userBytesMax: FOUR.size };
    const one = await SharedSite.open(undefined, { files });
    const lane = await channelOf(one.ana);
    await lane.ask("offer", FOUR.offer());
    await FOUR.pour(lane);
    one.others = () => recordedElsewhere(one, new TestFile("tiny", 1));
    expect((await lane.refused("finish", FOUR.finish)).code).toBe("quota-reached");
    await one.site.stop();
  });
});

describe("the store", () => {
  test("loses what is erased, also after a crash in between", async () => {
    const one = await SharedSite.open(undefined, { operatorToken: TOKEN });
    const { site, store, ana } = one;
    await operating(ana);
    const { posted } = await FOUR.upload(await channelOf(ana));
    store.before = (call) => {
      if (call === "erase") throw noMajority();
    };
    const erased = ana.refused("erase", { seq: posted[0]?.seq ?? 0 });
    await site.time.advance(CLUSTER_CONTENT_WITHIN_MS + 1_000);
    expect((await erased).code).toBe("no-majority");
    expect(store.files.has(FOUR.id)).toBe(true);
    expect(one.stored).toEqual([]);
    store.before = () => {};
    await site.restart();
    await site.quiet();
    expect(store.files.has(FOUR.id)).toBe(false);
    await site.stop();
  });

  test("gets what it lacks, of before the cluster or after its own loss, from a disk", async () => {
    const one = await SharedSite.open();
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
    await site.stop();
  });

  test("loses an upload that no server goes on with, after a while", async () => {
    const one = await SharedSite.open();
    const lane = await channelOf(one.ana);
    await lane.ask("offer", FOUR.offer());
    FOUR.sendAll(lane, 0, 2);
    await lane.until("ack", 2);
    await one.site.quiet();
    await one.site.stop();
    const told = new TestFile("told", 10);
    const other = await SharedSite.open(one.store);
    await told.upload(await channelOf(other.ana));
    const has = (file: FileId) => other.store.files.has(file);
    other.site.skewMs = UPLOAD_KEEP_MS - HOUR_MS;
    await other.site.restart();
    await other.site.quiet();
    expect([has(FOUR.id), has(told.id)]).toEqual([true, true]);
    other.site.skewMs += HOUR_MS;
    await other.site.time.advance(HOUR_MS + 60_000);
    expect([has(FOUR.id), has(told.id)]).toEqual([false, true]);
    await other.site.stop();
  });
});
