import { expect, test } from "bun:test";
import {
  JOINED_ROOMS_MAX,
  PRESENCE_INTERVAL_MS,
  ROOMS_PER_HOUR_MAX,
} from "../../src/base/limits.ts";
import { checkName } from "../../src/base/names.ts";
import { fixtureTest } from "../fixture-test.ts";
import type { Guest } from "./guest.ts";
import { Site, siteWith } from "./site.ts";
import { lab, labTest, operating, TOKEN } from "./site-lab.ts";

const pairTest = fixtureTest(() => siteWith(["ana", "ben"]));

pairTest("creates, joins, lists, describes and leaves rooms", async ({ site, ana, ben }) => {
  expect(await ben.refusal("join", { room: "dev" })).toBe("room-unknown");
  const made = await ana.request("join", { room: "Dev", create: true });
  expect(made).toMatchObject({ name: "Dev", created: true, joined: true });
  const joined = await ben.request("join", { room: "dEV", create: true });
  expect(joined).toEqual({ room: made.room, name: "Dev", created: false, joined: true });
  expect((await ben.request("join", { room: "dev" })).joined).toBe(false);
  expect(await ben.refusal("topic", { room: "dev", topic: "bugs" })).toBe("not-allowed");
  await ana.request("rules", { room: "dev", topic: "everyone" });
  await ben.request("topic", { room: "dev", topic: "bugs" });
  await site.quiet();
  expect(ana.records.at(-1)).toMatchObject({ head: { kind: "topic" }, from: "ben" });
  const common = { members: 2, joined: true, sealed: false, locked: false, unread: 0 };
  expect((await ana.request("rooms", {})).rooms).toEqual([
    { room: "lobby", topic: "", ...common },
    { room: "Dev", topic: "bugs", ...common },
  ]);
  await ben.request("leave", { room: "dev" });
  expect(await ben.refusal("leave", { room: "dev" })).toBe("not-member");
  expect(await ben.refusal("topic", { room: "dev", topic: "x" })).toBe("not-member");
  expect(await ben.refusal("leave", { room: "nowhere" })).toBe("room-unknown");
  expect(await ben.refusal("join", { room: "no name" })).toBe("name-invalid");
  expect((await ben.request("who", { room: "lobby" })).users).toHaveLength(2);
  expect(await ben.refusal("who", { room: "dev" })).toBe("not-member");
});

pairTest("asks for the password of a locked room once per account", async ({ site, ana, ben }) => {
  await ana.request("join", { room: "vault", create: true, password: "open" });
  expect(await ben.refusal("join", { room: "vault" })).toBe("room-password-wrong");
  const wrong = await ben.refused("join", { room: "vault", password: "shut" });
  expect(wrong.code).toBe("room-password-wrong");
  await ben.request("join", { room: "vault", password: "open" });
  await ben.request("leave", { room: "vault" });
  await ben.request("join", { room: "vault" });
  expect([ben.room("vault")?.locked, ben.room("lobby")?.locked]).toEqual([true, undefined]);
  expect((await ben.request("rooms", {})).rooms.at(-1)).toMatchObject({ locked: true });
  await site.restart();
  const eve = await site.member("eve");
  await eve.request("join", { room: "vault", password: "open" });
  expect(JSON.stringify(eve.records)).not.toContain("open");
});

pairTest("shows topic and size of a locked room to its members only", async ({ ana, ben }) => {
  await ana.request("join", { room: "vault", create: true, password: "open" });
  await ana.request("topic", { room: "vault", topic: "the plan" });
  const lastListed = async (guest: Guest) => (await guest.request("rooms", {})).rooms.at(-1);
  const hidden = { room: "vault", topic: "", members: 0, joined: false, locked: true };
  expect(await lastListed(ben)).toMatchObject(hidden);
  await ben.request("join", { room: "vault", password: "open" });
  const seen = { room: "vault", topic: "the plan", members: 2, joined: true, locked: true };
  expect(await lastListed(ben)).toMatchObject(seen);
  await ben.request("leave", { room: "vault" });
  expect(await lastListed(ben)).toMatchObject(hidden);
  expect(await lastListed(ana)).toMatchObject({ topic: "the plan", members: 1 });
});

test("limits the rooms that a member creates in an hour, except operators", async () => {
  const { site, ana, ben, eve } = await lab();
  const create = async (by: Guest, room: string) => {
    await by.request("join", { room, create: true });
    await by.request("leave", { room });
  };
  for (let i = 0; i < ROOMS_PER_HOUR_MAX; i++) await create(ben, `b${i}`);
  const { code, retryAfterMs } = await ben.refused("join", { room: "more", create: true });
  expect([code, retryAfterMs]).toEqual(["too-many", undefined]);
  await ben.request("join", { room: "lobby", create: true });
  await create(eve, "eves");
  await operating(ana);
  for (let i = 0; i <= ROOMS_PER_HOUR_MAX; i++) await create(ana, `a${i}`);
  await site.time.advance(60 * 60_000);
  await create(await site.again(ben, "ben"), "later");
});

