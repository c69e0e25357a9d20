import { describe, expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { IDLE_TIMEOUT_MS } from "../../../src/base/limits.ts";
import { plain, untagged } from "./irc-client.ts";
import { IrcSite, MODERN } from "./irc-site.ts";

async function start(caps = MODERN) {
  const irc = await IrcSite.open();
  const olga = await irc.operator("olga");
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  return {
    irc,
    olga,
    ana,
    ben,
    one: await irc.client("ana", caps),
    two: await irc.client("ben", caps),
  };
}

describe("a slow reader", () => {
  test("is not read until it has received what is queued", async () => {
    const { irc, ben, one, two } = await start();
    one.queuedBytes = (1 << 20) + 1;
    await irc.site.wait(ben.post("x"));
    await one.until(":x");
    expect(one.isPaused).toBe(true);
    await two.ask("PRIVMSG #lobby :others go on");
    one.drain();
    expect(one.isPaused).toBe(false);
    await one.sync();
  });

  test("receives everything in order", async () => {
    const { irc, ben, one } = await start();
    for (let i = 0; i < 300; i++) {
      if (i % 50 === 10) one.queuedBytes = 2 << 20;
      if (i % 50 === 40) one.drain();
      await irc.site.wait(ben.post(`${i}`));
    }
    await irc.site.quiet();
    const seen = one.lines.flatMap((line) => /PRIVMSG #lobby :(\d+)$/.exec(line)?.[1] ?? []);
    expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`));
  });
});

describe("a fast writer", () => {
  test("is paused, and loses nothing", async () => {
    const irc = await IrcSite.open({ postsPerSecond: 10, postsBurst: 20 });
    await irc.member("ana");
    const ben = await irc.member("ben");
    const one = await irc.client("ana");
    const lines = Array.from(
      { length: 150 },
      (_, i) => `${"PRIVMSG".padEnd(200)} #lobby :${i}\r\n`,
    );
    one.sendBytes(utf8Encode(lines.join("")));
    expect(one.isPaused).toBe(true);
    await irc.site.until("150 texts", () => (ben.texts().length === 150 ? true : undefined));
    expect(ben.texts()).toEqual(Array.from({ length: 150 }, (_, i) => `${i}`));
    expect(one.isPaused).toBe(false);
  });

  test("does not slow other connections down", async () => {
    const { irc, ben, one, two } = await start();
    one.sendBytes(utf8Encode("WHO #lobby\r\nNAMES #lobby\r\nLIST\r\n".repeat(3_000)));
    await two.ask("PRIVMSG #lobby :still here");
    expect(ben.texts()).toContain("still here");
    expect(irc.gateway.transport).toBe("irc");
  });

  test("may send 64 KiB of lines while a command waits", async () => {
    const { one } = await start();
    one.sendBytes(utf8Encode(`PRIVMSG #lobby :x\r\n${"PING a\r\n".repeat(8_000)}`));
    await one.until("PONG chat a");
    expect(one.isClosed).toBe(false);
  });
});

describe("several devices", () => {
  test("see the same messages in the same order", async () => {
    const { irc, ana, ben, one, two } = await start();
    const phone = await irc.client("ana");
    for (let i = 0; i < 30; i++) {
      if (i % 3 === 0) one.send(`PRIVMSG #lobby :${i}`);
      if (i % 3 === 1) phone.send(`PRIVMSG #lobby :${i}`);
      if (i % 3 === 2) void (i % 2 === 0 ? ana : ben).post(`${i}`);
    }
    await irc.site.time.advance(1_000);
    const seen = [one, phone, two].map((client) =>
      untagged(client.lines).filter((line) => /PRIVMSG #lobby :\d+$/.test(line)),
    );
    expect(seen[0]).toHaveLength(30);
    expect(seen[1]).toEqual(seen[0] ?? []);
    expect(seen[2]).toEqual(seen[0] ?? []);
    expect(ana.texts()).toEqual((seen[0] ?? []).map((line) => line.replace(/^.*:/, "")));
  });

  test("share what a native client renames, mutes and edits", async () => {
    const { olga, ana, one, two } = await start();
    await one.ask("JOIN #lab");
    await two.ask("JOIN #lab");
    await ana.request("mute", { room: "lab", user: "ben", on: true });
    await two.until("MODE #lab +b m:ben!*@*");
    expect(await two.ask("PRIVMSG #lab :x")).toEqual([expect.stringContaining(" 404 ben #lab :")]);
    await ana.request("mute", { room: "lab", user: "ben", on: false });
    await two.until("MODE #lab -b m:ben!*@*");
    await ana.request("grant", { room: "lab", user: "ben", on: true });
    await two.until("MODE #lab +o ben");
    await ana.request("topic", { room: "lab", topic: "from the page" });
    await two.until(":ana!ana@chat TOPIC #lab :from the page");
    await olga.request("close", { room: "lab", on: true });
    await one.until("MODE #lab +m");
  });
});

describe("the end of a connection", () => {
  test("comes with the server's stop", async () => {
    const { irc, one, two } = await start();
    await irc.site.stop();
    expect(one.isClosed).toBe(true);
    expect(two.isClosed).toBe(true);
    expect(one.lines.at(-1)).toStartWith("ERROR ");
    await irc.site.wait(irc.site.start());
  });

  test("comes with a ban, which also refuses the next log-in", async () => {
    const { irc, olga, one, two } = await start();
    await olga.request("ban", { user: "ben", on: true, reason: "spam" });
    expect(await two.untilClosed()).toMatch(/^ERROR :.*banned/);
    expect(one.isClosed).toBe(false);
    const again = irc.connect();
    again.send("CAP REQ sasl", "NICK ben", "USER ben 0 * :ben", "AUTHENTICATE PLAIN");
    again.send(`AUTHENTICATE ${plain("ben", "sesame-ben")}`);
    await again.until(" 904 ");
    await olga.request("ban", { address: "10.0.0.77", on: true });
    const refused = irc.connect("10.0.0.77");
    expect(await refused.untilClosed()).toStartWith("ERROR :");
  });

  test("comes with a sign-out", async () => {
    const { olga, one, two } = await start();
    await olga.request("sign-out", { user: "ben" });
    expect(await two.untilClosed()).toStartWith("ERROR :");
    expect(one.isClosed).toBe(false);
  });

  test("is visible to operators, who can close the connection", async () => {
    const { olga, one } = await start();
    const { clients } = await olga.request("clients", {});
    const listed = clients.filter(({ transport }) => transport === "irc");
    expect(listed.map(({ user }) => user).sort()).toEqual(["ana", "ben"]);
    expect(listed[0]?.program).toContain("irc");
    expect(one.isClosed).toBe(false);
  });

  test("cannot be a timeout, so the server sends no pings within the process", async () => {
    const { irc, olga } = await start();
    const answers = async () => {
      const { clients } = await olga.request("clients", {});
      const listed = clients.filter(({ transport }) => transport === "irc");
      return listed.map(({ receivedMessages }) => receivedMessages);
    };
    const before = await answers();
    await irc.site.time.advance(2 * IDLE_TIMEOUT_MS);
    // The first request measures the round trip.
    expect(await answers()).toEqual(before.map((count) => count + 1));
  });

  test("during a command is harmless", async () => {
    const { irc, one, two } = await start();
    for (const line of [
      "PRIVMSG #lobby :x",
      "JOIN #lab",
      "CHATHISTORY LATEST #lobby * 50",
      "LIST",
    ]) {
      const client = await irc.client("ana");
      client.send(line);
      client.lose();
      await irc.site.quiet();
    }
    one.send("QUIT :bye", "PRIVMSG #lobby :after the end");
    await irc.site.quiet();
    expect(one.lines.at(-1)).toStartWith("ERROR ");
    expect((await two.news()).join()).not.toContain("after the end");
  });

  test("leaves nothing behind", async () => {
    const { irc, olga } = await start();
    for (let i = 0; i < 50; i++) {
      const client = await irc.client("ana");
      client.lose();
    }
    await irc.site.quiet();
    const { clients } = await olga.request("clients", {});
    expect(clients.filter(({ transport }) => transport === "irc")).toHaveLength(2);
  });
});
