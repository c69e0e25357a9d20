import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { BANS_MAX, FILE_TEXT_BYTES_MAX } from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { banDraft } from "../../../src/core/rooms/policy.ts";
import type { Passwords } from "../../../src/server/auth/login.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { Site } from "../site.ts";
import { lab, operating, TOKEN } from "../site-lab.ts";

describe("roles", () => {
  test("the maker moderates, and makes others do so", async () => {
    const { site, ana, ben, eve } = await lab();
    expect((await ben.refused("kick", { room: "lab", user: "eve" })).code).toBe("not-allowed");
    await ana.ask("grant", { room: "lab", user: "ben", on: true });
    const roles = async () =>
      (await eve.ask("who", { room: "lab" })).users.map(({ user, role }) => `${user} ${role}`);
    expect(await roles()).toEqual(["ana moderator", "ben moderator", "eve member"]);
    expect((await ben.refused("kick", { room: "lab", user: "ana" })).code).toBe("not-allowed");
    await ben.ask("kick", { room: "lab", user: "eve" });
    await site.restart();
    const again = await site.again(ben, "ben");
    expect((await again.refused("kick", { room: "lab", user: "ana" })).code).toBe("not-allowed");
    const maker = await site.again(ana, "ana");
    await maker.ask("grant", { room: "lab", user: "ben", on: false });
    expect((await again.refused("grant", { room: "lab", user: "ben", on: true })).code).toBe(
      "not-allowed",
    );
    await site.stop();
  });

  test("whoever shows the token operates, for this session and anywhere", async () => {
    const { site, ana, eve } = await lab();
    const fault = await eve.refused("operate", { token: "guess" });
    expect(fault.code).toBe("login-refused");
    expect((await eve.refused("bans", {})).code).toBe("not-allowed");
    await operating(eve);
    await eve.ask("kick", { room: "lab", user: "ana" });
    expect((await ana.until("room-gone")).room.length).toBeGreaterThan(1);
    const second = await site.again(eve, "eve");
    expect((await second.refused("bans", {})).code).toBe("not-allowed");
    await eve.ask("logout", {});
    await eve.ask("login", eve.signedLogin("eve"));
    expect((await eve.refused("bans", {})).code).toBe("not-allowed");
    await site.stop();
  });

  test("only moderators and operators import, and into rooms only", async () => {
    const { site, ana, ben, eve } = await lab();
    const imported = { from: "ben", time: 1_500_000_000_000 };
    let counter = 0;
    const post = (to: string, body: object = { text: "old", imported }) => {
      counter += 1;
      return { outbox: "importAAAAA", counter, to, body: body as { text: string } };
    };
    expect((await ben.refused("post", post("lab"))).code).toBe("not-allowed");
    expect((await ana.refused("post", post("lobby"))).code).toBe("not-allowed");
    expect((await ana.refused("post", post("@ben"))).code).toBe("not-allowed");
    expect((await ana.refused("post", post("nowhere"))).code).toBe("room-unknown");
    const { seq } = await ana.ask("post", post("lab"));
    await operating(eve);
    await eve.ask("post", post("lobby"));
    await eve.ask("post", post("lab", { text: "", react: "+", re: seq, imported }));
    const { records } = await ben.ask("history", { target: "lab", limit: 2 });
    const bodies = records.map(({ body }) => JSON.parse(new TextDecoder().decode(body)));
    expect(bodies).toEqual([
      { text: "old", imported },
      { react: "+", re: seq, imported },
    ]);
    expect(records.map(({ from }) => from)).toEqual(["ana", "eve"]);
    await site.stop();
  });

  test("without a token set, none is right", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    expect((await ana.refused("operate", { token: "" })).code).toBe("login-refused");
    await site.stop();
  });

  test("three wrong tokens close the link", async () => {
    const { site, eve } = await lab();
    for (let i = 0; i < 3; i++) await eve.refused("operate", { token: `${i}` });
    expect((await eve.untilEnded()).fault?.code).toBe("login-refused");
    await site.stop();
  });

  test("an operator makes others so, over a restart", async () => {
    const { site, ana, ben, eve } = await lab();
    expect((await ana.refused("grant", { user: "ben", on: true })).code).toBe("not-allowed");
    await operating(eve);
    await eve.ask("grant", { user: "ben", on: true });
    await site.restart();
    const operator = await site.again(ben, "ben");
    const who = await operator.ask("who", {});
    expect(who.users.map(({ role }) => role)).toEqual(["member", "operator", "member"]);
    const maker = await site.again(ana, "ana");
    // A moderator has no power over an operator.
    for (const kind of ["kick", "mute"] as const) {
      const options = { room: "lab", user: "ben", on: true };
      expect((await maker.refused(kind, options)).code).toBe("not-allowed");
    }
    await operator.ask("grant", { user: "ben", on: false });
    expect((await operator.refused("bans", {})).code).toBe("not-allowed");
    await maker.ask("kick", { room: "lab", user: "ben" });
    await site.stop();
  });

  test("a reader is told where it may moderate", async () => {
    const { site, ana, ben } = await lab();
    await ana.ask("grant", { room: "lab", user: "ben", on: true });
    await site.quiet();
    expect(ben.all("room").at(-1)).toMatchObject({ name: "lab", moderates: true, skipped: 0 });
    await ana.ask("grant", { room: "lab", user: "ben", on: false });
    await site.quiet();
    expect(ben.all("room").at(-1)?.moderates).toBeUndefined();
    const again = await site.again(ana, "ana");
    const rooms = again.all("room").map(({ name, moderates }) => [name, moderates]);
    expect(rooms).toEqual([
      ["lobby", undefined],
      ["lab", true],
    ]);
    await site.stop();
  });
});