labTest("removes a room without messages with its last member", async ({ site, ana, ben }) => {
  await ana.request("join", { room: "dev", create: true, password: "open sesame" });
  const leave = async (guest: Guest) => {
    await guest.request("leave", { room: "dev" });
    return site.rooms.find(checkName("dev")) === undefined;
  };
  await ben.request("join", { room: "dev", password: "open sesame" });
  expect(await leave(ana)).toBe(false);
  expect(await leave(ben)).toBe(true);
  expect(await ben.refusal("join", { room: "dev" })).toBe("room-unknown");
  await ben.request("join", { room: "dev", create: true });
  await site.wait(ben.post("used", "dev"));
  await ben.request("leave", { room: "dev" });
  await site.restart();
  const again = await site.again(ben, "ben");
  expect((await again.request("join", { room: "dev" })).created).toBe(false);
  const { rooms } = await again.request("rooms", {});
  expect(rooms.map(({ room }) => room)).toEqual(["lobby", "lab", "dev"]);
});

test("lists rooms in pages", async () => {
  const site = await Site.open({ operatorToken: TOKEN });
  const ana = await operating(await site.member("ana"));
  const names = Array.from({ length: JOINED_ROOMS_MAX - 1 }, (_, i) => `r${i}`);
  await site.wait(Promise.all(names.map((room) => ana.send("join", { room, create: true }))));
  const more = { room: "more", create: true };
  expect(await ana.refusal("join", more)).toBe("too-many");
  const before = site.accounts.head();
  expect(await ana.refusal("join", { ...more, password: "open" })).toBe("too-many");
  expect(site.accounts.head()).toBe(before);
  const ben = await site.member("ben");
  await ben.request("join", { room: "more", create: true });
  const first = await ana.request("rooms", {});
  expect([first.rooms.length, first.more]).toEqual([1_000, true]);
  const rest = await ana.request("rooms", { after: first.rooms.at(-1)?.room ?? "" });
  expect(rest.rooms.map(({ room }) => room)).toEqual(["more"]);
  expect(rest.more).toBe(false);
  expect(await ana.refusal("rooms", { after: "nowhere" })).toBe("room-unknown");
});

pairTest("stops reading on all devices of a member who leaves", async ({ site, ana, ben }) => {
  const phone = await site.again(ben, "ben");
  await ben.request("leave", { room: "lobby" });
  await site.wait(ana.post("behind his back"));
  await site.quiet();
  for (const device of [ben, phone]) {
    expect(device.all("room-gone")).toHaveLength(1);
    expect(device.records.at(-1)?.head.kind).toBe("leave");
    expect(device.texts()).toEqual([]);
  }
  expect(await ben.refusal("history", { target: "lobby", limit: 9 })).toBe("not-member");
  expect((await ben.request("history", { limit: 9 })).records).toEqual([]);
  expect(await ben.refusal("post", postTo("lobby"))).toBe("not-member");
  await ben.request("join", { room: "lobby" });
  await site.quiet();
  expect(ben.texts()).toEqual(["behind his back"]);
  expect(phone.texts()).toEqual(["behind his back"]);
});

pairTest("keeps direct messages for an offline user", async ({ site, ana, ben }) => {
  const after = ben.records.at(-1)?.head.seq ?? 0;
  ben.hangUp();
  await site.quiet();
  expect(await site.wait(ana.post("are you there", "@BEN"))).toMatchObject({ n: 2, queued: true });
  const back = await site.again(ben, "ben", after);
  expect(back.texts()).toEqual(["are you there"]);
  expect(back.all("room").find((room) => room.with === "ana")).toMatchObject({ n: 1 });
  const reply = await site.wait(back.post("yes", "@ana", "BBBBBBBBBBB"));
  expect(reply.queued).toBeUndefined();
  await site.quiet();
  expect(ana.texts()).toEqual(["are you there", "yes"]);
  expect(ana.all("room").find((room) => room.with === "ben")).toBeDefined();
  const page = await ana.request("history", { target: "@ben", limit: 10 });
  expect(page.rooms).toMatchObject([{ with: "ben" }]);
  expect(page.records).toHaveLength(2);
});

