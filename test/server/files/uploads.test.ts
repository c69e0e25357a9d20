import { expect, test } from "bun:test";
import {
  CHUNK_BYTES,
  TRANSFER_SYNC_BYTES,
  UPLOAD_IDLE_TIMEOUT_MS,
  UPLOAD_KEEP_MS,
  UPLOADS_TOGETHER_MAX,
} from "../../../src/base/limits.ts";
import { UploadService } from "../../../src/server/files/uploads.ts";
import { channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { type Site, siteWith } from "../site.ts";
import { lab, labTest } from "../site-lab.ts";

const FOUR = new TestFile("four", 4 * CHUNK_BYTES);

async function acked(lane: Guest, count: number): Promise<void> {
  await lane.until("ack", count);
}

const stored = (site: Site) => site.disk.list("/d/files").filter((name) => name.startsWith("f"));

labTest(
  "announces an upload once and records it when it is complete",
  async ({ site, ana, ben }) => {
    const lane = await channelOf(ana);
    await lane.request("offer", FOUR.offer(["lab"]));
    await site.quiet();
    const size = FOUR.size;
    expect(ben.all("offered")).toMatchObject([{ file: FOUR.id, from: "ana", size }]);
    lane.hangUp();
    await site.quiet();
    const next = await channelOf(ana);
    const posted = await FOUR.upload(next, ["lab"]);
    await site.quiet();
    expect(ben.all("offered")).toHaveLength(1);
    const record = ben.records.find(({ head }) => head.kind === "file");
    expect(record?.head).toMatchObject({ seq: posted[0]?.seq, kind: "file" });
    const digest = Buffer.from(FOUR.digest).toString("hex");
    const files = [{ file: FOUR.id, name: FOUR.name, size, chunks: 4, digest }];
    expect(record?.body).toEqual({ files });
    expect(site.events.map(({ kind }) => kind)).toContain("offered");
  },
);

test("resumes an upload after a power loss from its durable chunks", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const file = new TestFile("big", TRANSFER_SYNC_BYTES + 3 * CHUNK_BYTES);
  const lane = await channelOf(ana);
  await lane.request("offer", file.offer());
  await file.pour(lane);
  const { upTo } = await lane.until("durable");
  expect(upTo).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES / CHUNK_BYTES);
  site.disk.losePower();
  await site.restartAfterCrash();
  const again = await site.again(ana, "ana");
  const next = await channelOf(again);
  const { have } = await next.request("offer", file.offer());
  expect(have).toBeGreaterThanOrEqual(upTo);
  await file.pour(next, have);
  await next.request("finish", file.finish);
});

test("uploads an empty file, a stream, and a folder", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const lane = await channelOf(ana);
  const empty = new TestFile("empty", 0);
  await lane.request("offer", empty.offer());
  expect(await empty.end(lane)).toHaveLength(1);
  expect((await download(lane, empty.id)).bytes).toHaveLength(0);

  const stream = new TestFile("stream", CHUNK_BYTES + 7);
  const { size: _size, ...offer } = stream.offer();
  await lane.request("offer", offer);
  stream.sendAll(lane);
  await acked(lane, 2);
  lane.hangUp();
  await site.quiet();
  const next = await channelOf(ana);
  expect(await next.request("offer", offer)).toMatchObject({ have: 2 });
  expect(await stream.end(next)).toHaveLength(1);

  const folder = { entries: 2, manifestBytes: 100 };
  const tree = new TestFile("tree", 300);
  const small = { ...tree.offer(), folder: { entries: 2, manifestBytes: 301 } };
  expect(await next.refusal("offer", small)).toBe("usage");
  await next.request("offer", { ...tree.offer(), folder });
  tree.send(next, 0);
  await tree.end(next);
  expect((await download(next, tree.id)).about.folder).toEqual(folder);
});