describe("kick", () => {
  test("ends the membership for all, and is told to all", async () => {
    const { site, ana, ben, eve } = await lab();
    const { seq } = await ana.ask("kick", { room: "lab", user: "ben" });
    await ben.until("room-gone");
    await site.quiet();
    for (const guest of [ana, ben, eve]) {
      const told = guest.records.find(({ head }) => head.seq === seq);
      expect(told).toMatchObject({ from: "ana", head: { kind: "kick" }, body: { name: "ben" } });
    }
    const fault = await ben.refused("history", { target: "lab", limit: 5 });
    expect(fault.code).toBe("not-member");
    expect((await ana.refused("kick", { room: "lab", user: "ben" })).code).toBe("not-member");
    expect((await ana.refused("kick", { room: "lab", user: "nobody" })).code).toBe("user-unknown");
    expect((await ana.refused("kick", { room: "none", user: "ben" })).code).toBe("room-unknown");
    await site.stop();
  });

  test("no post comes after it that was sent before its answer", async () => {
    const { site, ana, ben, eve } = await lab();
    const posts = Array.from({ length: 40 }, (_, i) => ben.say(`${i}`, "lab"));
    const kicked = ana.send("kick", { room: "lab", user: "ben" });
    const more = Array.from({ length: 40 }, (_, i) => ben.say(`late ${i}`, "lab"));
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
    await site.stop();
  });

  test("a locked room asks for its password again", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    await ana.ask("join", { room: "lab", create: true, password: "sesame" });
    await ben.ask("join", { room: "lab", password: "sesame" });
    await ben.ask("leave", { room: "lab" });
    await ben.ask("join", { room: "lab" });
    await ana.ask("kick", { room: "lab", user: "ben" });
    expect((await ben.refused("join", { room: "lab" })).code).toBe("room-password-wrong");
    await ben.ask("join", { room: "lab", password: "sesame" });
    await site.stop();
  });

  test("out of the lobby lasts until one joins it again", async () => {
    const { site, ana, ben } = await lab();
    await operating(ana);
    await ana.ask("kick", { room: "lobby", user: "ben" });
    const again = await site.again(ben, "ben");
    expect(again.all("room").map(({ name }) => name)).toEqual(["lab"]);
    await again.ask("join", { room: "lobby" });
    await site.stop();
  });
});

