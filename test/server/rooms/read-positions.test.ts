import { expect, test } from "bun:test";
import {
  READ_NOTICE_INTERVAL_MS,
  READ_POSITIONS_SAVE_INTERVAL_MS,
} from "../../../src/base/limits.ts";
import type { Guest } from "../guest.ts";
import { siteWith } from "../site.ts";

async function unreadOf(guest: Guest, name = "lobby"): Promise<number | undefined> {
  const { rooms } = await guest.request("rooms", {});
  return rooms.find(({ room }) => room === name)?.unread;
}

test("counts unread messages from the user's join", async () => {
  const { site, ana } = await siteWith(["ana"]);
  await site.wait(ana.post("one"));
  await site.wait(ana.post("two"));
  expect(await unreadOf(ana)).toBe(0);
  const ben = await site.member("ben");
  expect(await unreadOf(ben)).toBe(0);
  expect(await unreadOf(ana)).toBe(0);
  await site.wait(ben.post("three"));
  await site.wait(ana.post("four"));
  expect(await unreadOf(ana)).toBe(1);
  expect(await unreadOf(ben)).toBe(1);
});

test("counts only unread messages of others", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const { seq } = await site.wait(ben.post("word"));
  await ben.request("topic", { room: "lobby", topic: "bugs" });
  await ben.request("edit", { seq, text: "words" });
  const other = { outbox: "BBBBBBBBBBA", to: "lobby" };
  await ben.request("post", { ...other, counter: 1, body: { text: "", react: "+1", re: seq } });
  await site.wait(ana.post("mine, with all of that unread before it"));
  await site.member("carl");
  await ben.request("post", { ...other, counter: 2, body: { text: "waves", action: true } });
  expect(await unreadOf(ana)).toBe(2);
  await site.quiet();
  const room = ana.roomId();
  const again = await site.again(ana, "ana");
  const notice = again.all("room").find((one) => one.room === room);
  expect(notice).toMatchObject({ read: 2, unread: 0 });
  const second = await site.again(ana, "ana", Number.MAX_SAFE_INTEGER);
  expect(second.all("room").find((one) => one.room === room)).toMatchObject({ unread: 2 });
  await ana.request("read", {
    room,
    n: ben.records.find((one) => one.head.seq === seq)?.head.n ?? 0,
  });
  expect(await unreadOf(ana)).toBe(1);
  await site.time.advance(READ_NOTICE_INTERVAL_MS + 50);
  expect(second.all("read").at(-1)).toMatchObject({ unread: 1 });
});

test("moves read positions only forward, up to the last record", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  for (let i = 0; i < 5; i++) await site.wait(ben.post(`${i}`));
  await site.quiet();
  const room = ana.roomId();
  const last = ana.records.at(-1)?.head.n ?? 0;
  await ana.request("read", { room, n: last - 1 });
  expect(await unreadOf(ana)).toBe(1);
  await ana.request("read", { room, n: 1 });
  expect(await unreadOf(ana)).toBe(1);
  await ana.request("read", { room, n: last + 1_000 });
  expect(await unreadOf(ana)).toBe(0);
  await site.wait(ben.post("more"));
  expect(await unreadOf(ana)).toBe(1);
});

test("refuses read positions of rooms that the user cannot read", async () => {
  const { ana, ben } = await siteWith(["ana", "ben"]);
  const { room } = await ana.request("join", { room: "cellar", create: true });
  expect(await ben.refusal("read", { room, n: 1 })).toBe("not-member");
  expect(await ben.refusal("read", { room: "rAAAAAAAAAAA", n: 1 })).toBe("not-member");
  expect(await unreadOf(ben, "cellar")).toBeUndefined();
});