test("passes on what the sender says of a file, during the upload and in its record", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const lane = await channelOf(ana);
  const details = { mode: 0o751, mtimeMs: -278_794_432_877 };
  await lane.request("offer", FOUR.offer(["lobby"], { details }));
  FOUR.send(lane, 0);
  const fetch = { file: FOUR.id, from: 0, window: 1 << 20 };
  expect(await (await channelOf(ben)).request("fetch", fetch)).toMatchObject({ details });
  lane.hangUp();
  await site.quiet();
  const next = await channelOf(ana);
  const later = { mode: 0o600, mtimeMs: 5 };
  const { have } = await next.request("offer", FOUR.offer(["lobby"], { details: later }));
  await FOUR.pour(next, have);
  await FOUR.end(next);
  await site.quiet();
  expect(ben.records.at(-1)?.body).toMatchObject({ files: [{ name: FOUR.name, details }] });
  expect((await download(await channelOf(ben), FOUR.id)).about).toMatchObject({ details });
});

test.each([{ mode: 0o4755 }, { mode: -1 }, { mtimeMs: 0.5 }, { mtimeMs: 8_640_000_000_000_001 }])(
  "refuses an offer with the details %p",
  async (details) => {
    const { ana } = await siteWith(["ana"]);
    const lane = await channelOf(ana);
    expect(await lane.refusal("offer", FOUR.offer(["lobby"], { details }))).toBe("frame-malformed");
  },
);

test("refuses an upload on a second channel until the first one is idle", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const [one, two] = [await channelOf(ana), await channelOf(ana)];
  await one.request("offer", FOUR.offer());
  FOUR.send(one, 0);
  await acked(one, 1);
  const fault = await two.refused("offer", FOUR.offer());
  expect(fault).toMatchObject({ code: "too-many", retryAfterMs: 1_000 });
  await site.time.advance(UPLOAD_IDLE_TIMEOUT_MS);
  expect(await two.refusal("offer", FOUR.offer())).toBe("too-many");
  expect((await one.untilEnded()).fault?.code).toBe("too-many");
  expect(await two.request("offer", FOUR.offer())).toMatchObject({ have: 1 });
  FOUR.sendAll(two);
  await two.request("finish", FOUR.finish);
});

test("refuses to resume an upload with another sender, target or size", async () => {
  const { site, ana, ben } = await lab();
  const [anas, bens] = [await channelOf(ana), await channelOf(ben)];
  await anas.request("offer", FOUR.offer(["lab", "@ben"]));
  expect(await bens.refusal("offer", FOUR.offer(["lab"]))).toBe("not-allowed");
  expect(await bens.refusal("withdraw", { file: FOUR.id })).toBe("file-unknown");
  anas.hangUp();
  await site.quiet();
  const next = await channelOf(ana);
  expect(await next.refusal("offer", FOUR.offer(["lab"]))).toBe("usage");
  const other = FOUR.offer(["lab", "@ben"], { size: 7 });
  expect(await next.refusal("offer", other)).toBe("usage");
  await FOUR.upload(next, ["@BEN", "#lab", "lab"]);
  expect(await bens.refusal("offer", FOUR.offer(["lab"]))).toBe("not-allowed");
  expect(await next.refusal("offer", FOUR.offer(["lab"]))).toBe("usage");
});

labTest("drops the chunks that a file no longer has", async ({ site, ana, ben }) => {
  const lane = await channelOf(ana);
  await lane.request("offer", FOUR.offer(["lab"]));
  FOUR.sendAll(lane, 0, 3);
  await acked(lane, 3);
  lane.hangUp();
  await site.quiet();
  const whole = new Uint8Array(FOUR.size);
  whole.set(FOUR.chunks[0] ?? []);
  const changed = TestFile.of("four", whole, FOUR.name);
  const again = await channelOf(ana);
  expect(await again.request("offer", changed.offer(["lab"], { keep: 1 }))).toMatchObject({
    have: 1,
  });
  changed.sendAll(again, 1);
  await changed.end(again, ["lab"]);
  const { bytes } = await download(await channelOf(ben), FOUR.id);
  expect(bytes).toEqual(whole);
});

