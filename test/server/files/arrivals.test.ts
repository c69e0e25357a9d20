import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { CLUSTER_CONTENT_WITHIN_MS } from "../../../src/base/limits-cluster.ts";
import { httpHandler } from "../../../src/server/http/handler.ts";
import type { MemoryContent } from "../../io/cluster/memory-content.ts";
import { bytesOf, channelOf, download, TestFile } from "../data-channel.ts";
import { SharedSite } from "../shared-site.ts";
import { operating, TOKEN } from "../site-lab.ts";

const FILE = new TestFile("big", 20 * CHUNK_BYTES + 1);
const WHOLE = new Uint8Array(Buffer.concat([...FILE.chunks]));
const PARTS = FILE.chunks.length;

/** A server that knows of ana's file, and does not have it. */
async function lacking(file = FILE) {
  const shared = await SharedSite.open(undefined, { operatorToken: TOKEN });
  const { posted } = await file.upload(await channelOf(shared.ana));
  await shared.lose(file.id);
  const { site, store, blobs, ana, ben } = shared;
  const have = () => shared.have(file.id);
  const stored = () => shared.stored;
  return { site, store, blobs, ana, ben, have, stored, seq: posted[0]?.seq ?? 0 };
}

/** Chunks that were asked for. */
function counted(store: MemoryContent): { chunks: number } {
  const asked = { chunks: 0 };
  store.before = (call, _, part) => {
    if (call === "get" && part?.startsWith("c") === true) asked.chunks++;
  };
  return asked;
}

/** The store gives out no chunk from this one on, until it is let go. */
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

