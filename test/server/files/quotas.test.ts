import { expect, test } from "bun:test";
import { CHUNK_BYTES, FREE_BYTES_MIN } from "../../../src/base/limits.ts";
import { DISK_CHECK_INTERVAL_MS } from "../../../src/base/limits-page.ts";
import { QUOTAS_DEFAULT } from "../../../src/server/files/quotas.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { Site, siteWith } from "../site.ts";

const TWO = new TestFile("two", 2 * CHUNK_BYTES);
const ONE = new TestFile("one", CHUNK_BYTES);
const DROP = new TestFile("drop", 1);

function streamed(file: TestFile) {
  const { size: _size, ...offer } = file.offer();
  return offer;
}

test("limits the size of a file", async () => {
  const site = await Site.open({ files: { fileBytesMax: CHUNK_BYTES } });
  const lane = await channelOf(await site.member("ana"));
  expect(await lane.refusal("offer", TWO.offer())).toBe("too-large");
  const more = new TestFile("more", CHUNK_BYTES + 1);
  expect(await lane.refusal("offer", more.offer())).toBe("too-large");
  await ONE.upload(lane);
});

test("limits the bytes of an account until its files are erased", async () => {
  const { ana, ben } = await siteWith(["ana", "ben"], { files: { userBytesMax: 3 * CHUNK_BYTES } });
  const lane = await channelOf(ana);
  const posted = await TWO.upload(lane);
  const begun = await channelOf(ana);
  await begun.request("offer", ONE.offer());
  ONE.send(begun, 0);
  await begun.until("ack");
  expect(await lane.refusal("offer", DROP.offer())).toBe("quota-reached");
  expect(await lane.refusal("offer", streamed(DROP))).toBe("quota-reached");
  await new TestFile("bens", 1).upload(await channelOf(ben));
  await ana.request("erase", { seq: posted[0]?.seq ?? 0 });
  await begun.request("withdraw", { file: ONE.id });
  await new TestFile("anew", 3 * CHUNK_BYTES).upload(lane);
  expect(await lane.refusal("offer", DROP.offer())).toBe("quota-reached");
});

test("counts the bytes of an account across a restart", async () => {
  const { site, ana } = await siteWith(["ana"], { files: { userBytesMax: 3 * CHUNK_BYTES } });
  const lane = await channelOf(ana);
  await TWO.upload(lane);
  await lane.request("offer", ONE.offer());
  ONE.send(lane, 0);
  await lane.until("ack", 3);
  await site.restart();
  await site.quiet();
  const next = await channelOf(await site.again(ana, "ana"));
  expect(await next.refusal("offer", DROP.offer())).toBe("quota-reached");
  expect(await next.request("offer", ONE.offer())).toMatchObject({ have: 1 });
  await next.request("finish", ONE.finish);
  expect(await next.refusal("offer", DROP.offer())).toBe("quota-reached");
});

test("ends a stream at the chunk that exceeds the total", async () => {
  const { ana, ben } = await siteWith(["ana", "ben"], {
    files: { totalBytesMax: 3 * CHUNK_BYTES },
  });
  await TWO.upload(await channelOf(ana));
  const lane = await channelOf(ben);
  const stream = new TestFile("stream", 2 * CHUNK_BYTES);
  await lane.request("offer", streamed(stream));
  stream.sendAll(lane);
  const { fault } = await lane.untilEnded();
  expect(fault).toMatchObject({ code: "quota-reached" });
  expect(fault?.message).toContain("chunk 1");
  const next = await channelOf(ben);
  expect(await next.refusal("offer", streamed(stream))).toBe("quota-reached");
  await next.request("withdraw", { file: stream.id });
  await ONE.upload(next);
});

test("leaves free space on the disk for the log", async () => {
  expect(QUOTAS_DEFAULT.freeBytesMin).toBe(FREE_BYTES_MIN);
  const { site, ana } = await siteWith(["ana"], { files: { freeBytesMin: 4 * CHUNK_BYTES } });
  const lane = await channelOf(ana);
  site.disk.leave(7 * CHUNK_BYTES + 4_096);
  expect(await lane.refusal("offer", TWO.offer())).toBe("store-full");
  const { size: _size, ...stream } = TWO.offer();
  await lane.request("offer", stream);
  TWO.sendAll(lane);
  const { fault } = await lane.untilEnded();
  expect(fault).toMatchObject({ code: "store-full" });
  expect(fault?.message).toContain("chunk 1");
  await site.wait(ana.post("there is room for words"));
});

test("leaves free space for the messages of others, however many files one sends", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], {
    files: { freeBytesMin: 4 * CHUNK_BYTES },
  });
  const lane = await channelOf(ana);
  site.disk.leave(9 * CHUNK_BYTES);
  const sizes = [CHUNK_BYTES, CHUNK_BYTES / 16, CHUNK_BYTES / 256];
  for (const [i, size] of sizes.flatMap((size) => Array(16).fill(size) as number[]).entries()) {
    const file = new TestFile(`file${i}`, size);
    await file.upload(lane).catch(() => undefined);
  }
  expect(await lane.refusal("offer", ONE.offer())).toBe("store-full");
  await site.time.advance(DISK_CHECK_INTERVAL_MS);
  await site.wait(ben.post("a message", "lobby"));
});
