import { describe, expect, test } from "bun:test";
import { READERS_NAMED_MAX } from "../../../src/base/limits.ts";
import type { Guest } from "../guest.ts";
import { Sites } from "../siblings/sites.ts";
import { lab } from "../site-lab.ts";

const roomOf = (guest: Guest, wanted: string) =>
  guest.all("room").findLast(({ name, with: other }) => name === wanted || other === wanted);

/** All that has come to the guest is read. */
async function reads(guest: Guest, name: string): Promise<void> {
  const room = roomOf(guest, name)?.room ?? "";
  const n = guest.records.findLast(({ head }) => head.room === room)?.head.n ?? 0;
  await guest.ask("read", { room, n });
}

describe("who has read", () => {
  test("is told to the author alone, where a record says so, of what was said since", async () => {
    const { site, ana, ben, eve } = await lab();
    const { seq: before } = await site.wait(ben.say("before", "lab"));
    expect((await ben.refused("readers", { seq: before })).code).toBe("not-allowed");
    expect((await ben.refused("receipts", { target: "lab", on: true })).code).toBe("not-allowed");
    await ana.ask("receipts", { target: "lab", on: true });
    expect((await ana.refused("receipts", { target: "lab", on: true })).code).toBe("not-allowed");
    await site.quiet();
    expect(eve.records.at(-1)).toMatchObject({ head: { kind: "receipts" }, body: { on: true } });
    expect(roomOf(eve, "lab")?.receipts).toBe(true);
    const { seq } = await site.wait(ben.say("since", "lab"));
    await site.quiet();
    expect(await ben.ask("readers", { seq })).toEqual({ readers: 0, of: 2, users: [] });
    await reads(eve, "lab");
    expect(await ben.ask("readers", { seq })).toEqual({ readers: 1, of: 2, users: ["eve"] });
    expect(await ben.ask("readers", { seq: before })).toEqual({ readers: 0, of: 2, users: [] });
    expect((await eve.refused("readers", { seq })).code).toBe("not-found");
    expect((await ana.refused("readers", { seq })).code).toBe("not-found");
    // Who comes later has its position behind it, and was not shown it by that.
    const dan = await site.member("dan");
    await dan.ask("join", { room: "lab" });
    expect(await ben.ask("readers", { seq })).toEqual({ readers: 1, of: 3, users: ["eve"] });
    await eve.ask("leave", { room: "lab" });
    expect(await ben.ask("readers", { seq })).toEqual({ readers: 0, of: 2, users: [] });
    await ana.ask("receipts", { target: "lab", on: false });
    await site.quiet();
    expect(roomOf(ben, "lab")?.receipts).toBeUndefined();
    expect((await ben.refused("readers", { seq })).code).toBe("not-allowed");
    await site.stop();
  });

  test("takes both in a conversation", async () => {
    const { site, ana, ben } = await lab();
    const turn = (guest: Guest, target: string, on: boolean) =>
      guest.ask("receipts", { target, on });
    expect((await ana.refused("receipts", { target: "@ben", on: true })).code).toBe("not-found");
    await site.wait(ana.say("hello", "@ben"));
    await turn(ana, "@ben", true);
    await site.quiet();
    expect(roomOf(ana, "ben")).toMatchObject({ receiptsWanted: true });
    expect(roomOf(ana, "ben")?.receipts).toBeUndefined();
    expect(roomOf(ben, "ana")?.receiptsWanted).toBeUndefined();
    expect((await ana.refused("receipts", { target: "@ben", on: true })).code).toBe("not-allowed");
    const { seq: alone } = await site.wait(ana.say("read?", "@ben"));
    expect((await ana.refused("readers", { seq: alone })).code).toBe("not-allowed");
    await turn(ben, "@ana", true);
    const { seq } = await site.wait(ana.say("and now?", "@ben"));
    await site.quiet();
    await reads(ben, "ana");
    expect(await ana.ask("readers", { seq })).toEqual({ readers: 1, of: 1, users: ["ben"] });
    expect(await ana.ask("readers", { seq: alone })).toMatchObject({ readers: 0 });
    await turn(ben, "@ana", false);
    expect((await ana.refused("readers", { seq })).code).toBe("not-allowed");
    // Notes to oneself have no other readers.
    await site.wait(ana.say("milk", "@ana"));
    expect((await ana.refused("receipts", { target: "@ana", on: true })).code).toBe("not-allowed");
    await site.stop();
  });

  test("names no more than the bound says, and counts all", async () => {
    const { site, ana } = await lab();
    await ana.ask("receipts", { target: "lab", on: true });
    const readers: Guest[] = [];
    for (let i = 0; i <= READERS_NAMED_MAX; i++) {
      const reader = await site.member(`reader${i}`);
      await reader.ask("join", { room: "lab" });
      readers.push(reader);
    }
    const { seq } = await site.wait(ana.say("hear, hear", "lab"));
    await site.quiet();
    for (const reader of readers) await reads(reader, "lab");
    const answer = await ana.ask("readers", { seq });
    expect(answer).toMatchObject({ readers: READERS_NAMED_MAX + 1, of: READERS_NAMED_MAX + 3 });
    expect(answer.users.length).toBe(READERS_NAMED_MAX);
    await site.stop();
  }, 60_000);

  test("counts what was read at another server of the cluster", async () => {
    const sites = await Sites.open(2);
    const ana = await sites.site(0).member("ana");
    const { time } = sites.site(0);
    await ana.ask("join", { room: "lab", create: true });
    await ana.ask("receipts", { target: "lab", on: true });
    const ben = await sites.site(1).member("ben");
    await time.advance(5_000);
    await ben.ask("join", { room: "lab" });
    const { seq } = await sites.site(0).wait(ana.say("here?", "lab"));
    await time.advance(5_000);
    await reads(ben, "lab");
    await time.advance(1_000);
    expect(await ana.ask("readers", { seq })).toEqual({ readers: 1, of: 1, users: ["ben"] });
    await sites.stop();
  });
});
