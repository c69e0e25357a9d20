import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { KNOCKS_PER_HOUR_MAX, NEWCOMERS_ROOMS_MAX } from "../../../src/base/limits.ts";
import { rejection } from "../../rejection.ts";
import { siteWith } from "../site.ts";
import { lab, labTest, operating, TOKEN } from "../site-lab.ts";

const RULES = { post: "moderators", slow: 30, everyone: "moderators" } as const;

labTest("shows the rules to members before and after a restart", async ({ site, ana, ben }) => {
  expect(await ana.request("rules", { room: "lab" })).toEqual({ rules: { topic: "moderators" } });
  expect(await ben.refusal("rules", { room: "lab", ...RULES })).toBe("not-allowed");
  const { rules, seq } = await ana.request("rules", { room: "lab", ...RULES });
  const all = { topic: "moderators", ...RULES } as const;
  await site.quiet();
  expect([rules, seq]).toEqual([all, ben.records.at(-1)?.head.seq]);
  expect(ben.room("lab")?.rules).toEqual(all);
  expect(await ana.request("rules", { room: "lab", slow: 30 })).toEqual({ rules: all });
  expect(await rejection(site.wait(ben.post("no", "lab")))).toMatchObject({
    code: "not-allowed",
    message: "only moderators can post in 'lab'",
  });
  await site.restart();
  const again = await site.again(ben, "ben");
  await site.quiet();
  expect(again.room("lab")?.rules).toEqual(all);
  expect(await again.request("rules", { room: "lab" })).toEqual({ rules: all });
  const maker = await site.again(ana, "ana");
  await maker.request("rules", { room: "lab", post: "everyone", slow: 0 });
  await site.wait(again.post("yes", "lab"));
});

test("keeps the rules of a room from those who are no members, except operators", async () => {
  const { ana, eve } = await lab();
  await ana.request("join", { room: "den", create: true });
  expect(await eve.refusal("rules", { room: "den" })).toBe("not-member");
  await operating(eve);
  const { rules } = await eve.request("rules", { room: "den", slow: 5 });
  expect(rules).toEqual({ topic: "moderators", slow: 5 });
  const { rooms } = await eve.request("all-rooms", { find: "den" });
  expect(rooms[0]?.rules).toEqual(rules);
});

labTest("adds new accounts to the rooms for newcomers", async ({ site, ana, ben, eve }) => {
  expect(await ana.refusal("rules", { room: "lab", newcomers: true })).toBe("not-allowed");
  expect(await ana.request("rules", { room: "lab", newcomers: false })).toBeDefined();
  await operating(eve);
  await ana.request("rules", { room: "lab", join: "approval" });
  const { rules } = await eve.request("rules", { room: "lab", newcomers: true });
  expect(rules).toEqual({ topic: "moderators", join: "approval", newcomers: true });
  expect(await eve.refusal("rules", { room: "lobby", newcomers: true })).toBe("not-allowed");
  await ben.request("leave", { room: "lab" });
  const fay = await site.member("fay");
  await site.quiet();
  expect([fay.room("lab")?.name, fay.room("lobby")?.name]).toEqual(["lab", "lobby"]);
  // Whoever has left a room stays out.
  await fay.request("leave", { room: "lab" });
  const again = await site.again(fay, "fay");
  await site.again(ben, "ben");
  await site.quiet();
  expect(again.room("lab")).toBeUndefined();
  const { users } = await ana.request("who", { room: "lab" });
  expect(users.map(({ user }) => String(user)).sort()).toEqual(["ana", "eve"]);
  // Moderators may change other rules.
  await ana.request("rules", { room: "lab", slow: 5, newcomers: true });
  await eve.request("rules", { room: "lab", newcomers: false });
  const gus = await site.member("gus");
  await site.quiet();
  expect(gus.room("lab")).toBeUndefined();
});

labTest("adds newcomers also after a registration that failed", async ({ site, eve }) => {
  await operating(eve);
  await eve.request("rules", { room: "lab", newcomers: true });
  const fay = await site.greeted();
  site.trouble = (call, path) =>
    call === "write" && path.includes("history") ? "ENOSPC" : undefined;
  expect(await fay.refusal("register", fay.registration("fay"))).toBe("store-full");
  site.trouble = () => undefined;
  await site.restartAfterCrash();
  const again = await site.again(fay, "fay");
  await site.quiet();
  expect([again.room("lab")?.name, again.room("lobby")?.name]).toMatchObject(["lab", "lobby"]);
});

labTest("newcomers join at most 16 rooms, and none that was removed", async ({ site, eve }) => {
  await operating(eve);
  const rooms = Array.from({ length: NEWCOMERS_ROOMS_MAX }, (_, i) => `room${i}`);
  for (const room of rooms) {
    await eve.request("join", { room, create: true });
    await eve.request("rules", { room, newcomers: true });
  }
  expect(await eve.refusal("rules", { room: "lab", newcomers: true })).toBe("too-many");
  await eve.request("remove", { room: "room3" });
  await eve.request("rules", { room: "lab", newcomers: true });
  const fay = await site.member("fay");
  await site.quiet();
  expect(fay.room("room3")).toBeUndefined();
  const joined = [...rooms, "lab"].filter((room) => fay.room(room) !== undefined);
  expect(joined).toHaveLength(NEWCOMERS_ROOMS_MAX);
});

