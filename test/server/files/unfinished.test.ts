import { expect, test } from "bun:test";
import {
  CHUNK_BYTES,
  STREAM_KEEP_MS,
  UPLOAD_KEEP_MS,
  UPLOADS_PAGE_MAX,
} from "../../../src/base/limits.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { openSharedSite } from "../shared-site.ts";
import { type Site, siteWith } from "../site.ts";
import { lab, labTest, operating, TOKEN } from "../site-lab.ts";

const FOUR = new TestFile("four", 4 * CHUNK_BYTES);
const MINUTE_MS = 60_000;

function streamed(file: TestFile, to?: string[]) {
  const { size: _size, ...offer } = file.offer(to);
  return offer;
}

/** Sends two chunks and loses the data channel. */
async function abandon(site: Site, guest: Guest, offer: object, file = FOUR): Promise<void> {
  const lane = await channelOf(guest);
  await lane.request("offer", offer as ReturnType<TestFile["offer"]>);
  file.sendAll(lane, 0, 2);
  await lane.until("ack", 2);
  lane.hangUp();
  await site.quiet();
}

const stored = (site: Site) => site.disk.list("/d/files").filter((name) => name.startsWith("f"));
const uploadsOf = async (guest: Guest) => (await guest.request("uploads", {})).uploads;

labTest("lists unfinished uploads for their account only", async ({ site, ana, ben }) => {
  const lane = await channelOf(ana);
  await lane.request("offer", FOUR.offer(["lab", "@ben"]));
  FOUR.send(lane, 0);
  await lane.until("ack");
  const sending = { file: FOUR.id, name: FOUR.name, to: ["lab", "@ben"], size: FOUR.size };
  expect(await uploadsOf(ana)).toMatchObject([{ ...sending, bytes: CHUNK_BYTES, sending: true }]);
  expect(await uploadsOf(ben)).toEqual([]);
  lane.hangUp();
  await site.quiet();
  const [upload] = await uploadsOf(ana);
  expect(upload?.sending).toBe(false);
  expect(upload?.expires).toBeGreaterThanOrEqual((upload?.since ?? 0) + UPLOAD_KEEP_MS);
  await FOUR.upload(await channelOf(ana), ["lab", "@ben"]);
  expect(await uploadsOf(ana)).toEqual([]);
});

labTest("lists unfinished uploads in pages", async ({ site, ana }) => {
  const files = Array.from({ length: UPLOADS_PAGE_MAX + 1 }, (_, i) => new TestFile(`n${i}`, 1));
  for (const file of files) {
    const lane = await channelOf(ana);
    await lane.request("offer", file.offer(["lab"]));
    lane.hangUp();
  }
  await site.quiet();
  const first = await ana.request("uploads", {});
  expect(first.uploads).toHaveLength(UPLOADS_PAGE_MAX);
  expect(first.more).toBe(true);
  const after = first.uploads.at(-1)?.file ?? "";
  const last = await ana.request("uploads", { after });
  expect(last.more).toBe(false);
  const listed = [...first.uploads, ...last.uploads].map(({ file }) => file);
  expect(listed).toEqual(files.map(({ id }) => id).toSorted());
});

labTest("keeps an upload from other accounts, and from two deletions at once", async (fixture) => {
  const { site, ana, ben } = fixture;
  await abandon(site, ana, FOUR.offer(["lab"]));
  const bens = await channelOf(ben);
  expect(await bens.refusal("withdraw", { file: FOUR.id })).toBe("file-unknown");
  expect(await ben.refusal("cancel", { file: FOUR.id, user: "ana", direction: "up" })).toBe(
    "not-allowed",
  );
  expect(await ben.refusal("all-files", { unfinished: true })).toBe("not-allowed");
  const lanes = [await channelOf(ana), await channelOf(ana)];
  const outcomes = lanes.map((lane) =>
    lane.request("withdraw", { file: FOUR.id }).then(
      () => "deleted",
      ({ code }: { code: string }) => code,
    ),
  );
  const [first, second] = await Promise.all(outcomes);
  expect(["deleted file-unknown", "deleted too-many"]).toContain([first, second].sort().join(" "));
  expect(stored(site)).toEqual([]);
});

labTest("tells the sender that its upload was deleted", async ({ ana }) => {
  const [lane, other] = [await channelOf(ana), await channelOf(ana)];
  await lane.request("offer", FOUR.offer(["lab"]));
  FOUR.send(lane, 0);
  await lane.until("ack");
  await other.request("withdraw", { file: FOUR.id });
  const { fault } = await lane.untilEnded();
  expect(fault).toMatchObject({ code: "file-unknown", message: "this upload was deleted" });
});

labTest("deletes an upload whose data channel has just closed", async ({ ana }) => {
  const [lane, other] = [await channelOf(ana), await channelOf(ana)];
  await lane.request("offer", FOUR.offer(["lab"]));
  FOUR.sendAll(lane, 0, 2);
  lane.hangUp();
  await other.request("withdraw", { file: FOUR.id });
  expect(await uploadsOf(ana)).toEqual([]);
});