describe("a file that this server lacks", () => {
  test.each([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1])("of %i bytes comes", async (size) => {
    const file = new TestFile("edge", size);
    const { site, ben } = await lacking(file);
    const { about, bytes } = await download(await channelOf(ben), file.id);
    expect(about).toMatchObject({ name: file.name, from: "ana", size, digest: file.digest });
    expect(bytes).toEqual(new Uint8Array(Buffer.concat([...file.chunks])));
    await site.stop();
  });

  test("is fetched once, for two readers at once and for those after", async () => {
    const { site, store, ana, ben, have } = await lacking();
    const asked = counted(store);
    const lanes = [await channelOf(ana), await channelOf(ben)];
    const got = await Promise.all(lanes.map((lane) => download(lane, FILE.id)));
    for (const { bytes } of got) expect(bytes).toEqual(WHOLE);
    expect((await download(await channelOf(ben), FILE.id, 3)).bytes).toHaveLength(
      FILE.size - 3 * CHUNK_BYTES,
    );
    expect(asked.chunks).toBe(PARTS);
    expect(await have()).toBe(PARTS);
    await site.restart();
    expect(asked.chunks).toBe(PARTS);
    await site.stop();
  });

  test("is read while it comes", async () => {
    const { site, store, ben } = await lacking();
    const letGo = heldFrom(store, 4);
    const lane = await channelOf(ben);
    await lane.ask("fetch", { file: FILE.id, from: 0, window: 1 << 20 });
    await lane.until("chunk", 4);
    expect(lane.all("end")).toEqual([]);
    expect(bytesOf(lane)).toEqual(WHOLE.subarray(0, 4 * CHUNK_BYTES));
    letGo();
    for (let i = 0; i < 4; i++) lane.tell({ kind: "ack", file: FILE.id, index: i });
    await lane.until("chunk", 8);
    await site.stop();
  });

  test("is not given out, nor kept, where the store has other bytes", async () => {
    const { site, store, ben, have } = await lacking();
    const parts = store.files.get(FILE.id);
    const wrong = [...(parts?.keys() ?? [])].find((part) => part.startsWith("c6-")) ?? "";
    const right = parts?.get(wrong) ?? new Uint8Array();
    parts?.set(
      wrong,
      Uint8Array.from(right, (byte, i) => (i === 99 ? byte ^ 1 : byte)),
    );
    const lane = await channelOf(ben);
    await lane.ask("fetch", { file: FILE.id, from: 0, window: 1 << 23 });
    const { fault } = await lane.untilEnded();
    expect(fault?.code).toBe("checksum-wrong");
    expect(bytesOf(lane)).toEqual(WHOLE.subarray(0, bytesOf(lane).length));
    expect(await have()).toBeLessThanOrEqual(6);
    parts?.set(wrong, right);
    expect((await download(await channelOf(ben), FILE.id)).bytes).toEqual(WHOLE);
    await site.stop();
  });

  test("is not begun where the store has another list, or none", async () => {
    const { site, store, ben, stored } = await lacking();
    const parts = store.files.get(FILE.id) ?? new Map<string, Uint8Array>();
    const list = [...parts.keys()].find((part) => part.startsWith("l0-")) ?? "";
    const right = parts.get(list) ?? new Uint8Array();
    const fetch = { file: FILE.id, from: 0, window: 1 << 20 };
    parts.set(list, right.subarray(32));
    expect((await (await channelOf(ben)).refused("fetch", fetch)).code).toBe("checksum-wrong");
    parts.delete(list);
    expect((await (await channelOf(ben)).refused("fetch", fetch)).code).toBe("file-unknown");
    expect(stored()).toEqual([]);
    await site.stop();
  });

  test("waits while NATS agrees, and is given up after a while with what is there", async () => {
    const { site, store, ben, have } = await lacking();
    let isCut = false;
    store.before = (call, _, part = "") => {
      if (isCut) throw noMajority();
      if (call === "get" && part.startsWith("c5-")) isCut = true;
    };
    const lane = await channelOf(ben);
    await lane.ask("fetch", { file: FILE.id, from: 0, window: 1 << 23 });
    await site.time.advance(CLUSTER_CONTENT_WITHIN_MS / 2);
    expect(lane.ended).toBeUndefined();
    await site.time.advance(CLUSTER_CONTENT_WITHIN_MS);
    const { fault } = await lane.untilEnded();
    expect(fault).toMatchObject({ code: "no-majority", retryAfterMs: 1_000 });
    const before = (await have()) ?? 0;
    expect(before).toBeGreaterThan(0);
    const asked = counted(store);
    expect((await download(await channelOf(ben), FILE.id)).bytes).toEqual(WHOLE);
    expect(asked.chunks).toBe(PARTS - before);
    await site.stop();
  });

  test("goes on after a power loss in the middle, and never with wrong bytes", async () => {
    const { site, store, ben } = await lacking();
    heldFrom(store, 4);
    const lane = await channelOf(ben);
    await lane.ask("fetch", { file: FILE.id, from: 0, window: 1 << 20 });
    await lane.until("chunk", 4);
    site.disk.losePower();
    await site.restartAfterCrash();
    store.before = () => {};
    const again = await site.again(ben, "ben");
    expect((await download(await channelOf(again), FILE.id)).bytes).toEqual(WHOLE);
    await site.stop();
  });

  test("replaces what lies on the disk under its id, and is another content", async () => {
    const { site, blobs, ben } = await lacking();
    const other = new TestFile("big", 3 * CHUNK_BYTES, "x", new Uint8Array(3 * CHUNK_BYTES));
    const about = { file: FILE.id, by: "u" as never, name: "x", to: [], sinceMs: 1 };
    const blob = await site.wait(blobs.create(about));
    for (const [i, chunk] of other.chunks.entries()) {
      await site.wait(blob.append(other.hashes[i] ?? new Uint8Array(), chunk));
    }
    await site.wait(blob.sync());
    blob.close();
    expect((await download(await channelOf(ben), FILE.id)).bytes).toEqual(WHOLE);
    await site.stop();
  });

  test("that is erased while it comes leaves nothing behind", async () => {
    const { site, store, ben, ana, seq, stored } = await lacking();
    await operating(ana);
    const letGo = heldFrom(store, 5);
    const lane = await channelOf(ben);
    await lane.ask("fetch", { file: FILE.id, from: 0, window: 1 << 20 });
    await lane.until("chunk", 4);
    await ana.ask("erase", { seq });
    expect((await lane.untilEnded()).fault?.code).toMatch(/file-unknown|not-member/);
    letGo();
    await site.quiet();
    expect(stored()).toEqual([]);
    expect(store.files.size).toBe(0);
    await site.stop();
  });

  test("is not fetched where the disk has no room for it", async () => {
    const { site, ben, have } = await lacking();
    const lane = await channelOf(ben);
    site.disk.leave(FILE.size / 2);
    await lane.ask("fetch", { file: FILE.id, from: 0, window: 1 << 20 });
    expect((await lane.untilEnded()).fault?.code).toBe("store-full");
    expect(await have()).toBe(0);
    site.disk.leave(2 * FILE.size);
    expect((await download(await channelOf(ben), FILE.id)).bytes).toEqual(WHOLE);
    await site.stop();
  });

  test("is given out over HTTP in ranges, while it comes", async () => {
    const { site, store, ben } = await lacking();
    const letGo = heldFrom(store, 12);
    const { path } = await ben.ask("download", { file: FILE.id });
    const handle = httpHandler({ name: "x", port: () => 1, fingerprint: "x", ...site.server.http });
    const get = (range: string) => {
      const request = new Request(`https://x${path}`, { headers: { range } });
      return handle(request, { host: "10.0.0.9", port: 4_000 });
    };
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
    await site.stop();
  });
});
