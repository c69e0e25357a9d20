import { describe, expect, spyOn, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import {
  ANSWER_AFTER_MS,
  BANS_MAX,
  LEAVE_REASONS_PER_HOUR_MAX,
  REJOINS_PER_HOUR_MAX,
  TEXT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { banDraft } from "../../../src/core/rooms/policy.ts";
import type { Address, Link } from "../../../src/io/link/link.ts";
import type { Passwords } from "../../../src/server/auth/login.ts";
import type { LogRecord } from "../../../src/wire/record.ts";
import { rejection } from "../../rejection.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { type Guest, newKeys } from "../guest.ts";
import { Site, siteWith } from "../site.ts";
import { holds, lab, labTest, operating } from "../site-lab.ts";

labTest("tells open sessions that an operator's rights begin and end", async (of) => {
  const { site, ana, ben, eve } = of;
  await operating(ana);
  await ana.request("grant", { user: "ben", on: true });
  await site.quiet();
  const again = await site.again(ben, "ben");
  await site.quiet();
  await ana.request("grant", { user: "ben", on: false });
  await site.quiet();
  const rights = (guest: Guest) => guest.all("operator").map(({ on }) => on);
  expect([rights(ben), rights(again), rights(eve)]).toEqual([[true, false], [true, false], []]);
});

labTest("lets the creator of a room appoint moderators", async ({ site, ana, ben, eve }) => {
  expect(await ben.refusal("kick", { room: "lab", user: "eve" })).toBe("not-allowed");
  await ana.request("grant", { room: "lab", user: "ben", on: true });
  const roles = async () =>
    (await eve.request("who", { room: "lab" })).users.map(({ user, role }) => `${user} ${role}`);
  expect(await roles()).toEqual(["ana moderator", "ben moderator", "eve member"]);
  expect(await ben.refusal("kick", { room: "lab", user: "ana" })).toBe("not-allowed");
  await ben.request("kick", { room: "lab", user: "eve" });
  await site.restart();
  const again = await site.again(ben, "ben");
  expect(await again.refusal("kick", { room: "lab", user: "ana" })).toBe("not-allowed");
  const maker = await site.again(ana, "ana");
  await maker.request("grant", { room: "lab", user: "ben", on: false });
  expect(await again.refusal("grant", { room: "lab", user: "ben", on: true })).toBe("not-allowed");
});

labTest("grants operator rights to the session with the token", async ({ site, ana, eve }) => {
  expect(await eve.refusal("operate", { token: "guess" })).toBe("login-refused");
  expect(await eve.refusal("bans", {})).toBe("not-allowed");
  await operating(eve);
  await eve.request("kick", { room: "lab", user: "ana" });
  expect((await ana.until("room-gone")).room.length).toBeGreaterThan(1);
  const second = await site.again(eve, "eve");
  expect(await second.refusal("bans", {})).toBe("not-allowed");
  await eve.request("logout", {});
  await eve.request("login", eve.signedLogin("eve"));
  expect(await eve.refusal("bans", {})).toBe("not-allowed");
});

test("lets only moderators and operators import, and only into rooms", async () => {
  const { ana, ben, eve } = await lab();
  const imported = { from: "ben", time: 1_500_000_000_000 };
  let counter = 0;
  const post = (to: string, body: object = { text: "old", imported }) => {
    counter += 1;
    return { outbox: "importAAAAA", counter, to, body: body as { text: string } };
  };
  expect(await ben.refusal("post", post("lab"))).toBe("not-allowed");
  expect(await ana.refusal("post", post("lobby"))).toBe("not-allowed");
  expect(await ana.refusal("post", post("@ben"))).toBe("not-allowed");
  expect(await ana.refusal("post", post("nowhere"))).toBe("room-unknown");
  const { seq } = await ana.request("post", post("lab"));
  await operating(eve);
  await eve.request("post", post("lobby"));
  await eve.request("post", post("lab", { text: "", react: "+", re: seq, imported }));
  const { records } = await ben.request("history", { target: "lab", limit: 2 });
  const bodies = records.map(({ body }) => JSON.parse(new TextDecoder().decode(body)));
  expect(bodies).toEqual([
    { text: "old", imported },
    { react: "+", re: seq, imported },
  ]);
  expect(records.map(({ from }) => from)).toEqual(["ana", "eve"]);
});

labTest("lets an operator appoint operators across a restart", async ({ site, ana, ben, eve }) => {
  expect(await ana.refusal("grant", { user: "ben", on: true })).toBe("not-allowed");
  await operating(eve);
  await eve.request("grant", { user: "ben", on: true });
  await site.restart();
  const operator = await site.again(ben, "ben");
  const who = await operator.request("who", {});
  expect(who.users.map(({ role }) => role)).toEqual(["member", "operator", "member"]);
  const maker = await site.again(ana, "ana");
  for (const kind of ["kick", "mute"] as const) {
    const options = { room: "lab", user: "ben", on: true };
    expect(await maker.refusal(kind, options)).toBe("not-allowed");
  }
  await operator.request("grant", { user: "ben", on: false });
  expect(await operator.refusal("bans", {})).toBe("not-allowed");
  await maker.request("kick", { room: "lab", user: "ben" });
});

labTest("tells a user where they moderate", async ({ site, ana, ben }) => {
  await ana.request("grant", { room: "lab", user: "ben", on: true });
  await site.quiet();
  expect(ben.all("room").at(-1)).toMatchObject({ name: "lab", moderates: true, skipped: 0 });
  await ana.request("grant", { room: "lab", user: "ben", on: false });
  await site.quiet();
  expect(ben.all("room").at(-1)?.moderates).toBeUndefined();
  const again = await site.again(ana, "ana");
  const rooms = again.all("room").map(({ name, moderates }) => [name, moderates]);
  expect(rooms).toEqual([
    ["lobby", undefined],
    ["lab", true],
  ]);
});

labTest("tells members who is muted, and until when", async ({ site, ana, ben }) => {
  const mutedUntil = async (guest = ben) => {
    await site.quiet();
    const { users } = await guest.request("who", { room: "lab" });
    const listed = users.find(({ user }) => user === "ben")?.mutedUntil;
    const entry = guest.all("room").findLast(({ name }) => name === "lab");
    return [entry?.mutedUntil, listed];
  };
  const mute = (fields: { on: boolean; until?: number }) =>
    ana.request("mute", { room: "lab", user: "ben", ...fields });
  expect(await mutedUntil()).toEqual([undefined, undefined]);
  await mute({ on: true });
  expect(await mutedUntil()).toEqual([0, 0]);
  expect(ana.all("room").at(-1)?.mutedUntil).toBeUndefined();
  const { users } = await ben.request("who", {});
  expect(users.map((user) => user.mutedUntil)).toEqual([undefined, undefined, undefined]);
  await mute({ on: false });
  expect(await mutedUntil()).toEqual([undefined, undefined]);
  const until = site.clock.unixMs() + 60_000;
  await mute({ on: true, until });
  expect(await mutedUntil()).toEqual([until, until]);
  expect(await mutedUntil(await site.again(ben, "ben"))).toEqual([until, until]);
  for (const ended of [0, site.clock.unixMs()]) {
    await mute({ on: true });
    await mute({ on: true, until: ended });
    expect(await mutedUntil()).toEqual([undefined, undefined]);
  }
});

labTest("kicks a member, and notifies all members", async ({ site, ana, ben, eve }) => {
  const { seq } = await ana.request("kick", { room: "lab", user: "ben" });
  await ben.until("room-gone");
  await site.quiet();
  for (const guest of [ana, ben, eve]) {
    const record = guest.records.find(({ head }) => head.seq === seq);
    expect(record).toMatchObject({ from: "ana", head: { kind: "kick" }, body: { name: "ben" } });
  }
  expect(await ben.refusal("history", { target: "lab", limit: 5 })).toBe("not-member");
  expect(await ana.refusal("kick", { room: "lab", user: "ben" })).toBe("not-member");
  expect(await ana.refusal("kick", { room: "lab", user: "nobody" })).toBe("user-unknown");
  expect(await ana.refusal("kick", { room: "none", user: "ben" })).toBe("room-unknown");
});

labTest("records the reasons of a kick and of a leave", async ({ site, ana, ben, eve }) => {
  const reason = "too loud\n\u202e";
  await ana.request("kick", { room: "lab", user: "ben", reason });
  await eve.request("leave", { room: "lab", reason: "bye" });
  await site.quiet();
  const bodyOf = (guest: typeof ana, kind: string) =>
    guest.records.findLast(({ head }) => head.kind === kind)?.body;
  for (const guest of [ana, ben, eve]) expect(bodyOf(guest, "kick")).toMatchObject({ reason });
  for (const guest of [ana, eve]) expect(bodyOf(guest, "leave")).toEqual({ reason: "bye" });
});

labTest("records no post of a member after their removal", async ({ site, ana, ben, eve }) => {
  const posts = Array.from({ length: 40 }, (_, i) => ben.post(`${i}`, "lab"));
  const kicked = ana.send("kick", { room: "lab", user: "ben" });
  const more = Array.from({ length: 40 }, (_, i) => ben.post(`late ${i}`, "lab"));
  const { seq } = await site.wait(kicked);
  const outcomes = await site.wait(Promise.allSettled([...posts, ...more]));
  await site.quiet();
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") expect(outcome.value.seq).toBeLessThan(seq);
    else expect((outcome.reason as Fault).code).toBe("not-member");
  }
  const states = new Set(outcomes.map(({ status }) => status));
  expect([...states].sort()).toEqual(["fulfilled", "rejected"]);
  const after = eve.records.filter(({ head, from }) => head.seq > seq && from === "ben");
  expect(after).toEqual([]);
});

test("asks a kicked member for the room password again", async () => {
  const { ana, ben } = await siteWith(["ana", "ben"]);
  await ana.request("join", { room: "lab", create: true, password: "sesame" });
  await ben.request("join", { room: "lab", password: "sesame" });
  await ben.request("leave", { room: "lab" });
  await ben.request("join", { room: "lab" });
  await ana.request("kick", { room: "lab", user: "ben" });
  expect(await ben.refusal("join", { room: "lab" })).toBe("room-password-wrong");
  await ben.request("join", { room: "lab", password: "sesame" });
});

labTest("mutes a member of one room until the mute ends", async ({ site, ana, ben }) => {
  const { seq } = await site.wait(ben.post("before", "lab"));
  const until = site.clock.unixMs() + 5_000;
  await ana.request("rules", { room: "lab", topic: "everyone" });
  await ana.request("mute", { room: "lab", user: "ben", on: true, until });
  expect(await rejection(site.wait(ben.post("no", "lab")))).toMatchObject({ code: "muted" });
  expect(await ben.refusal("topic", { room: "lab", topic: "x" })).toBe("muted");
  expect(await ben.refusal("edit", { seq, text: "x" })).toBe("muted");
  await site.wait(ben.post("here I may", "lobby"));
  await site.restart();
  const again = await site.again(ben, "ben");
  expect(await again.refusal("topic", { room: "lab", topic: "x" })).toBe("muted");
  await site.time.advance(5_001);
  await again.request("topic", { room: "lab", topic: "x" });
});

labTest("keeps a mute until it is lifted, even after leaving", async ({ site, ana, ben }) => {
  await ana.request("mute", { room: "lab", user: "ben", on: true });
  await ben.request("leave", { room: "lab" });
  await ben.request("join", { room: "lab" });
  expect(await rejection(site.wait(ben.post("no", "lab")))).toMatchObject({ code: "muted" });
  expect(await ben.refusal("mute", { room: "lab", user: "ben", on: false })).toBe("not-allowed");
  await ana.request("mute", { room: "lab", user: "ben", on: false });
  await site.wait(ben.post("thanks", "lab"));
});

labTest(
  "lets the sender of a file edit its text, as long as a message",
  async ({ site, ana, ben }) => {
    const file = new TestFile("one", 5);
    const posted = await file.upload(await channelOf(ben), ["lab", "@ana"]);
    const [seq = 0, direct = 0] = posted.map((one) => one.seq);
    expect(await ana.refusal("edit", { seq, text: "x" })).toBe("not-allowed");
    const text = "ü".repeat(TEXT_BYTES_MAX / 2);
    for (const caption of [text, "", "last"]) await ben.request("edit", { seq, text: caption });
    await ben.request("edit", { seq: direct, text: "for you" });
    const message = await site.wait(ben.post("word", "lab"));
    expect(await ben.refusal("edit", { seq: message.seq, text: "" })).toBe("text-invalid");
    await site.quiet();
    const edits = ana.records.filter(({ head }) => head.kind === "edit");
    expect(edits.map(({ body }) => body)).toMatchObject([
      { seq, text },
      { seq, text: "" },
      { seq },
      { seq: direct },
    ]);
    await ben.request("erase", { seq });
    expect(await ben.refusal("edit", { seq, text: "x" })).toBe("not-found");
    await site.quiet();
    const also = edits.slice(0, 3).map(({ head }) => head.seq);
    expect(ana.records.at(-1)?.body).toMatchObject({ seq, also });
  },
);

labTest("closes the sessions of a banned user and refuses new ones", async ({ site, ana, ben }) => {
  await operating(ana);
  await ana.request("ban", { user: "ben", on: true, reason: "spam" });
  const { fault } = await ben.untilEnded();
  expect([fault?.code, fault?.message.includes("spam")]).toEqual(["banned", true]);
  await site.restart();
  const back = await site.greeted(undefined, ben.keys);
  expect(await back.refusal("login", back.signedLogin("ben"))).toBe("banned");
  const other = await site.greeted();
  expect(await other.refusal("login", other.signedLogin("ben"))).toBe("login-refused");
  const operator = await operating(await site.again(ana, "ana"));
  expect(await operator.request("bans", {})).toEqual({ bans: [{ user: "ben", reason: "spam" }] });
  await operator.request("ban", { user: "ben", on: false });
  await back.request("login", back.signedLogin("ben"));
  expect(await operator.request("bans", {})).toEqual({ bans: [] });
});

describe("a client that moved to another address", () => {
  async function mover(site: Site) {
    const { sessions } = site.server;
    const linked = spyOn(sessions, "link");
    const guest = await site.greeted("10.6.2.1", newKeys());
    const link = linked.mock.calls.at(-1)?.[0] as Link & { remote: Address };
    linked.mockRestore();
    const move = (host: string) => {
      const from = link.remote;
      link.remote = { host, port: 9 };
      sessions.moved(link, from);
    };
    return { guest, move };
  }

  labTest("is banned by the new address", async ({ site, ana }) => {
    await operating(ana);
    const { guest, move } = await mover(site);
    move("10.6.2.9");
    await ana.request("ban", { address: "10.6.2.1", on: true });
    expect(guest.ended).toBeUndefined();
    await ana.request("ban", { address: "10.6.2.9", on: true });
    expect((await guest.untilEnded()).fault?.code).toBe("banned");
  });

  labTest("is closed if the new address is banned", async ({ site, ana }) => {
    await operating(ana);
    await ana.request("ban", { address: "10.6.2.9", on: true });
    const { guest, move } = await mover(site);
    move("10.6.2.8");
    move("10.6.2.9");
    expect((await guest.untilEnded()).fault?.code).toBe("banned");
  });
});

labTest("limits the bans, also if two are made at once", async ({ site, ana }) => {
  await operating(ana);
  const by = site.registry.find(checkName("ana"))?.id;
  if (by === undefined) throw new Error("ana is unknown");
  const drafts = Array.from({ length: BANS_MAX - 1 }, (_, i) =>
    banDraft({ address: `10.${1 + (i >> 8)}.0.${i & 255}` }, by, true),
  );
  const { promise: recorded, resolve } = Promise.withResolvers<LogRecord | Fault>();
  site.accounts.appendThen(drafts, {}, resolve);
  expect(await site.wait(recorded)).not.toBeInstanceOf(Fault);
  const bans = ["10.99.0.1", "10.99.0.2"].map((address) => {
    const ban = ana.request("ban", { address, on: true });
    return ban.then(
      () => "ok",
      (fault: Fault) => fault.code,
    );
  });
  expect((await site.wait(Promise.all(bans))).sort()).toEqual(["ok", "too-many"]);
  expect(site.registry.policy.bans(site.clock.unixMs())).toHaveLength(BANS_MAX);
  await ana.request("ban", { address: "10.1.0.0", on: false });
  await ana.request("ban", { address: "10.99.0.3", on: true });
});

labTest("refuses all clients of a banned address", async ({ site, ana }) => {
  await operating(ana);
  const there = await site.greeted("10.9.9.9");
  await there.request("register", there.registration("zoe"));
  await ana.request("ban", { address: "10.9.9.9", on: true });
  expect((await there.untilEnded()).fault?.code).toBe("banned");
  const next = await site.connect("10.9.9.9");
  await next.greet().catch(() => undefined);
  expect((await next.untilEnded()).fault?.code).toBe("banned");
  await site.greeted("10.9.9.8");
  await ana.request("ban", { address: "10.9.9.9", on: false });
  await site.greeted("10.9.9.9");
});

test("bans a user during a log-in", async () => {
  let onCheck = () => {};
  const passwords: Passwords = {
    hash: (password) => Promise.resolve(password),
    verify: async (password, hash) => {
      onCheck();
      return password === hash;
    },
  };
  const site = await Site.open({ passwords });
  await site.member("ben", "pass");
  const ben = site.registry.find(checkName("ben"))?.id;
  if (ben === undefined) throw new Error("ben is unknown");
  onCheck = () => {
    // The ban is in flight to the disk just before the record of the new device.
    void site.accounts.append(banDraft({ user: ben }, ben, true));
  };
  const phone = await site.greeted();
  expect(await phone.refusal("login", phone.passwordLogin("ben", "pass"))).toBe("banned");
});

labTest("refuses to ban this machine, the operator or an unknown user", async ({ ana, ben }) => {
  await operating(ana);
  for (const address of ["127.0.0.1", "::1", "::2", "::ffff:127.0.0.1", "10.0.0.2"]) {
    expect(await ana.refusal("ban", { address, on: true })).toBe("not-allowed");
  }
  expect(await ana.refusal("ban", { user: "ana", on: true })).toBe("not-allowed");
  for (const options of [{}, { user: "ben", address: "10.0.0.3" }, { address: "over there" }]) {
    expect(await ana.refusal("ban", { ...options, on: true })).toBe("usage");
  }
  expect(await ana.refusal("ban", { user: "nobody", on: true })).toBe("user-unknown");
  expect(await ben.refusal("ban", { user: "eve", on: true })).toBe("not-allowed");
  expect(ben.ended).toBeUndefined();
});

labTest("bounds the reasons of departures, which author and moderators can erase", async (it) => {
  const { site, ana, ben, eve } = it;
  const departures = LEAVE_REASONS_PER_HOUR_MAX + 3;
  for (let i = 0; i < departures; i++) {
    await ben.request("leave", { room: "lab", reason: `spam ${i}.` });
    await ben.request("join", { room: "lab" });
  }
  await site.quiet();
  const leaves = eve.records.filter(({ head }) => head.kind === "leave");
  const reasons = leaves.map(({ body }) => body?.["reason"]).filter((reason) => reason);
  expect([leaves.length, reasons.length]).toEqual([departures, LEAVE_REASONS_PER_HOUR_MAX]);
  const [first = 0, second = 0] = leaves.map(({ head }) => head.seq);
  expect(await eve.refusal("erase", { seq: first })).toBe("not-allowed");
  await ana.request("erase", { seq: first });
  await ben.request("leave", { room: "lab" });
  await ben.request("erase", { seq: second });
  expect(["spam 0.", "spam 1.", "spam 2."].map((text) => holds(site, text))).toEqual([
    ...[false, false, true],
  ]);
  await site.restart();
  const again = await site.again(ana, "ana");
  const { users } = await again.request("who", { room: "lab" });
  expect(users.map(({ user }) => user)).toEqual(["ana", "eve"]);
});

labTest("bounds how often an account joins rooms that it left", async ({ ana, ben }) => {
  const rejoin = async () => {
    await ben.request("leave", { room: "lab" });
    await ben.request("join", { room: "lab" });
  };
  for (let i = 0; i < REJOINS_PER_HOUR_MAX; i++) await rejoin();
  await ben.request("leave", { room: "lab" });
  expect(await ben.refusal("join", { room: "lab" })).toBe("too-many");
  expect(await ben.request("join", { room: "new", create: true })).toMatchObject({ joined: true });
  await ana.request("leave", { room: "lab" });
  expect(await ana.request("join", { room: "lab" })).toMatchObject({ joined: true });
});

test("refuses to erase a departure of an encrypted room, which contains a signature", async () => {
  const { site, ana, ben } = await lab({ seals: true });
  await ana.request("join", { room: "vault", create: true, sealed: true });
  await ana.request("leave", { room: "vault" });
  await site.quiet();
  const seq = ana.records.findLast(({ head }) => head.kind === "leave")?.head.seq ?? 0;
  expect(await ana.refusal("erase", { seq })).toMatch(/not-allowed|not-found/);
  expect(await ben.refusal("erase", { seq })).toBe("not-found");
});

labTest("lowers the hand of a user who is banned", async ({ site, ana, ben }) => {
  await operating(ana);
  await ben.request("hand", { room: "lab", on: true });
  await site.quiet();
  await ana.request("ban", { user: "ben", on: true });
  await site.quiet();
  expect([...(site.rooms.find("lab" as never)?.hands ?? [])]).toEqual([]);
  const { head } = ana.records.at(-1) ?? {};
  expect(head?.kind).toBe("hand");
});

labTest("ends the call on a user who is banned", async ({ site, ana, ben }) => {
  await operating(ana);
  await ben.request("hand", { room: "lab", on: true });
  await ana.request("hand", { room: "lab", user: "ben", on: false, call: true });
  await site.quiet();
  expect(site.rooms.find("lab" as never)?.called).toBeDefined();
  await ana.request("ban", { user: "ben", on: true });
  await site.quiet();
  expect(site.rooms.find("lab" as never)?.called).toBeUndefined();
});

labTest("ends a call by the answer of the called member, and by no other message", async (lab) => {
  const { site, ana, ben } = lab;
  const room = () => site.rooms.find("lab" as never);
  // Also without a raised hand, but only once, and by moderators.
  expect(await ben.refusal("hand", { room: "lab", user: "ana", on: false, call: true })).toBe(
    "not-allowed",
  );
  await ana.request("hand", { room: "lab", user: "ben", on: false, call: true });
  expect(await ana.refusal("hand", { room: "lab", user: "ben", on: false, call: true })).toBe(
    "not-allowed",
  );
  await site.wait(ana.post("yes?", "lab"));
  await site.quiet();
  expect(room()?.called).toBeDefined();
  expect(room()?.caller).not.toBe(room()?.called);
  // One that was on its way when the moderator called is no answer.
  await site.wait(ben.post("I know!", "lab"));
  await site.quiet();
  expect(room()?.called).toBeDefined();
  await site.time.advance(ANSWER_AFTER_MS);
  await site.wait(ben.post("the denominator", "lab"));
  await site.quiet();
  expect([room()?.called, room()?.caller]).toEqual([undefined, undefined]);
});
