import { describe, expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import {
  FLOOD_REFUSED_MS,
  IDLE_TIMEOUT_MS,
  LINES_QUEUE_LOW_BYTES,
  SEND_QUEUE_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { slowReaderFault } from "../../../src/io/link/base-link.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { untagged } from "./irc-client.ts";
import { IrcSite, ircPair, MODERN } from "./irc-site.ts";

const ircTest = fixtureTest(() => ircPair(MODERN, ""));

describe("reading", () => {
  ircTest("stops while more than 16 KiB of lines are unread", async ({ irc, one }) => {
    // One more line runs, and one has been parsed.
    const lines = (count: number) => utf8Encode(`${"WHOIS ben".padEnd(254)}\r\n`.repeat(count));
    one.sendBytes(lines(66));
    expect(one.isPaused).toBe(false);
    await one.sync();
    one.sendBytes(lines(67));
    expect(one.isPaused).toBe(true);
    await irc.site.quiet();
    expect(one.isPaused).toBe(false);
    const answers = (await one.news()).filter((line) => line.includes(" 318 "));
    expect(answers).toHaveLength(67);
  });

  ircTest("stops while more than 64 KiB wait for the client", async ({ irc, ben, one }) => {
    one.queuedBytes = LINES_QUEUE_LOW_BYTES;
    await irc.site.wait(ben.post("one"));
    await irc.site.quiet();
    expect(one.isPaused).toBe(false);
    one.queuedBytes = LINES_QUEUE_LOW_BYTES + 1;
    await irc.site.wait(ben.post("two"));
    await irc.site.quiet();
    expect(one.isPaused).toBe(true);
    await irc.site.wait(ben.post("three"));
    await irc.site.quiet();
    expect((await one.news()).join()).toContain("three");
    one.drain();
    expect(one.isPaused).toBe(false);
  });

  test("slows down to the rate of posts", async () => {
    const irc = await IrcSite.open({ postsPerSecond: 10, postsBurst: 20 });
    await irc.member("ana");
    const one = await irc.client("ana");
    await irc.site.time.advance(10_000);
    one.sendBytes(utf8Encode(`PING ${"x\r\n".padStart(200)}`.repeat(120)));
    const answers = () => one.lines.filter((line) => line.endsWith("PONG chat x")).length;
    expect([answers(), one.isPaused]).toEqual([20, true]);
    await irc.site.time.advance(1_000);
    expect([answers(), one.isPaused]).toEqual([30, true]);
    await irc.site.time.advance(9_000);
    expect([answers(), one.isPaused]).toEqual([120, false]);
  });

  test("ends when more than 2 MiB arrive at once", async () => {
    const irc = await IrcSite.open({ postsPerSecond: 10, postsBurst: 20 });
    await irc.member("ana");
    const one = await irc.client("ana");
    one.sendBytes(new Uint8Array(1 << 20).fill(0x0a));
    expect(one.isClosed).toBe(false);
    one.sendBytes(new Uint8Array((1 << 20) + 100).fill(0x0a));
    expect(await one.untilClosed()).toBe("ERROR :too many lines at once");
  });
});

ircTest("devices see the same messages in the same order", async ({ irc, ana, ben, one, two }) => {
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

describe("a client that reads too slowly", () => {
  ircTest("receives no further answers above 64 KiB, until it has read", async ({ irc, one }) => {
    one.isStalled = true;
    one.sendBytes(utf8Encode("HELP\r\n".repeat(1_000)));
    await irc.site.time.advance(60_000);
    const turnBytesMax = 16 << 10;
    expect(one.queuedBytes).toBeGreaterThan(LINES_QUEUE_LOW_BYTES);
    expect(one.queuedBytes).toBeLessThan(LINES_QUEUE_LOW_BYTES + turnBytesMax);
    const answers = () => one.lines.filter((line) => line.includes(" 706 ")).length;
    const before = answers();
    one.isStalled = false;
    one.drain();
    await irc.site.time.advance(60_000);
    expect(answers()).toBeGreaterThan(before);
    expect([answers(), one.isClosed]).toEqual([1_000, false]);
  });

  ircTest("is gone when its socket gives up after 8 MiB", async ({ irc, ben, one, two }) => {
    const olga = await irc.operator("olga");
    one.queuedBytes = SEND_QUEUE_BYTES_MAX;
    await irc.site.wait(ben.post("hello"));
    await two.until(":hello");
    const { clients } = await olga.request("clients", {});
    expect(clients.map(({ queuedBytes }) => queuedBytes)).toContain(SEND_QUEUE_BYTES_MAX);
    one.lose(slowReaderFault());
    await irc.site.quiet();
    const { clients: rest } = await olga.request("clients", {});
    expect(rest.filter(({ transport }) => transport === "irc")).toHaveLength(1);
    const before = one.lines.length;
    await irc.site.wait(ben.post("nobody reads this"));
    await irc.site.quiet();
    expect(one.lines).toHaveLength(before);
  });
});

describe("a client that asks too much", () => {
  ircTest("does not delay the messages of others", async ({ irc, one, two }) => {
    for (let i = 0; i < 30; i++) await irc.member(`user-${i}`);
    const rows = () => one.lines.filter((line) => line.includes(" 352 ")).length;
    one.sendBytes(utf8Encode("WHO *\r\n".repeat(500)));
    two.send("PRIVMSG #lobby :hello");
    await one.until(":hello");
    expect(rows()).toBeLessThan(2_000);
    await irc.site.time.advance(120_000);
    expect(rows()).toBe(500 * 32);
  });

  test("before the log-in is refused for ten seconds", async () => {
    const irc = await IrcSite.open();
    const [host, port] = ["10.0.0.9", 40_000];
    const client = irc.connect(host);
    client.sendBytes(utf8Encode("CAP LS 302\r\n".repeat(680)));
    expect(await client.untilClosed()).toBe("ERROR :too many lines before the log-in");
    expect(client.lines.length).toBeLessThan(64 * 4);
    expect(irc.gateway.accept({ host, port })).toBe(false);
    expect(irc.gateway.accept({ host: "10.0.0.8", port })).toBe(true);
    await irc.site.time.advance(FLOOD_REFUSED_MS);
    expect(irc.gateway.accept({ host, port })).toBe(true);
  });
});

describe("the end of a connection", () => {
  ircTest("is noticed by the other members", async ({ irc, ben, one }) => {
    const cleo = await irc.member("cleo");
    cleo.hangUp();
    const client = await irc.client("cleo");
    await irc.site.time.advance(1_000);
    expect(ben.all("presence").at(-1)).toMatchObject({ user: "cleo", online: true });
    client.lose();
    await irc.site.time.advance(60_000);
    expect(ben.all("presence").at(-1)).toMatchObject({ user: "cleo", online: false });
    expect(one.isClosed).toBe(false);
  });

  ircTest(
    "cannot be a timeout, so the server sends no pings within the process",
    async ({ irc }) => {
      const olga = await irc.operator("olga");
      const answers = async () => {
        const { clients } = await olga.request("clients", {});
        const listed = clients.filter(({ transport }) => transport === "irc");
        return listed.map(({ receivedMessages }) => receivedMessages);
      };
      const before = await answers();
      await irc.site.time.advance(2 * IDLE_TIMEOUT_MS);
      // The first request measures the round trip.
      expect(await answers()).toEqual(before.map((count) => count + 1));
    },
  );

  ircTest("during a command is harmless", async ({ irc, one, two }) => {
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
    expect([one, two].map(({ isClosed }) => isClosed)).toEqual([false, false]);
  });

  test("of its input lets the lines so far complete", async () => {
    const irc = await IrcSite.open({ postsPerSecond: 10, postsBurst: 5 });
    await irc.member("ana");
    const ben = await irc.member("ben");
    const client = irc.connect();
    client.send("PASS ana:sesame-ana", "NICK ana", "USER ana 0 * :ana");
    client.send("PRIVMSG #lobby :one", "PRIVMSG #lobby :two", "PRIVMSG #lobby :three");
    client.sendBytes(utf8Encode("PRIVMSG #lobby :incompl"));
    client.endInput();
    expect(client.isClosed).toBe(false);
    expect(await client.untilClosed()).toBe("ERROR :end of input");
    expect(ben.texts()).toEqual(["one", "two", "three"]);
  });

  test("of its input closes a connection without lines", async () => {
    const irc = await IrcSite.open();
    const client = irc.connect();
    client.endInput();
    expect(await client.untilClosed()).toBe("ERROR :end of input");
  });

  ircTest("discards lines that are still in progress", async ({ irc, one, two }) => {
    one.sendBytes(utf8Encode("PRIVMSG #lobby :first\r\nQUIT\r\nPRIVMSG #lobby :second\r\n"));
    await one.untilClosed();
    await irc.site.quiet();
    const texts = (await two.news()).filter((line) => line.includes("PRIVMSG"));
    expect(texts.join("\n")).not.toContain("second");
  });

  ircTest("during a log-in leaves no session", async ({ irc, ana }) => {
    const client = irc.connect();
    client.send("PASS ben:sesame-ben", "NICK ben", "USER ben 0 * :ben");
    client.lose();
    await irc.site.quiet();
    expect(client.lines.join("\n")).not.toContain(" 001 ");
    expect(ana.ended).toBeUndefined();
  });
});
