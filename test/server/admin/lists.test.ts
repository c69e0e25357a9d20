import { expect, test } from "bun:test";
import { FORMER_NAMES_LISTED_MAX } from "../../../src/base/limits-page.ts";
import { checkName } from "../../../src/base/names.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { lab, labTest, operating } from "../site-lab.ts";

labTest("lists all accounts, online or not, with their state", async ({ site, ana, ben, eve }) => {
  await operating(ana);
  await ana.request("grant", { user: "ben", on: true });
  await ben.request("passwd", { password: "secret" });
  await new TestFile("some", 100).upload(await channelOf(ben), ["lab"]);
  await ana.request("ban", { user: "eve", on: true });
  await eve.untilEnded();
  await site.quiet();
  const { accounts, total } = await ana.request("accounts", {});
  expect(total).toBe(3);
  const fresh = { operator: false, banned: false, password: false, devices: 1, bytes: 0 };
  expect(accounts).toMatchObject([
    { user: "ana", online: true, ...fresh },
    { user: "ben", online: true, ...fresh, operator: true, password: true, bytes: 100 },
    { user: "eve", online: false, ...fresh, banned: true },
  ]);
  expect(accounts.every(({ since }) => since >= 1_800_000_000_000)).toBe(true);
  expect(accounts.map(({ seen = 0, since }) => seen >= since)).toEqual([true, true, true]);
  await ana.request("remove", { user: "eve" });
  expect((await ana.request("accounts", {})).accounts.map(({ user }) => user)).toEqual([
    "ana",
    "ben",
  ]);
});

labTest("finds, sorts and skips accounts by name", async ({ site, ana }) => {
  await operating(ana);
  await site.member("Zoe-ANA");
  const users = async (fields: object) =>
    (await ana.request("accounts", fields)).accounts.map(({ user }) => user);
  expect(await users({ find: "aN" })).toEqual(["ana", "Zoe-ANA"]);
  expect(await users({ find: "nobody" })).toEqual([]);
  expect(await users({ down: true })).toEqual(["Zoe-ANA", "eve", "ben", "ana"]);
  expect(await users({ sort: "since", down: true, skip: 1 })).toEqual(["ana", "ben", "eve"]);
  for (const sort of ["no such order", "__proto__", "toString"]) {
    expect(await users({ sort })).toEqual(["ana", "ben", "eve", "Zoe-ANA"]);
  }
  expect(await users({ skip: Number.MAX_SAFE_INTEGER })).toEqual([]);
});

labTest("lists all rooms with their size, without conversations", async ({ site, ana, ben }) => {
  await operating(ana);
  await ben.request("join", { room: "big", create: true });
  await new TestFile("one", 300).upload(await channelOf(ben), ["big", "lab"]);
  await new TestFile("two", 50).upload(await channelOf(ben), ["lab"]);
  await site.wait(ben.post("hello", "@eve"));
  await ana.request("close", { room: "big", on: true });
  await site.quiet();
  const { rooms, total } = await ana.request("all-rooms", { sort: "bytes", down: true });
  expect(total).toBe(3);
  expect(rooms.map(({ room, files, bytes, closed }) => [room, files, bytes, closed])).toEqual([
    ["lab", 2, 350, false],
    ["big", 1, 300, true],
    ["lobby", 0, 0, false],
  ]);
  expect(rooms[0]).toMatchObject({ members: 3, locked: false, sealed: false });
  expect(rooms[0]?.records).toBeGreaterThan(4);
  const members = await ana.request("all-rooms", { sort: "members", find: "b" });
  expect(members.rooms.map(({ room }) => room)).toEqual(["big", "lobby", "lab"]);
});

labTest("lists all files by size, and private ones without a name", async ({ site, ana, ben }) => {
  await operating(ana);
  const [open, secret] = [
    new TestFile("open", 10, "plan.txt"),
    new TestFile("priv", 30, "love.txt"),
  ];
  await open.upload(await channelOf(ben), ["lab", "lobby", "@eve"]);
  await secret.upload(await channelOf(ben), ["@eve"]);
  await site.quiet();
  const { files, total, bytes } = await ana.request("all-files", { sort: "bytes", down: true });
  expect([total, bytes]).toEqual([2, 40]);
  const [first, second] = files;
  expect(first).toMatchObject({ file: secret.id, user: "ben", bytes: 30, rooms: [], seqs: [] });
  expect(first?.name).toBeUndefined();
  expect(second).toMatchObject({ file: open.id, name: "plan.txt", rooms: ["lab", "lobby"] });
  expect(JSON.stringify(await ana.request("all-files", {}))).not.toContain("love");
  expect((await ana.request("all-files", { find: "LOVE" })).files).toEqual([]);
  expect((await ana.request("all-files", { find: "PLAN" })).files).toHaveLength(1);
  expect((await ana.request("all-files", { find: "Ben" })).files).toHaveLength(2);
  // Erased in the public room, the file exists only in a conversation.
  for (const seq of second?.seqs ?? []) await ana.request("erase", { seq });
  const left = await ana.request("all-files", { sort: "bytes" });
  expect(left.files.map((file) => [file.bytes, file.name])).toEqual([
    [10, undefined],
    [30, undefined],
  ]);
});