test("sends read positions to the user's other devices once a second", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const second = await site.again(ana, "ana");
  for (let i = 0; i < 20; i++) await site.wait(ben.post(`${i}`));
  const room = ana.roomId();
  await site.time.advance(READ_NOTICE_INTERVAL_MS);
  const before = second.all("read").length;
  for (const { head } of ana.records.slice(-10)) await ana.request("read", { room, n: head.n });
  await site.time.advance(READ_NOTICE_INTERVAL_MS + 50);
  const last = ana.records.at(-1)?.head.n ?? 0;
  expect(second.all("read").slice(before)).toEqual([{ kind: "read", room, n: last, unread: 0 }]);
  expect(ana.all("read").filter(({ n }) => n === last)).toEqual([]);
  expect(ben.all("read")).toEqual([]);
  const third = await site.again(ana, "ana");
  expect(third.all("room").find((notice) => notice.room === room)?.read).toBe(last);
});

test("counts no erased messages, and corrects the counts of clients", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const seqs: number[] = [];
  for (let i = 0; i < 4; i++) seqs.push((await site.wait(ben.post(`${i}`))).seq);
  const room = ana.roomId();
  await site.time.advance(READ_NOTICE_INTERVAL_MS + 50);
  const before = ana.all("read").length;
  await ben.request("erase", { seq: seqs[1] ?? 0 });
  await site.time.advance(READ_NOTICE_INTERVAL_MS + 50);
  expect(ana.all("read").slice(before)).toMatchObject([{ room, unread: 3 }]);
  expect(await unreadOf(ana)).toBe(3);
  await site.restart();
  const again = await site.again(ana, "ana", Number.MAX_SAFE_INTEGER);
  expect(again.all("room").find((one) => one.room === room)).toMatchObject({ unread: 3 });
  expect(await unreadOf(again)).toBe(3);
});

test("keeps stored read positions across a stop and a crash", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  for (let i = 0; i < 4; i++) await site.wait(ben.post(`${i}`));
  await ana.request("read", { room: ana.roomId(), n: 5 });
  const unread = await unreadOf(ana);
  await site.restart();
  expect(await unreadOf(await site.again(ana, "ana"))).toBe(unread);

  const after = await site.again(ana, "ana");
  await after.request("read", { room: ana.roomId(), n: 6 });
  await site.time.advance(READ_POSITIONS_SAVE_INTERVAL_MS + 50);
  site.disk.losePower();
  await site.restartAfterCrash();
  expect(await unreadOf(await site.again(ana, "ana"))).toBe((unread ?? 0) - 1);
});

test("starts with a warning and no read positions if they are unreadable", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  await site.wait(ben.post("hi"));
  await ana.request("read", { room: ana.roomId(), n: 4 });
  await site.restartWith("/d/marks.json", () => Buffer.from("{]"));
  const warnings = () => site.events.filter(({ kind }) => kind === "warning");
  expect(warnings()).toHaveLength(1);
  const again = await site.again(ana, "ana");
  expect(await unreadOf(again)).toBe(1);
  site.trouble = (call, path) =>
    call === "write" && path.includes("marks") ? "ENOSPC" : undefined;
  for (let n = 2; n < 5; n++) {
    await again.request("read", { room: ana.roomId(), n });
    await site.time.advance(READ_POSITIONS_SAVE_INTERVAL_MS + 50);
  }
  expect(warnings()).toHaveLength(2);
  site.trouble = () => undefined;
  await site.restart();
  expect(await unreadOf(await site.again(ana, "ana"))).toBe(0);
});

test("keeps ignored users on the account, for all its devices", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const second = await site.again(ana, "ana");
  expect(second.all("ignored")).toEqual([]);
  await ana.request("ignore", { user: "BEN", on: true });
  await ana.request("ignore", { user: "ben", on: true });
  await site.quiet();
  expect(second.all("ignored")).toEqual([{ kind: "ignored", users: ["ben"] }]);
  expect(await ana.request("ignored", {})).toEqual({ users: ["ben"] });
  await site.restart();
  const third = await site.again(ana, "ana");
  const kinds = third.notices.map(({ kind }) => kind);
  expect(kinds.indexOf("ignored")).toBeLessThan(kinds.indexOf("room"));
  await third.request("ignore", { user: "ben", on: false });
  expect(await third.request("ignored", {})).toEqual({ users: [] });
  expect(ben.all("ignored")).toEqual([]);
});

