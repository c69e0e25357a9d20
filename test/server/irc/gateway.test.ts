import { describe, expect, test } from "bun:test";
import { PRESENCE_INTERVAL_MS, PRESENCE_MEMBERS_MAX } from "../../../src/base/limits.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { IrcClient, untagged } from "./irc-client.ts";
import { IrcSite, MODERN } from "./irc-site.ts";

/** Ben has only an IRC client, because an account is away only if all its devices are. */
async function start(caps = MODERN) {
  const irc = await IrcSite.open();
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  ben.hangUp();
  return { irc, ana, ben, one: await irc.client("ana", caps), two: await irc.client("ben", caps) };
}

function absences(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => / AWAY(?: |$)/.test(line));
}

const ircTest = fixtureTest(() => start());

describe("AWAY", () => {
  test("is shown at most once per second, with the last reason", async () => {
    const { irc, one, two } = await start(`${MODERN} away-notify`);
    await irc.site.time.advance(1_000);
    await one.news();
    for (const reason of ["a", "b", "c"]) await two.ask(`AWAY :${reason}`);
    await irc.site.time.advance(1_000);
    expect(absences(await one.news())).toEqual([":ben!ben@chat AWAY c"]);
    await two.ask("AWAY :d", "AWAY");
    await irc.site.time.advance(1_000);
    expect(absences(await one.news())).toEqual([":ben!ben@chat AWAY"]);
    await irc.site.time.advance(10_000);
    expect(absences(await one.news())).toEqual([]);
    expect(absences(two.lines)).toEqual([]);
  });

  test("is shown once to a client with several rooms in common", async () => {
    const { irc, one, two } = await start(`${MODERN} away-notify`);
    for (const client of [one, two]) await client.ask("JOIN #lab", "JOIN #lab2");
    await one.news();
    await two.ask("AWAY :lunch");
    await irc.site.time.advance(1_000);
    expect(absences(await one.news())).toEqual([":ben!ben@chat AWAY lunch"]);
  });

  ircTest("is shown only with the capability, and in a common room", async ({ irc, one, two }) => {
    const other = await irc.client("ana", "away-notify");
    await other.ask("PART #lobby");
    await two.ask("AWAY :lunch");
    await irc.site.time.advance(1_000);
    expect(absences([...one.lines, ...other.lines])).toEqual([]);
  });

  test("is shown for monitored accounts without a common room", async () => {
    const { irc, one, two } = await start("away-notify extended-monitor");
    const others = [
      await irc.client("ana", "away-notify"),
      await irc.client("ana", "extended-monitor"),
    ];
    await one.ask("PART #lobby");
    for (const client of [one, ...others]) await client.ask("MONITOR + BEN");
    await irc.site.time.advance(1_000);
    await one.news();
    for (const reason of ["lunch", ""]) {
      await two.ask(`AWAY :${reason}`);
      await irc.site.time.advance(1_000);
      const shown = reason === "" ? [] : [reason];
      expect(absences(await one.news())).toEqual([[":ben!ben@chat AWAY", ...shown].join(" ")]);
    }
    await one.ask("MONITOR - ben");
    await two.ask("AWAY :tea");
    await irc.site.time.advance(1_000);
    expect(absences([...(await one.news()), ...others.flatMap(({ lines }) => lines)])).toEqual([]);
  });

  test("ends with the connection that set it", async () => {
    const { irc, one, two } = await start(`${MODERN} away-notify`);
    await two.ask("AWAY :lunch");
    await irc.site.time.advance(1_000);
    await one.news();
    const other = await irc.client("ben", "");
    await irc.site.time.advance(1_000);
    expect(absences(await one.news())).toEqual([":ben!ben@chat AWAY"]);
    two.lose();
    await irc.site.time.advance(1_000);
    expect(absences(await one.news())).toEqual([]);
    const third = await irc.client("ben", "");
    await third.ask("AWAY :tea");
    await other.ask("AWAY :dinner");
    third.lose();
    await irc.site.quiet();
    expect(await one.ask("WHOIS ben")).toContain(":chat 301 ana ben dinner");
  });

  test("needs the reason of each connection, and shows the newest text", async () => {
    const { irc, one, two } = await start();
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

  test("of an account that has left is not shown as its return", async () => {
    const irc = await IrcSite.open();
    const [, ben] = [await irc.member("ana"), await irc.member("ben")];
    const one = await irc.client("ana", "away-notify");
    const two = await irc.client("ben", "");
    ben.hangUp();
    await two.ask("AWAY :lunch");
    await irc.site.time.advance(1_000);
    two.lose();
    await irc.site.time.advance(60_000);
    expect(absences(one.lines).at(-1)).toContain("AWAY :not connected");
    await irc.client("ben", "");
    await irc.site.time.advance(1_000);
    expect(absences(await one.news()).at(-1)).toBe(":ben!ben@chat AWAY");
    expect((await one.ask("WHOIS ben")).join()).not.toContain(" 301 ");
  });

  test("that a client sets before its log-in is shown when it comes online", async () => {
    const irc = await IrcSite.open();
    const [, ben] = [await irc.member("ana"), await irc.member("ben")];
    const one = await irc.client("ana", "away-notify");
    ben.hangUp();
    await irc.site.time.advance(60_000);
    const two = irc.connect();
    await two.ask("CAP REQ draft/pre-away", "AWAY :asleep");
    await one.news();
    await two.logIn("ben", "sesame-ben");
    await irc.site.time.advance(5_000);
    const shown = new Set(absences(await one.news()));
    expect([...shown]).toEqual([":ben!ben@chat AWAY asleep"]);
  });

  test("is not shown in a room with more members than have presence", async () => {
    const { irc, one, two } = await start(`${MODERN} away-notify`);
    await irc.site.time.advance(1_000);
    await one.news();
    const [lobby] = irc.site.rooms.roomsOf(irc.site.registry.find("ben" as never)?.id as never);
    const strangers = Array.from({ length: PRESENCE_MEMBERS_MAX }, (_, i) => `u${i}` as never);
    for (const stranger of strangers) lobby?.members.add(stranger);
    await two.ask("AWAY :lunch");
    await irc.site.time.advance(1_000);
    expect(absences(await one.news())).toEqual([]);
    lobby?.members.delete(strangers.at(0) as never);
    lobby?.members.delete(strangers.at(1) as never);
    await two.ask("AWAY :tea");
    await irc.site.time.advance(1_000);
    expect(absences(await one.news())).toEqual([":ben!ben@chat AWAY tea"]);
  });
});

test("QUIT ends the session before the client closes", async () => {
  const irc = await IrcSite.open();
  const [ben] = [await irc.member("ben"), await irc.member("ana")];
  const caps = `${MODERN} away-notify`;
  const [one, two] = [await irc.client("ana", caps), await irc.client("ben", caps)];
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

describe("MONITOR", () => {
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
});

describe("an operator", () => {
  ircTest("sees IRC clients with their address and traffic", async ({ irc, one, two }) => {
    const olga = await irc.operator("olga");
    await two.ask("PRIVMSG #lobby :hello");
    await one.until(":hello");
    const { clients } = await olga.request("clients", {});
    const shown = clients.filter(({ transport }) => transport === "irc");
    expect(shown.map(({ user, program, address }) => [user, program, address])).toEqual([
      ["ana", "irc", "10.0.0.9:40000"],
      ["ben", "irc", "10.0.0.9:40000"],
    ]);
    for (const { sentBytes, receivedBytes } of shown) {
      expect(Math.min(sentBytes, receivedBytes)).toBeGreaterThan(100);
    }
    one.lose();
    await irc.site.quiet();
    const { clients: rest } = await olga.request("clients", {});
    expect(rest.filter(({ transport }) => transport === "irc")).toHaveLength(1);
  });

  ircTest("closes the connections of an account that is banned", async ({ irc, one, two }) => {
    const olga = await irc.operator("olga");
    await olga.request("ban", { user: "ben", on: true, reason: "spam" });
    expect(await two.untilClosed()).toStartWith("ERROR :");
    expect(one.isClosed).toBe(false);
    const again = irc.connect();
    again.send("PASS ben:sesame-ben", "NICK ben", "USER ben 0 * :ben");
    expect(await again.untilClosed()).toStartWith("ERROR :");
    expect(again.lines.join("\n")).not.toContain(" 001 ");
    await olga.request("ban", { address: "10.0.0.77", on: true });
    expect(await irc.connect("10.0.0.77").untilClosed()).toStartWith("ERROR :");
  });

  ircTest("closes the connections of an account that is signed out", async ({ irc, one, two }) => {
    const second = await irc.client("ben", "");
    const olga = await irc.operator("olga");
    await olga.request("sign-out", { user: "ben" });
    for (const client of [two, second]) expect(await client.untilClosed()).toStartWith("ERROR :");
    expect(one.isClosed).toBe(false);
  });
});

describe("the end of the server", () => {
  ircTest("closes all connections, also those without a log-in", async ({ irc, one }) => {
    const early = irc.connect();
    await early.ask("CAP LS 302");
    await irc.site.stop();
    for (const client of [one, early]) expect(await client.untilClosed()).toStartWith("ERROR :");
  });

  ircTest("stops the listeners", async ({ irc }) => {
    let stops = 0;
    const stop = () => Promise.resolve(void ++stops);
    irc.gateway.add({ port: 6697, stop });
    irc.gateway.add({ port: 6667, stop });
    await irc.site.stop();
    expect(stops).toBe(2);
    expect(irc.gateway.accept({ host: "10.0.0.9", port: 1 })).toBe(false);
  });

  ircTest("ends the timer", async ({ irc }) => {
    await irc.site.stop();
    await irc.site.time.advance(60_000);
    expect(irc.site.time.pendingTimers).toBe(0);
  });
});

ircTest("one address has a limited number of connections", async ({ irc }) => {
  const address = { host: "10.0.0.7", port: 1 };
  const clients: IrcClient[] = [];
  while (irc.gateway.accept(address)) {
    clients.push(new IrcClient(irc.site, irc.gateway, address.host));
    if (clients.length > 10_000) break;
  }
  expect(clients.length).toBeLessThan(10_000);
  clients[0]?.lose();
  await irc.site.quiet();
  expect(irc.gateway.accept(address)).toBe(true);
  expect(irc.gateway.accept({ host: "10.0.0.8", port: 1 })).toBe(true);
});

test("long texts cost their author more posts for each IRC reader", async () => {
  const accepted = async (readers: number) => {
    const irc = await IrcSite.open({ postsPerSecond: 1, postsBurst: 100 });
    const [ana] = [await irc.member("ana"), await irc.member("ben")];
    for (let i = 0; i < readers; i++) await irc.client("ben", "");
    await irc.site.time.advance(200_000);
    let count = 0;
    const post = () => irc.site.wait(ana.post("x".repeat(65_525)));
    while (
      await post().then(
        () => true,
        () => false,
      )
    ) {
      count++;
      await irc.site.quiet();
    }
    return count;
  };
  // A text counts as 8 posts, and each reader as 4 more.
  expect([await accepted(0), await accepted(1), await accepted(5)]).toEqual([12, 8, 4]);
});