test("signs a user out of all devices, who logs in again by password", async () => {
  const { site, ana, ben, eve } = await lab();
  expect(await eve.refusal("sign-out", { user: "ben" })).toBe("not-allowed");
  await operating(ana);
  expect(await ana.refusal("sign-out", { user: "ana" })).toBe("not-allowed");
  expect(await ana.refusal("sign-out", { user: "ben" })).toBe("last-credential");
  expect(ben.ended).toBeUndefined();
  await ben.request("passwd", { password: "secret" });
  await ana.request("sign-out", { user: "ben" });
  await ben.untilEnded();
  const back = await site.greeted();
  expect(await back.refusal("login", ben.signedLogin("ben"))).toBe("login-refused");
  await back.request("login", back.passwordLogin("ben", "secret"));
  expect(site.registry.find(checkName("ben"))?.devices.size).toBe(1);
});

labTest("cancels an upload and deletes what arrived", async ({ site, ana, ben, eve }) => {
  await operating(ana);
  const file = new TestFile("some", 4 * 262_144, "some.bin");
  const lane = await channelOf(ben);
  await lane.request("offer", file.offer(["lab"]));
  file.sendAll(lane, 0, 2);
  await lane.until("ack", 2);
  const request = { file: file.id, user: "ben", direction: "up" } as const;
  expect(await eve.refusal("cancel", request)).toBe("not-allowed");
  const other = { ...request, user: "eve" };
  expect(await ana.refusal("cancel", other)).toBe("not-found");
  expect(await ana.refusal("cancel", { ...request, direction: "down" })).toBe("not-found");
  await ana.request("watch", { on: true });
  await ana.request("cancel", request);
  await lane.untilEnded();
  expect(lane.ended?.fault?.code).toBe("not-allowed");
  expect((await ana.request("transfers", {})).transfers).toEqual([]);
  expect((await ana.request("stats", {})).files.unfinished).toBe(0);
  await site.quiet();
  const [cancelled] = ana.all("event").filter(({ event }) => event === "cancelled");
  expect(cancelled).toMatchObject({ user: "ben", by: "ana", file: file.id });
  expect(await ana.refusal("cancel", request)).toBe("not-found");
});

labTest("lists rooms, former names and removed accounts in pages", async ({ site, ana, ben }) => {
  await operating(ana);
  for (let room = 0; room < 20; room++)
    await ben.request("join", { room: `r${room}`, create: true });
  await ana.request("add", { room: "r3", user: "eve" });
  await ben.request("leave", { room: "r3" });
  await ana.request("rename", { room: "r4", to: "r4-new" });
  await ana.request("add", { room: "r3", user: "ana" });
  await ana.request("remove", { user: "eve" });
  await ana.request("rename", { user: "ben", to: "Benny" });
  await site.quiet();
  const {
    accounts,
    memberships = [],
    former,
    total,
  } = await ana.request("accounts", { memberships: true });
  expect(total).toBe(3);
  expect(accounts.map(({ user, removed }) => [user, removed])).toEqual([
    ["ana", undefined],
    ["Benny", undefined],
    ["eve", true],
  ]);
  expect(former).toEqual([{ user: "Benny", name: "ben" }]);
  const own = memberships.filter(({ user }) => user === "Benny");
  expect(own).toHaveLength(22);
  expect(own.filter(({ left }) => left === true)).toEqual([
    { user: "Benny", room: "r3", moderator: true, left: true },
  ]);
  const rooms = await ana.request("all-rooms", { former: true });
  expect(rooms.former).toEqual([{ room: "r4-new", name: "r4" }]);
  expect(await ana.request("all-rooms", {})).not.toHaveProperty("former");
});

labTest("ends a page before it has too many former names", async ({ site, ana }) => {
  await operating(ana);
  const count = FORMER_NAMES_LISTED_MAX / 2 + 1;
  for (const room of ["a", "b"]) {
    await ana.request("join", { room, create: true });
    for (let number = 0; number < count; number++) {
      const from = number === 0 ? room : `${room}-${number}`;
      await ana.request("rename", { room: from, to: `${room}-${number + 1}` });
    }
  }
  await site.quiet();
  const page = await ana.request("all-rooms", { former: true });
  expect(page.rooms.map(({ room }) => room)).toEqual([`a-${count}`]);
  expect(page.former).toHaveLength(count);
  const rest = await ana.request("all-rooms", { former: true, skip: 1 });
  expect([rest.rooms.length, rest.total]).toEqual([3, 4]);
});
