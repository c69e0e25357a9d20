import { expect, test } from "bun:test";

import { toHex, utf8Encode } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import { ID_BYTES } from "../../../src/base/ids.ts";
import { GROUP_MEMBERS_MAX } from "../../../src/base/limits.ts";
import { groupDigest } from "../../../src/crypto/group-digest.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { rejection } from "../../rejection.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { siteWith } from "../site.ts";
import { operating, TOKEN } from "../site-lab.ts";

const UNKNOWN = "group-0123456789abcdef";

async function trio() {
  const names = ["ana", "ben", "cleo", "eve"] as const;
  const all = await siteWith(names, { operatorToken: TOKEN });
  const { name, created } = await all.ana.request("conversation", { users: ["ben", "Cleo"] });
  await all.site.quiet();
  return { ...all, name, created };
}

test("creates a group at once for all of its members", async () => {
  const { site, ana, ben, cleo, eve, name, created } = await trio();
  expect(created).toBe(true);
  expect(name).toMatch(/^group-[0-9a-f]{16}$/);
  expect(ana.room(name)?.people).toEqual(["ben", "cleo"]);
  expect(ben.room(name)?.people?.toSorted()).toEqual(["ana", "cleo"]);
  expect(eve.room(name)).toBeUndefined();
  await site.wait(cleo.post("hi all", name));
  await site.quiet();
  expect(ana.records.at(-1)).toMatchObject({ from: "cleo", body: { text: "hi all" } });
  expect(ben.records.at(-1)).toMatchObject({ from: "cleo", body: { text: "hi all" } });
  await site.restart();
  const again = await site.again(ben, "ben");
  await site.quiet();
  expect(again.room(name)?.people?.toSorted()).toEqual(["ana", "cleo"]);
});

test("finds the group of the same people again until it has a title", async () => {
  const { site, ana, ben, cleo, name } = await trio();
  const found = await Promise.all([
    ben.request("conversation", { users: ["cleo", "ana", "ana", "ben"] }),
    cleo.request("conversation", { users: ["ana", "ben"] }),
  ]);
  expect(found.map((one) => [one.name, one.created])).toEqual([
    [name, false],
    [name, false],
  ]);
  await ben.request("topic", { room: name, topic: "Trip" });
  await site.quiet();
  expect(cleo.room(name)).toMatchObject({ topic: "Trip", people: expect.any(Array) });
  const second = await ana.request("conversation", { users: ["ben", "cleo"] });
  expect([second.created, second.name === name]).toEqual([true, false]);
});

test("creates one group when two people begin at the same time", async () => {
  const { ana, ben, cleo } = await siteWith(["ana", "ben", "cleo"]);
  const both = await Promise.all([
    ana.request("conversation", { users: ["ben", "cleo"] }),
    ben.request("conversation", { users: ["ana", "cleo"] }),
    cleo.request("conversation", { users: ["ana", "ben"] }),
  ]);
  expect(new Set(both.map(({ name }) => name)).size).toBe(1);
  expect(both.filter(({ created }) => created)).toHaveLength(1);
});

test("answers a user outside the group as if it did not exist", async () => {
  const { site, ana, eve, name } = await trio();
  await site.wait(ana.post("secret", name));
  const { seq = 0 } = ana.records.at(-1)?.head ?? {};
  const tries = async (room: string) => {
    const requests = [
      () => eve.request("join", { room }),
      () => eve.request("join", { room, create: true }),
      () => eve.request("join", { room, create: true, sealed: true }),
      () => eve.request("leave", { room }),
      () => eve.request("topic", { room, topic: "x" }),
      () => eve.request("rules", { room }),
      () => eve.request("who", { room }),
      () => eve.request("history", { target: room, limit: 1 }),
      () => eve.request("pins", { target: room }),
      () => eve.request("receipts", { target: room, on: true }),
      () => eve.request("group", { target: room }),
      () => eve.request("invite-user", { room, user: "eve" }),
      () => eve.request("kick", { room, user: "ana" }),
      () => eve.request("mute", { room, user: "ana", on: true }),
      () => eve.request("grant", { room, user: "eve", on: true }),
      () => eve.request("hand", { room, on: true }),
      () => eve.request("knock", { room, on: true }),
      () => eve.request("rooms", { after: room }),
      () => eve.request("invite", { room }),
      () => eve.request("invite", { read: room }),
      () => site.wait(eve.post("let me in", room)),
    ];
    const refusals: string[] = [];
    for (const send of requests) {
      const fault = await rejection(send());
      const code = fault instanceof Fault ? fault.code : "none";
      refusals.push(`${code} ${fault.message.replace(room, "ROOM")}`);
    }
    return refusals;
  };
  const refusals = await tries(name);
  expect(refusals).toEqual(await tries(UNKNOWN));
  expect(new Set(refusals)).toEqual(new Set(["room-unknown no room named 'ROOM'"]));
  expect(await eve.refusal("erase", { seq })).toBe("not-found");
  expect(await eve.refusal("readers", { seq })).toBe("not-found");
  const { rooms } = await eve.request("rooms", {});
  expect(rooms.map(({ room }) => room)).not.toContain(name);
  expect((await eve.request("whois", { user: "ana" })).rooms).not.toContain(name);
  expect(eve.records.some(({ body }) => JSON.stringify(body)?.includes("secret"))).toBe(false);
});

