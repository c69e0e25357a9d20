import { describe, expect, test } from "bun:test";
import { ROOMS_PER_HOUR_MAX } from "../../../src/base/limits.ts";
import { checkNewPassword } from "../../../src/base/new-passwords.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { untagged } from "../../server/irc/irc-client.ts";
import { IrcSite, ircPair, MODERN } from "../../server/irc/irc-site.ts";

async function start(caps = MODERN) {
  const pair = await ircPair(caps);
  await pair.one.sync();
  return pair;
}

const ircTest = fixtureTest(() => start());

describe("JOIN", () => {
  ircTest("creates a room, whose creator moderates it", async ({ one, two }) => {
    expect(untagged(await one.ask("JOIN #lab"))).toEqual([
      ":ana!ana@chat JOIN #lab ana ana",
      ":chat 353 ana = #lab :@ana",
      ":chat 366 ana #lab :end of the list",
    ]);
    expect(untagged(await two.ask("JOIN #LAB"))).toEqual([
      ":ben!ben@chat JOIN #lab ben ben",
      expect.stringMatching(/^:chat 353 ben = #lab :(@ana ben|ben @ana)$/),
      ":chat 366 ben #lab :end of the list",
    ]);
    expect(untagged(await one.news())).toEqual([":ben!ben@chat JOIN #lab ben ben"]);
    expect(await two.ask("JOIN #lab")).toEqual([]);
  });

  ircTest("joins several rooms with their keys", async ({ ana, one, two }) => {
    await ana.request("join", { room: "vault", create: true, password: "k1" });
    await ana.request("join", { room: "den", create: true, password: "k2" });
    await one.sync();
    const lines = await two.ask("JOIN #vault,#new,#den k1,,wrong", "MODE #vault", "MODE #vault k");
    expect(lines.filter((line) => line.includes(" JOIN "))).toHaveLength(2);
    expect(lines.join("\n")).toContain(" 475 ben #den :");
    expect(lines.join("\n")).toContain(":chat 324 ben #vault +knt");
    expect(lines.join("\n")).not.toContain("k1");
    expect(await two.ask("JOIN #den")).toEqual([expect.stringContaining(" 475 ben #den :")]);
    await two.ask("JOIN #den k2");
    expect((await two.ask("NAMES #den")).join()).toContain("ben");
  });

  ircTest("joins all the rooms that fit in a line", async ({ one }) => {
    const names = Array.from({ length: 70 }, (_, i) => `#r${i}`);
    const lines = await one.ask(`JOIN ${names.join(",")}`);
    expect(lines.filter((line) => line.includes(" JOIN "))).toHaveLength(70);
    const parted = await one.ask(`PART ${names.join(",")}`);
    expect(parted.filter((line) => line.includes(" PART "))).toHaveLength(70);
  });

  test.each([
    ["lab", "403"],
    ["&lab", "403"],
    ["#", "403"],
    ["#a/b", "403"],
    [`#${"x".repeat(33)}`, "403"],
    ["#123", "403"],
    [":#a b", "403"],
    ["::", "403"],
  ])("refuses %p", async (name, numeric) => {
    const { one } = await start();
    expect(await one.ask(`JOIN ${name}`)).toEqual([expect.stringContaining(` ${numeric} ana `)]);
  });

  test("ends the client's wait if the room cannot be created", async () => {
    const hash = async (password: string) => {
      checkNewPassword(password);
      return password;
    };
    const passwords = { hash, verify: (a: string, b: string) => Promise.resolve(a === b) };
    const irc = await IrcSite.open({ passwords });
    await irc.member("ana");
    const one = await irc.client("ana");
    expect(await one.ask("JOIN #new short")).toEqual([
      ":chat 475 ana #new :a new password needs at least 8 characters",
      ":chat FAIL * USAGE #new :a new password needs at least 8 characters",
    ]);
    for (let i = 0; i < ROOMS_PER_HOUR_MAX; i++) await one.ask(`JOIN #r${i}`);
    expect((await one.ask("JOIN #more"))[0]).toStartWith(":chat 405 ana #more :");
  });

  ircTest("leaves no room on JOIN 0", async ({ one }) => {
    expect((await one.ask("JOIN 0")).join()).toContain("FAIL JOIN ");
    expect((await one.ask("NAMES #lobby")).join()).toContain("ana");
  });

  ircTest("refuses sealed rooms, and does not list them", async ({ ana, one, two }) => {
    await ana.request("join", { room: "safe", create: true, sealed: true });
    expect(await one.news()).toEqual([]);
    expect(await two.ask("JOIN #safe")).toEqual([
      expect.stringMatching(/ 473 ben #safe :.*sealed/),
    ]);
    expect((await one.ask("LIST", "WHO #safe", "NAMES #safe")).join()).not.toContain("safe 1");
    expect(await one.ask("PRIVMSG #safe :x")).toEqual([
      expect.stringContaining(" 403 ana #safe :"),
    ]);
    expect(await one.ask("TOPIC #safe")).toEqual([expect.stringContaining(" 403 ana #safe :")]);
  });

  ircTest("reports at the log-in how many sealed rooms there are", async ({ irc, ana }) => {
    await ana.request("join", { room: "safe", create: true, sealed: true });
    const client = await irc.client("ana");
    expect(client.lines.join("\n")).toMatch(/NOTICE ana :1 encrypted room .* read it in chat/);
    expect(client.lines.join("\n")).not.toContain("#safe");
  });

  ircTest("joins on all connections of the account", async ({ irc, ana, one }) => {
    const phone = await irc.client("ana");
    await one.ask("JOIN #lab");
    await phone.until(":ana!ana@chat JOIN #lab ana ana");
    await ana.request("join", { room: "den", create: true });
    await one.until("JOIN #den");
    await phone.until("JOIN #den");
    await phone.ask("PART #lab :enough");
    expect(untagged(await one.news())).toContain(":ana!ana@chat PART #lab :enough");
  });
});

describe("PART and KICK", () => {
  test("let only a user who left rejoin without the key, as in native clients", async () => {
    const { ben, one, two } = await start();
    await one.ask("JOIN #vault secret");
    await two.ask("JOIN #vault secret", "PART #vault");
    expect((await two.ask("JOIN #vault")).join()).toContain(" JOIN #vault");
    await ben.request("leave", { room: "vault" });
    await ben.request("join", { room: "vault" });
    await one.ask("KICK #vault ben");
    expect(await two.ask("JOIN #vault")).toEqual([expect.stringContaining(" 475 ben #vault :")]);
    expect(await ben.refusal("join", { room: "vault" })).toBe("room-password-wrong");
  });

  ircTest("record their reasons", async ({ ana, ben, one, two }) => {
    await one.ask("JOIN #lab");
    await two.ask("JOIN #lab");
    await one.news();
    expect(untagged(await two.ask("PART #lab :bye all"))).toEqual([
      ":ben!ben@chat PART #lab :bye all",
    ]);
    expect(untagged(await one.news())).toEqual([":ben!ben@chat PART #lab :bye all"]);
    await two.ask("JOIN #lab");
    await one.news();
    expect(untagged(await one.ask("KICK #lab ben :too loud"))).toEqual([
      ":ana!ana@chat KICK #lab ben :too loud",
    ]);
    expect(untagged(await two.news())).toContain(":ana!ana@chat KICK #lab ben :too loud");
    expect(await two.ask("PRIVMSG #lab :x")).toEqual([
      expect.stringMatching(/ (404|442) ben #lab :/),
    ]);
    const bodies = ana.records.filter(({ head }) => ["leave", "kick"].includes(head.kind));
    expect(bodies.map(({ body }) => body?.["reason"])).toEqual(["bye all", "too loud"]);
    expect(ben.notices.length).toBeGreaterThan(0);
  });

  ircTest("are refused where the user has no right to them", async ({ one, two }) => {
    await one.ask("JOIN #lab");
    expect(await two.ask("PART #lab", "KICK #lab ana", "TOPIC #lab :x")).toEqual([
      expect.stringContaining(" 442 ben #lab :"),
      expect.stringContaining(" 442 ben #lab :"),
      expect.stringContaining(" 442 ben #lab :"),
    ]);
    await two.ask("JOIN #lab");
    expect(await two.ask("KICK #lab ana")).toEqual([expect.stringContaining(" 482 ben #lab :")]);
    expect(await one.ask("KICK #lab nobody", "KICK #lobby ben", "PART #none", "PART ben")).toEqual([
      expect.stringContaining(" 401 ana nobody :"),
      expect.stringContaining(" 482 ana #lobby :"),
      expect.stringContaining(" 403 ana #none :"),
      expect.stringContaining(" 403 ana ben :"),
    ]);
    await two.ask("PART #lab");
    await one.sync();
    expect(await one.ask("KICK #lab ben")).toEqual([
      expect.stringContaining(" 441 ana ben #lab :"),
    ]);
  });

  test("are shown when a native client causes them", async () => {
    const { ana, ben, one, two } = await start("");
    await ana.request("join", { room: "lab", create: true });
    await ben.request("join", { room: "lab", create: false });
    await one.news();
    await two.news();
    await ana.request("kick", { room: "lab", user: "ben" });
    expect(await one.news()).toEqual([":ana!ana@chat KICK #lab ben :ana"]);
    expect(await two.news()).toEqual([":ana!ana@chat KICK #lab ben :ana"]);
    await ana.request("leave", { room: "lab" });
    expect(await one.news()).toEqual([":ana!ana@chat PART #lab"]);
  });
});

describe("TOPIC", () => {
  ircTest("shows, sets and removes the topic", async ({ ana, one, two }) => {
    expect(await one.ask("TOPIC #lobby")).toEqual([expect.stringContaining(" 331 ana #lobby :")]);
    expect(untagged(await one.ask("TOPIC #lobby :news of today"))).toEqual([
      ":ana!ana@chat TOPIC #lobby :news of today",
    ]);
    await two.until(":ana!ana@chat TOPIC #lobby :news of today");
    expect(await two.ask("TOPIC #lobby")).toEqual([
      ":chat 332 ben #lobby :news of today",
      expect.stringMatching(/^:chat 333 ben #lobby ana \d{10}$/),
    ]);
    await one.ask("TOPIC #lobby :");
    expect(await two.ask("TOPIC #lobby")).toContainEqual(expect.stringContaining(" 331 ben "));
    const text = "é".repeat(256);
    await ana.request("topic", { room: "lobby", topic: text });
    const [line = ""] = await one.ask("TOPIC #lobby");
    expect(line).toMatch(/ 332 ana #lobby :é+$/);
  });

  ircTest("becomes one line without control characters", async ({ ana, one }) => {
    await ana.request("topic", { room: "lobby", topic: "a\u0001b :c\u202e" });
    expect(untagged(await one.news()).join()).toMatch(/TOPIC #lobby :a.*b :c/);
  });
});

test("the author and time of a topic survive a restart, and follow a rename", async () => {
  const { irc, one } = await start();
  const olga = await irc.operator("olga");
  await one.ask("TOPIC #lobby :news");
  const unixS = Math.floor(irc.site.time.unixMs() / 1_000);
  await olga.request("rename", { user: "ana", to: "anna" });
  await irc.restart();
  const ben = await irc.client("ben");
  const at = ben.lines.findIndex((line) => line.includes(" 332 "));
  expect(ben.lines[at + 1]).toBe(`:chat 333 ben #lobby anna ${unixS}`);
});

describe("MODE", () => {
  ircTest("shows modes", async ({ one }) => {
    expect(await one.ask("MODE #lobby", "MODE #lobby b", "MODE #lobby +b")).toEqual([
      ":chat 324 ana #lobby +n",
      expect.stringContaining(" 368 ana #lobby :"),
      expect.stringContaining(" 368 ana #lobby :"),
    ]);
    expect(await one.ask("MODE ana", "MODE ANA +i", "MODE ben")).toEqual([
      ":chat 221 ana +",
      ":chat 221 ana +",
      expect.stringContaining(" 502 ana :"),
    ]);
    expect(await one.ask("MODE #none", "MODE #none +m")).toEqual([
      expect.stringContaining(" 403 ana #none :"),
      expect.stringContaining(" 403 ana #none :"),
    ]);
  });

  ircTest("grants, mutes and closes", async ({ one, two }) => {
    await one.ask("JOIN #lab");
    await two.ask("JOIN #lab");
    await one.news();
    const change = async (change: string, shown = change) => {
      expect(untagged(await one.ask(`MODE #lab ${change}`))).toEqual([
        `:ana!ana@chat MODE #lab ${shown}`,
      ]);
      await two.until(`:ana!ana@chat MODE #lab ${shown}`);
    };
    await change("+b m:ben!*@*");
    expect(await one.ask("MODE #lab b")).toEqual([
      ":chat 367 ana #lab m:ben!*@* ana 1800000000",
      expect.stringContaining(" 368 "),
    ]);
    expect(await two.ask("PRIVMSG #lab :x")).toEqual([expect.stringContaining(" 404 ben #lab :")]);
    await change("-b m:ben!*@*");
    await change("+o ben");
    expect((await one.ask("NAMES #lab")).join()).toContain("@ben");
    await change("-o ben");
    expect((await one.ask("NAMES #lab")).join()).not.toContain("@ben");
    expect(await two.ask("MODE #lab +m")).toEqual([expect.stringContaining(" 482 ben #lab :")]);
  });

  ircTest("sets the modes that clients set together", async ({ one, two }) => {
    await one.ask("JOIN #lab");
    await two.ask("JOIN #lab");
    await one.news();
    const changed = async (modes: string) => untagged(await one.ask(`MODE #lab ${modes}`));
    const shown = (modes: string) => `:ana!ana@chat MODE #lab ${modes}`;
    expect(await changed("+nt")).toEqual([]); // Both are set.
    expect(await changed("+mo ben")).toEqual([shown("+mt-i"), shown("+o ben")]);
    expect(await changed("-mo ben")).toEqual([shown("+t-im"), shown("-o ben")]);
  });

  ircTest("sets the rules of the room", async ({ one, two }) => {
    await one.ask("JOIN #lab");
    await two.ask("JOIN #lab");
    const change = async (change: string, shown: string, modes: string) => {
      expect(untagged(await one.ask(`MODE #lab ${change}`))).toEqual([
        `:ana!ana@chat MODE #lab ${shown}`,
      ]);
      await two.until(`:ana!ana@chat MODE #lab ${shown}`);
      expect(await two.ask("MODE #lab")).toEqual([`:chat 324 ben #lab ${modes}`]);
    };
    await one.news();
    await change("+m", "+mt-i", "+mnt");
    expect(await two.ask("PRIVMSG #lab :x")).toEqual([expect.stringContaining(" 404 ben #lab :")]);
    await change("-m", "+t-im", "+nt");
    expect(await two.ask("TOPIC #lab :x")).toEqual([expect.stringContaining(" 482 ben #lab :")]);
    await change("-t", "-imt", "+n");
    await change("+i", "+i-mt", "+in");
    await change("+k secret", "-imt", "+kn");
    await change("-k", "-imt", "+n");
  });

  ircTest("lets people ask to join", async ({ ana, one, two }) => {
    await one.ask("JOIN #lab", "MODE #lab +i");
    const knock = await two.ask("JOIN #lab", "KNOCK #lab", "KNOCK #lab", "KNOCK #none");
    expect(knock).toEqual([
      expect.stringContaining(" 473 ben #lab :"),
      expect.stringContaining(" 711 ben #lab :"),
      expect.stringContaining(" 482 ben #lab :"),
      expect.stringContaining(" 403 ben #none :"),
    ]);
    const asks = ":chat NOTICE #lab :ben asks to join; to accept: /INVITE ben #lab";
    expect(untagged(await one.news())).toEqual([asks]);
    await ana.request("invite-user", { room: "lab", user: "ben" });
    expect((await two.ask("JOIN #lab")).join("\n")).toContain(" JOIN #lab");
  });

  ircTest("shows who set the current mutes, and when", async ({ irc, ana, ben, one }) => {
    await irc.member("cleo");
    await one.ask("JOIN #lab");
    for (const user of ["ben", "cleo"]) {
      await ana.request("invite-user", { room: "lab", user });
    }
    await ben.request("join", { room: "lab" });
    await ana.request("grant", { room: "lab", user: "ben", on: true });
    const mute = (by: typeof ana, user: string, on: boolean, until?: number) =>
      by.request("mute", { room: "lab", user, on, ...(until === undefined ? {} : { until }) });
    const soon = irc.site.time.unixMs() + 30_000;
    await mute(ana, "ben", true, soon);
    await mute(ana, "cleo", true, soon);
    expect(await one.ask("MODE #lab b")).toHaveLength(3);
    await irc.site.time.advance(60_000);
    await mute(ben, "cleo", true);
    const seconds = Math.floor(irc.site.time.unixMs() / 1_000);
    expect(await one.ask("MODE #lab b")).toEqual([
      `:chat 367 ana #lab m:cleo!*@* ben ${seconds}`,
      ":chat 368 ana #lab :end of the list",
    ]);
  });

  test("lists a mute until the believed time, not the machine's, is past its end", async () => {
    const { irc, ana, one } = await start();
    await one.ask("JOIN #lab");
    await ana.request("invite-user", { room: "lab", user: "ben" });
    const until = irc.site.time.unixMs() + 30_000;
    await ana.request("mute", { room: "lab", user: "ben", on: true, until });
    irc.site.skewMs = 10 * 365 * 86_400_000;
    expect(await one.ask("MODE #lab b")).toHaveLength(2);
    irc.site.skewMs = 0;
    await irc.site.time.advance(60_000);
    expect(await one.ask("MODE #lab b")).toHaveLength(1);
  });

  test("does without records beyond the daily limit of history", async () => {
    const irc = await IrcSite.open({ historyBytesPerDay: 1 });
    const [ana] = [await irc.member("ana"), await irc.member("ben")];
    const one = await irc.client("ana");
    await one.ask("JOIN #lab");
    await ana.request("invite-user", { room: "lab", user: "ben" });
    await ana.request("mute", { room: "lab", user: "ben", on: true });
    expect(await one.ask("MODE #lab b")).toEqual([
      ":chat 367 ana #lab m:ben!*@*",
      ":chat 368 ana #lab :end of the list",
    ]);
  });

  ircTest("grants rights only to members", async ({ one }) => {
    await one.ask("JOIN #lab");
    expect(await one.ask("MODE #lab +o ben")).toEqual([
      expect.stringContaining(" 441 ana ben #lab :"),
    ]);
  });

  test("lets only moderators post, and reopens a read-only room", async () => {
    const { olga, one, two } = await startWithOperator();
    const shown = (modes: string) => [`:olga!olga@chat MODE #lab ${modes}`];
    expect(untagged(await one.ask("MODE #lab +m"))).toEqual(shown("+mt-i"));
    expect(untagged(await two.news())).toEqual(shown("+mt-i"));
    expect(await two.ask("MODE #lab")).toEqual([":chat 324 ben #lab +mnt"]);
    expect(await two.ask("PRIVMSG #lab :x")).toEqual([expect.stringContaining(" 404 ben #lab :")]);
    expect(untagged(await one.ask("PRIVMSG #lab :x"))).toHaveLength(1);
    await one.ask("MODE #lab -m");
    await olga.request("close", { room: "lab", on: true });
    expect(untagged(await one.news())).toEqual(shown("+m"));
    expect(await two.ask("MODE #lab")).toEqual([":chat 324 ben #lab +mnt"]);
    await two.news();
    expect(untagged(await one.ask("MODE #lab -m"))).toEqual(shown("-m"));
    expect(untagged(await two.ask("PRIVMSG #lab :x"))).toContain(":ben!ben@chat PRIVMSG #lab :x");
  });

  test.each([
    ["+s", "472"],
    ["+l 5", "472"],
    ["+v ben", "472"],
    ["+oo ben", "472"],
    ["+m+", "472"],
    ["+b *!*@*", "696"],
    ["+b m:nobody!*@*", "696"],
    ["+k", "461"],
    ["+o nobody", "401"],
    ["+o", "461"],
    [":+m x", "472"],
    ["+", "472"],
  ])("refuses %p", async (change, numeric) => {
    const { one } = await start();
    await one.ask("JOIN #lab");
    expect(await one.ask(`MODE #lab ${change}`)).toEqual([
      expect.stringContaining(` ${numeric} ana `),
    ]);
  });

  ircTest("does not repeat a refused key", async ({ one }) => {
    const [line] = await one.ask("MODE #lobby +k s3cret");
    expect(line).toStartWith(":chat 482 ana #lobby :");
    expect(line).not.toContain("s3cret");
  });

  ircTest("is refused to users who do not moderate the room", async ({ one }) => {
    expect(
      await one.ask("MODE #lobby +m", "MODE #lobby +o ben", "MODE #lobby +b m:ben!*@*"),
    ).toEqual(Array.from({ length: 3 }, () => expect.stringContaining(" 482 ana #lobby :")));
  });
});

async function startWithOperator(caps = MODERN) {
  const irc = await IrcSite.open();
  const [olga] = [await irc.operator("olga"), await irc.member("ben")];
  const [one, two] = [await irc.client("olga", caps), await irc.client("ben", caps)];
  await one.ask("JOIN #lab");
  await two.ask("JOIN #lab");
  await one.news();
  return { irc, olga, one, two };
}

describe("RENAME", () => {
  test("renames for clients with the capability", async () => {
    const { one, two } = await startWithOperator(`${MODERN} draft/channel-rename`);
    const shown = /^@time=\S+Z;account=olga :olga!olga@chat RENAME #lab #den :$/;
    expect(await one.ask("RENAME #lab #den")).toEqual([expect.stringMatching(shown)]);
    expect(await two.news()).toEqual([expect.stringMatching(shown)]);
    expect((await two.ask("PRIVMSG #den :x")).join()).toContain("PRIVMSG #den :x");
  });

  test("becomes PART and JOIN for other clients", async () => {
    const { olga, two } = await startWithOperator("");
    await olga.request("rename", { room: "lab", to: "den" });
    expect(await two.news()).toEqual([
      ":ben!ben@chat PART #lab :renamed to #den",
      ":ben!ben@chat JOIN #den",
      expect.stringMatching(/^:chat 353 ben = #den :(@olga ben|ben @olga)$/),
      ":chat 366 ben #den :end of the list",
    ]);
    expect(await two.ask("PRIVMSG #den :x")).toEqual([]);
  });

  test("leaves the old name without a channel, and forwards only a member's JOIN", async () => {
    const { irc, olga, two } = await startWithOperator();
    await irc.member("cleo");
    const third = await irc.client("cleo");
    await olga.request("rename", { room: "lab", to: "den" });
    await two.news();
    expect(await two.ask("PRIVMSG #lab :x", "TOPIC #lab :x")).toEqual([
      expect.stringContaining(" 403 ben #lab :"),
      expect.stringContaining(" 403 ben #lab :"),
    ]);
    const forwarded = ":chat 470 ben #lab #den :this channel was renamed";
    expect(await two.ask("JOIN #lab")).toEqual([forwarded]);
    // The name may have belonged to another class.
    expect(untagged(await third.ask("JOIN #lab"))).toEqual([
      ":chat 437 cleo #lab :'lab' is now called 'den'",
      ":chat FAIL * NAME_TAKEN #lab :'lab' is now called 'den'",
    ]);
  });

  test("is refused with the reply of the specification", async () => {
    const { one, two } = await startWithOperator();
    await one.ask("JOIN #den");
    expect(await two.ask("RENAME #lab #x")).toEqual([expect.stringContaining(" 482 ben #lab :")]);
    expect(await one.ask("RENAME #lab #den", "RENAME #lab x", "RENAME #none #x")).toEqual([
      expect.stringContaining("FAIL RENAME CHANNEL_NAME_IN_USE #lab #den :"),
      expect.stringContaining("FAIL RENAME CANNOT_RENAME #lab x :"),
      expect.stringContaining(" 403 olga #none :"),
    ]);
  });
});

describe("an operator's change of an account", () => {
  test("is a NICK for others, once for all rooms", async () => {
    const { irc, olga, one, two } = await startWithOperator();
    await two.ask("PRIVMSG olga :hi");
    await one.sync();
    await olga.request("rename", { user: "ben", to: "benno" });
    expect(untagged(await one.news())).toEqual([":ben!ben@chat NICK benno"]);
    expect(await two.untilClosed()).toStartWith("ERROR :");
    expect(untagged(await one.ask("PRIVMSG benno :hello"))[0]).toContain("PRIVMSG benno :hello");
    expect(irc.gateway.transport).toBe("irc");
  });

  test("renames a conversation without a common room", async () => {
    const irc = await IrcSite.open();
    const [olga, ben] = [await irc.operator("olga"), await irc.member("ben")];
    await irc.member("ana");
    await ben.request("leave", { room: "lobby" });
    const client = await irc.client("ana");
    await irc.site.wait(ben.post("psst", "@ana"));
    await client.until(":ben!ben@chat PRIVMSG ana :psst");
    await olga.request("rename", { user: "ben", to: "benno" });
    expect(untagged(await client.news())).toEqual([":ben!ben@chat NICK benno"]);
    expect((await client.ask("CHATHISTORY LATEST benno * 5")).join()).toContain(":psst");
  });

  test("removes the account from its rooms", async () => {
    const { olga, one, two } = await startWithOperator();
    await olga.request("remove", { user: "ben" });
    expect(await two.untilClosed()).toStartWith("ERROR ");
    const shown = untagged(await one.news());
    expect(shown.filter((line) => / (KICK|PART) #(lab|lobby)/.test(line))).toHaveLength(2);
    expect((await one.ask("NAMES #lab")).join()).not.toContain("ben");
  });

  test("removes the room", async () => {
    const { olga, two } = await startWithOperator();
    await olga.request("remove", { room: "lab" });
    expect(untagged(await two.news())).toEqual([
      expect.stringMatching(/^:ben!ben@chat PART #lab :/),
    ]);
  });
});

describe("lists", () => {
  ircTest("NAMES shows members, with hosts if requested", async ({ irc, one }) => {
    const names = await one.ask("NAMES #lobby", "NAMES #none", "NAMES");
    expect(names[0]).toMatch(/^:chat 353 ana = #lobby :(ana ben|ben ana)$/);
    expect(names.slice(1)).toEqual([
      ":chat 366 ana #lobby :end of the list",
      ":chat 366 ana #none :end of the list",
      ":chat 366 ana * :end of the list",
    ]);
    const hosts = await irc.client("ana", "userhost-in-names");
    expect((await hosts.ask("NAMES #lobby"))[0]).toContain("ben!ben@chat");
  });

  test.each(["", "draft/"])(
    "sends no names on joining with %sno-implicit-names",
    async (prefix) => {
      const { irc } = await start();
      const client = await irc.client("ana", `${prefix}no-implicit-names`);
      expect(client.lines.join("\n")).not.toContain(" 353 ");
      expect((await client.ask("NAMES #lobby")).join()).toContain(" 353 ");
    },
  );

  ircTest("LIST shows rooms, or those named", async ({ one }) => {
    await one.ask("JOIN #lab", "TOPIC #lab :hi there");
    const lines = await one.ask("LIST");
    expect(lines.map((line) => line.split(" ")[1])).toEqual(["321", "322", "322", "323"]);
    expect(await one.ask("LIST #LAB")).toEqual([
      expect.stringContaining(" 321 "),
      ":chat 322 ana #lab 1 :hi there",
      expect.stringContaining(" 323 "),
    ]);
  });

  test("a large room's names fit their lines", async () => {
    const { irc, one } = await start("userhost-in-names");
    for (let i = 0; i < 40; i++) await irc.member(`a-rather-long-name-of-user-${i}`);
    await one.sync();
    const lines = await one.ask("NAMES #lobby");
    expect(lines.join(" ").match(/user-\d+!/g)).toHaveLength(40);
  });
});

describe("INVITE", () => {
  test("lets the account join once without the key", async () => {
    const irc = await IrcSite.open();
    const [ana] = [await irc.member("ana"), await irc.member("ben"), await irc.member("eve")];
    await ana.request("join", { room: "vault", create: true, password: "k1" });
    const one = await irc.client("ana", `${MODERN} invite-notify`);
    const phone = await irc.client("ana", `${MODERN} invite-notify`);
    const two = await irc.client("ben");
    expect(await one.ask("INVITE ben #vault")).toEqual([":chat 341 ana ben #vault"]);
    expect(await phone.news()).toEqual([
      expect.stringMatching(/^@time=\S+;msgid=\S+;account=ana :ana!ana@chat INVITE ben #vault$/),
    ]);
    expect(await one.ask("INVITE ben #vault")).toEqual([":chat 341 ana ben #vault"]);
    expect(await two.news()).toEqual(["@account=ana :ana!ana@chat INVITE ben #vault"]);
    expect((await two.ask("JOIN #vault")).join("\n")).toContain("ben JOIN #vault".slice(4));
    expect(await one.ask("INVITE ben #vault")).toEqual([
      ":chat 443 ana ben #vault :is already in this channel",
    ]);
    expect(await two.ask("INVITE eve #vault")).toEqual([
      expect.stringContaining(" 482 ben #vault "),
    ]);
    expect(await one.ask("INVITE nobody #vault", "INVITE eve #none")).toEqual([
      ":chat 401 ana nobody :no such nick",
      ":chat 403 ana #none :no such channel",
    ]);
    await one.ask("KICK #vault ben");
    expect(await two.ask("JOIN #vault", "INVITE eve #vault")).toEqual([
      expect.stringContaining(" 475 ben #vault :"),
      expect.stringContaining(" 442 ben #vault :"),
    ]);
  });

  test("is listed at the log-in, once and after the joins, while it is open", async () => {
    const irc = await IrcSite.open();
    const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
    for (const room of ["lab", "den"]) {
      await ana.request("join", { room, create: true });
      await ana.request("invite-user", { room, user: "ben" });
    }
    const old = irc.connect();
    old.send("PASS ben:sesame-ben", "NICK ben", "USER ben 0 * :ben");
    await old.until(" 001 ");
    await old.sync();
    for (const { lines } of [old, await irc.client("ben")]) {
      const commands = untagged(lines)
        .map((line) => line.split(" ")[1])
        .join(" ");
      expect(commands).toMatch(/JOIN .*366 NOTICE PONG$/);
      expect(lines).toContain(":chat NOTICE ben :open invitations: #lab #den");
      expect(commands).not.toContain("INVITE");
    }
    await ben.request("ignore", { user: "ana", on: true });
    expect((await irc.client("ben")).lines.join("\n")).not.toContain("open invitations");
    await ben.request("ignore", { user: "ana", on: false });
    await ben.request("join", { room: "lab" });
    await ben.request("join", { room: "den" });
    expect((await irc.client("ben")).lines.join("\n")).not.toContain("open invitations");
  });
});
