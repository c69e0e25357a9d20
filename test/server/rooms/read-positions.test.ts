import { describe, expect, test } from "bun:test";
import {
  IGNORED_MAX,
  READ_POSITIONS_BYTES_MAX,
  READ_POSITIONS_KEPT_EVERY_MS,
  READ_TOLD_EVERY_MS,
} from "../../../src/base/limits.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

const lobbyOf = (guest: Guest) =>
  guest.all("room").find(({ name }) => name === "lobby")?.room ?? "";

async function unreadOf(guest: Guest, name = "lobby"): Promise<number | undefined> {
  const { rooms } = await guest.ask("rooms", {});
  return rooms.find(({ room }) => room === name)?.unread;
}

describe("read positions", () => {
  test("count from one's own joining, and what one says oneself needs no reading", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    await site.wait(ana.say("one"));
    await site.wait(ana.say("two"));
    expect(await unreadOf(ana)).toBe(0);
    const ben = await site.member("ben");
    expect(await unreadOf(ben)).toBe(0);
    expect(await unreadOf(ana)).toBe(0); // That ben has joined is no word of his.
    await site.wait(ben.say("three"));
    await site.wait(ana.say("four"));
    expect(await unreadOf(ana)).toBe(1);
    expect(await unreadOf(ben)).toBe(1);
  });

  test("count words of others: no joins, topics, reactions, edits, nor one's own", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const { seq } = await site.wait(ben.say("word"));
    await ben.ask("topic", { room: "lobby", topic: "bugs" });
    await ben.ask("edit", { seq, text: "words" });
    const other = { outbox: "BBBBBBBBBBA", to: "lobby" };
    await ben.ask("post", { ...other, counter: 1, body: { text: "", react: "+1", re: seq } });
    await site.wait(ana.say("mine, with all of that unread before it"));
    await site.member("carl");
    await ben.ask("post", { ...other, counter: 2, body: { text: "waves", action: true } });
    expect(await unreadOf(ana)).toBe(2);
    await site.quiet();
    const room = lobbyOf(ana);
    const again = await site.again(ana, "ana");
    const told = again.all("room").find((one) => one.room === room);
    expect(told).toMatchObject({ read: 2, unread: 0 }); // All of it is sent again.
    const second = await site.again(ana, "ana", Number.MAX_SAFE_INTEGER);
    expect(second.all("room").find((one) => one.room === room)).toMatchObject({ unread: 2 });
    await ana.ask("read", {
      room,
      n: ben.records.find((one) => one.head.seq === seq)?.head.n ?? 0,
    });
    expect(await unreadOf(ana)).toBe(1);
    await site.time.advance(READ_TOLD_EVERY_MS + 50);
    expect(second.all("read").at(-1)).toMatchObject({ unread: 1 });
  });

  test("only move on, and never past what there is", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    for (let i = 0; i < 5; i++) await site.wait(ben.say(`${i}`));
    await site.quiet();
    const room = lobbyOf(ana);
    const last = ana.records.at(-1)?.head.n ?? 0;
    await ana.ask("read", { room, n: last - 1 });
    expect(await unreadOf(ana)).toBe(1);
    await ana.ask("read", { room, n: 1 });
    expect(await unreadOf(ana)).toBe(1);
    await ana.ask("read", { room, n: last + 1_000 });
    expect(await unreadOf(ana)).toBe(0);
    await site.wait(ben.say("more"));
    expect(await unreadOf(ana)).toBe(1);
  });

  test("of rooms that one does not read are nobody's business", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const { room } = await ana.ask("join", { room: "cellar", create: true });
    expect((await ben.refused("read", { room, n: 1 })).code).toBe("not-member");
    expect((await ben.refused("read", { room: "rAAAAAAAAAAA", n: 1 })).code).toBe("not-member");
    expect(await unreadOf(ben, "cellar")).toBeUndefined();
  });

  test("are told to the other devices, once a second, not to the one that read", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const second = await site.again(ana, "ana");
    for (let i = 0; i < 20; i++) await site.wait(ben.say(`${i}`));
    const room = lobbyOf(ana);
    await site.time.advance(READ_TOLD_EVERY_MS);
    const before = second.all("read").length;
    for (const { head } of ana.records.slice(-10)) await ana.ask("read", { room, n: head.n });
    await site.time.advance(READ_TOLD_EVERY_MS + 50);
    const last = ana.records.at(-1)?.head.n ?? 0;
    expect(second.all("read").slice(before)).toEqual([{ kind: "read", room, n: last, unread: 0 }]);
    expect(ana.all("read").filter(({ n }) => n === last)).toEqual([]);
    expect(ben.all("read")).toEqual([]);
    const third = await site.again(ana, "ana");
    expect(third.all("room").find((told) => told.room === room)?.read).toBe(last);
  });

  test("survive a stop at once, and a crash once they are kept", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    for (let i = 0; i < 4; i++) await site.wait(ben.say(`${i}`));
    await ana.ask("read", { room: lobbyOf(ana), n: 5 });
    const unread = await unreadOf(ana);
    await site.restart();
    expect(await unreadOf(await site.again(ana, "ana"))).toBe(unread);

    const after = await site.again(ana, "ana");
    await after.ask("read", { room: lobbyOf(ana), n: 6 });
    await site.time.advance(READ_POSITIONS_KEPT_EVERY_MS + 50);
    site.disk.losePower();
    await site.restartAfterCrash();
    expect(await unreadOf(await site.again(ana, "ana"))).toBe((unread ?? 0) - 1);
  });

  test.each([0, 1])("are read up to READ_POSITIONS_BYTES_MAX, and not %p more", async (more) => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    await site.wait(ben.say("hi"));
    await ana.ask("read", { room: lobbyOf(ana), n: 4 });
    await site.stop();
    const file = site.disk.boot().open("/d/marks.json", "write");
    const sizeBytes = file.sizeBytes();
    file.write(Buffer.alloc(READ_POSITIONS_BYTES_MAX + more - sizeBytes, " "), sizeBytes);
    file.close();
    await site.wait(site.start());
    expect(site.events.filter(({ kind }) => kind === "warning")).toHaveLength(more);
    expect(await unreadOf(await site.again(ana, "ana"))).toBe(more);
    await site.stop();
  });

  test("that cannot be read start anew, with a warning; a full disk is said once", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    await site.wait(ben.say("hi"));
    await ana.ask("read", { room: lobbyOf(ana), n: 4 });
    await site.stop();
    const file = site.disk.boot().open("/d/marks.json", "write");
    file.write(Buffer.from("{]"), 0);
    file.close();
    await site.wait(site.start());
    const warnings = () => site.events.filter(({ kind }) => kind === "warning");
    expect(warnings()).toHaveLength(1);
    const again = await site.again(ana, "ana");
    expect(await unreadOf(again)).toBe(1);
    site.trouble = (call, path) =>
      call === "write" && path.includes("marks") ? "ENOSPC" : undefined;
    for (let n = 2; n < 5; n++) {
      await again.ask("read", { room: lobbyOf(ana), n });
      await site.time.advance(READ_POSITIONS_KEPT_EVERY_MS + 50);
    }
    expect(warnings()).toHaveLength(2);
    site.trouble = () => undefined;
    await site.restart();
    expect(await unreadOf(await site.again(ana, "ana"))).toBe(0);
  });

  test("of a room that was left are forgotten; conversations have them, too", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    await site.wait(ben.say("psst", "@ana"));
    await site.quiet();
    const told = ana.all("room").find((room) => room.with === "ben");
    expect(told).toMatchObject({ read: 1 });
    await ana.ask("read", { room: told?.room ?? "", n: 2 });
    const again = await site.again(ana, "ana");
    expect(again.all("room").find((room) => room.with === "ben")).toMatchObject({ read: 2 });
    await ana.ask("leave", { room: "lobby" });
    await site.wait(ben.say("gone?"));
    await ana.ask("join", { room: "lobby" });
    expect(await unreadOf(ana)).toBe(0);
  });
});