test("does not count messages of ignored users, and corrects the counts of clients", async () => {
  const { site, ana, ben, carl } = await siteWith(["ana", "ben", "carl"]);
  await site.quiet();
  const mention = { mentions: ["ana"] };
  const { seq: root } = await site.wait(ana.post("root"));
  const { seq: first } = await site.wait(carl.post("@ana", "lobby", undefined, mention));
  await site.wait(ben.post("@ana", "lobby", undefined, mention));
  await site.wait(ben.post("reply", "lobby", undefined, { re: root, thread: true }));
  await site.wait(ben.post("last"));
  await site.wait(ben.post("direct", "@ana"));
  const second = await site.again(ana, "ana");
  const later = await site.again(ana, "ana", Number.MAX_SAFE_INTEGER);
  const counts = async () => {
    await site.quiet();
    const { rooms, threads, calls } = await ana.request("inbox", {});
    const counted = rooms.map(({ name = "@ben", unread, first, last }) => {
      return { name, unread, isOne: first === last };
    });
    return { rooms: counted, calls: calls.map(({ seq }) => seq), threads: threads.length };
  };
  expect(await counts()).toMatchObject({ rooms: [{ unread: 3 }, { unread: 1 }], threads: 1 });
  await ana.request("ignore", { user: "ben", on: true });
  expect(await counts()).toEqual({
    rooms: [{ name: "lobby", unread: 1, isOne: true }],
    calls: [first],
    threads: 0,
  });
  expect(await unreadOf(ana)).toBe(1);
  for (const device of [second, later]) {
    expect(device.all("room").at(-1)).toMatchObject({ with: "ben" });
    const lobby = device.all("room").findLast(({ name }) => name === "lobby");
    expect(lobby).toMatchObject({ unread: 1, calls: [{ seq: first }] });
    expect(device.all("follow").at(-1)).toMatchObject({ seq: root, unread: 0 });
  }
  await ana.request("ignore", { user: "ben", on: false });
  expect(await counts()).toMatchObject({ rooms: [{ unread: 3 }, { unread: 1 }], threads: 1 });
  expect(second.all("room").findLast(({ name }) => name === "lobby")).toMatchObject({ unread: 3 });
  expect(second.all("follow").at(-1)).toMatchObject({ seq: root, unread: 1 });
});

test("refuses to ignore oneself or unknown users without a notice", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  expect(await ana.refusal("ignore", { user: "nobody", on: true })).toBe("user-unknown");
  expect(await ana.refusal("ignore", { user: "ana", on: true })).toBe("not-allowed");
  expect(await ana.refusal("ignore", { user: "a b", on: true })).toBe("name-invalid");
  const before = await site.wait(ben.post("hi", "@ana"));
  await ana.request("ignore", { user: "ben", on: true });
  const after = await site.wait(ben.post("hi", "@ana"));
  expect(Object.keys(after)).toEqual(Object.keys(before));
});

test("counts new messages as unread that have the numbers of lost ones", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const before = site.disk.backUp();
  for (const text of ["lost 1", "lost 2", "lost 3"]) await site.wait(ben.post(text));
  await site.quiet();
  await ana.request("read", { room: ana.roomId(), n: ana.records.at(-1)?.head.n ?? 0 });
  expect(await unreadOf(ana)).toBe(0);
  await site.stop();
  const isOfHistory = (path: string) => path.startsWith("/d/history/");
  const stored = [...site.disk.backUp()].filter(([path]) => !isOfHistory(path));
  const history = [...before].filter(([path]) => isOfHistory(path));
  await site.start();
  await site.restore(new Map([...stored, ...history]));
  const [ana2, ben2] = [await site.again(ana, "ana"), await site.again(ben, "ben")];
  for (const text of ["new 1", "new 2"]) await site.wait(ben2.post(text));
  expect(await unreadOf(ana2)).toBe(2);
});
