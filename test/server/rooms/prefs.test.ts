import { expect, test } from "bun:test";
import {
  KEYWORDS_MAX,
  PREFS_BURST,
  PREFS_PER_SECOND,
  PREFS_RECORDS_MAX,
  PRESENCE_INTERVAL_MS,
} from "../../../src/base/limits.ts";
import { EVERYWHERE } from "../../../src/core/rooms/prefs.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { type Site, siteWith } from "../site.ts";

function accountsOf({ disk }: Site): string {
  return Buffer.from(disk.fileAt("/d/accounts/000000000001.jsonl").visible).toString();
}

test("sends preferences to all devices of an account, and to no other", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const second = await site.again(ana, "ana");
  const room = ana.roomId();
  expect(await ana.request("prefs", {})).toMatchObject({ rooms: [], saved: [] });
  await ana.request("prefs-set", { room, muted: 0, favourite: true });
  await ana.request("save", { room, seq: 1, on: true });
  await site.quiet();
  const notice = { kind: "prefs-set", room, muted: 0, favourite: true } as const;
  for (const guest of [ana, second]) {
    expect(guest.all("prefs-set")).toEqual([notice]);
    expect(guest.all("save")).toEqual([{ kind: "save", room, seq: 1, on: true }]);
  }
  expect([ben.all("prefs-set"), ben.all("save")]).toEqual([[], []]);
  expect(await ben.request("prefs", {})).toMatchObject({ rooms: [], saved: [] });
  await second.request("prefs-set", { room, favourite: false });
  expect(await ana.request("prefs", {})).toMatchObject({ rooms: [], saved: [{ room, seq: 1 }] });
});

test("keeps preferences over a crash, and blanks them with the account", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const room = ana.roomId();
  await ana.request("prefs-set", { room, hidden: 2, unread: 2 });
  await ana.request("save", { room, seq: 2, on: true });
  site.disk.losePower();
  await site.restartAfterCrash();
  const again = await site.again(ana, "ana");
  const stored = { rooms: [{ room, hidden: 2, unread: 2 }], saved: [{ room, seq: 2 }] };
  expect(await again.request("prefs", {})).toMatchObject(stored);
  await again.request("unregister", {});
  await site.quiet();
  expect(accountsOf(site)).not.toContain('"hidden"');
});

test("drops what refers to messages that the history has lost", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const room = ana.roomId();
  const { seq } = await site.wait(ana.post("kept"));
  const before = site.disk.backUp();
  const lost = await site.wait(ana.post("lost"));
  const other = await site.wait(ana.post("lost too"));
  for (const one of [seq, lost.seq, other.seq])
    await ben.request("save", { room, seq: one, on: true });
  await ben.request("follow", { room, seq, on: true, read: other.seq });
  await ben.request("follow", { room, seq: lost.seq, on: true, read: other.seq });
  await ben.request("prefs-set", { room, favourite: true, hidden: 5, unread: 5 });
  await site.quiet();
  const isOfHistory = (path: string) => path.startsWith("/d/history/");
  const stored = [...site.disk.backUp()].filter(([path]) => !isOfHistory(path));
  const history = [...before].filter(([path]) => isOfHistory(path));
  await site.restore(new Map([...stored, ...history]));
  const again = await site.again(ben, "ben");
  const remaining = {
    rooms: [{ room, favourite: true }],
    saved: [{ room, seq }],
    follows: [{ seq, room, on: true, read: seq, unread: 0, last: seq }],
  };
  expect(await again.request("prefs", {})).toEqual(remaining);
  await site.wait(again.post("new 1"));
  await site.wait(again.post("new 2"));
  await site.restart();
  const last = await site.again(ben, "ben");
  expect(await last.request("prefs", {})).toEqual(remaining);
});

test("refuses preferences for rooms and messages that the user cannot read", async () => {
  const { ana, ben } = await siteWith(["ana", "ben"]);
  const { room } = await ana.request("join", { room: "cellar", create: true });
  expect(await ben.refusal("prefs-set", { room, muted: 0 })).toBe("not-member");
  expect(await ben.refusal("save", { room, seq: 1, on: true })).toBe("not-member");
  const none = "rAAAAAAAAAAA";
  expect(await ben.refusal("prefs-set", { room: none, hidden: 1 })).toBe("not-member");
  const beyond = { room, seq: Number.MAX_SAFE_INTEGER, on: true };
  expect(await ana.refusal("save", beyond)).toBe("not-member");
  await ana.request("prefs-set", { room, muted: 0 });
  await ana.request("prefs-set", { room: EVERYWHERE, muted: 9 });
  expect(await ana.refusal("save", { room: EVERYWHERE, seq: 1, on: true })).toBe("not-member");
  await ana.request("prefs-set", { room: EVERYWHERE });
  await ana.request("leave", { room: "cellar" });
  await ana.request("prefs-set", { room });
  expect(await ana.request("prefs", {})).toMatchObject({ rooms: [] });
});

