import { expect, test } from "bun:test";
import {
  CHUNK_BYTES,
  DATA_CHANNELS_PER_ACCOUNT_MAX,
  DOWNLOAD_QUEUES_BYTES,
  DOWNLOAD_QUEUES_PER_ACCOUNT_BYTES,
  SEND_QUEUE_LOW_BYTES,
} from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { MemoryLink } from "../../../src/io/link/memory-network.ts";
import { markHandled } from "../../../src/io/promises.ts";
import { downloadQueueBytes } from "../../../src/server/files/downloads.ts";
import { Digest } from "../../../src/wire/chunks.ts";
import { bytesOf, channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { lab, labTest } from "../site-lab.ts";

const FOUR = new TestFile("four", 4 * CHUNK_BYTES);
const WHOLE = Buffer.concat(FOUR.chunks);
const fetching = (window = 4 * CHUNK_BYTES, from = 0) => ({ file: FOUR.id, from, window });

async function postedFile() {
  const { site, ana, ben, eve } = await lab();
  const lane = await channelOf(ana);
  const posted = await FOUR.upload(lane, ["lab"]);
  return { site, ana, ben, eve, lane, seq: posted[0]?.seq ?? 0 };
}

test("starts a download at any chunk and ends it with the file's size and digest", async () => {
  const { site, ben } = await postedFile();
  const lane = await channelOf(ben);
  const { about, bytes } = await download(lane, FOUR.id, 3);
  expect(about).toMatchObject({ name: FOUR.name, from: "ana", digest: FOUR.digest });
  expect(bytes).toEqual(new Uint8Array(WHOLE.subarray(3 * CHUNK_BYTES)));
  const { file, size, chunks, digest } = FOUR.finish;
  expect(lane.all("end")).toEqual([{ kind: "end", file, size, chunks, digest }]);
  expect((await download(lane, FOUR.id, 4)).bytes).toHaveLength(0);
  expect(await lane.refusal("fetch", fetching(CHUNK_BYTES, 5))).toBe("usage");
  await lane.request("got", { file: FOUR.id });
  expect(site.events.at(-1)).toMatchObject({ kind: "got", user: "ben", file: FOUR.id });
});

labTest("refuses a download beyond the end, even of unknown size", async ({ ana, ben }) => {
  const [lane, reader] = [await channelOf(ana), await channelOf(ben)];
  const { size: _size, ...stream } = FOUR.offer(["lab"]);
  await lane.request("offer", stream);
  expect(await reader.refusal("fetch", fetching(CHUNK_BYTES, 2 ** 53 - 1))).toBe("usage");
  FOUR.sendAll(lane);
  await lane.until("ack", 4);
  await FOUR.end(lane, ["lab"]);
  expect((await reader.refused("fetch", fetching(CHUNK_BYTES, 5))).message).toContain("4");
});

test("sends no more of a download than the window", async () => {
  const { site, ben } = await postedFile();
  const lane = await channelOf(ben);
  await lane.request("fetch", fetching(2 * CHUNK_BYTES));
  await site.quiet();
  expect(lane.all("chunk")).toHaveLength(2);
  lane.notify({ kind: "ack", file: FOUR.id, index: 0 });
  await site.quiet();
  expect(lane.all("chunk")).toHaveLength(3);
  expect(lane.all("end")).toHaveLength(0);
  lane.notify({ kind: "ack", file: FOUR.id, index: 2 });
  expect((await lane.untilEnded()).fault?.code).toBe("out-of-order");
});

labTest("queues little of a download for a slow reader", async ({ site, ana, ben }) => {
  const file = new TestFile("long", 24 * CHUNK_BYTES);
  await file.upload(await channelOf(ana), ["lab"]);
  const lane = await channelOf(ben);
  let acked = 0;
  await lane.request("fetch", { file: file.id, from: 0, window: 24 * CHUNK_BYTES });
  const release = (lane.link as MemoryLink).stall();
  const far = site.farEnd(lane);
  let most = 0;
  for (let i = 0; i < 40; i++) {
    most = Math.max(most, far.queuedBytes());
    await site.time.advance(5);
  }
  expect(most).toBeLessThan(SEND_QUEUE_LOW_BYTES + 2 * CHUNK_BYTES);
  release();
  await site.until("the end", () => {
    const chunks = lane.all("chunk");
    for (; acked < chunks.length; acked++) {
      lane.notify({ kind: "ack", file: file.id, index: acked });
    }
    return lane.all("end")[0];
  });
  expect(bytesOf(lane)).toHaveLength(file.size);
});

labTest(
  "queues few chunks for each of many downloads of an account",
  async ({ site, ana, ben, eve }) => {
    const file = new TestFile("long", 24 * CHUNK_BYTES);
    await file.upload(await channelOf(ana), ["lab"]);
    const sessions = [ben, await site.again(ben, "ben")];
    const lanes: Guest[] = [];
    for (let i = 0; i < DATA_CHANNELS_PER_ACCOUNT_MAX; i++) {
      const lane = await channelOf(sessions[i % 2] ?? ben);
      lanes.push(lane);
      (lane.link as MemoryLink).stall();
    }
    const acked = lanes.map(() => 0);
    // Their client acknowledges chunks that it has not read.
    for (const lane of lanes) {
      markHandled(lane.request("fetch", { file: file.id, from: 0, window: 24 * CHUNK_BYTES }));
    }
    for (let round = 0; round < 6; round++) {
      await site.time.advance(5);
      for (const [i, lane] of lanes.entries()) {
        lane.notify({ kind: "ack", file: file.id, index: acked[i] ?? 0 });
        acked[i] = (acked[i] ?? 0) + 1;
      }
    }
    await site.quiet();
    const queued = lanes.reduce((sum, lane) => sum + site.farEnd(lane).queuedBytes(), 0);
    expect(queued).toBeGreaterThan(0);
    // The first ones had larger shares, until their client reads.
    expect(queued).toBeLessThan(2.5 * DOWNLOAD_QUEUES_PER_ACCOUNT_BYTES);
    const other = await channelOf(eve);
    expect((await download(other, file.id)).bytes).toHaveLength(file.size);
  },
);

test("downloads of all accounts share their queues", () => {
  expect(downloadQueueBytes(1, 1)).toBe(SEND_QUEUE_LOW_BYTES);
  expect(downloadQueueBytes(16, 16)).toBe(SEND_QUEUE_LOW_BYTES);
  expect(downloadQueueBytes(17, 17)).toBeLessThan(SEND_QUEUE_LOW_BYTES);
  expect(downloadQueueBytes(64, 64)).toBe(CHUNK_BYTES);
  expect(downloadQueueBytes(1, 256)).toBe(SEND_QUEUE_LOW_BYTES);
  expect(512 * downloadQueueBytes(1, 512)).toBe(DOWNLOAD_QUEUES_BYTES);
  expect(downloadQueueBytes(1, 10_000)).toBe(CHUNK_BYTES);
});

labTest("reports once that a download waits for its upload", async ({ site, ana, ben }) => {
  const [lane, reader] = [await channelOf(ana), await channelOf(ben)];
  await lane.request("offer", FOUR.offer(["lab"]));
  expect(await reader.request("fetch", fetching())).toEqual({
    name: FOUR.name,
    from: "ana",
    size: FOUR.size,
  });
  await reader.until("held");
  FOUR.send(lane, 0);
  await reader.until("chunk");
  FOUR.sendAll(lane, 1);
  await reader.until("chunk", 4);
  await site.quiet();
  const kinds = reader.notices.map(({ kind }) => kind).filter((kind) => kind !== "welcome");
  expect(kinds.slice(0, 3)).toEqual(["held", "chunk", "held"]);
  expect(kinds.join(" ")).not.toContain("held held");
  expect(reader.all("end")).toHaveLength(0);
  await FOUR.end(lane, ["lab"]);
  await reader.until("end");
  expect(Buffer.compare(bytesOf(reader), WHOLE)).toBe(0);
});

const PREFIX = new Digest(new Bun.CryptoHasher("sha256"));
for (const chunk of FOUR.chunks.slice(0, 3)) PREFIX.add(sha256(chunk));

test("sends the digest of the chunks before the first one, if it is requested", async () => {
  const { ben } = await postedFile();
  const lane = await channelOf(ben);
  await lane.request("fetch", { ...fetching(CHUNK_BYTES, 3), prefix: true });
  await lane.until("end");
  const kinds = lane.notices.map(({ kind }) => kind).filter((kind) => kind !== "welcome");
  expect(kinds).toEqual(["prefix", "chunk", "end"]);
  expect(lane.all("prefix")).toEqual([
    { kind: "prefix", file: FOUR.id, chunks: 3, digest: PREFIX.value() },
  ]);
});

labTest("sends the digest as soon as the upload has reached it", async ({ site, ana, ben }) => {
  const [lane, reader] = [await channelOf(ana), await channelOf(ben)];
  await lane.request("offer", FOUR.offer(["lab"]));
  FOUR.send(lane, 0);
  await reader.request("fetch", { ...fetching(CHUNK_BYTES, 3), prefix: true });
  await site.quiet();
  expect(reader.all("prefix")).toEqual([]);
  FOUR.sendAll(lane, 1);
  await reader.until("chunk");
  expect(reader.all("prefix").map(({ digest }) => digest)).toEqual([PREFIX.value()]);
  expect(reader.all("chunk").map(({ index }) => index)).toEqual([3]);
});

test("sends a file only to its sender and readers of the room", async () => {
  const { site, ana, ben, lane } = await postedFile();
  const kim = await channelOf(await site.member("kim"));
  const fault = await kim.refused("fetch", fetching());
  const none = await kim.refused("fetch", { ...fetching(), file: "fZZZZZZZZZZZ" });
  expect([fault.code, fault.message]).toEqual([none.code, none.message]);
  expect(fault.code).toBe("file-unknown");
  expect(await kim.refusal("got", { file: FOUR.id })).toBe("file-unknown");
  await ben.request("leave", { room: "lab" });
  const bens = await channelOf(ben);
  expect(await bens.refusal("fetch", fetching())).toBe("file-unknown");
  await ana.request("leave", { room: "lab" });
  expect((await download(lane, FOUR.id)).bytes).toHaveLength(FOUR.size);
});

test("sends a direct file to its recipient, even before the first message", async () => {
  const { ana, ben, eve } = await lab();
  const [lane, reader, other] = [await channelOf(ana), await channelOf(ben), await channelOf(eve)];
  await lane.request("offer", FOUR.offer(["@ben"]));
  await reader.request("fetch", fetching());
  expect(await other.refusal("fetch", fetching())).toBe("file-unknown");
  FOUR.sendAll(lane);
  const posted = await FOUR.end(lane, ["@ben"]);
  expect(posted[0]?.queued).toBeUndefined();
  await reader.until("end");
  expect(await other.refusal("fetch", fetching())).toBe("file-unknown");
});

test("stops sending a file to a removed member", async () => {
  const { ana, ben } = await postedFile();
  const lane = await channelOf(ben);
  await lane.request("fetch", fetching(CHUNK_BYTES));
  await lane.until("chunk");
  await ana.request("kick", { room: "lab", user: "ben" });
  lane.notify({ kind: "ack", file: FOUR.id, index: 0 });
  expect((await lane.untilEnded()).fault?.code).toBe("not-member");
  expect(lane.all("chunk")).toHaveLength(1);
  expect(ben.ended).toBeUndefined();
});

test("erases the content with the last record, even during a download", async () => {
  const { site, ana, ben } = await lab();
  const lane = await channelOf(ana);
  const posted = await FOUR.upload(lane, ["lab", "lobby"]);
  const [inLab, inLobby] = posted.map(({ seq }) => seq);
  const reader = await channelOf(ben);
  await reader.request("fetch", fetching(CHUNK_BYTES));
  await reader.until("chunk");
  await ana.request("erase", { seq: inLab ?? 0 });
  expect(site.disk.list(`/d/files/${FOUR.id}`)).toContain("content");
  await ana.request("erase", { seq: inLobby ?? 0 });
  expect((await reader.untilEnded()).fault?.code).toBe("file-unknown");
  expect(site.disk.list("/d/files")).not.toContain(FOUR.id);
  expect(await lane.refusal("fetch", fetching())).toBe("file-unknown");
  expect(await lane.refusal("offer", FOUR.offer(["lab", "lobby"]))).toBe("not-found");
  expect(await lane.refusal("finish", FOUR.finish)).toBe("file-unknown");
  await site.restart();
  const next = await channelOf(await site.again(ana, "ana"));
  expect(await next.refusal("offer", FOUR.offer(["lab", "lobby"]))).toBe("not-found");
});

test("erases the content at the next start if the machine stopped in between", async () => {
  let wasStopped = true;
  for (let calls = 1; wasStopped; calls++) {
    expect(calls).toBeLessThan(40);
    const { site, ana, seq } = await postedFile();
    site.disk.stopAt(site.disk.calls + calls);
    let isDone = false;
    ana.send("erase", { seq }).then(
      () => {
        isDone = true;
      },
      () => undefined,
    );
    await site.time.advance(200);
    wasStopped = site.disk.isStopped;
    if (!wasStopped) expect(isDone).toBe(true);
    site.disk.losePower();
    await site.restartAfterCrash();
    const again = await site.again(ana, "ana");
    const { records } = await again.request("history", { target: "lab", files: true, limit: 10 });
    expect(records).toHaveLength(1);
    const isThere = site.disk.list("/d/files").includes(FOUR.id);
    expect(isThere).toBe(records[0]?.erased === undefined);
    if (isDone) expect(isThere).toBe(false);
  }
});
