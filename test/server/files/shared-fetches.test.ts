import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { CLUSTER_CONTENT_TIMEOUT_MS } from "../../../src/base/limits-cluster.ts";
import type { MemoryContent } from "../../io/cluster/memory-content.ts";
import { bytesOf, channelOf, download, TestFile } from "../data-channel.ts";
import { openSharedSite } from "../shared-site.ts";
import { operating, TOKEN } from "../site-lab.ts";

const FILE = new TestFile("big", 20 * CHUNK_BYTES + 1);
const WHOLE = new Uint8Array(Buffer.concat([...FILE.chunks]));
const PARTS = FILE.chunks.length;

async function lacking(file = FILE) {
  const shared = await openSharedSite(undefined, { operatorToken: TOKEN });
  const posted = await file.upload(await channelOf(shared.ana));
  await shared.lose(file.id);
  const have = () => shared.have(file.id);
  return { ...shared, have, seq: posted[0]?.seq ?? 0 };
}

function counted(store: MemoryContent): { chunks: number } {
  const counts = { chunks: 0 };
  store.before = (call, _, part) => {
    if (call === "get" && part?.startsWith("c") === true) counts.chunks++;
  };
  return counts;
}

function heldFrom(store: MemoryContent, index: number): () => void {
  const held = Promise.withResolvers<void>();
  store.before = (call, _, part = "") => {
    const at = Number(/^c(\d+)-/.exec(part)?.[1] ?? -1);
    return call === "get" && at >= index ? held.promise : undefined;
  };
  return held.resolve;
}

function noMajority(): Fault {
  return new Fault("no-majority", "too few answer", { retryAfterMs: 1_000 });
}

test.each([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1])(
  "fetches a file of %i bytes from the store",
  async (size) => {
    const file = new TestFile("edge", size);
    const { ben } = await lacking(file);
    const { about, bytes } = await download(await channelOf(ben), file.id);
    expect(about).toMatchObject({ name: file.name, from: "ana", size, digest: file.digest });
    expect(bytes).toEqual(new Uint8Array(Buffer.concat([...file.chunks])));
  },
);

test("fetches a file once for several readers", async () => {
  const { site, store, ana, ben, have } = await lacking();
  const fetches = counted(store);
  const lanes = [await channelOf(ana), await channelOf(ben)];
  const got = await Promise.all(lanes.map((lane) => download(lane, FILE.id)));
  for (const { bytes } of got) expect(bytes).toEqual(WHOLE);
  expect((await download(await channelOf(ben), FILE.id, 3)).bytes).toHaveLength(
    FILE.size - 3 * CHUNK_BYTES,
  );
  expect(fetches.chunks).toBe(PARTS);
  expect(await have()).toBe(PARTS);
  await site.restart();
  expect(fetches.chunks).toBe(PARTS);
});

test("neither sends nor keeps a file with wrong bytes in the store", async () => {
  const { store, ben, have } = await lacking();
  const parts = store.files.get(FILE.id);
  const wrong = [...(parts?.keys() ?? [])].find((part) => part.startsWith("c6-")) ?? "";
  const right = parts?.get(wrong) ?? new Uint8Array();
  parts?.set(
    wrong,
    Uint8Array.from(right, (byte, i) => (i === 99 ? byte ^ 1 : byte)),
  );
  const lane = await channelOf(ben);
  await lane.request("fetch", { file: FILE.id, from: 0, window: 1 << 23 });
  const { fault } = await lane.untilEnded();
  expect(fault?.code).toBe("checksum-wrong");
  expect(bytesOf(lane)).toEqual(WHOLE.subarray(0, bytesOf(lane).length));
  expect(await have()).toBeLessThanOrEqual(6);
  parts?.set(wrong, right);
  expect((await download(await channelOf(ben), FILE.id)).bytes).toEqual(WHOLE);
});

test("waits for NATS, and keeps received chunks on a timeout", async () => {
  const { site, store, ben, have } = await lacking();
  let isCut = false;
  store.before = (call, _, part = "") => {
    if (isCut) throw noMajority();
    if (call === "get" && part.startsWith("c5-")) isCut = true;
  };
  const lane = await channelOf(ben);
  await lane.request("fetch", { file: FILE.id, from: 0, window: 1 << 23 });
  await site.time.advance(CLUSTER_CONTENT_TIMEOUT_MS / 2);
  expect(lane.ended).toBeUndefined();
  await site.time.advance(CLUSTER_CONTENT_TIMEOUT_MS);
  const { fault } = await lane.untilEnded();
  expect(fault).toMatchObject({ code: "no-majority", retryAfterMs: 1_000 });
  const before = (await have()) ?? 0;
  expect(before).toBeGreaterThan(0);
  const fetches = counted(store);
  expect((await download(await channelOf(ben), FILE.id)).bytes).toEqual(WHOLE);
  expect(fetches.chunks).toBe(PARTS - before);
});

test("resumes after a power loss, without wrong bytes", async () => {
  const { site, store, ben } = await lacking();
  heldFrom(store, 4);
  const lane = await channelOf(ben);
  await lane.request("fetch", { file: FILE.id, from: 0, window: 1 << 20 });
  await lane.until("chunk", 4);
  site.disk.losePower();
  await site.restartAfterCrash();
  store.before = () => {};
  const again = await site.again(ben, "ben");
  expect((await download(await channelOf(again), FILE.id)).bytes).toEqual(WHOLE);
});

test("removes all data of a file that is erased during the fetch", async () => {
  const { site, store, ben, ana, seq, stored } = await lacking();
  await operating(ana);
  const letGo = heldFrom(store, 5);
  const lane = await channelOf(ben);
  await lane.request("fetch", { file: FILE.id, from: 0, window: 1 << 20 });
  await lane.until("chunk", 4);
  await ana.request("erase", { seq });
  expect((await lane.untilEnded()).fault?.code).toMatch(/file-unknown|not-member/);
  letGo();
  await site.quiet();
  expect(stored()).toEqual([]);
  expect(store.files.size).toBe(0);
});

test("sends ranges over HTTP during the fetch", async () => {
  const { site, store, ben } = await lacking();
  const letGo = heldFrom(store, 12);
  const { path } = await ben.request("download", { file: FILE.id });
  const get = (range: string) => site.fetch(path, { headers: { range } });
  const early = await site.wait(get("bytes=300000-300009"));
  expect(early.status).toBe(206);
  expect(new Uint8Array(await site.wait(early.arrayBuffer()))).toEqual(
    WHOLE.subarray(300_000, 300_010),
  );
  const last = get(`bytes=${FILE.size - 1}-`);
  letGo();
  expect(new Uint8Array(await site.wait((await site.wait(last)).arrayBuffer()))).toEqual(
    WHOLE.subarray(-1),
  );
});
