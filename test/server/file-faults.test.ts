import { expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import type { DiskCall, DiskFailure } from "../io/disk/sim.ts";
import { channelOf, download, TestFile } from "./data-channel.ts";
import { Site } from "./site.ts";

const OLD = new TestFile("old", 2 * CHUNK_BYTES);
const NEW = new TestFile("new", 3 * CHUNK_BYTES);
const isContent = (path: string) => path.startsWith("/d/files");

async function site(): Promise<{ site: Site; ana: Awaited<ReturnType<Site["member"]>> }> {
  const one = await Site.open();
  const ana = await one.member("ana");
  await OLD.upload(await channelOf(ana));
  return { site: one, ana };
}

test("ends an upload on a full disk, which resumes when there is space", async () => {
  const { site: one, ana } = await site();
  const lane = await channelOf(ana);
  await lane.request("offer", NEW.offer());
  one.trouble = (call, path) => (call === "write" && isContent(path) ? "ENOSPC" : undefined);
  NEW.sendAll(lane);
  const { fault } = await lane.untilEnded();
  expect(fault).toMatchObject({ code: "store-full" });
  expect(fault?.message).toBe("the server's disk is full, at chunk 0");
  await one.wait(ana.post("posts continue"));
  expect((await download(await channelOf(ana), OLD.id)).bytes).toHaveLength(OLD.size);
  expect(one.events.map(({ kind }) => kind)).toContain("full");
  expect(one.events.map(({ kind }) => kind)).not.toContain("failed");
  one.trouble = () => undefined;
  const next = await channelOf(ana);
  await NEW.upload(next);
  const { bytes } = await download(next, NEW.id);
  expect(Buffer.compare(bytes, Buffer.concat(NEW.chunks))).toBe(0);
});

const KINDS: readonly [DiskCall, DiskFailure][] = [
  ["write", "EIO"],
  ["sync", "EIO"],
  ["sync", "ENOSPC"],
  ["read", "EIO"],
  ["open", "EACCES"],
];

test.each(KINDS)(
  "a disk that fails at any %s with %s leaves the rest alone",
  async (kind, code) => {
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
        await lane.request("offer", NEW.offer());
        NEW.sendAll(lane);
        await one.until("acks or an end", () => {
          return lane.all("ack").length === 3 || lane.ended !== undefined || undefined;
        });
        await lane.request("finish", NEW.finish);
      } catch {
        // Ignore the result, because only the following operations matter.
      }
      await one.quiet();
      one.trouble = () => undefined;
      await one.wait(ana.post("posts continue"));
      lane.hangUp();
      await one.quiet();
      const next = await channelOf(ana);
      const posted = await NEW.upload(next);
      expect(posted).toHaveLength(1);
      const { bytes } = await download(next, NEW.id);
      expect(Buffer.compare(bytes, Buffer.concat(NEW.chunks))).toBe(0);
      expect((await download(next, OLD.id)).bytes).toHaveLength(OLD.size);
      expect(one.events.map((event) => event.kind)).not.toContain("failed");
      await one.stop();
      if (count < at) return;
    }
  },
);

test("reports a failed erasure, and repeats it at the next start", async () => {
  const { site: one, ana } = await site();
  const { records } = await ana.request("history", { files: true, limit: 1 });
  const head = JSON.parse(Buffer.from(records[0]?.head ?? []).toString()) as { seq: number };
  one.trouble = (call, path) => (call === "remove" && isContent(path) ? "EIO" : undefined);
  expect(await ana.refusal("erase", { seq: head.seq })).toBe("store-failed");
  one.trouble = () => undefined;
  expect(one.events.map(({ kind }) => kind)).not.toContain("failed");
  expect(one.disk.list("/d/files")).toContain(OLD.id);
  const lane = await channelOf(ana);
  const fetch = { file: OLD.id, from: 0, window: CHUNK_BYTES };
  expect(await lane.refusal("fetch", fetch)).toBe("file-unknown");
  await one.restart();
  expect(one.disk.list("/d/files")).toEqual([]);
});

test("reports lost content to the client that fetches it", async () => {
  const { site: one, ana } = await site();
  await one.stop();
  one.disk.fileAt(`/d/files/${OLD.id}/chunks.jsonl`).truncate(46);
  await one.wait(one.start());
  const again = await one.again(ana, "ana");
  const lane = await channelOf(again);
  await lane.request("fetch", { file: OLD.id, from: 0, window: CHUNK_BYTES });
  const ended = (await lane.untilEnded()).fault;
  expect(ended).toMatchObject({
    code: "checksum-wrong",
    message: "the server's copy of this file is damaged",
  });
  await one.wait(again.post("still here"));
});
