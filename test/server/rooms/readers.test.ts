import { expect, test } from "bun:test";
import type { Guest } from "../guest.ts";
import { Sites } from "../siblings/sites.ts";
import { lab, labTest } from "../site-lab.ts";

async function reads(guest: Guest, name: string): Promise<void> {
  const room = guest.roomId(name);
  const n = guest.records.findLast(({ head }) => head.room === room)?.head.n ?? 0;
  await guest.request("read", { room, n });
}

test("lists readers to the author only, since receipts were turned on", async () => {
  const { site, ana, ben, eve } = await lab();
  const { seq: before } = await site.wait(ben.post("before", "lab"));
  expect(await ben.refusal("readers", { seq: before })).toBe("not-allowed");
  expect(await ben.refusal("receipts", { target: "lab", on: true })).toBe("not-allowed");
  await ana.request("receipts", { target: "lab", on: true });
  expect(await ana.refusal("receipts", { target: "lab", on: true })).toBe("not-allowed");
  await site.quiet();
  expect(eve.records.at(-1)).toMatchObject({ head: { kind: "receipts" }, body: { on: true } });
  expect(eve.room("lab")?.receipts).toBe(true);
  const { seq } = await site.wait(ben.post("since", "lab"));
  await site.quiet();
  expect(await ben.request("readers", { seq })).toEqual({ readers: 0, of: 2, users: [] });
  await reads(eve, "lab");
  expect(await ben.request("readers", { seq })).toEqual({ readers: 1, of: 2, users: ["eve"] });
  expect(await ben.request("readers", { seq: before })).toEqual({ readers: 0, of: 2, users: [] });
  expect(await eve.refusal("readers", { seq })).toBe("not-found");
  expect(await ana.refusal("readers", { seq })).toBe("not-found");
  const dan = await site.member("dan");
  await dan.request("join", { room: "lab" });
  expect(await ben.request("readers", { seq })).toEqual({ readers: 1, of: 3, users: ["eve"] });
  await eve.request("leave", { room: "lab" });
  expect(await ben.request("readers", { seq })).toEqual({ readers: 0, of: 2, users: [] });
  await ana.request("receipts", { target: "lab", on: false });
  await site.quiet();
  expect(ben.room("lab")?.receipts).toBeUndefined();
  expect(await ben.refusal("readers", { seq })).toBe("not-allowed");
});

labTest("requires the consent of both users of a conversation", async ({ site, ana, ben }) => {
  const turn = (guest: Guest, target: string, on: boolean) =>
    guest.request("receipts", { target, on });
  expect(await ana.refusal("receipts", { target: "@ben", on: true })).toBe("not-found");
  await site.wait(ana.post("hello", "@ben"));
  await turn(ana, "@ben", true);
  await site.quiet();
  expect(ana.room("ben")).toMatchObject({ receiptsWanted: true });
  expect(ana.room("ben")?.receipts).toBeUndefined();
  expect(ben.room("ana")?.receiptsWanted).toBeUndefined();
  expect(await ana.refusal("receipts", { target: "@ben", on: true })).toBe("not-allowed");
  const { seq: alone } = await site.wait(ana.post("read?", "@ben"));
  expect(await ana.refusal("readers", { seq: alone })).toBe("not-allowed");
  await turn(ben, "@ana", true);
  const { seq } = await site.wait(ana.post("and now?", "@ben"));
  await site.quiet();
  await reads(ben, "ana");
  expect(await ana.request("readers", { seq })).toEqual({ readers: 1, of: 1, users: ["ben"] });
  expect(await ana.request("readers", { seq: alone })).toMatchObject({ readers: 0 });
  await turn(ben, "@ana", false);
  expect(await ana.refusal("readers", { seq })).toBe("not-allowed");
  await site.wait(ana.post("milk", "@ana"));
  expect(await ana.refusal("receipts", { target: "@ana", on: true })).toBe("not-allowed");
});

test("counts readers at other servers of the cluster", async () => {
  const sites = await Sites.open(2);
  const ana = await sites.site(0).member("ana");
  const { time } = sites.site(0);
  await ana.request("join", { room: "lab", create: true });
  await ana.request("receipts", { target: "lab", on: true });
  const ben = await sites.site(1).member("ben");
  await time.advance(5_000);
  await ben.request("join", { room: "lab" });
  const { seq } = await sites.site(0).wait(ana.post("here?", "lab"));
  await time.advance(5_000);
  await reads(ben, "lab");
  await time.advance(1_000);
  expect(await ana.request("readers", { seq })).toEqual({ readers: 1, of: 1, users: ["ben"] });
});
