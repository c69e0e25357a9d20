import { describe, expect, test } from "bun:test";
import {
  JOINED_ROOMS_MAX,
  PRESENCE_MEMBERS_MAX,
  PRESENCE_TOLD_EVERY_MS,
  ROOMS_PER_HOUR_MAX,
} from "../../src/base/limits.ts";
import { checkName } from "../../src/base/names.ts";
import type { Guest } from "./guest.ts";
import { Site } from "./site.ts";
import { lab, operating, TOKEN } from "./site-lab.ts";

describe("rooms", () => {
  test("are made, joined, listed, given a topic and left", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    expect((await ben.refused("join", { room: "dev" })).code).toBe("room-unknown");
    const made = await ana.ask("join", { room: "Dev", create: true });
    expect(made).toMatchObject({ name: "Dev", created: true, joined: true });
    const joined = await ben.ask("join", { room: "dEV", create: true });
    expect(joined).toEqual({ room: made.room, name: "Dev", created: false, joined: true });
    expect((await ben.ask("join", { room: "dev" })).joined).toBe(false);
    await ben.ask("topic", { room: "dev", topic: "bugs" });
    await site.quiet();
    expect(ana.records.at(-1)).toMatchObject({ head: { kind: "topic" }, from: "ben" });
    expect((await ana.ask("rooms", {})).rooms).toEqual([
      {
        room: "lobby",
        topic: "",
        members: 2,
        joined: true,
        sealed: false,
        locked: false,
        unread: 0,
      },
      {
        room: "Dev",
        topic: "bugs",
        members: 2,
        joined: true,
        sealed: false,
        locked: false,
        unread: 0,
      },
    ]);
    await ben.ask("leave", { room: "dev" });
    expect((await ben.refused("leave", { room: "dev" })).code).toBe("not-member");
    expect((await ben.refused("topic", { room: "dev", topic: "x" })).code).toBe("not-member");
    expect((await ben.refused("leave", { room: "nowhere" })).code).toBe("room-unknown");
    expect((await ben.refused("join", { room: "no name" })).code).toBe("name-invalid");
    expect((await ben.ask("who", { room: "lobby" })).users).toHaveLength(2);
    expect((await ben.refused("who", { room: "dev" })).code).toBe("not-member");
  });

  test("two who make the same room at once are in one", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const wishes = [ana, ben].map((guest) => guest.send("join", { room: "dev", create: true }));
    const [one, two] = await site.wait(Promise.all(wishes));
    expect(one?.room).toBe(two?.room ?? "none");
    expect([one?.created, two?.created].sort()).toEqual([false, true]);
    await site.quiet();
    for (const guest of [ana, ben]) {
      const told = guest.records.filter(({ head }) => head.room === one?.room);
      expect(told.map(({ head }) => head.n)).toEqual([1, 2, 3]);
    }
  });

  test("a locked one asks for its password, once for each account", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    await ana.ask("join", { room: "vault", create: true, password: "open" });
    expect((await ben.refused("join", { room: "vault" })).code).toBe("room-password-wrong");
    const wrong = await ben.refused("join", { room: "vault", password: "shut" });
    expect(wrong.code).toBe("room-password-wrong");
    await ben.ask("join", { room: "vault", password: "open" });
    await ben.ask("leave", { room: "vault" });
    await ben.ask("join", { room: "vault" });
    expect((await ben.ask("rooms", {})).rooms.at(-1)).toMatchObject({ locked: true });
    await site.restart();
    const eve = await site.member("eve");
    await eve.ask("join", { room: "vault", password: "open" });
    expect(JSON.stringify(eve.records)).not.toContain("open");
  });

  test("a locked one keeps topic and size to its members", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    await ana.ask("join", { room: "vault", create: true, password: "open" });
    await ana.ask("topic", { room: "vault", topic: "the plan" });
    const shown = async (guest: Guest) => (await guest.ask("rooms", {})).rooms.at(-1);
    const hidden = { room: "vault", topic: "", members: 0, joined: false, locked: true };
    expect(await shown(ben)).toMatchObject(hidden);
    await ben.ask("join", { room: "vault", password: "open" });
    const seen = { room: "vault", topic: "the plan", members: 2, joined: true, locked: true };
    expect(await shown(ben)).toMatchObject(seen);
    await ben.ask("leave", { room: "vault" });
    expect(await shown(ben)).toMatchObject(hidden);
    expect(await shown(ana)).toMatchObject({ topic: "the plan", members: 1 });
  });

  test("three wrong passwords in a row close the link", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    await ana.ask("join", { room: "vault", create: true, password: "open" });
    for (let i = 0; i < 3; i++) await ben.refused("join", { room: "vault", password: `${i}` });
    expect((await ben.untilEnded()).fault?.code).toBe("room-password-wrong");
  });

  test("one member creates so many in an hour; others and operators go on", async () => {
    const { site, ana, ben, eve } = await lab();
    const create = async (by: Guest, room: string) => {
      await by.ask("join", { room, create: true });
      await by.ask("leave", { room });
    };
    for (let i = 0; i < ROOMS_PER_HOUR_MAX; i++) await create(ben, `b${i}`);
    const { code, retryAfterMs } = await ben.refused("join", { room: "more", create: true });
    expect([code, retryAfterMs]).toEqual(["too-many", undefined]);
    await ben.ask("join", { room: "lobby", create: true }); // Rooms that exist cost nothing.
    await create(eve, "eves");
    await operating(ana);
    for (let i = 0; i <= ROOMS_PER_HOUR_MAX; i++) await create(ana, `a${i}`);
    await site.time.advance(60 * 60_000);
    await create(await site.again(ben, "ben"), "later");
    await site.stop();
  });

  test("are removed with their last member if nothing was said there", async () => {
    const { site, ana, ben } = await lab();
    await ana.ask("join", { room: "dev", create: true, password: "open sesame" });
    const leave = async (guest: Guest) => {
      await guest.ask("leave", { room: "dev" });
      return site.rooms.find(checkName("dev")) === undefined;
    };
    await ben.ask("join", { room: "dev", password: "open sesame" });
    expect(await leave(ana)).toBe(false);
    expect(await leave(ben)).toBe(true);
    expect((await ben.refused("join", { room: "dev" })).code).toBe("room-unknown");
    await ben.ask("join", { room: "dev", create: true }); // The name is free, without a password.
    await site.wait(ben.say("used", "dev"));
    await ben.ask("leave", { room: "dev" });
    await site.restart();
    const again = await site.again(ben, "ben");
    expect((await again.ask("join", { room: "dev" })).created).toBe(false);
    const { rooms } = await again.ask("rooms", {});
    expect(rooms.map(({ room }) => room)).toEqual(["lobby", "lab", "dev"]);
    await site.stop();
  });

  test("whose last member is kicked are removed, too", async () => {
    const { site, ana, ben } = await lab();
    await ben.ask("join", { room: "dev", create: true });
    await operating(ana);
    const { seq } = await ana.ask("kick", { user: "ben", room: "dev" });
    expect(site.rooms.find(checkName("dev"))).toBeUndefined();
    expect(site.history.head()).toBe((seq ?? 0) + 1);
    await site.stop();
  });

  test("are listed in pages", async () => {
    const site = await Site.open({ operatorToken: TOKEN });
    const ana = await operating(await site.member("ana")); // Without a share of her own.
    const names = Array.from({ length: JOINED_ROOMS_MAX - 1 }, (_, i) => `r${i}`);
    await site.wait(Promise.all(names.map((room) => ana.send("join", { room, create: true }))));
    const more = { room: "more", create: true };
    expect((await ana.refused("join", more)).code).toBe("too-many");
    // And the password of a room that cannot be made is not kept.
    const before = site.accounts.head();
    expect((await ana.refused("join", { ...more, password: "open" })).code).toBe("too-many");
    expect(site.accounts.head()).toBe(before);
    const ben = await site.member("ben");
    await ben.ask("join", { room: "more", create: true });
    const first = await ana.ask("rooms", {});
    expect([first.rooms.length, first.more]).toEqual([1_000, true]);
    const rest = await ana.ask("rooms", { after: first.rooms.at(-1)?.room ?? "" });
    expect(rest.rooms.map(({ room }) => room)).toEqual(["more"]);
    expect(rest.more).toBe(false);
    expect((await ana.refused("rooms", { after: "nowhere" })).code).toBe("room-unknown");
  });
});

