import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { HANDOVERS_PER_SENDER_MAX, UPLOADS_PAGE_MAX } from "../../../src/base/limits.ts";
import { PREVIEW_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { GROUP, INFO } from "../sealed/sealed-lab.ts";
import { openSharedSite } from "../shared-site.ts";
import { labTest } from "../site-lab.ts";

const HANDOVER = { purpose: "handover" } as const;
const PREVIEW = { purpose: "preview" } as const;
const PART = new TestFile("part", PREVIEW_BYTES_MAX, "key");
const OTHER = new TestFile("other", 900, "key");

const listed = async (guest: Guest) =>
  (await guest.request("uploads", { handed: true })).uploads.map(({ file }) => file);

/** Two servers with one store, and a part that ana has sent to this user at the first one. */
async function servers(user: string) {
  const here = await openSharedSite();
  const there = await openSharedSite(here.store);
  const lane = await channelOf(here.ana);
  await PART.complete(lane, [`@${user}`], HANDOVER);
  await OTHER.complete(lane, [`@${user}`], PREVIEW);
  return { here, there };
}

async function read(guest: Guest): Promise<Uint8Array> {
  const lane = await channelOf(guest);
  await lane.request("fetch", { file: PART.id, from: 0, window: 1 << 20 });
  const { bytes } = await lane.until("chunk");
  return bytes;
}

test("another server lists, sends and deletes what a device has handed over", async () => {
  for (const user of ["ana", "ben"] as const) {
    const { here, there } = await servers(user);
    const receiver = there[user];
    expect((await receiver.request("uploads", {})).uploads).toEqual([]);
    const { uploads } = await receiver.request("uploads", { handed: true });
    expect(uploads).toMatchObject([
      { file: PART.id, purpose: "handover", bytes: PART.size, sending: false },
    ]);
    expect(await read(receiver)).toEqual(PART.chunks[0] ?? new Uint8Array());
    await (await channelOf(receiver)).request("withdraw", { file: PART.id });
    expect([await listed(receiver), here.store.files.has(PART.id)]).toEqual([[], false]);
  }
});

test("another server lists it to the sender, and to nobody else", async () => {
  const { there } = await servers("ana");
  expect([await listed(there.ana), await listed(there.ben)]).toEqual([[PART.id], []]);
  const lane = await channelOf(there.ben);
  const fetching = lane.refusal("fetch", { file: PART.id, from: 0, window: 1 << 20 });
  expect(await fetching).toBe("file-unknown");
  const again = await channelOf(there.ben);
  expect(await again.refusal("withdraw", { file: PART.id })).toBe("file-unknown");
});

test("tells nobody that a part is gone because the store does not answer", async () => {
  const { there } = await servers("ana");
  there.store.before = (call) => {
    if (call === "filesWith") throw new Fault("no-majority", "too few answer");
  };
  expect(await there.ana.refusal("uploads", { handed: true })).toBe("no-majority");
});

const part = (id: string) => new TestFile(id, 1, "key");

/** Leaves an upload of one byte. */
async function leave(
  guest: Guest,
  file: TestFile,
  to: readonly string[],
  purpose: object = HANDOVER,
): Promise<void> {
  const lane = await channelOf(guest);
  await lane.request("offer", file.offer(to, purpose));
  lane.hangUp();
}

labTest("hands messages over to one person only", async ({ ana }) => {
  for (const to of [["@ben", "@ana"], ["lab"], ["@ben", "lab"], [`group-${"0".repeat(16)}`]]) {
    const lane = await channelOf(ana);
    expect(await lane.refusal("offer", part("p1").offer(to, HANDOVER))).toBe("usage");
  }
  const lane = await channelOf(ana);
  await lane.request("offer", part("p1").offer(["@ben", "lab"], PREVIEW));
});

labTest("refuses a post that lists a file with a purpose", async ({ ana }) => {
  for (const { purpose } of [PREVIEW, HANDOVER]) {
    const file = part(purpose);
    await file.complete(await channelOf(ana), ["@ben"], { purpose });
    expect(await ana.refusal("post", file.post("@ben"))).toBe("file-unknown");
    const [bytes, sha256] = [
      file.chunks[0] ?? new Uint8Array(),
      file.hashes[0] ?? new Uint8Array(),
    ];
    const put = { file: file.id, to: ["@ben"], name: file.name, sha256, bytes };
    expect(await ana.refusal("put", put)).toBe("not-allowed");
    await ana.request("put", { ...put, purpose });
    expect(await ana.refusal("post", file.post("lab"))).toBe("file-unknown");
  }
});

labTest("takes no purpose from a name", async ({ site, ana, ben }) => {
  const file = new TestFile("named", 1, "sealed-history x");
  const lane = await channelOf(ana);
  await file.complete(lane, ["lab", "@ben"]);
  await site.quiet();
  expect(ben.all("offered")).toMatchObject([{ file: file.id }]);
  const { uploads } = await ana.request("uploads", {});
  expect(uploads).toMatchObject([{ file: file.id, name: file.name, complete: true }]);
  expect([uploads[0]?.purpose, await listed(ben)]).toEqual([undefined, []]);
  await file.postTo(ana, ["lab", "@ben"]);
  expect((await ben.request("fetch-small", { file: file.id })).content?.name).toBe(file.name);
  const other = new TestFile("other", 1, "sealed-history x");
  const toTwo = other.offer(["@ben", "@ana"], HANDOVER);
  expect(await (await channelOf(ana)).refusal("offer", toTwo)).toBe("usage");
});

labTest("hands messages over in an encrypted conversation", async ({ site, ana, ben }) => {
  await site.wait(ana.post("hello", "@ben"));
  const commitId = "conversation";
  await ana.request("group-create", { target: "@ben", group: GROUP, commitId, info: INFO });
  expect(await (await channelOf(ana)).refusal("offer", part("p1").offer(["@ben"]))).toBe(
    "sealed-room",
  );
  await leave(ana, part("p1"), ["@ben"]);
  expect(await listed(ben)).toEqual([part("p1").id]);
});

labTest("limits the unread parts of one sender for one person", async ({ site, ana, ben }) => {
  for (let i = 0; i < HANDOVERS_PER_SENDER_MAX; i++) await leave(ana, part(`p${i}`), ["@ben"]);
  await site.quiet();
  const lane = await channelOf(ana);
  const more = part("more").offer(["@ben"], HANDOVER);
  expect(await lane.refusal("offer", more)).toBe("too-many");
  const [first] = await listed(ben);
  await (await channelOf(ben)).request("withdraw", { file: first ?? "" });
  await (await channelOf(ana)).request("offer", more);
});

labTest("lists own uploads and handed parts in pages, in one order", async ({ site, ana, ben }) => {
  const ids = Array.from({ length: UPLOADS_PAGE_MAX + 3 }, (_, i) => `q${i}`);
  for (const [i, id] of ids.entries()) {
    const own = i % 3 === 0;
    await leave(
      own ? ben : ana,
      part(id),
      [own ? "lab" : "@ben"].map((to) => (own ? "@ana" : to)),
    );
  }
  await leave(ana, part("zz"), ["@ben"], PREVIEW);
  await site.quiet();
  const expected = ids.map((id) => part(id).id).sort();
  const first = await ben.request("uploads", { handed: true });
  expect([first.uploads.length, first.more]).toEqual([UPLOADS_PAGE_MAX, true]);
  const after = first.uploads.at(-1)?.file ?? "";
  const rest = await ben.request("uploads", { handed: true, after });
  expect(rest.more).toBe(false);
  expect([...first.uploads, ...rest.uploads].map(({ file }) => String(file))).toEqual(expected);
  const own = await ben.request("uploads", {});
  expect(own.uploads).toHaveLength(ids.filter((_, i) => i % 3 === 0).length);
});

test("asks the store about no upload for others, and once about a complete one", async () => {
  const { here, there } = await servers("ben");
  const own = await channelOf(here.ben);
  for (const id of ["a1", "a2", "a3"]) {
    await part(id).complete(own, ["@ana"], HANDOVER);
  }
  const calls: string[] = [];
  there.store.before = (call) => void calls.push(call);
  expect(await listed(there.ben)).toEqual([PART.id]);
  expect(calls.sort()).toEqual(["filesWith", "get", "parts"]);
  calls.length = 0;
  expect(await listed(there.ben)).toEqual([PART.id]);
  expect(calls).toEqual(["filesWith"]);
});
