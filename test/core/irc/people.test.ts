import { describe, expect, test } from "bun:test";
import { fixtureTest } from "../../fixture-test.ts";
import { IrcSite, MODERN } from "../../server/irc/irc-site.ts";

/** Ana and ben are connected; cleo is offline. */
async function start(caps = MODERN) {
  const irc = await IrcSite.open();
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  const cleo = await irc.member("cleo");
  cleo.hangUp();
  await irc.site.quiet();
  const one = await irc.client("ana", caps);
  const two = await irc.client("ben", caps);
  return { irc, ana, ben, one, two };
}

const ircTest = fixtureTest(() => start());

describe("WHO", () => {
  ircTest("lists the members of a channel", async ({ irc, ben, one, two }) => {
    await irc.operator("olga");
    ben.hangUp();
    await irc.site.quiet();
    await one.ask("JOIN #lab");
    await two.ask("JOIN #lab", "AWAY :lunch");
    expect(await one.ask("WHO #LAB")).toEqual([
      ":chat 352 ana #lab ana chat chat ana H@ :0 ana",
      ":chat 352 ana #lab ben chat chat ben G :0 ben",
      ":chat 315 ana #LAB :end of the list",
    ]);
    const flags = (await one.ask("WHO #lobby %nf")).map((line) => line.split(" ").slice(3));
    expect(flags).toContainEqual(["olga", "H*@"]);
    expect(flags).toContainEqual(["cleo", "G"]);
  });

  ircTest("finds one account", async ({ one }) => {
    expect(await one.ask("WHO BEN", "WHO nobody", "WHO a!b", "WHO :", "WHO #none")).toEqual([
      ":chat 352 ana * ben chat chat ben H :0 ben",
      ":chat 315 ana BEN :end of the list",
      ":chat 315 ana nobody :end of the list",
      ":chat 315 ana a!b :end of the list",
      ":chat 315 ana * :end of the list",
      ":chat 315 ana #none :end of the list",
    ]);
  });

  test.each([
    ["*", ["ana", "ben", "cleo"]],
    ["**", ["ana", "ben", "cleo"]],
    ["B*", ["ben"]],
    ["*E*", ["ben", "cleo"]],
    ["?e?", ["ben"]],
    ["?", []],
    ["*?????", []],
    ["a*a", ["ana"]],
    ["an*na", []],
    ["*n", ["ben"]],
    ["*n*a", ["ana"]],
    ["b*x", []],
    ["ben!*", []],
    ["[*", []],
  ])("lists the accounts like %p", async (mask, names) => {
    const { one } = await start();
    const lines = [...(await one.ask(`WHO ${mask}`))];
    expect(lines.pop()).toBe(`:chat 315 ana ${mask} :end of the list`);
    expect(lines.map((line) => line.split(" ")[7]).sort()).toEqual(names);
    expect(lines.every((line) => line.startsWith(":chat 352 ana * "))).toBe(true);
  });

  ircTest("compares a hostile mask quickly", async ({ irc, one }) => {
    await irc.member(`${"a".repeat(31)}b`);
    const startedAt = performance.now();
    expect(await one.ask(`WHO ${"*a".repeat(200)}c`)).toHaveLength(1);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  ircTest("does not list former names and removed accounts", async ({ irc, one }) => {
    const olga = await irc.operator("olga");
    await olga.request("rename", { user: "cleo", to: "clio" });
    await olga.request("remove", { user: "ben" });
    const lines = await one.ask("WHO c*", "WHO b*");
    expect(lines.filter((line) => line.includes(" 352 "))).toEqual([
      ":chat 352 ana * clio chat chat clio G :0 clio",
    ]);
  });

  ircTest("lists operators only if requested", async ({ irc, one }) => {
    await irc.operator("olga");
    expect(await one.ask("WHO * o")).toEqual([
      ":chat 352 ana * olga chat chat olga H* :0 olga",
      ":chat 315 ana * :end of the list",
    ]);
  });

  ircTest("shows no channel for a partner in a direct conversation", async ({ one }) => {
    await one.ask("PRIVMSG ben :psst");
    expect(await one.ask("WHO ben", "NAMES ben")).toEqual([
      ":chat 352 ana * ben chat chat ben H :0 ben",
      ":chat 315 ana ben :end of the list",
      ":chat 366 ana ben :end of the list",
    ]);
  });

  ircTest("does not list rooms that the user is not in", async ({ one, two }) => {
    await two.ask("JOIN #lab");
    expect(await one.ask("WHO #lab")).toEqual([":chat 315 ana #lab :end of the list"]);
    expect((await one.ask("WHOIS ben")).join()).not.toContain("#lab");
  });
});

describe("WHOX", () => {
  test.each([
    ["%tcuihsnfdlaor,123", "123 #lobby ben 255.255.255.255 chat chat ben H 0 0 ben n/a ben"],
    ["%ronfatc,7", "7 #lobby ben H ben n/a ben"],
    ["%NA", "ben ben"],
    ["%t", "0"],
    ["%nz", "ben"],
  ])("%p has the fields in their fixed order", async (options, fields) => {
    const { one } = await start();
    const lines = await one.ask(`WHO #lobby ${options}`);
    const shown = lines.map((line) => line.replace(/ :(?=[^ ]*$)/, " "));
    expect(shown).toContain(`:chat 354 ana ${fields}`);
  });

  test.each(["%", "n", "%n,", "%n,1234", "%n,x"])("%p is no list of fields", async (options) => {
    const { one } = await start();
    expect((await one.ask(`WHO ben ${options}`))[0]).toContain(" 352 ");
  });
});

describe("WHOIS", () => {
  ircTest("shows an account and its rooms", async ({ irc, one }) => {
    await irc.operator("olga");
    expect(await one.ask("WHOIS OLGA")).toEqual([
      ":chat 311 ana olga olga chat * olga",
      expect.stringMatching(/^:chat 319 ana olga :?#lobby$/),
      ":chat 312 ana olga chat site",
      ":chat 313 ana olga :is an operator",
      ":chat 330 ana olga olga :is logged in as",
      ":chat 318 ana olga :end of WHOIS",
    ]);
  });

  ircTest("shows that an account is away", async ({ irc, ben, one, two }) => {
    ben.hangUp();
    await irc.site.quiet();
    await two.ask("AWAY :back at 5");
    expect(await one.ask("WHOIS chat ben")).toContain(":chat 301 ana ben :back at 5");
    expect((await one.ask("WHOIS cleo")).join()).toContain(" 301 ana cleo :not connected");
    await two.ask("AWAY");
    expect((await one.ask("WHOIS ben")).join()).not.toContain(" 301 ");
  });

  ircTest("refuses unknown accounts", async ({ one }) => {
    expect(await one.ask("WHOIS nobody", "WHOIS :", "WHOIS :a b")).toEqual([
      ":chat 401 ana nobody :no such nick",
      ":chat 318 ana nobody :end of WHOIS",
      ":chat 401 ana * :no such nick",
      ":chat 318 ana * :end of WHOIS",
      ":chat 401 ana a_b :no such nick",
      ":chat 318 ana a_b :end of WHOIS",
    ]);
  });

  ircTest("is followed by WHOWAS in irssi if the nick is unknown", async ({ one }) => {
    expect(await one.ask("WHOWAS nobody", "WHOWAS :", "WHOWAS")).toEqual([
      ":chat 406 ana nobody :there is no history of nicks; see WHOIS",
      ":chat 369 ana nobody :end of WHOWAS",
      ":chat 406 ana * :there is no history of nicks; see WHOIS",
      ":chat 369 ana * :end of WHOWAS",
      ":chat 461 ana WHOWAS :not enough parameters",
    ]);
  });

  ircTest("shows all rooms in lines that fit", async ({ ana, ben, one }) => {
    const rooms = Array.from({ length: 40 }, (_, i) => `a-room-with-a-long-name-${i}`);
    for (const room of rooms) {
      await ben.request("join", { room, create: true });
      await ana.request("join", { room });
    }
    await one.sync();
    const lines = (await one.ask("WHOIS ben")).filter((line) => line.includes(" 319 "));
    const shown = lines.flatMap((line) => line.replace(/^.* :/, "").split(" "));
    expect(shown.toSorted()).toEqual(["#lobby", ...rooms.map((room) => `#${room}`)].toSorted());
  });
});

describe("AWAY", () => {
  ircTest("is set and removed", async ({ irc, ana, one }) => {
    expect(await one.ask("AWAY :lunch")).toEqual([
      ":chat 306 ana :you are not marked as away while another of your devices is present",
    ]);
    ana.hangUp();
    await irc.site.quiet();
    expect(await one.ask("AWAY :lunch", "AWAY", "AWAY :", "AWAY :\x02 \x02")).toEqual([
      ":chat 306 ana :you are marked as away",
      ":chat 305 ana :you are no longer marked as away",
      ":chat 305 ana :you are no longer marked as away",
      ":chat 305 ana :you are no longer marked as away",
    ]);
  });

  ircTest("answers the author of a message", async ({ irc, ben, one, two }) => {
    ben.hangUp();
    await irc.site.quiet();
    await two.ask("AWAY :lunch\x07 and   more");
    expect(await one.ask("PRIVMSG ben :hi")).toContain(":chat 301 ana ben :lunch and more");
    expect((await one.ask("NOTICE ben :hi")).join()).not.toContain(" 301 ");
  });
});

describe("MONITOR", () => {
  ircTest("reports who is online, and each change", async ({ irc, one }) => {
    expect(await one.ask("MONITOR + Ben,cleo,nobody")).toEqual([
      expect.stringMatching(/^:chat 730 ana ben!ben@chat$/i),
      ":chat 731 ana cleo",
      ":chat 731 ana nobody",
    ]);
    const cleo = await irc.client("cleo");
    await irc.site.time.advance(1_000);
    expect(await one.news()).toContain(":chat 730 ana cleo!cleo@chat");
    cleo.lose();
    await irc.site.time.advance(2_000);
    expect(await one.news()).toContain(":chat 731 ana cleo");
    await irc.site.time.advance(5_000);
    expect(await one.news()).toEqual([]);
  });

  ircTest("lists, removes and clears", async ({ one }) => {
    await one.ask("MONITOR + cleo,nobody");
    const list = [":chat 732 ana cleo", ":chat 733 ana :end of the list"];
    expect(await one.ask("MONITOR - NOBODY,else", "MONITOR L")).toEqual(list);
    expect(await one.ask("monitor s")).toEqual([":chat 731 ana cleo"]);
    expect(await one.ask("MONITOR C", "MONITOR L")).toEqual(list.slice(1));
    expect((await one.ask("MONITOR X"))[0]).toContain(" 421 ");
  });

  ircTest("watches at most 100 nicks", async ({ one }) => {
    for (let i = 0; i < 99; i++) await one.ask(`MONITOR + n${i}`);
    expect(await one.ask("MONITOR + last,over,ben")).toEqual([
      ":chat 731 ana last",
      ":chat 734 ana 100 over :the list is full",
      ":chat 734 ana 100 ben :the list is full",
    ]);
    expect(await one.ask("MONITOR + LAST")).toEqual([":chat 731 ana LAST"]);
    expect((await one.ask("MONITOR L")).length).toBe(101);
  });

  ircTest("names each nick for which the list has no room", async ({ one }) => {
    for (let i = 0; i < 100; i++) await one.ask(`MONITOR + n${i}`);
    const nicks = Array.from({ length: 13 }, (_, i) => `${i}-${"x".repeat(28)}`);
    const lines = await one.ask(`MONITOR + ${nicks.join(",")}`);
    const refused = lines.flatMap((line) => line.split(" ")[4] ?? []);
    expect(refused).toEqual(nicks);
  });

  test.each([":", ",,", ":a", "#lobby", "a!b@c", "x".repeat(65)])("ignores %p", async (nicks) => {
    const { one } = await start();
    expect(await one.ask(`MONITOR + :${nicks}`, "MONITOR L")).toHaveLength(1);
  });
});

describe("USERHOST and ISON", () => {
  ircTest("USERHOST shows up to 5 accounts", async ({ irc, ben, one, two }) => {
    ben.hangUp();
    await irc.site.quiet();
    await two.ask("AWAY :lunch");
    expect(await one.ask("USERHOST ana nobody BEN cleo ana ana")).toEqual([
      ":chat 302 ana :ana=+ana@chat ben=-ben@chat cleo=-cleo@chat ana=+ana@chat",
    ]);
    expect(await one.ask("USERHOST nobody")).toEqual([":chat 302 ana :"]);
  });

  ircTest("ISON shows who is connected", async ({ one }) => {
    expect(await one.ask("ISON ben cleo nobody ana", "ISON :ana ben", "ISON cleo")).toEqual([
      ":chat 303 ana :ben ana",
      ":chat 303 ana :ana ben",
      ":chat 303 ana :",
    ]);
  });
});

ircTest("a bot declares itself and is marked in WHO, WHOIS and its messages", async (context) => {
  const { irc, ana, one, two } = context;
  await two.ask("JOIN #lab");
  await one.ask("JOIN #lab");
  expect(await two.ask("MODE ben", "MODE ben +i")).toEqual([":chat 221 ben +", ":chat 221 ben +"]);
  expect(await two.ask("MODE ana +B")).toEqual([
    ":chat 502 ben :you cannot change modes of other users",
  ]);
  expect(await two.ask("MODE BEN +B", "MODE ben")).toEqual([
    ":ben!ben@chat MODE ben +B",
    ":chat 221 ben +B",
  ]);
  expect(await one.ask("WHO ben")).toContain(":chat 352 ana * ben chat chat ben HB :0 ben");
  expect(await one.ask("WHOIS ben")).toContain(":chat 335 ana ben :is a bot");
  await two.ask("PRIVMSG #lab :beep");
  await irc.site.quiet();
  const received = (await one.news()).find((line) => line.endsWith(":beep"));
  expect(received ?? "").toMatch(/^@[^ ]*;bot :ben!ben@chat PRIVMSG #lab :beep$/);
  const { users } = await ana.request("who", { room: "lab" });
  expect(users.map(({ user, bot }) => [user, bot])).toEqual([
    ["ana", undefined],
    ["ben", true],
  ]);
  expect((await ana.request("whois", { user: "ben" })).bot).toBe(true);
  await irc.site.restart();
  const again = await irc.site.again(ana, "ana");
  expect((await again.request("whois", { user: "ben" })).bot).toBe(true);
});

ircTest("a display name is the real name, which SETNAME changes", async (context) => {
  const { irc, ana, one, two } = context;
  await ana.request("display-name", { text: "Ana Ruíz" });
  await irc.site.quiet();
  expect(await two.ask("WHOIS ana")).toContain(":chat 311 ben ana ana chat * :Ana Ruíz");
  expect(await two.ask("WHO ana")).toContain(":chat 352 ben * ana chat chat ana H :0 Ana Ruíz");
  expect(await two.ask("WHO ana %nr")).toContain(":chat 354 ben ana :Ana Ruíz");
  await two.ask("JOIN #lab");
  await one.ask("CAP REQ :setname extended-join");
  await two.ask("CAP REQ :setname extended-join");
  expect(await two.ask("SETNAME :Bén R.")).toContain(":ben!ben@chat SETNAME :Bén R.");
  await irc.site.quiet();
  expect(await one.news()).toContain(":ben!ben@chat SETNAME :Bén R.");
  await one.ask("JOIN #lab");
  expect((await two.news()).join("\n")).toContain(":ana!ana@chat JOIN #lab ana :Ana Ruíz");
  const [taken = "", invalid = ""] = await two.ask("SETNAME :ana ru1z", "SETNAME :✅");
  expect(taken).toContain("FAIL SETNAME INVALID_REALNAME :somebody has the name 'ana ru1z'");
  expect(invalid).toContain("FAIL SETNAME INVALID_REALNAME :a display name consists of letters");
});