describe("leaving", () => {
  test("ends the reading on all devices at once", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const phone = await site.again(ben, "ben");
    await ben.ask("leave", { room: "lobby" });
    await site.wait(ana.say("behind his back"));
    await site.quiet();
    for (const device of [ben, phone]) {
      expect(device.all("room-gone")).toHaveLength(1);
      expect(device.records.at(-1)?.head.kind).toBe("leave");
      expect(device.texts()).toEqual([]);
    }
    expect((await ben.refused("history", { target: "lobby", limit: 9 })).code).toBe("not-member");
    expect((await ben.ask("history", { limit: 9 })).records).toEqual([]);
    expect((await ben.refused("post", postTo("lobby"))).code).toBe("not-member");
    await ben.ask("join", { room: "lobby" });
    await site.quiet();
    expect(ben.texts()).toEqual(["behind his back"]);
    expect(phone.texts()).toEqual(["behind his back"]);
  });

  test("in the middle of a catch-up, and coming back, tells each record once", async () => {
    let isSlow = false;
    const site: Site = await Site.open({
      reading: () => (isSlow ? new Promise((go) => void site.clock.after(50, go)) : quickly()),
    });
    const [before, benBefore] = [await site.member("ana"), await site.member("ben")];
    for (let i = 0; i < 20; i++) await site.wait(before.say(`${i}`));
    await site.restart(); // From now on the past is read from the disk.
    const after = before.records.at(-1)?.head.seq ?? 0;
    const [ana, ben] = [
      await site.again(before, "ana", after),
      await site.again(benBefore, "ben", after),
    ];
    isSlow = true;
    const phone = await site.greeted(undefined, ben.keys);
    await phone.ask("login", phone.signedLogin("ben"));
    await ben.ask("leave", { room: "lobby" });
    await ben.ask("join", { room: "lobby" });
    await phone.until("caught-up");
    await site.time.advance(200);
    await site.wait(ana.say("20", "lobby", "BBBBBBBBBBB"));
    await site.quiet();
    const expected = Array.from({ length: 21 }, (_, i) => `${i}`);
    expect(phone.texts()).toEqual(expected);
    expect(ben.texts()).toEqual(expected);
  });
});