describe("mute", () => {
  test("refuses words and topics of one room, until it ends", async () => {
    const { site, ana, ben } = await lab();
    const { seq } = await site.wait(ben.say("before", "lab"));
    const until = site.clock.unixMs() + 5_000;
    await ana.ask("mute", { room: "lab", user: "ben", on: true, until });
    expect((await faultOf(site.wait(ben.say("no", "lab")))).code).toBe("muted");
    expect((await ben.refused("topic", { room: "lab", topic: "x" })).code).toBe("muted");
    expect((await ben.refused("edit", { seq, text: "x" })).code).toBe("muted");
    await site.wait(ben.say("here I may", "lobby"));
    await site.restart();
    const again = await site.again(ben, "ben");
    expect((await again.refused("topic", { room: "lab", topic: "x" })).code).toBe("muted");
    await site.time.advance(5_001);
    await again.ask("topic", { room: "lab", topic: "x" });
    await site.stop();
  });

  test("without an end holds until it is lifted, over leaving too", async () => {
    const { site, ana, ben } = await lab();
    await ana.ask("mute", { room: "lab", user: "ben", on: true });
    await ben.ask("leave", { room: "lab" });
    await ben.ask("join", { room: "lab" });
    expect((await faultOf(site.wait(ben.say("no", "lab")))).code).toBe("muted");
    expect((await ben.refused("mute", { room: "lab", user: "ben", on: false })).code).toBe(
      "not-allowed",
    );
    await ana.ask("mute", { room: "lab", user: "ben", on: false });
    await site.wait(ben.say("thanks", "lab"));
    await site.stop();
  });
});

test("what is said with a file its sender changes, to nothing too, up to a bound", async () => {
  const { site, ana, ben } = await lab();
  const file = new TestFile("one", 5);
  const { posted } = await file.upload(await channelOf(ben), ["lab", "@ana"]);
  const [seq = 0, direct = 0] = posted.map((one) => one.seq);
  expect((await ana.refused("edit", { seq, text: "x" })).code).toBe("not-allowed");
  const text = "ü".repeat(FILE_TEXT_BYTES_MAX / 2);
  expect((await ben.refused("edit", { seq, text: `${text}!` })).code).toBe("too-large");
  for (const said of [text, "", "last"]) await ben.ask("edit", { seq, text: said });
  await ben.ask("edit", { seq: direct, text: "for you" });
  const word = await site.wait(ben.say("word", "lab"));
  expect((await ben.refused("edit", { seq: word.seq, text: "" })).code).toBe("text-invalid");
  await site.quiet();
  const edits = ana.records.filter(({ head }) => head.kind === "edit");
  expect(edits.map(({ body }) => body)).toMatchObject([
    { seq, text },
    { seq, text: "" },
    { seq },
    { seq: direct },
  ]);
  // The words go with the file.
  await ben.ask("erase", { seq });
  expect((await ben.refused("edit", { seq, text: "x" })).code).toBe("not-found");
  await site.quiet();
  const also = edits.slice(0, 3).map(({ head }) => head.seq);
  expect(ana.records.at(-1)?.body).toMatchObject({ seq, also });
  await site.stop();
});

test("many messages that one wants to change are looked up one by one", async () => {
  let [now, most] = [0, 0];
  const reading = async () => {
    most = Math.max(most, ++now);
    await new Promise<void>((resolve) => setImmediate(resolve));
    now--;
  };
  const site = await Site.open({ reading });
  const ana = await site.member("ana");
  const { seq } = await site.wait(ana.say("one"));
  await site.quiet();
  most = 0;
  const edits = Array.from({ length: 9 }, (_, i) => ana.send("edit", { seq, text: `${i}` }));
  expect(await site.wait(Promise.all(edits))).toHaveLength(9);
  expect(most).toBe(1);
  await site.stop();
});