test("stores followed threads, and sends them to the account's devices", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const second = await site.again(ana, "ana");
  const room = ana.roomId();
  const follow = { room, seq: 1, on: true, read: 2 };
  await ana.request("follow", follow);
  await ana.request("follow", follow);
  await site.quiet();
  expect(second.all("follow")).toEqual([{ kind: "follow", ...follow, unread: 0, last: 1 }]);
  expect(ben.all("follow")).toEqual([]);
  site.disk.losePower();
  await site.restartAfterCrash();
  const again = await site.again(ana, "ana");
  expect(await again.request("prefs", {})).toMatchObject({ saved: [], follows: [follow] });
  const beyond = { ...follow, read: Number.MAX_SAFE_INTEGER };
  expect(await again.refusal("follow", beyond)).toBe("not-member");
  expect(await again.refusal("follow", { ...follow, room: "rAAAAAAAAAAA" })).toBe("not-member");
  expect(await again.refusal("follow", { ...follow, seq: 0 })).toBe("frame-malformed");
  await again.request("follow", { ...follow, on: false, read: 0 });
  expect(await again.request("prefs", {})).toMatchObject({ follows: [{ ...follow, on: false }] });
});

test("counts unread replies in threads, also those that came while the user was away", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const room = ana.roomId();
  const { seq: own } = await site.wait(ana.post("plan?"));
  const { seq: other } = await site.wait(ben.post("news"));
  const reply = async (re: number, text: string) =>
    (await site.wait(ben.post(text, "lobby", "AAAAAAAAAAA", { re, thread: true, mentions: [] })))
      .seq;
  ana.hangUp();
  await reply(other, "not followed");
  const first = await reply(own, "one");
  const second = await reply(own, "two");
  await site.wait(ben.post("in the room", "lobby", "AAAAAAAAAAA", { re: own }));
  const file = new TestFile("answer", 10);
  await file.complete(await channelOf(ben));
  const inThread = { re: own, thread: true, text: "three, as a file", mentions: [] };
  const { seq: third } = await ben.request("post", file.post("lobby", 1, inThread));
  const missed = { room, seq: own, on: true, read: own, unread: 3, last: third };
  const back = await site.again(ana, "ana");
  expect(await back.request("prefs", {})).toMatchObject({ follows: [missed] });
  const stored = { room, seq: own, on: true, read: first };
  await back.request("follow", stored);
  await site.quiet();
  expect(back.all("follow")).toEqual([{ kind: "follow", ...stored, unread: 2, last: third }]);
  // The state is the same after a start that reads few bodies.
  site.disk.losePower();
  await site.restartAfterCrash();
  const restarted = await site.again(ana, "ana");
  const counted = { ...stored, unread: 2, last: third };
  expect(await restarted.request("prefs", {})).toMatchObject({ follows: [counted] });
  const benAgain = await site.again(ben, "ben");
  await benAgain.request("erase", { seq: second });
  await benAgain.request("erase", { seq: third });
  await site.quiet();
  const erased = { ...stored, unread: 0, last: first };
  expect(restarted.all("follow").at(-1)).toEqual({ kind: "follow", ...erased });
  await restarted.request("follow", { ...stored, on: false });
  await reply(own, "three").catch(() => undefined);
  const { follows } = await restarted.request("prefs", {});
  expect(follows).toMatchObject([{ seq: own, on: false }]);
});

test("shows a status to others until it ends", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const until = site.time.unixMs() + 1_000;
  const room = ana.roomId();
  await ana.request("prefs-set", { room: EVERYWHERE, status: "in a lesson", statusUntil: until });
  await ana.request("prefs-set", { room, favourite: true, status: "elsewhere" });
  const shown = async () => {
    const { users } = await ben.request("who", { room: "lobby" });
    const { status } = await ben.request("whois", { user: "ana" });
    return [status, ...users.map((user) => user.status)];
  };
  expect(await shown()).toEqual(["in a lesson", "in a lesson", undefined]);
  await site.time.advance(1_000);
  expect(await shown()).toEqual([undefined, undefined, undefined]);
});