describe("direct messages", () => {
  test("wait for whoever is away, and say so", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const after = ben.records.at(-1)?.head.seq ?? 0;
    ben.hangUp();
    await site.quiet();
    expect(await site.wait(ana.say("are you there", "@BEN"))).toMatchObject({ n: 2, queued: true });
    const back = await site.again(ben, "ben", after);
    expect(back.texts()).toEqual(["are you there"]);
    expect(back.all("room").find((room) => room.with === "ana")).toMatchObject({ n: 1 });
    const reply = await site.wait(back.say("yes", "@ana", "BBBBBBBBBBB"));
    expect(reply.queued).toBeUndefined();
    await site.quiet();
    expect(ana.texts()).toEqual(["are you there", "yes"]);
    expect(ana.all("room").find((room) => room.with === "ben")).toBeDefined();
    const { users } = await ana.ask("who", { room: "@ben" });
    expect(users.map(({ user, online }) => [user, online])).toEqual([
      ["ana", true],
      ["ben", true],
    ]);
    const page = await ana.ask("history", { target: "@ben", limit: 10 });
    expect(page.rooms).toMatchObject([{ with: "ben" }]);
    expect(page.records).toHaveLength(2);
  });

  test("both who begin at once are in one room", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    const [one, two] = await site.wait(
      Promise.all([ana.say("1", "@ben"), ben.say("2", "@ana", "BBBBBBBBBBB")]),
    );
    expect([one?.n, two?.n].sort()).toEqual([2, 3]);
    await site.quiet();
    for (const guest of [ana, ben]) expect(guest.texts().sort()).toEqual(["1", "2"]);
  });

  test("nobody else sees them", async () => {
    const site = await Site.open();
    const [ana, , eve] = [
      await site.member("ana"),
      await site.member("ben"),
      await site.member("eve"),
    ];
    await site.wait(ana.say("psst", "@ben"));
    await site.wait(ana.say("note", "@ana"));
    await site.quiet();
    expect(eve.texts()).toEqual([]);
    expect((await eve.ask("history", { limit: 50, grep: "psst" })).records).toEqual([]);
    expect((await eve.ask("history", { target: "@ana", limit: 50 })).records).toEqual([]);
    expect((await eve.ask("rooms", {})).rooms).toHaveLength(1);
    expect((await eve.refused("history", { target: "@nobody", limit: 5 })).code).toBe(
      "user-unknown",
    );
    expect(ana.texts()).toEqual(["psst", "note"]);
  });
});

