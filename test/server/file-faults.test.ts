import { describe, expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import type { DiskCall, Trouble } from "../io/disk/sim.ts";
import { channelOf, download, TestFile } from "./data-channel.ts";
import { Site } from "./site.ts";

/** What a disk does to files must not touch what people say, nor other files. */

const OLD = new TestFile("old", 2 * CHUNK_BYTES);
const NEW = new TestFile("new", 3 * CHUNK_BYTES);
const isContent = (path: string) => path.startsWith("/d/files");

async function site(): Promise<{ site: Site; ana: Awaited<ReturnType<Site["member"]>> }> {
  const one = await Site.open();
  const ana = await one.member("ana");
  await OLD.upload(await channelOf(ana));
  return { site: one, ana };
}

describe("a disk that", () => {
  test("is full ends the upload, which goes on when there is room", async () => {
    const { site: one, ana } = await site();
    const lane = await channelOf(ana);
    await lane.ask("offer", NEW.offer());
    one.trouble = (call, path) => (call === "write" && isContent(path) ? "ENOSPC" : undefined);
    NEW.sendAll(lane);
    const { fault } = await lane.untilEnded();
    expect(fault).toMatchObject({ code: "store-full" });
    expect(fault?.message).toBe("the server's disk is full, at chunk 0");
    await one.wait(ana.say("words go on"));
    expect((await download(await channelOf(ana), OLD.id)).bytes).toHaveLength(OLD.size);
    expect(one.events.map(({ kind }) => kind)).toContain("full");
    expect(one.events.map(({ kind }) => kind)).not.toContain("failed");
    one.trouble = () => undefined;
    const next = await channelOf(ana);
    await NEW.upload(next);
    const { bytes } = await download(next, NEW.id);
    expect(Buffer.compare(bytes, Buffer.concat(NEW.chunks))).toBe(0);
    await one.stop();
  });

  test("takes no new file refuses the offer", async () => {
    const { site: one, ana } = await site();
    const lane = await channelOf(ana);
    one.trouble = (call, path) => (call === "write" && isContent(path) ? "ENOSPC" : undefined);
    expect(await lane.refused("offer", NEW.offer())).toMatchObject({
      code: "store-full",
      message: "the server's disk is full",
    });
    one.trouble = () => undefined;
    await NEW.upload(lane);
    await one.stop();
  });

  const KINDS: readonly [DiskCall, Trouble][] = [
    ["write", "EIO"],
    ["sync", "EIO"],
    ["sync", "ENOSPC"],
    ["read", "EIO"],
    ["open", "EACCES"],
  ];

  test.each(KINDS)("fails at any %s with %s leaves the rest alone", async (kind, code) => {
    for (let at = 1; at < 12; at++) {
      const { site: one, ana } = await site();
      let count = 0;
      one.trouble = (call, path) => {
        if (call !== kind || !isContent(path)) return undefined;
        return ++count === at ? code : undefined;
      };
      const lane = await channelOf(ana);
      try {
        const reading = await channelOf(ana);
        reading.send("fetch", { file: OLD.id, from: 0, window: CHUNK_BYTES });
        await lane.ask("offer", NEW.offer());
        NEW.sendAll(lane);
        await one.until("acks or an end", () => {
          return lane.all("ack").length === 3 || lane.ended !== undefined || undefined;
        });
        await lane.ask("finish", NEW.finish);
      } catch {
        // As it may be: what matters is what can be done afterwards.
      }
      await one.quiet();
      one.trouble = () => undefined;
      await one.wait(ana.say("words go on"));
      lane.hangUp();
      await one.quiet();
      const next = await channelOf(ana);
      const { posted } = await NEW.upload(next);
      expect(posted).toHaveLength(1);
      const { bytes } = await download(next, NEW.id);
      expect(Buffer.compare(bytes, Buffer.concat(NEW.chunks))).toBe(0);
      expect((await download(next, OLD.id)).bytes).toHaveLength(OLD.size);
      expect(one.events.map((event) => event.kind)).not.toContain("failed");
      await one.stop();
      if (count < at) return;
    }
  });

  test("cannot erase says so, and does it at the next start", async () => {
    const { site: one, ana } = await site();
    const { records } = await ana.ask("history", { files: true, limit: 1 });
    const head = JSON.parse(Buffer.from(records[0]?.head ?? []).toString()) as { seq: number };
    one.trouble = (call, path) => (call === "remove" && isContent(path) ? "EIO" : undefined);
    expect((await ana.refused("erase", { seq: head.seq })).code).toBe("store-failed");
    one.trouble = () => undefined;
    expect(one.events.map(({ kind }) => kind)).not.toContain("failed");
    expect(one.disk.list("/d/files")).toContain(OLD.id);
    const lane = await channelOf(ana);
    const fetch = { file: OLD.id, from: 0, window: CHUNK_BYTES };
    expect((await lane.refused("fetch", fetch)).code).toBe("file-unknown");
    await one.restart();
    expect(one.disk.list("/d/files")).toEqual([]);
    await one.stop();
  });

  test("has lost content says so to whoever fetches it", async () => {
    const { site: one, ana } = await site();
    await one.stop();
    one.disk.fileAt(`/d/files/${OLD.id}/chunks.jsonl`).truncate(46);
    await one.wait(one.start());
    const again = await one.again(ana, "ana");
    const lane = await channelOf(again);
    await lane.ask("fetch", { file: OLD.id, from: 0, window: CHUNK_BYTES });
    const ended = (await lane.untilEnded()).fault;
    expect(ended).toMatchObject({
      code: "checksum-wrong",
      message: "the server's copy of this file is damaged",
    });
    await one.wait(again.say("still here"));
    await one.stop();
  });
});

test("twenty uploads and downloads at once leave words quick", async () => {
  const one = await Site.open({ seed: 7 });
  const [ana, ben] = [await one.member("ana"), await one.member("ben")];
  const files = Array.from({ length: 20 }, (_, i) => new TestFile(`n${i}x`, 6 * CHUNK_BYTES));
  const uploads = [];
  for (const file of files) uploads.push({ file, lane: await channelOf(ana) });
  const readers = [];
  for (const { file, lane } of uploads) {
    await lane.ask("offer", file.offer());
    const reader = await channelOf(ben);
    readers.push({ file, reader });
    await reader.ask("fetch", { file: file.id, from: 0, window: 8 * CHUNK_BYTES });
  }
  const tooks: number[] = [];
  for (let round = 0; round < 6; round++) {
    for (const { file, lane } of uploads) file.send(lane, round);
    const before = one.time.now();
    await one.wait(ana.say(`word ${round}`));
    tooks.push(one.time.now() - before);
  }
  expect(Math.max(...tooks)).toBeLessThanOrEqual(5);
  const finished = uploads.map(({ file, lane }) => lane.send("finish", file.finish));
  for (const finish of finished) expect((await one.wait(finish)).posted).toHaveLength(1);
  for (const { file, reader } of readers) {
    for (const index of file.chunks.keys()) {
      await reader.until("chunk", index + 1);
      reader.tell({ kind: "ack", file: file.id, index });
    }
    await reader.until("end");
    const bytes = Buffer.concat(reader.all("chunk").map((chunk) => chunk.bytes));
    expect(Buffer.compare(bytes, Buffer.concat(file.chunks))).toBe(0);
  }
  await one.quiet();
  expect(ben.texts()).toEqual(["word 0", "word 1", "word 2", "word 3", "word 4", "word 5"]);
  const metrics = one.server.http.operator?.metrics();
  expect(metrics).toMatch(/^chat_files 20$/m);
  expect(metrics).toMatch(/^chat_lanes 40$/m);
  expect(metrics).toMatch(/^chat_unfinished_files 0$/m);
  expect(metrics).toMatch(/^chat_file_queued_bytes 0$/m);
  expect(metrics).toMatch(new RegExp(`^chat_file_sent_bytes_total ${120 * CHUNK_BYTES}$`, "m"));
  await one.stop();
});