test("gives operators no rights in a group, and hides its content from them", async () => {
  const { site, ana, eve, name } = await trio();
  await operating(eve);
  await eve.request("watch", { on: true });
  await site.wait(ana.post("secret", name));
  const { seq = 0 } = ana.records.at(-1)?.head ?? {};
  await site.quiet();
  for (const send of [
    () => eve.request("add", { room: name, user: "eve" }),
    () => eve.request("remove", { room: name }),
    () => eve.request("rename", { room: name, to: "open" }),
    () => eve.request("close", { room: name, on: true }),
    () => eve.request("retention", { room: name, keepMs: 86_400_000 }),
    () => eve.request("kick", { room: name, user: "ana" }),
  ]) {
    expect(await rejection(send())).toMatchObject({ code: "room-unknown" });
  }
  expect(await eve.refusal("erase", { seq })).toBe("not-found");
  const post = eve.all("event").find(({ room }) => room?.name === name);
  expect(post?.record).toMatchObject({ from: "ana" });
  expect(post?.record).not.toHaveProperty("body");
  expect(await ana.refusal("invite", { room: name })).toBe("not-allowed");
  expect((await eve.request("all-rooms", {})).rooms.map(({ room }) => room)).not.toContain(name);
  const accounts = await eve.request("accounts", { memberships: true });
  expect(JSON.stringify(accounts)).not.toContain(name);
  expect(await eve.refusal("rename", { room: "lobby", to: UNKNOWN })).toBe("not-allowed");
  await eve.request("join", { room: "den", create: true });
  expect(await eve.refusal("rename", { room: "den", to: UNKNOWN })).toBe("name-invalid");
});

test("lets any member add people, pin and name the group, and leave", async () => {
  const { site, ana, ben, cleo, eve, name } = await trio();
  await ben.request("invite-user", { room: name, user: "eve" });
  await site.quiet();
  expect(ana.room(name)?.people).toEqual(["ben", "cleo", "eve"]);
  expect(eve.room(name)?.people).toHaveLength(3);
  expect(ana.records.at(-1)).toMatchObject({ from: "eve", body: { addedBy: "ben" } });
  await site.wait(eve.post("hello", name));
  const { seq = 0 } = eve.records.at(-1)?.head ?? {};
  await cleo.request("pin", { seq, on: true });
  await cleo.request("leave", { room: name });
  await site.quiet();
  expect(ana.room(name)?.people).toEqual(["ben", "eve"]);
  expect(await cleo.refusal("join", { room: name })).toBe("room-unknown");
  expect(await cleo.refusal("history", { target: name, limit: 1 })).toBe("room-unknown");
  expect(await cleo.refusal("invite-user", { room: name, user: "cleo" })).toBe("room-unknown");
  await eve.request("invite-user", { room: name, user: "cleo" });
  await site.wait(cleo.post("back", name));
  expect(await ben.refusal("rules", { room: name, slow: 5 })).toBe("not-allowed");
  expect(await ana.refusal("rules", { room: name, join: "approval" })).toBe("not-allowed");
  await ana.request("kick", { room: name, user: "eve" });
  expect(await eve.refusal("who", { room: name })).toBe("room-unknown");
});