describe("the past", () => {
  async function talked(): Promise<{ site: Site; ana: Guest; ben: Guest }> {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    for (const text of ["Red", "green", "blue"]) await site.wait(ana.say(text));
    await site.wait(ben.say("red again", "lobby", "BBBBBBBBBBB"));
    return { site, ana, ben };
  }

  test("is whole for who came later", async () => {
    const { site } = await talked();
    const eve = await site.member("eve");
    expect(eve.texts()).toEqual(["Red", "green", "blue", "red again"]);
    const { records, more } = await eve.ask("history", { target: "lobby", limit: 1_000 });
    expect([records.length, more]).toEqual([7, false]);
  });

  test("has a record for each number of a room, for who asks for all kinds", async () => {
    const { site, ana } = await talked();
    const { records: said } = await ana.ask("history", { target: "lobby", limit: 10 });
    const numbers = (records: typeof said) =>
      records.map(({ head }) => (JSON.parse(Buffer.from(head).toString()) as { n: number }).n);
    const { seq } = await site.wait(ana.say("to be erased"));
    await site.wait(ana.ask("erase", { seq }));
    const query = { target: "lobby", limit: 1_000 };
    const all = await ana.ask("history", { ...query, kinds: ["all"] });
    expect(numbers(all.records)).toEqual(all.records.map((_, i) => i + 1));
    // Neither the making of the room nor the order to erase is read.
    const read = await ana.ask("history", query);
    expect(read.records.length).toBe(all.records.length - 2);
  });

  test("is searched by word, author and place", async () => {
    const { ana } = await talked();
    const found = async (query: object) => {
      const page = await ana.ask("history", { limit: 10, ...query });
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
    expect((await ana.refused("history", { from: "nobody", limit: 1 })).code).toBe("user-unknown");
    expect((await ana.refused("history", { target: "x", limit: 1 })).code).toBe("room-unknown");
  });
});

describe("who is there", () => {
  test("is told as people come and go, and paged by name", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("Ben")];
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
    await site.again(ben, "Ben"); // Before anything was told.
    await gathered(site);
    const told = ana.all("presence").filter(({ user }) => user === "Ben");
    expect(told.map(({ online }) => online)).toEqual([true, false, true]);
    const { users } = await ana.ask("who", {});
    expect(users.map(({ user }) => user)).toEqual(["ana", "Ben"]);
    expect((await ana.ask("who", { after: "ANA" })).users.map(({ user }) => user)).toEqual(["Ben"]);
    expect((await ana.ask("who", { room: "@Ben" })).users).toEqual([]);
  });

  test("who of a large room is sorted once a second, and of a small one each time", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const count = async () => (await ana.ask("who", { room: "lobby" })).users.length;
    for (let i = 1; i < PRESENCE_MEMBERS_MAX; i++) {
      (await site.member(`p${i}`)).hangUp();
      if (i === 1) expect(await count()).toBe(2);
    }
    expect(await count()).toBe(PRESENCE_MEMBERS_MAX);
    await site.member("one");
    expect(await count()).toBe(PRESENCE_MEMBERS_MAX + 1);
    await site.member("two");
    expect(await count()).toBe(PRESENCE_MEMBERS_MAX + 1);
    await site.time.advance(1_000);
    expect(await count()).toBe(PRESENCE_MEMBERS_MAX + 2);
    const { users } = await ana.ask("who", { room: "lobby" });
    expect(users.filter(({ online }) => online).map(({ user }) => user)).toEqual([
      "ana",
      "one",
      "two",
    ]);
  });

  test("a newcomer is not told of arrivals before their own", async () => {
    const site = await Site.open();
    await site.member("ana");
    const ben = await site.member("ben"); // Within the time in which presence is gathered.
    await gathered(site);
    expect(ben.all("presence")).toEqual([]);
  });
});

