import { describe, expect, test } from "bun:test";
import { PRESENCE_INTERVAL_MS } from "../../../src/base/limits.ts";
import { untagged } from "./irc-client.ts";
import { IrcSite, MODERN } from "./irc-site.ts";

async function start(caps = MODERN) {
  const irc = await IrcSite.open();
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  return { irc, ana, ben, one: await irc.client("ana", caps), two: await irc.client("ben", caps) };
}

describe("WHO and WHOIS", () => {
  test("show accounts, and never addresses", async () => {
    const { irc, ben, one, two } = await start();
    ben.hangUp();
    await irc.site.quiet();
    await two.ask("AWAY :lunch");
    expect(await one.ask("WHO #lobby")).toEqual([
      expect.stringMatching(/^:chat BATCH|^:chat 352 ana #lobby (ana|ben) chat chat \S+ [HG] :0 /),
      expect.stringContaining(" 352 ana #lobby "),
      ":chat 315 ana #lobby :end of the list",
    ]);
    expect((await one.ask("WHO ben"))[0]).toMatch(/ 352 ana \S+ ben chat chat ben G :0 ben$/);
    const whois = await one.ask("WHOIS BEN");
    expect(whois.map((line) => line.split(" ")[1])).toEqual([
      "311",
      "319",
      "312",
      "330",
      "301",
      "318",
    ]);
    expect(whois[1]).toBe(":chat 319 ana ben :#lobby".replace(":#", "#"));
    expect(whois.join("\n")).not.toContain("10.0.0");
    expect((await one.ask("WHO #none", "WHO nobody")).join("\n")).not.toContain(" 352 ");
    expect(await one.ask("WHOIS nobody")).toEqual([
      expect.stringContaining(" 401 ana nobody :"),
      expect.stringContaining(" 318 ana nobody :"),
    ]);
    expect(await one.ask("WHOIS chat ben")).toHaveLength(6);
  });

  test("WHOX returns the requested fields in their fixed order", async () => {
    const { one } = await start();
    await one.ask("JOIN #lab");
    expect(await one.ask("WHO #lab %tcuhnfar,42", "WHO ana %na", "WHO #lab %xyz")).toEqual([
      ":chat 354 ana 42 #lab ana chat ana H@ ana ana",
      ":chat 315 ana #lab :end of the list",
      ":chat 354 ana ana ana",
      ":chat 315 ana ana :end of the list",
      expect.stringContaining(" 354 ana"),
      ":chat 315 ana #lab :end of the list",
    ]);
  });

  test("WHO lists only members of rooms that the user is in", async () => {
    const { one, two } = await start();
    await one.ask("JOIN #lab");
    expect(await two.ask("WHO #lab")).toEqual([":chat 315 ben #lab :end of the list"]);
    expect((await two.ask("WHOIS ana")).join()).not.toContain("#lab");
  });
});

describe("AWAY", () => {
  test("is stored for the account, and announced", async () => {
    const { irc, ben, one, two } = await start(`${MODERN} away-notify`);
    ben.hangUp();
    await irc.site.quiet();
    await one.news();
    expect(await two.ask("AWAY :at lunch")).toEqual([expect.stringContaining(" 306 ben :")]);
    await irc.site.time.advance(PRESENCE_INTERVAL_MS);
    expect(await one.news()).toEqual([":ben!ben@chat AWAY :at lunch"]);
    expect(await two.ask("AWAY")).toEqual([expect.stringContaining(" 305 ben :")]);
    await irc.site.time.advance(PRESENCE_INTERVAL_MS);
    expect(await one.news()).toEqual([":ben!ben@chat AWAY"]);
    await two.ask(`AWAY :${"ä".repeat(200)}`);
    await irc.site.time.advance(PRESENCE_INTERVAL_MS);
    expect((await one.news()).join()).toMatch(/AWAY :?ä{100}$/);
  });

  test("may precede the log-in with pre-away", async () => {
    const { irc, ben, one, two } = await start();
    two.send("QUIT");
    ben.hangUp();
    await irc.site.quiet();
    const client = irc.connect();
    client.send("CAP REQ :sasl draft/pre-away", "AWAY :asleep", "NICK ben", "PASS ben:sesame-ben");
    client.send("USER ben 0 * :ben", "CAP END");
    await client.until(" 001 ");
    await client.sync();
    expect((await one.ask("PRIVMSG ben :hi")).join()).toContain(" 301 ana ben asleep");
  });

  test("* of a bouncer does not count beside another device", async () => {
    const { irc, ben, one, two } = await start(`${MODERN} away-notify`);
    await one.news();
    await two.ask("AWAY *");
    await irc.site.time.advance(PRESENCE_INTERVAL_MS);
    expect(await one.news()).toEqual([]);
    expect((await one.ask("WHO ben"))[0]).toContain(" ben H :");
    expect((await one.ask("PRIVMSG ben :hi")).join()).not.toContain(" 301 ");
    ben.hangUp();
    await irc.site.time.advance(PRESENCE_INTERVAL_MS);
    expect(await one.news()).toEqual([expect.stringMatching(/^:ben!\S+ AWAY :not connected/)]);
    expect((await one.ask("WHO ben"))[0]).toContain(" ben G :");
    expect((await one.ask("PRIVMSG ben :hi")).join()).toContain(" 301 ana ben :not connected");
    await irc.client("ben");
    await irc.site.time.advance(PRESENCE_INTERVAL_MS);
    expect(await one.news()).toEqual([":ben!ben@chat AWAY"]);
  });

  test("needs the reason of each connection, and shows the newest text", async () => {
    const { irc, ben, one, two } = await start();
    ben.hangUp();
    const three = await irc.client("ben");
    const whois = async () => (await one.ask("WHOIS ben")).find((line) => line.includes(" 301 "));
    await two.ask("AWAY :asleep");
    expect(await whois()).toBeUndefined();
    await three.ask("AWAY :on a train");
    expect(await whois()).toContain(":on a train");
    await three.ask("AWAY *");
    expect(await whois()).toMatch(/ ben :?asleep$/);
    await three.ask("AWAY");
    expect(await whois()).toBeUndefined();
    three.lose();
    await irc.site.quiet();
    expect(await whois()).toMatch(/ ben :?asleep$/);
    two.lose();
    await irc.client("ben");
    expect(await whois()).toBeUndefined();
  });

  test("shows that an account went offline, or came back", async () => {
    const { irc, ben, one, two } = await start(`${MODERN} away-notify`);
    await one.news();
    two.send("QUIT");
    await irc.site.time.advance(2_000);
    expect(await one.news()).toEqual([]);
    ben.hangUp();
    await irc.site.time.advance(2_000);
    expect(await one.news()).toEqual([expect.stringMatching(/^:ben!ben@chat AWAY :.+/)]);
    await irc.client("ben");
    await irc.site.time.advance(2_000);
    expect(await one.news()).toEqual([":ben!ben@chat AWAY"]);
  });
});

test("QUIT ends the session before the client closes", async () => {
  const { irc, ben, one, two } = await start(`${MODERN} away-notify`);
  await one.ask("MONITOR + ben");
  await two.ask("AWAY :lunch");
  two.keepsOpen = true;
  two.send("PRIVMSG #lobby :bye", "QUIT :bye");
  await two.until("ERROR :quit");
  expect(untagged(await one.news())).toEqual([":ben!ben@chat PRIVMSG #lobby :bye"]);
  expect((await one.ask("WHO ben"))[0]).toContain(" ben H :");
  ben.hangUp();
  await irc.site.time.advance(PRESENCE_INTERVAL_MS);
  expect(two.isClosed).toBe(false);
  const news = (await one.news()).toSorted();
  expect(news).toEqual([
    ":ben!ben@chat AWAY :not connected; messages will be delivered",
    ":chat 731 ana ben",
  ]);
  two.lose();
});

describe("MONITOR, ISON and USERHOST", () => {
  test("report who is online", async () => {
    const { irc, ben, one, two } = await start();
    expect(await one.ask("MONITOR + ben,Nobody")).toEqual([
      ":chat 730 ana ben!ben@chat",
      ":chat 731 ana Nobody",
    ]);
    expect(await one.ask("MONITOR L")).toEqual([
      ":chat 732 ana ben",
      ":chat 732 ana Nobody",
      expect.stringContaining(" 733 ana :"),
    ]);
    expect(await one.ask("ISON ben nobody ANA")).toEqual([
      expect.stringMatching(/ 303 ana :ben ANA$/i),
    ]);
    expect((await one.ask("USERHOST ben nobody"))[0]).toContain("ben=+ben@chat");
    two.send("QUIT");
    ben.hangUp();
    await one.until(":chat 731 ana ben");
    await irc.client("ben");
    await one.until(":chat 730 ana ben!ben@chat");
    expect(await one.ask("MONITOR - ben,nobody", "MONITOR L")).toHaveLength(1);
    expect(await one.ask("MONITOR C", "MONITOR S", "MONITOR")).toEqual([
      expect.stringMatching(/ (421|461) ana MONITOR :/),
    ]);
  });

  test("report a change as soon as other presence, even of a user without rooms", async () => {
    const irc = await IrcSite.open();
    const [, ben] = [await irc.operator("olga"), await irc.member("ben")];
    const [one, two] = [await irc.client("olga"), await irc.client("ben")];
    await ben.request("leave", { room: "lobby" });
    await one.ask("MONITOR + ben,benno");
    two.send("QUIT");
    ben.hangUp();
    await irc.site.quiet();
    await irc.site.time.advance(PRESENCE_INTERVAL_MS);
    expect(untagged(await one.news())).toEqual([":chat 731 olga ben"]);
    await irc.client("ben");
    await irc.site.time.advance(PRESENCE_INTERVAL_MS);
    expect(untagged(await one.news())).toEqual([":chat 730 olga ben!ben@chat"]);
  });

  test("follow a nick, not a renamed account", async () => {
    const irc = await IrcSite.open();
    const [olga] = [await irc.operator("olga"), await irc.member("ben")];
    const one = await irc.client("olga");
    await one.ask("MONITOR + ben,benno");
    await olga.request("rename", { user: "ben", to: "benno" });
    const two = irc.connect();
    await two.logIn("benno", "sesame-ben");
    await irc.site.time.advance(PRESENCE_INTERVAL_MS);
    const numerics = (await one.news()).filter((line) => line.includes(" 73"));
    expect(untagged(numerics)).toEqual([":chat 731 olga ben", ":chat 730 olga benno!benno@chat"]);
    expect(await one.ask("MONITOR S")).toEqual(numerics);
    expect(await one.ask("ISON ben benno")).toEqual([":chat 303 olga benno"]);
  });

  test("refuses more than 100 entries", async () => {
    const { one } = await start();
    for (let i = 0; i < 100; i += 20) {
      await one.ask(`MONITOR + ${Array.from({ length: 20 }, (_, j) => `x${i + j}`).join(",")}`);
    }
    expect(await one.ask("MONITOR + x1")).toHaveLength(1);
    expect(await one.ask("MONITOR + ben,cleo")).toEqual([
      ":chat 734 ana 100 ben :the list is full",
      ":chat 734 ana 100 cleo :the list is full",
    ]);
  });
});

describe("INVITE", () => {
  test("lets an account join once without the key", async () => {
    const { ana, one, two } = await start(`${MODERN} invite-notify`);
    await ana.request("join", { room: "vault", create: true, password: "secret" });
    await one.until("JOIN #vault");
    expect(await two.ask("JOIN #vault")).toEqual([expect.stringContaining(" 475 ben #vault :")]);
    expect(await one.ask("INVITE ben #vault")).toContainEqual(
      expect.stringContaining(" 341 ana ben #vault"),
    );
    await two.until(":ana!ana@chat INVITE ben ");
    expect((await two.ask("JOIN #vault")).join()).toContain("JOIN #vault");
    await one.ask("KICK #vault ben");
    await two.until(" KICK ");
    expect(await two.ask("JOIN #vault")).toEqual([expect.stringContaining(" 475 ben #vault :")]);
  });

  test("is refused for members, strangers and unknown rooms", async () => {
    const { one, two } = await start();
    await one.ask("JOIN #lab");
    expect(await one.ask("INVITE ana #lab", "INVITE nobody #lab", "INVITE ben #none")).toEqual([
      expect.stringContaining(" 443 ana ana #lab :"),
      expect.stringContaining(" 401 ana nobody :"),
      expect.stringContaining(" 403 ana #none :"),
    ]);
    expect(await two.ask("INVITE ana #lab")).toEqual([expect.stringContaining(" 442 ben #lab :")]);
  });
});

describe("information", () => {
  test("answers each command", async () => {
    const { one } = await start();
    const numerics = async (command: string) =>
      (await one.ask(command)).map((line) => untagged([line])[0]?.split(" ")[1]);
    expect(await numerics("MOTD")).toEqual(["422"]);
    expect(await numerics("VERSION")).toContain("351");
    expect(await numerics("TIME")).toEqual(["391"]);
    expect(await numerics("LUSERS")).toContain("251");
    expect(await numerics("ADMIN")).toContain("256");
    expect((await numerics("INFO")).at(-1)).toBe("374");
    expect((await numerics("HELP")).at(-1)).toBe("706");
    expect(await numerics("HELP nonsense")).toEqual(["524"]);
    for (const unknown of ["OPER a b", "KILL ben x", "WALLOPS :x", "STATS u", "SETNAME x"]) {
      expect(await numerics(unknown)).toEqual(["421"]);
    }
    expect(await numerics("PING")).toEqual([expect.stringMatching(/409|461/)]);
    expect(await numerics("WHOIS")).toEqual([expect.stringMatching(/431|461/)]);
  });

  test("names what is implemented in 005", async () => {
    const { one } = await start();
    const tokens = one.lines.filter((line) => line.includes(" 005 ")).join(" ");
    for (const token of ["CASEMAPPING=ascii", "CHANTYPES=#", "PREFIX=(o)@", "UTF8ONLY", "WHOX"]) {
      expect(tokens).toContain(token);
    }
    expect(tokens).toContain("CLIENTTAGDENY=*,-");
  });
});