test("adds nobody who ignores the author, or who is banned", async () => {
  const { site, ana, ben, cleo, eve, name } = await trio();
  await eve.request("ignore", { user: "ana", on: true });
  const users = ["ben", "eve"];
  expect(await ana.refusal("conversation", { users })).toBe("not-allowed");
  expect(await ana.refusal("invite-user", { room: name, user: "eve" })).toBe("not-allowed");
  await ben.request("invite-user", { room: name, user: "eve" });
  await eve.request("leave", { room: name });
  await operating(cleo);
  await cleo.request("ban", { user: "eve", on: true });
  expect(await ben.refusal("invite-user", { room: name, user: "eve" })).toBe("not-allowed");
  await site.quiet();
  expect(ana.room(name)?.people).toEqual(["ben", "cleo"]);
});

test("refuses groups of too few, too many or unknown people", async () => {
  const { ana, name } = await trio();
  for (const users of [[], ["ben"], ["ana", "ben", "BEN"]]) {
    expect(await ana.refusal("conversation", { users })).toBe("usage");
  }
  expect(await ana.refusal("conversation", { users: ["ben", "zoe"] })).toBe("user-unknown");
  expect(await ana.refusal("conversation", { users: ["ben", "a b"] })).toBe("name-invalid");
  expect(await ana.refusal("invite-user", { room: name, user: "ben" })).toBe("not-allowed");
});

test(`limits a group to ${GROUP_MEMBERS_MAX} members`, async () => {
  const users = Array.from({ length: GROUP_MEMBERS_MAX }, (_, i) => `p${i}`);
  const { ana } = await siteWith(["ana", ...users]);
  if (ana === undefined) throw new Error("no ana");
  expect(await ana.refusal("conversation", { users })).toBe("too-many");
  const last = users.pop() ?? "";
  const { name } = await ana.request("conversation", { users });
  expect(ana.room(name)?.people).toHaveLength(GROUP_MEMBERS_MAX - 1);
  expect(await ana.refusal("invite-user", { room: name, user: last })).toBe("too-many");
});

test("follows renames and removals of accounts", async () => {
  const { site, ana, ben, eve, name } = await trio();
  await operating(eve);
  await eve.request("rename", { user: "cleo", to: "clara" });
  await site.quiet();
  expect(ana.room(name)?.people).toEqual(["ben", "clara"]);
  await eve.request("remove", { user: "clara" });
  await site.quiet();
  expect(ana.room(name)?.people).toEqual(["ben"]);
  await ben.request("leave", { room: name });
  await ana.request("leave", { room: name });
  const again = await ana.request("conversation", { users: ["ben", "eve"] });
  expect(again.created).toBe(true);
});

test("judges a group by the rules of the server, as a direct conversation", async () => {
  const { site, ana, ben, cleo, eve, name } = await trio();
  await site.member("kim");
  await operating(eve);
  await eve.request("grant", { user: "eve", on: true });
  const { seq } = await site.wait(ana.post("before", name));
  await eve.request("server-rules", { direct: "moderators" });
  const users = ["ben", "cleo"];
  // Whoever begins a group is its moderator, which gives no right outside it.
  expect(await rejection(site.wait(ana.post("psst", name)))).toMatchObject({ code: "not-allowed" });
  expect(await ana.refusal("edit", { seq, text: "after" })).toBe("not-allowed");
  expect(await ana.refusal("conversation", { users })).toBe("not-allowed");
  expect(await ana.refusal("invite-user", { room: name, user: "kim" })).toBe("not-allowed");
  await ana.request("invite-user", { room: name, user: "eve" });
  await site.wait(ana.post("an operator reads this", name));
  await eve.request("leave", { room: name });
  expect(await rejection(site.wait(ben.post("psst", name)))).toMatchObject({ code: "not-allowed" });
  await ana.request("join", { room: "class", create: true });
  await ben.request("join", { room: "class" });
  expect(await rejection(site.wait(ben.post("psst", name)))).toMatchObject({ code: "not-allowed" });
  await cleo.request("join", { room: "class" });
  await site.wait(ben.post("with our teacher", name));
  await eve.request("server-rules", { direct: "operators" });
  expect(await rejection(site.wait(ben.post("psst", name)))).toMatchObject({ code: "not-allowed" });
});