describe("ignoring", () => {
  test("is kept on the account: told to every device, at log-in before any record", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const second = await site.again(ana, "ana");
    expect(second.all("ignored")).toEqual([]);
    await ana.ask("ignore", { user: "BEN", on: true });
    await ana.ask("ignore", { user: "ben", on: true });
    await site.quiet();
    expect(second.all("ignored")).toEqual([{ kind: "ignored", users: ["ben"] }]);
    expect(await ana.ask("ignored", {})).toEqual({ users: ["ben"] });
    await site.restart();
    const third = await site.again(ana, "ana");
    const kinds = third.notices.map(({ kind }) => kind);
    expect(kinds.indexOf("ignored")).toBeLessThan(kinds.indexOf("room"));
    await third.ask("ignore", { user: "ben", on: false });
    expect(await third.ask("ignored", {})).toEqual({ users: [] });
    expect(ben.all("ignored")).toEqual([]);
  });

  test("nobody who is not there, nor oneself; and the ignored one learns nothing", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    expect((await ana.refused("ignore", { user: "nobody", on: true })).code).toBe("user-unknown");
    expect((await ana.refused("ignore", { user: "ana", on: true })).code).toBe("not-allowed");
    expect((await ana.refused("ignore", { user: "a b", on: true })).code).toBe("name-invalid");
    const before = await site.wait(ben.say("hi", "@ana"));
    await ana.ask("ignore", { user: "ben", on: true });
    const after = await site.wait(ben.say("hi", "@ana"));
    expect(Object.keys(after)).toEqual(Object.keys(before));
  });

  test(`at most ${IGNORED_MAX} people`, async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    for (let i = 0; i <= IGNORED_MAX; i++) {
      const guest = await site.greeted(`10.5.${i >> 8}.${i & 255}`);
      await guest.ask("register", guest.registration(`p${i}`));
      guest.hangUp();
    }
    for (let i = 0; i < IGNORED_MAX; i++) await ana.ask("ignore", { user: `p${i}`, on: true });
    const last = { user: `p${IGNORED_MAX}`, on: true };
    expect((await ana.refused("ignore", last)).code).toBe("too-many");
    await ana.ask("ignore", { user: "p0", on: false });
    await ana.ask("ignore", last);
  });
});
