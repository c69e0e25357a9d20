import { describe, expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import {
  CHUNK_BYTES,
  FILE_TARGETS_MAX,
  FILE_TEXT_BYTES_MAX,
  TRANSFER_SYNC_BYTES,
  UPLOAD_KEEP_MS,
  UPLOAD_SILENT_MS,
  UPLOADS_PER_ACCOUNT_MAX,
} from "../../../src/base/limits.ts";
import type { Name } from "../../../src/base/names.ts";
import type { BlobStore } from "../../../src/io/blob/interfaces.ts";
import { channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";
import { lab } from "../site-lab.ts";

const FOUR = new TestFile("four", 4 * CHUNK_BYTES);

async function acked(lane: Guest, count: number): Promise<void> {
  await lane.until("ack", count);
}

const stored = (site: Site) => site.disk.list("/d/files").filter((name) => name.startsWith("f"));

describe("an upload", () => {
  test("is offered to readers of the rooms, once, and told of when it is whole", async () => {
    const { site, ana, ben } = await lab();
    const lane = await channelOf(ana);
    await lane.ask("offer", FOUR.offer(["lab"]));
    await site.quiet();
    const size = FOUR.size;
    expect(ben.all("offered")).toMatchObject([{ file: FOUR.id, from: "ana", size }]);
    lane.hangUp();
    await site.quiet();
    const next = await channelOf(ana);
    const { posted } = await FOUR.upload(next, ["lab"]);
    await site.quiet();
    expect(ben.all("offered")).toHaveLength(1);
    const told = ben.records.find(({ head }) => head.kind === "file");
    expect(told?.head).toMatchObject({ seq: posted[0]?.seq, id: FOUR.id, kind: "file" });
    expect(told?.body).toEqual({
      file: FOUR.id,
      name: FOUR.name,
      size,
      chunks: 4,
      digest: Buffer.from(FOUR.digest).toString("hex"),
    });
    expect(site.events.map(({ kind }) => kind)).toContain("offered");
    await site.stop();
  });

  test("is told of with what its sender says, up to a bound", async () => {
    const { site, ana, ben } = await lab();
    const lane = await channelOf(ana);
    await lane.ask("offer", FOUR.offer(["lab", "@ben"]));
    FOUR.sendAll(lane);
    await acked(lane, 4);
    const text = "ü".repeat(FILE_TEXT_BYTES_MAX / 2);
    const long = { ...FOUR.finish, text: `${text}!` };
    expect((await lane.refused("finish", long)).code).toBe("too-large");
    expect(await lane.ask("finish", { ...FOUR.finish, text })).toMatchObject({ said: true });
    // Told of once: later words change nothing.
    await lane.ask("finish", { ...FOUR.finish, text: "no" });
    await site.quiet();
    const told = ben.records.filter(({ head }) => head.kind === "file");
    expect(told.map(({ body }) => (body as { text?: string }).text)).toEqual([text, text]);
    const empty = new TestFile("empty", 0);
    await lane.ask("offer", empty.offer(["lab"]));
    const nothing = { ...empty.finish, text: "", sending: "" };
    expect(await lane.ask("finish", nothing)).not.toHaveProperty("said");
    await site.quiet();
    expect(ben.records.at(-1)?.body).not.toHaveProperty("text");
    expect(ben.records.at(-1)?.body).not.toHaveProperty("sending");
    await site.stop();
  });

  test("is told of with the name of what was sent at once", async () => {
    const { site, ana, ben } = await lab();
    const lane = await channelOf(ana);
    await lane.ask("offer", FOUR.offer(["lab"]));
    await FOUR.pour(lane);
    const long = { ...FOUR.finish, sending: "s".repeat(65) };
    expect((await lane.refused("finish", long)).code).toBe("too-large");
    await lane.ask("finish", { ...FOUR.finish, sending: "s".repeat(64) });
    await site.quiet();
    expect(ben.records.at(-1)?.body).toMatchObject({ sending: "s".repeat(64) });
    await site.stop();
  });

  test("goes on with what is there when its lane was lost", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    expect(await lane.ask("offer", FOUR.offer())).toMatchObject({ have: 0 });
    FOUR.sendAll(lane, 0, 2);
    await acked(lane, 2);
    lane.hangUp();
    await site.quiet();
    const next = await channelOf(ana);
    expect(await next.ask("offer", FOUR.offer())).toMatchObject({ have: 2 });
    FOUR.send(next, 1); // Had already.
    FOUR.sendAll(next, 2);
    await acked(next, 3);
    expect((await next.ask("finish", FOUR.finish)).posted).toHaveLength(1);
    expect((await download(next, FOUR.id)).bytes).toHaveLength(FOUR.size);
    await site.stop();
  });

  test("goes on after a power loss with what was called durable, at least", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const file = new TestFile("big", TRANSFER_SYNC_BYTES + 3 * CHUNK_BYTES);
    const lane = await channelOf(ana);
    await lane.ask("offer", file.offer());
    await file.pour(lane);
    const { upTo } = await lane.until("durable");
    expect(upTo).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES / CHUNK_BYTES);
    site.disk.losePower();
    await site.restartAfterCrash();
    const again = await site.again(ana, "ana");
    const next = await channelOf(again);
    const { have } = await next.ask("offer", file.offer());
    expect(have).toBeGreaterThanOrEqual(upTo);
    await file.pour(next, have);
    await next.ask("finish", file.finish);
    await site.stop();
  });

  test("of an empty file, of a stream, and of a folder", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    const empty = new TestFile("empty", 0);
    await lane.ask("offer", empty.offer());
    expect((await lane.ask("finish", empty.finish)).posted).toHaveLength(1);
    expect((await download(lane, empty.id)).bytes).toHaveLength(0);

    const stream = new TestFile("stream", CHUNK_BYTES + 7);
    const { size: _size, ...offer } = stream.offer();
    await lane.ask("offer", offer);
    stream.sendAll(lane);
    await acked(lane, 2);
    lane.hangUp();
    await site.quiet();
    const next = await channelOf(ana);
    expect(await next.ask("offer", offer)).toMatchObject({ have: 2 });
    expect((await next.ask("finish", stream.finish)).posted).toHaveLength(1);

    const folder = { entries: 2, manifestBytes: 100 };
    const tree = new TestFile("tree", 300);
    const small = { ...tree.offer(), folder: { entries: 2, manifestBytes: 301 } };
    expect((await next.refused("offer", small)).code).toBe("usage");
    await next.ask("offer", { ...tree.offer(), folder });
    tree.send(next, 0);
    await next.ask("finish", tree.finish);
    expect((await download(next, tree.id)).about.folder).toEqual(folder);
    await site.stop();
  });

  test("is not to be had twice at once, but from a lane that fell silent", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const [one, two] = [await channelOf(ana), await channelOf(ana)];
    await one.ask("offer", FOUR.offer());
    FOUR.send(one, 0);
    await acked(one, 1);
    const fault = await two.refused("offer", FOUR.offer());
    expect(fault).toMatchObject({ code: "too-many", retryAfterMs: 1_000 });
    await site.time.advance(UPLOAD_SILENT_MS);
    expect((await two.refused("offer", FOUR.offer())).code).toBe("too-many");
    expect((await one.untilEnded()).fault?.code).toBe("too-many");
    expect(await two.ask("offer", FOUR.offer())).toMatchObject({ have: 1 });
    FOUR.sendAll(two, 1);
    await two.ask("finish", FOUR.finish);
    await site.stop();
  });

  test("belongs to its sender, its targets and its size", async () => {
    const { site, ana, ben } = await lab();
    const [anas, bens] = [await channelOf(ana), await channelOf(ben)];
    await anas.ask("offer", FOUR.offer(["lab", "@ben"]));
    expect((await bens.refused("offer", FOUR.offer(["lab"]))).code).toBe("not-allowed");
    expect((await bens.refused("withdraw", { file: FOUR.id })).code).toBe("file-unknown");
    anas.hangUp();
    await site.quiet();
    const next = await channelOf(ana);
    expect((await next.refused("offer", FOUR.offer(["lab"]))).code).toBe("usage");
    const other = FOUR.offer(["lab", "@ben"], { size: 7 });
    expect((await next.refused("offer", other)).code).toBe("usage");
    await FOUR.upload(next, ["@BEN", "#lab", "lab"]);
    expect((await bens.refused("offer", FOUR.offer(["lab"]))).code).toBe("not-allowed");
    expect((await next.refused("offer", FOUR.offer(["lab"]))).code).toBe("usage");
    await site.stop();
  });

  test("carries one file at a time", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    await lane.ask("offer", FOUR.offer());
    const other = new TestFile("other", 5);
    expect((await lane.refused("offer", other.offer())).code).toBe("out-of-order");
    const fetch = { file: FOUR.id, from: 0, window: CHUNK_BYTES };
    expect((await lane.refused("fetch", fetch)).code).toBe("out-of-order");
    FOUR.sendAll(lane);
    await lane.ask("finish", FOUR.finish);
    await other.upload(lane);
    await site.stop();
  });

  test("is given up by its sender", async () => {
    const { site, ana, ben } = await lab();
    const [lane, other, reader] = [
      await channelOf(ana),
      await channelOf(ana),
      await channelOf(ben),
    ];
    await lane.ask("offer", FOUR.offer(["lab"]));
    FOUR.send(lane, 0);
    await reader.ask("fetch", { file: FOUR.id, from: 0, window: CHUNK_BYTES });
    await reader.until("chunk");
    await other.ask("withdraw", { file: FOUR.id });
    expect((await lane.untilEnded()).fault?.code).toBe("file-unknown");
    expect((await reader.untilEnded()).fault?.code).toBe("file-unknown");
    expect(stored(site)).toEqual([]);
    expect((await other.refused("withdraw", { file: FOUR.id })).code).toBe("file-unknown");
    expect(site.events.map(({ kind }) => kind)).toContain("withdrawn");
    await FOUR.upload(other, ["lab"]);
    expect((await other.refused("withdraw", { file: FOUR.id })).code).toBe("not-allowed");
    await site.stop();
  });

  test("is given up when nobody went on with it for long, over a restart too", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    for (const id of ["old", "older"]) {
      const lane = await channelOf(ana);
      await lane.ask("offer", new TestFile(id, FOUR.size).offer());
      lane.hangUp();
    }
    const lane = await channelOf(ana);
    await FOUR.upload(lane);
    await site.stop();
    site.skewMs += UPLOAD_KEEP_MS - 60_000;
    await site.wait(site.start());
    await site.quiet();
    expect(stored(site)).toHaveLength(3);
    const again = await channelOf(await site.again(ana, "ana"));
    await again.ask("offer", new TestFile("old", FOUR.size).offer());
    again.hangUp();
    await site.quiet();
    site.skewMs += 60_000;
    await site.time.advance(60 * 60_000);
    expect(stored(site).map((name) => name.slice(0, 4))).toEqual(["ffou", "fold"]);
    await site.stop();
  });

  test("may have so many targets, and an account so many that are unfinished", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    const names = Array.from({ length: FILE_TARGETS_MAX + 1 }, (_, i) => `room${i}`);
    for (const room of names) await ana.ask("join", { room, create: true });
    expect((await lane.refused("offer", FOUR.offer(names))).code).toBe("too-large");
    const { posted } = await FOUR.upload(lane, names.slice(1));
    expect(posted).toHaveLength(FILE_TARGETS_MAX);
    await site.stop();
  });

  test("of one account are not begun without end", async () => {
    const begun = Array.from({ length: UPLOADS_PER_ACCOUNT_MAX - 1 }, (_, i) => {
      return new TestFile(`n${i}x`, 0).id;
    });
    let by = "" as UserId;
    const blobs = (store: BlobStore): BlobStore => ({
      list: async () =>
        begun.map((file) => ({ file, by, name: "x", to: ["lobby"], sinceMs: 1.9e12 })),
      create: (about) => store.create(about),
      open: (file) => (begun.includes(file) ? new Promise(() => {}) : store.open(file)),
      remove: (file) => store.remove(file),
      freeBytes: () => store.freeBytes(),
    });
    const site = await Site.open({ blobs });
    const ana = await site.member("ana");
    by = site.registry.find("ana" as Name)?.id ?? by;
    site.network.cut();
    await site.restartAfterCrash();
    const again = await site.again(ana, "ana");
    const [last, beyond] = [await channelOf(again), await channelOf(again)];
    await last.ask("offer", new TestFile("last", 9).offer());
    expect((await beyond.refused("offer", new TestFile("more", 9).offer())).code).toBe("too-many");
  });
});