test("counts the author of a group as no moderator who may send files", async () => {
  const { ana, ben, cleo, eve, name } = await trio();
  await operating(eve);
  await eve.request("server-rules", { files: "moderators" });
  const file = new TestFile("plan", 1);
  expect(await (await channelOf(ana)).refusal("offer", file.offer([name]))).toBe("not-allowed");
  await ana.request("join", { room: "class", create: true });
  for (const pupil of [ben, cleo]) await pupil.request("join", { room: "class" });
  expect(await file.upload(await channelOf(ana), [name])).toHaveLength(1);
  expect(await (await channelOf(ben)).refusal("offer", file.offer([name]))).toBe("not-allowed");
});

test("is neither an assignment nor a room for newcomers", async () => {
  const { ana, name } = await trio();
  await operating(ana);
  for (const rules of [{ post: "private" }, { newcomers: true }] as const) {
    expect(await ana.refusal("rules", { room: name, ...rules })).toBe("not-allowed");
  }
});

test("operators count groups by who began them, and remove them unseen", async () => {
  const { site, ana, ben, cleo, eve, name } = await trio();
  await site.wait(cleo.post("our secret plan", name));
  await ana.request("topic", { room: name, topic: "Surprise" });
  await ana.request("conversation", { users: ["ben", "eve"] });
  expect(await ana.refusal("all-groups", {})).toBe("not-allowed");
  expect(await ana.refusal("remove-groups", { user: "ana" })).toBe("not-allowed");
  await operating(eve);
  const listed = await eve.request("all-groups", {});
  expect(listed).toEqual({ users: [{ user: "ana", groups: 2, members: 6 }], total: 1 });
  await eve.request("remove", { user: "ana" });
  await site.quiet();
  expect((await eve.request("all-groups", { find: "an" })).users).toEqual([
    { user: "ana", groups: 2, members: 4, removed: true },
  ]);
  expect(await eve.request("remove-groups", { user: "ana" })).toEqual({ removed: 2, more: false });
  await site.quiet();
  expect(await eve.request("all-groups", {})).toEqual({ users: [], total: 0 });
  for (const guest of [ben, cleo]) {
    const group = guest.room(name)?.room;
    expect(guest.all("room-gone").map(({ room }) => room)).toContain(group ?? "");
  }
  expect(JSON.stringify(eve.notices)).not.toContain("plan");
  expect(await eve.request("remove-groups", { user: "ana" })).toEqual({ removed: 0, more: false });
});

test("a group ends when all accounts in it were removed", async () => {
  const { site, ana, ben, cleo, eve, name } = await trio();
  await site.wait(ben.post("hi", name));
  await ana.request("leave", { room: name });
  await operating(eve);
  for (const user of ["ben", "cleo"]) await eve.request("remove", { user });
  await site.quiet();
  expect((await eve.request("all-groups", {})).total).toBe(0);
  expect([...site.rooms.named()].filter(({ isPrivate }) => isPrivate === true)).toEqual([]);
  expect(cleo.ended).toBeDefined();
  await site.restart();
  expect([...site.rooms.named()].filter(({ isPrivate }) => isPrivate === true)).toEqual([]);
});

test("a user who leaves a group sees who began it, and can prevent a second time", async () => {
  const { site, ana, ben, cleo, name } = await trio();
  expect([ana, ben].map((guest) => guest.room(name)?.begunBy)).toEqual([undefined, "ana"]);
  await ben.request("leave", { room: name });
  await cleo.request("invite-user", { room: name, user: "ben" });
  await ben.request("leave", { room: name });
  await ben.request("ignore", { user: "ana", on: true });
  expect(await ana.refusal("invite-user", { room: name, user: "ben" })).toBe("not-allowed");
  expect(await ana.refusal("conversation", { users: ["ben", "cleo"] })).toBe("not-allowed");
  await site.quiet();
});

test("a group's name does not follow from the public ids of its members", async () => {
  const { site, name } = await trio();
  const names = ["ana", "ben", "cleo"];
  const ids = names.map((user) => site.registry.find(user as never)?.id ?? "").sort();
  const nameOf = (digest: Uint8Array) => `group-${toHex(digest.subarray(ID_BYTES, 2 * ID_BYTES))}`;
  expect(nameOf(groupDigest(site.identity, 0, ids))).toBe(name);
  expect(nameOf(sha256(utf8Encode(`chat/1 group 0 ${ids.join(" ")}`)))).not.toBe(name);
});