describe("ban", () => {
  test("closes what is open and refuses what comes, over a restart", async () => {
    const { site, ana, ben } = await lab();
    await operating(ana);
    await ana.ask("ban", { user: "ben", on: true, reason: "spam" });
    const { fault } = await ben.untilEnded();
    expect([fault?.code, fault?.message.includes("spam")]).toEqual(["banned", true]);
    await site.restart();
    const back = await site.greeted(undefined, ben.keys);
    expect((await back.refused("login", back.signedLogin("ben"))).code).toBe("banned");
    // Whoever cannot show to be ben hears nothing of it.
    const other = await site.greeted();
    expect((await other.refused("login", other.signedLogin("ben"))).code).toBe("login-refused");
    const operator = await operating(await site.again(ana, "ana"));
    expect(await operator.ask("bans", {})).toEqual({ bans: [{ user: "ben", reason: "spam" }] });
    await operator.ask("ban", { user: "ben", on: false });
    await back.ask("login", back.signedLogin("ben"));
    expect(await operator.ask("bans", {})).toEqual({ bans: [] });
    await site.stop();
  });

  test("ends by itself", async () => {
    const { site, ana, ben } = await lab();
    await operating(ana);
    const until = site.clock.unixMs() + 10_000;
    await ana.ask("ban", { user: "ben", on: true, until });
    const back = await site.greeted(undefined, ben.keys);
    expect((await back.refused("login", back.signedLogin("ben"))).code).toBe("banned");
    await site.time.advance(10_001);
    await back.ask("login", back.signedLogin("ben"));
    await site.stop();
  });

  test("of an address keeps out all who come from it, newcomers too", async () => {
    const { site, ana } = await lab();
    await operating(ana);
    const there = await site.greeted("10.9.9.9");
    await there.ask("register", there.registration("zoe"));
    await ana.ask("ban", { address: "10.9.9.9", on: true });
    expect((await there.untilEnded()).fault?.code).toBe("banned");
    const next = await site.connect("10.9.9.9");
    await next.greet().catch(() => undefined);
    expect((await next.untilEnded()).fault?.code).toBe("banned");
    await site.greeted("10.9.9.8");
    await ana.ask("ban", { address: "10.9.9.9", on: false });
    await site.greeted("10.9.9.9");
    await site.stop();
  });

  test("of an IPv6 address means its /64, however it is written", async () => {
    const { site, ana } = await lab();
    await operating(ana);
    await ana.ask("ban", { address: "2001:DB8:0:7::1", on: true });
    expect(await ana.ask("bans", {})).toEqual({ bans: [{ address: "2001:db8:0:7::/64" }] });
    const there = await site.connect("2001:db8::7:0:0:0:99");
    await there.greet().catch(() => undefined);
    expect((await there.untilEnded()).fault?.code).toBe("banned");
    await ana.ask("ban", { address: "2001:db8:0:7::/64", on: false });
    expect(await ana.ask("bans", {})).toEqual({ bans: [] });
    await site.stop();
  });

  test("reaches whoever is being let in at that moment", async () => {
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
      // On its way to the disk just before the record of the new device.
      void site.accounts.append(banDraft({ user: ben }, ben, true));
    };
    const phone = await site.greeted();
    expect((await phone.refused("login", phone.passwordLogin("ben", "pass"))).code).toBe("banned");
    await site.stop();
  });

  test("nobody bans this machine, or themselves, or what is none", async () => {
    const { site, ana, ben } = await lab();
    await operating(ana);
    for (const address of ["127.0.0.1", "::1", "::2", "::ffff:127.0.0.1", "10.0.0.2"]) {
      expect((await ana.refused("ban", { address, on: true })).code).toBe("not-allowed");
    }
    expect((await ana.refused("ban", { user: "ana", on: true })).code).toBe("not-allowed");
    for (const options of [{}, { user: "ben", address: "10.0.0.3" }, { address: "over there" }]) {
      expect((await ana.refused("ban", { ...options, on: true })).code).toBe("usage");
    }
    expect((await ana.refused("ban", { user: "nobody", on: true })).code).toBe("user-unknown");
    expect((await ben.refused("ban", { user: "eve", on: true })).code).toBe("not-allowed");
    expect(ben.ended).toBeUndefined();
    await site.stop();
  });

  test("what is decided right behind its opposite holds", async () => {
    const site = await Site.open({ operatorToken: TOKEN });
    const ana = await operating(await site.member("ana"));
    const asked = [true, false].map((closed) => ana.send("registration", { closed }));
    const said = ["news", ""].map((text) => ana.send("announce", { text }));
    await site.wait(Promise.all([...asked, ...said]));
    await site.quiet();
    expect(await ana.ask("registration", {})).toEqual({ closed: false });
    expect(ana.all("announced").map(({ text }) => text)).toEqual(["news", ""]);
    await site.stop();
  });

  test("as many as the bound says", async () => {
    const site = await Site.open({ operatorToken: TOKEN });
    const ana = await operating(await site.member("ana"));
    const by = site.registry.find(checkName("ana"))?.id ?? ("u" as never);
    const drafts = Array.from({ length: BANS_MAX }, (_, i) =>
      banDraft({ address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` }, by, true),
    );
    await site.wait(Promise.all(drafts.map((draft) => site.accounts.append(draft))));
    expect((await ana.refused("ban", { address: "11.0.0.1", on: true })).code).toBe("too-many");
    await site.stop();
  });
});

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("it was not refused");
}