describe("a session that shows no presence", () => {
  test("is announced to nobody, and offline to who asks", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    ben.hangUp();
    await gathered(site);
    const before = ana.all("presence").length;
    const caller = await site.greeted(undefined, ben.keys);
    await caller.ask("login", { ...caller.signedLogin("ben"), presence: false });
    await caller.until("caught-up");
    const online = async () => (await ana.ask("who", {})).users.filter((one) => one.online);
    expect((await online()).map(({ user }) => user)).toEqual(["ana"]);
    expect(await ana.ask("post", postTo("@ben"))).toMatchObject({ queued: true });
    await caller.ask("join", { room: "cellar", create: true });
    await ana.ask("join", { room: "cellar" });
    expect((await site.wait(caller.say("heard", "cellar"))).seq).toBeGreaterThan(0);
    caller.hangUp();
    await site.quiet();
    expect(ana.all("presence").slice(before)).toEqual([]);
    expect(ana.records.at(-1)?.from).toBe("ben");
  });

  test("is told of its rooms, and of nothing that happens there", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    await site.wait(ana.say("before"));
    const caller = await site.greeted(undefined, ben.keys);
    await caller.ask("login", { ...caller.signedLogin("ben"), presence: false });
    await caller.until("caught-up");
    await site.wait(ana.say("while it is in"));
    await site.wait(ana.say("psst", "@ben"));
    await site.member("cleo");
    await site.quiet();
    expect(caller.records).toEqual([]);
    expect(caller.all("presence")).toEqual([]);
    const told = caller.all("room").map(({ name, with: partner }) => name ?? partner);
    expect(told).toEqual(["lobby", "ana"]);
    const { records } = await caller.ask("history", { limit: 10 });
    expect(records.length).toBe(6);
  });

  test("beside another one changes nothing of that, and the next log-in decides anew", async () => {
    const site = await Site.open();
    const [ana, ben] = [await site.member("ana"), await site.member("ben")];
    await gathered(site);
    const before = ana.all("presence").length;
    const caller = await site.greeted(undefined, ben.keys);
    await caller.ask("login", { ...caller.signedLogin("ben"), presence: false });
    caller.hangUp();
    await gathered(site);
    expect(ana.all("presence").length).toBe(before);
    expect(ben.ended).toBeUndefined();
    const other = await site.greeted(undefined, ben.keys);
    await other.ask("login", { ...other.signedLogin("ben"), presence: false });
    await other.ask("logout", {});
    await other.ask("login", other.signedLogin("ben"));
    ben.hangUp();
    await gathered(site);
    expect(ana.all("presence").length).toBe(before);
    other.hangUp();
    await gathered(site);
    expect(ana.all("presence").at(-1)).toMatchObject({ user: "ben", online: false });
  });
});

/** Until who came and went has been told. */
async function gathered(site: Site): Promise<void> {
  await site.time.advance(PRESENCE_TOLD_EVERY_MS);
  await site.quiet();
}

function postTo(to: string) {
  return { outbox: "CCCCCCCCCCC", counter: 1, to, body: { text: "x" } };
}

function quickly(): Promise<void> {
  return Promise.resolve();
}