labTest("drops no chunks that a reader may have received", async ({ site, ana, ben }) => {
  const [lane, reader] = [await channelOf(ana), await channelOf(ben)];
  await lane.request("offer", FOUR.offer(["lab"]));
  FOUR.sendAll(lane, 0, 3);
  await acked(lane, 3);
  await reader.request("fetch", { file: FOUR.id, from: 0, window: CHUNK_BYTES });
  await reader.until("chunk");
  lane.hangUp();
  await site.quiet();
  const again = await channelOf(ana);
  const offer = FOUR.offer(["lab"], { keep: 1 });
  expect(await again.request("offer", offer)).toMatchObject({ have: 3 });
  FOUR.sendAll(again, 3);
  await again.request("finish", FOUR.finish);
});

labTest("lets the sender withdraw an upload", async ({ site, ana, ben }) => {
  const [lane, other, reader] = [await channelOf(ana), await channelOf(ana), await channelOf(ben)];
  await lane.request("offer", FOUR.offer(["lab"]));
  FOUR.send(lane, 0);
  await reader.request("fetch", { file: FOUR.id, from: 0, window: CHUNK_BYTES });
  await reader.until("chunk");
  await other.request("withdraw", { file: FOUR.id });
  expect((await lane.untilEnded()).fault?.code).toBe("file-unknown");
  expect((await reader.untilEnded()).fault?.code).toBe("file-unknown");
  expect(stored(site)).toEqual([]);
  expect(await other.refusal("withdraw", { file: FOUR.id })).toBe("file-unknown");
  expect(site.events.map(({ kind }) => kind)).toContain("withdrawn");
  await FOUR.upload(other, ["lab"]);
  expect(await other.refusal("withdraw", { file: FOUR.id })).toBe("not-allowed");
});

test("deletes an abandoned upload, even across a restart", async () => {
  const { site, ana } = await siteWith(["ana"], { operatorToken: "token" });
  for (const id of ["old", "older"]) {
    const lane = await channelOf(ana);
    await lane.request("offer", new TestFile(id, FOUR.size).offer());
    lane.hangUp();
  }
  const lane = await channelOf(ana);
  await FOUR.upload(lane);
  await site.stop();
  site.skewMs += UPLOAD_KEEP_MS - 60_000;
  await site.wait(site.start());
  await site.quiet();
  expect(stored(site)).toHaveLength(3);
  const operator = await site.again(ana, "ana");
  await operator.request("operate", { token: "token" });
  await operator.request("clock", { accept: true });
  const again = await channelOf(operator);
  await again.request("offer", new TestFile("old", FOUR.size).offer());
  again.hangUp();
  await site.quiet();
  site.skewMs += 60_000;
  await site.time.advance(60 * 60_000);
  expect(stored(site).map((name) => name.slice(0, 4))).toEqual(["ffou", "fold"]);
});

test("deletes an erased file only if no post in flight has listed it again", async () => {
  const removed: string[] = [];
  let isPosted = false;
  const uploads = new UploadService({
    blobs: { remove: async (file: string) => void removed.push(file) },
    engine: { files: { get: () => (isPosted ? {} : undefined), wasErased: () => !isPosted } },
    clock: { unixMs: () => 0 },
  } as never);
  const release = uploads.hold("u1" as never, [FOUR.id]);
  const erased = uploads.onErased(FOUR.id, true);
  await Promise.resolve();
  isPosted = true;
  release();
  await erased;
  expect(removed).toEqual([]);
  isPosted = false;
  await uploads.onErased(FOUR.id, true);
  expect(removed).toEqual([FOUR.id]);
});

test("holds no file of another account, which its owner could then not send on", async () => {
  const about = { file: FOUR.id, by: "u1", name: "four", to: ["lobby"], sinceMs: 0 };
  const uploads = new UploadService({
    blobs: { list: async () => [about] },
    engine: {
      files: {
        get: (file: string) => (file === "posted" ? { by: "u1" } : undefined),
        wasErased: () => false,
      },
    },
    clock: { unixMs: () => 0 },
    quotas: { count() {} },
    recipients: { addresseeOf: () => undefined },
    files: { onChange() {} },
  } as never);
  await uploads.restore();
  const hold = (by: string, ...files: string[]) => uploads.hold(by as never, files as never);
  expect(() => hold("u2", "own", FOUR.id)).toThrow("no such file");
  expect(() => hold("u2", "posted")).toThrow("no such file");
  hold("u1", FOUR.id, "posted");
});

