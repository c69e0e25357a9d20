import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { PREVIEW_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { HANDOVER_NAME } from "../../../src/wire/messages-sealed.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { openSharedSite } from "../shared-site.ts";

const PART = new TestFile("part", PREVIEW_BYTES_MAX, `${HANDOVER_NAME}key`);
const OTHER = new TestFile("other", 900, "preview");

const listed = async (guest: Guest) =>
  (await guest.request("uploads", { handed: true })).uploads.map(({ file }) => file);

/** Two servers with one store, and a part that ana has sent to this user at the first one. */
async function servers(user: string) {
  const here = await openSharedSite();
  const there = await openSharedSite(here.store);
  const lane = await channelOf(here.ana);
  for (const file of [PART, OTHER]) await file.upload(lane, [`@${user}`], { preview: true });
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
    expect(uploads).toMatchObject([{ file: PART.id, bytes: PART.size, sending: false }]);
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