labTest("lets operators list and delete unfinished uploads", async ({ site, ana, ben }) => {
  await operating(ben);
  await abandon(site, ana, FOUR.offer(["lab"]));
  const secret = new TestFile("secret", 2 * CHUNK_BYTES);
  await abandon(site, ana, streamed(secret, ["@ben"]), secret);
  const order = { sort: "name" };
  expect((await ben.request("all-files", order)).files).toEqual([]);
  const { files, total } = await ben.request("all-files", { ...order, unfinished: true });
  expect(total).toBe(2);
  expect(files).toMatchObject([
    { file: secret.id, user: "ana", bytes: 2 * CHUNK_BYTES, rooms: [], seqs: [] },
    {
      file: FOUR.id,
      name: FOUR.name,
      rooms: ["lab"],
      unfinished: { sizeBytes: FOUR.size, sending: false },
    },
  ]);
  expect(files[0]).not.toHaveProperty("name");
  expect(files[0]?.unfinished).not.toHaveProperty("sizeBytes");
  const { accounts } = await ben.request("accounts", { find: "ana" });
  expect(accounts).toMatchObject([{ bytes: 0, unfinishedBytes: 4 * CHUNK_BYTES }]);
  await ben.request("cancel", { file: FOUR.id, user: "ana", direction: "up" });
  expect(stored(site)).toEqual([secret.id]);
  expect(await ben.refusal("cancel", { file: FOUR.id, user: "ana", direction: "up" })).toBe(
    "not-found",
  );
});

labTest("deletes the unfinished uploads of an account that is erased", async (fixture) => {
  const { site, ana, ben, eve } = fixture;
  const other = new TestFile("other", 2 * CHUNK_BYTES);
  await abandon(site, ana, FOUR.offer(["lab"]));
  await abandon(site, eve, other.offer(["lab"]), other);
  await operating(ben);
  await ben.request("erase-all", { user: "ana" });
  expect(stored(site)).toEqual([other.id]);
});

test("counts unfinished uploads apart when a quota is reached, and deleting frees it", async () => {
  const { site, ana } = await siteWith(["ana"], { files: { userBytesMax: 3 * CHUNK_BYTES } });
  await new TestFile("one", CHUNK_BYTES).upload(await channelOf(ana));
  await abandon(site, ana, streamed(FOUR));
  const lane = await channelOf(ana);
  const drop = new TestFile("drop", 1);
  const fault = await lane.refused("offer", drop.offer());
  expect(fault).toMatchObject({
    code: "quota-reached",
    message:
      "this exceeds your file quota; your files use 262 kB and unfinished uploads 524 kB of 786 kB",
  });
  expect(fault.remedy).toContain("chat files --delete ID");
  await lane.request("withdraw", { file: FOUR.id });
  await drop.upload(lane);
});

test("does not ask to delete the upload that exceeds the quota", async () => {
  const { ana } = await siteWith(["ana"], { files: { userBytesMax: 3 * CHUNK_BYTES } });
  const lane = await channelOf(ana);
  await lane.request("offer", streamed(FOUR));
  FOUR.sendAll(lane);
  const { fault } = await lane.untilEnded();
  expect(fault?.message).toStartWith("this exceeds your file quota; your files use 0 B of 786 kB");
  expect(fault?.remedy).toBe("delete files that you no longer need");
});

test("removes the rest of a stream one hour after its sender is lost", async () => {
  const { site, ana } = await lab();
  const file = new TestFile("file", 4 * CHUNK_BYTES);
  await abandon(site, ana, streamed(FOUR, ["lab"]));
  await abandon(site, ana, file.offer(["lab"]), file);
  const stream = (await uploadsOf(ana)).find(({ size }) => size === undefined);
  expect(stream?.expires).toBeLessThan((stream?.since ?? 0) + STREAM_KEEP_MS + MINUTE_MS);
  await site.time.advance(STREAM_KEEP_MS - 2 * MINUTE_MS);
  await abandon(site, ana, streamed(FOUR, ["lab"])); // The sender has returned.
  await site.time.advance(STREAM_KEEP_MS - 2 * MINUTE_MS);
  expect(stored(site)).toHaveLength(2);
  await site.time.advance(4 * MINUTE_MS);
  expect(stored(site)).toEqual([file.id]);
});

test("keeps a stream whose sender is connected but slow", async () => {
  const { site, ana } = await lab();
  const lane = await channelOf(ana);
  await lane.request("offer", streamed(FOUR, ["lab"]));
  FOUR.send(lane, 0);
  await lane.until("ack");
  await site.time.advance(3 * STREAM_KEEP_MS);
  expect(stored(site)).toEqual([FOUR.id]);
});

test("gives the sender of a stream an hour after a restart of the server", async () => {
  const { site, ana } = await siteWith(["ana"], { operatorToken: TOKEN });
  await abandon(site, ana, streamed(FOUR));
  await site.stop();
  site.skewMs += STREAM_KEEP_MS;
  await site.wait(site.start());
  await site.time.advance(STREAM_KEEP_MS - 2 * MINUTE_MS);
  expect(stored(site)).toEqual([FOUR.id]);
  await site.time.advance(4 * MINUTE_MS);
  expect(stored(site)).toEqual([]);
});

test("deletes an upload that another server of the cluster has", async () => {
  const one = await openSharedSite();
  await abandon(one.site, one.ana, streamed(FOUR));
  const other = await openSharedSite(one.store);
  await (await channelOf(other.ana)).request("withdraw", { file: FOUR.id });
  expect([...one.store.files.keys()]).toEqual([]);
});