test("sends a new status to the members of rooms that receive presence", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const statuses = () => ben.all("status").map(({ room: _, ...change }) => change);
  const set = async (status: string | undefined, statusUntil?: number) => {
    await ana.request("prefs-set", { room: EVERYWHERE, status, statusUntil });
    await site.time.advance(PRESENCE_INTERVAL_MS);
    await site.quiet();
    return statuses().at(-1);
  };
  const user = "ana";
  const until = site.time.unixMs() + 60_000;
  const named = { kind: "status", user, status: "in a lesson", statusUntil: until } as const;
  expect(await set("in a lesson", until)).toEqual(named);
  const { users } = await ben.request("who", { room: "lobby" });
  expect(users[0]).toMatchObject({ user, status: "in a lesson", statusUntil: until });
  expect(await set(undefined)).toEqual({ kind: "status", user });
  await ana.request("prefs-set", { room: ana.roomId(), favourite: true });
  await site.time.advance(PRESENCE_INTERVAL_MS);
  await site.quiet();
  expect(statuses()).toHaveLength(2);
});

test("sends keywords to the account's own devices only, and refuses too many", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const room = ana.roomId();
  await ana.request("prefs-set", { room, favourite: true, keywords: ["elsewhere"] });
  await ana.request("prefs-set", { room: EVERYWHERE, keywords: ["Bus", "exam"] });
  await ana.request("prefs-set", { room: EVERYWHERE, muted: 9 });
  await site.quiet();
  const keywords = ["bus", "exam"];
  expect(ana.all("prefs-set").slice(1)).toEqual([
    { kind: "prefs-set", room: EVERYWHERE, keywords },
    { kind: "prefs-set", room: EVERYWHERE, muted: 9, keywords },
  ]);
  expect(JSON.stringify(await ana.request("prefs", {}))).not.toContain("elsewhere");
  const others = [
    await ben.request("who", { room: "lobby" }),
    await ben.request("whois", { user: "ana" }),
    await ben.request("prefs", {}),
    ben.all("prefs-set"),
  ];
  expect(JSON.stringify(others)).not.toContain("exam");
  const many = Array.from({ length: KEYWORDS_MAX + 1 }, (_, at) => `k${at}`);
  expect(await ana.refusal("prefs-set", { room: EVERYWHERE, keywords: many })).toBe("too-large");
});

test("limits changes of preferences, and compacts them in the log", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const room = ana.roomId();
  for (let i = 0; i < PREFS_BURST; i++) {
    await ana.request("save", { room, seq: 1, on: i % 2 === 0 });
  }
  const { code, retryAfterMs = 0 } = await ana.refused("save", { room, seq: 1, on: true });
  expect([code, retryAfterMs]).toEqual(["too-many", 1_000 / PREFS_PER_SECOND]);
  await site.time.advance(retryAfterMs);
  await ana.request("save", { room, seq: 1, on: true });
  for (let i = PREFS_BURST; i < PREFS_RECORDS_MAX; i++) {
    await site.time.advance(1_000);
    await ana.request("save", { room, seq: 1, on: i % 2 === 1 });
  }
  await site.quiet();
  const lines = accountsOf(site).split("\n");
  const whole = lines.filter((line) => line.includes('"kind":"prefs"') && line.includes('"body"'));
  expect(whole.length).toBeLessThan(PREFS_RECORDS_MAX / 2);
  await site.restart();
  const again = await site.again(ana, "ana");
  expect(await again.request("prefs", {})).toEqual(await again.request("prefs", {}));
});

test("an erasure changes only the threads that lost a reply", async () => {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"]);
  const room = ana.roomId();
  const post = async (text: string, re: number) => {
    const body = { re, thread: true, mentions: [] };
    return (await site.wait(ben.post(text, "lobby", "AAAAAAAAAAA", body))).seq;
  };
  const { seq: first } = await site.wait(ana.post("one?"));
  const { seq: second } = await site.wait(ana.post("two?"));
  const { seq: own } = await site.wait(eve.post("three?"));
  const earlier = await post("earlier", first);
  await post("also earlier", second);
  const reply = await post("never mind", first);
  for (const root of [second, own]) await post("unread", root);
  await site.quiet();
  const noticesAfter = async (seq: number) => {
    const before = [ana, ben, eve].map((guest) => guest.all("follow").length);
    await ben.request("erase", { seq });
    await site.quiet();
    return [ana, ben, eve].map((guest, i) => guest.all("follow").slice(before[i]));
  };
  const follow = { kind: "follow", room, seq: first, on: true, read: first } as const;
  const left = { ...follow, unread: 1, last: earlier };
  expect(await noticesAfter(reply)).toEqual([[left], [], []]);
  // The thread is gone with its last reply, and so is what its starter had not read.
  expect(await noticesAfter(earlier)).toEqual([[{ ...follow, unread: 0, last: first }], [], []]);
});