test("forgets an upload that another server finishes while it is measured", async () => {
  const about = { file: FOUR.id, by: "u1", name: "four", to: ["lobby"], sinceMs: 0 };
  const opened = Promise.withResolvers<object>();
  let isPosted = false;
  const uploads = new UploadService({
    blobs: { list: async () => [about], open: () => opened.promise },
    engine: { files: { get: () => (isPosted ? about : undefined), wasErased: () => false } },
    clock: { unixMs: () => 0 },
    quotas: { count() {} },
    recipients: { addresseeOf: () => undefined },
    files: { onChange() {} },
  } as never);
  await uploads.restore();
  const measured = uploads.measure(() => false);
  isPosted = true;
  uploads.onPosted(FOUR.id as never);
  expect(uploads.unfinishedCount).toBe(1);
  opened.resolve({ sizeBytes: 1, lastAppendMs: () => 0, close() {} });
  await measured;
  expect(uploads.unfinishedCount).toBe(0);
});

test("removes few files at a time, of several accounts in turn", async () => {
  const list = Array.from({ length: 9 }, (_, i) => {
    const by = i < 6 ? "u1" : `u${i}`;
    return { file: `f${i}`, by, name: "x", to: ["lobby"], sinceMs: 0 };
  });
  const removed: string[] = [];
  let [running, most] = [0, 0];
  const uploads = new UploadService({
    blobs: {
      list: async () => list,
      remove: async (file: string) => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        removed.push(file);
        running--;
      },
    },
    engine: { files: { get: () => undefined, wasErased: () => false } },
    clock: { unixMs: () => 0 },
    quotas: { count() {} },
    recipients: { addresseeOf: () => undefined },
    files: { onChange() {} },
  } as never);
  await uploads.restore();
  await Promise.all(list.map(({ by, file }) => uploads.withdraw(by as never, file as never)));
  expect(most).toBe(UPLOADS_TOGETHER_MAX);
  // The files of one account wait behind those of others.
  expect(removed.slice(0, 5).sort()).toEqual(["f0", "f1", "f6", "f7", "f8"]);
});

labTest("posts a file in a thread of its target, and in no other", async ({ site, ana, ben }) => {
  const { seq: root } = await site.wait(ben.post("a question", "lab"));
  const { seq: elsewhere } = await site.wait(ben.post("a question", "lobby"));
  const inThread = { re: root, thread: true };
  const { seq: reply } = await site.wait(
    ben.post("a reply", "lab", "AAAAAAAAAAA", { ...inThread, mentions: [] }),
  );
  const lane = await channelOf(ana);
  await lane.request("offer", FOUR.offer(["lab"], { thread: root }));
  await site.quiet();
  expect(ben.all("offered").map(({ thread }) => thread)).toEqual([root]);
  await FOUR.pour(lane);
  await lane.request("finish", FOUR.finish);
  let counter = 0;
  const post = (more: object) => FOUR.post("lab", ++counter, { mentions: [], ...more });
  for (const re of [elsewhere, reply, 999, undefined]) {
    const code = re === undefined ? "text-invalid" : "not-found";
    expect(await ana.refusal("post", post({ re, thread: true }))).toBe(code);
  }
  await ben.request("erase", { seq: root });
  await ana.request("post", post(inThread));
  await site.quiet();
  const files = ben.records.filter(({ head }) => head.kind === "file");
  expect(files.map(({ body }) => body)).toMatchObject([inThread]);
});

labTest("refuses files of the muted in threads", async (here) => {
  const { site, ana, ben } = here;
  const { seq: re } = await site.wait(ana.post("a question", "lab"));
  const lane = await channelOf(ben);
  await lane.request("offer", FOUR.offer(["lab"]));
  await FOUR.pour(lane);
  await ana.request("mute", { room: "lab", user: "ben", on: true });
  await lane.request("finish", FOUR.finish);
  const post = FOUR.post("lab", 1, { re, thread: true, mentions: [] });
  expect(await ben.refusal("post", post)).toBe("muted");
});