labTest("tells a member when slow mode lets them post again", async ({ site, ana, ben }) => {
  await ana.request("rules", { room: "lab", slow: 30 });
  await site.wait(ben.post("one", "lab"));
  const postedAt = site.clock.unixMs();
  const refusal = await rejection(site.wait(ben.post("two", "lab")));
  expect(refusal).toMatchObject({ code: "too-fast", retryAfterMs: undefined });
  await site.wait(ben.post("elsewhere", "lobby"));
  await site.restart();
  const again = await site.again(ben, "ben");
  await site.quiet();
  const { slowUntil = 0 } = again.room("lab") ?? {};
  expect(Math.abs(slowUntil - postedAt - 30_000)).toBeLessThan(1_000);
  await site.time.advance(30_000);
  await site.wait(again.post("two", "lab"));
});

test("admits by approval, and tells moderators alone who asks", async () => {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"], { operatorToken: TOKEN });
  await ana.request("join", { room: "lab", create: true });
  await ben.request("join", { room: "lab" });
  await ana.request("rules", { room: "lab", join: "approval" });
  const listed = (await eve.request("rooms", {})).rooms.find(({ room }) => room === "lab");
  expect(listed).toMatchObject({ approval: true, locked: false });
  expect(await eve.refusal("join", { room: "lab", password: "guess" })).toBe("approval-needed");
  await eve.request("knock", { room: "lab", on: true });
  await site.quiet();
  expect(ana.room("lab")?.knocks).toEqual(["eve"]);
  expect(ben.notices.some((notice) => notice.kind === "room" && notice.knocks)).toBe(false);
  expect(await ben.refusal("invite-user", { room: "lab", user: "eve" })).toBe("not-allowed");
  await ana.request("invite-user", { room: "lab", user: "eve" });
  expect((await eve.until("invited")).room).toBe("lab");
  await eve.request("join", { room: "lab" });
  await site.quiet();
});

test("limits how often an account asks to join", async () => {
  const { site, ana, eve } = await siteWith(["ana", "eve"]);
  for (const room of ["lab", "attic"]) {
    await ana.request("join", { room, create: true });
    await ana.request("rules", { room, join: "approval" });
  }
  for (let i = 0; i < KNOCKS_PER_HOUR_MAX; i++) {
    const room = i % 2 === 0 ? "lab" : "attic";
    await eve.request("knock", { room, on: true });
    await eve.request("knock", { room, on: false });
  }
  for (const room of ["lab", "attic"])
    expect(await eve.refusal("knock", { room, on: true })).toBe("too-many");
  await site.time.advance((60 * 60_000) / KNOCKS_PER_HOUR_MAX);
  await eve.request("knock", { room: "lab", on: true });
  await eve.request("knock", { room: "lab", on: false });
  expect(await eve.refusal("knock", { room: "lab", on: true })).toBe("too-many");
});

test("forgets the request of a removed account", async () => {
  const { site, ana, ben, eve } = await siteWith(["ana", "ben", "eve"], { operatorToken: TOKEN });
  await ana.request("join", { room: "lab", create: true });
  await ana.request("rules", { room: "lab", join: "approval" });
  await eve.request("knock", { room: "lab", on: true });
  await (await operating(ben)).request("remove", { user: "eve" });
  await site.quiet();
  expect(ana.records.at(-1)).toMatchObject({ head: { kind: "knock" }, body: { on: false } });
});

labTest(
  "sets the password of a room, and only for its moderators",
  async ({ site, ana, ben, eve }) => {
    const secret = { room: "lab", join: "password" } as const;
    expect(await ana.refusal("rules", secret)).toBe("usage");
    expect(await ben.refusal("rules", { ...secret, password: "stolen" })).toBe("not-allowed");
    await ana.request("rules", { ...secret, password: "sesame one" });
    await ana.request("kick", { room: "lab", user: "eve" });
    expect(await eve.refusal("join", { room: "lab" })).toBe("room-password-wrong");
    expect(await eve.refusal("join", { room: "lab", password: "stolen" })).toBe(
      "room-password-wrong",
    );
    await ana.request("rules", { ...secret, password: "sesame two" });
    await site.time.advance(60_000);
    await eve.request("join", { room: "lab", password: "sesame two" });
  },
);

test("keeps the password of no room that was removed", async () => {
  const { site, ana } = await lab();
  const create = async (room: string) => {
    const password = "a password";
    const created = await ana.request("join", { room, create: true, password });
    return created.room as RoomId;
  };
  const ids = [await create("kept"), await create("unused")];
  const areKnown = () => ids.map((id) => site.registry.roomPassword(id) !== undefined);
  expect(areKnown()).toEqual([true, true]);
  await ana.request("leave", { room: "unused" });
  expect(areKnown()).toEqual([true, false]);
});

test("lets only those mention everyone who may", async () => {
  const { ana, ben } = await lab();
  await ana.request("rules", { room: "lab", everyone: "moderators" });
  const post = {
    outbox: "EEEEEEEEEEE",
    to: "lab",
    body: { text: "@here", everyone: "here" },
  } as const;
  expect(await ben.refusal("post", { ...post, counter: 1 })).toBe("not-allowed");
  const { seq } = await ana.request("post", { ...post, counter: 1 });
  const { records } = await ben.request("history", { target: "lab", limit: 1 });
  const [record] = records;
  expect(JSON.parse(new TextDecoder().decode(record?.body))).toEqual(post.body);
  expect(seq).toBeGreaterThan(0);
});