test("shows direct messages to the two users only", async () => {
  const { site, ana, eve } = await siteWith(["ana", "ben", "eve"]);
  await site.wait(ana.post("psst", "@ben"));
  await site.wait(ana.post("note", "@ana"));
  await site.quiet();
  expect(eve.texts()).toEqual([]);
  expect((await eve.request("history", { limit: 50, grep: "psst" })).records).toEqual([]);
  expect((await eve.request("history", { target: "@ana", limit: 50 })).records).toEqual([]);
  expect((await eve.request("rooms", {})).rooms).toHaveLength(1);
  expect(await eve.refusal("history", { target: "@nobody", limit: 5 })).toBe("user-unknown");
  expect(ana.texts()).toEqual(["psst", "note"]);
});

async function talked(): Promise<{ site: Site; ana: Guest; ben: Guest }> {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  for (const text of ["Red", "green", "blue"]) await site.wait(ana.post(text));
  await site.wait(ben.post("red again", "lobby", "BBBBBBBBBBB"));
  return { site, ana, ben };
}

test("searches history by text, author and room", async () => {
  const { ana } = await talked();
  const found = async (query: object) => {
    const page = await ana.request("history", { limit: 10, ...query });
    return [page.records.length, page.more];
  };
  expect(await found({ grep: "red" })).toEqual([1, false]);
  expect(await found({ grep: "red", ignoreCase: true })).toEqual([2, false]);
  expect(await found({ kinds: ["text"], grep: "RED", ignoreCase: true })).toEqual([2, false]);
  expect(await found({ kinds: ["file", "of a later version"] })).toEqual([0, false]);
  expect(await found({ kinds: ["text"], files: true })).toEqual([0, false]);
  expect(await found({ grep: "e", limit: 2 })).toEqual([2, true]);
  expect(await found({ from: "BEN", grep: "red" })).toEqual([1, false]);
  expect(await found({ after: 3, limit: 2 })).toEqual([2, true]);
  expect(await found({ before: 2 })).toEqual([0, false]);
  expect(await found({ since: 2e12 })).toEqual([0, false]);
  expect(await found({ until: 1e12 })).toEqual([0, false]);
  expect(await found({ files: true })).toEqual([0, false]);
  expect(await ana.refusal("history", { from: "nobody", limit: 1 })).toBe("user-unknown");
  expect(await ana.refusal("history", { target: "x", limit: 1 })).toBe("room-unknown");
});

test("notifies of presence changes, and lists users by name", async () => {
  const { site, ana, Ben: ben } = await siteWith(["ana", "Ben"]);
  await gathered(site);
  const phone = await site.again(ben, "Ben");
  phone.hangUp();
  await gathered(site);
  ben.hangUp();
  await gathered(site);
  const again = await site.again(ben, "Ben");
  await gathered(site);
  again.hangUp();
  await site.quiet();
  await site.again(ben, "Ben");
  await gathered(site);
  const presences = ana.all("presence").filter(({ user }) => user === "Ben");
  expect(presences.map(({ online }) => online)).toEqual([true, false, true]);
  const { users } = await ana.request("who", {});
  expect(users.map(({ user }) => user)).toEqual(["ana", "Ben"]);
  expect((await ana.request("who", { after: "ANA" })).users.map(({ user }) => user)).toEqual([
    "Ben",
  ]);
  expect((await ana.request("who", { room: "@Ben" })).users).toEqual([]);
});

pairTest("hides a session without presence, and sends it no events", async ({ site, ana, ben }) => {
  await site.wait(ana.post("before"));
  ben.hangUp();
  await gathered(site);
  const before = ana.all("presence").length;
  const caller = await site.greeted(undefined, ben.keys);
  await caller.request("login", { ...caller.signedLogin("ben"), presence: false });
  await caller.until("caught-up");
  const { users } = await ana.request("who", {});
  expect(users.filter(({ online }) => online).map(({ user }) => user)).toEqual(["ana"]);
  expect(await ana.request("post", postTo("@ben"))).toMatchObject({ queued: true });
  await site.wait(caller.post("heard"));
  await site.quiet();
  expect([caller.records, caller.all("presence")]).toEqual([[], []]);
  const rooms = caller.all("room").map(({ name, with: partner }) => name ?? partner);
  expect(rooms).toEqual(["lobby", "ana"]);
  expect((await caller.request("history", { limit: 10 })).records.length).toBeGreaterThan(3);
  caller.hangUp();
  await site.quiet();
  expect(ana.all("presence").slice(before)).toEqual([]);
  expect(ana.records.at(-1)?.from).toBe("ben");
});

async function gathered(site: Site): Promise<void> {
  await site.time.advance(PRESENCE_INTERVAL_MS);
  await site.quiet();
}

function postTo(to: string) {
  return { outbox: "CCCCCCCCCCC", counter: 1, to, body: { text: "x" } };
}
