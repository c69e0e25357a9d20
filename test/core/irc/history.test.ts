import { describe, expect, test } from "bun:test";
import { READ_POSITIONS_SAVE_INTERVAL_MS } from "../../../src/base/limits.ts";
import { fixtureTest } from "../../fixture-test.ts";
import type { IrcClient } from "../../server/irc/irc-client.ts";
import { untagged } from "../../server/irc/irc-client.ts";
import { IrcSite, MODERN } from "../../server/irc/irc-site.ts";

/** Ten messages, one second apart. */
async function start(caps = MODERN) {
  const irc = await IrcSite.open();
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  const ids: string[] = [];
  const times: string[] = [];
  const live = await irc.client("ana");
  for (let i = 1; i <= 10; i++) {
    await irc.site.wait(ben.post(`m${i}`));
    const line = await live.until(`:m${i}`);
    ids.push(/msgid=([^;]+)/.exec(line)?.[1] ?? "");
    times.push(/time=([^;]+)/.exec(line)?.[1] ?? "");
    await irc.site.time.advance(1_000);
  }
  live.send("QUIT");
  await live.untilClosed();
  const one = await irc.client("ana", caps);
  const two = await irc.client("ben", caps);
  const id = (i: number) => `msgid=${ids[i - 1]}`;
  const time = (i: number) => `timestamp=${times[i - 1]}`;
  return { irc, ana, ben, one, two, id, time };
}

/** Texts of a history batch. */
async function texts(client: IrcClient, query: string): Promise<readonly string[]> {
  const lines = await client.ask(`CHATHISTORY ${query}`);
  const id = /^:chat BATCH \+(\S+) chathistory \S+$/.exec(lines[0] ?? "")?.[1];
  expect(lines.at(-1)).toBe(`:chat BATCH -${id}`);
  return lines.slice(1, -1).map((line) => {
    expect(line).toMatch(new RegExp(`[@;]batch=${id}[; ]`));
    expect(line).toContain("msgid=");
    expect(line).toContain("time=");
    return line.replace(/^.* :/, "");
  });
}

/** Texts of the messages that a client without server-time has received. */
function playedBack({ lines }: { lines: readonly string[] }): readonly string[] {
  const shown = lines.filter((line) => line.includes(" PRIVMSG "));
  return shown.map((line) => line.replace(/^.*\] /, ""));
}

function range(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`);
}

const ircTest = fixtureTest(() => start());

describe("CHATHISTORY", () => {
  ircTest("LATEST returns the newest messages", async ({ one, id, time }) => {
    expect(await texts(one, "LATEST #lobby * 3")).toEqual(range(8, 10));
    expect(await texts(one, "LATEST #LOBBY * 1000")).toEqual(range(1, 10));
    expect(await texts(one, `LATEST #lobby ${id(7)} 10`)).toEqual(range(8, 10));
    expect(await texts(one, `LATEST #lobby ${id(2)} 3`)).toEqual(range(8, 10));
    expect(await texts(one, `LATEST #lobby ${time(7)} 10`)).toEqual(range(8, 10));
    expect(await texts(one, `LATEST #lobby ${id(10)} 10`)).toEqual([]);
    expect(await texts(one, "latest #lobby * 2")).toEqual(range(9, 10));
  });

  ircTest("BEFORE and AFTER exclude their selector", async ({ one, id, time }) => {
    expect(await texts(one, `BEFORE #lobby ${id(5)} 3`)).toEqual(range(2, 4));
    expect(await texts(one, `BEFORE #lobby ${time(5)} 3`)).toEqual(range(2, 4));
    expect(await texts(one, `BEFORE #lobby ${id(1)} 3`)).toEqual([]);
    expect(await texts(one, `AFTER #lobby ${id(5)} 3`)).toEqual(range(6, 8));
    expect(await texts(one, `AFTER #lobby ${time(5)} 3`)).toEqual(range(6, 8));
    expect(await texts(one, `AFTER #lobby ${id(10)} 3`)).toEqual([]);
    expect(await texts(one, "AFTER #lobby timestamp=1970-01-01T00:00:00.000Z 2")).toEqual(
      range(1, 2),
    );
  });

  ircTest("AROUND returns messages on both sides", async ({ one, id, time }) => {
    expect(await texts(one, `AROUND #lobby ${id(5)} 1`)).toEqual(["m5"]);
    expect(await texts(one, `AROUND #lobby ${id(5)} 3`)).toEqual(range(4, 6));
    expect(await texts(one, `AROUND #lobby ${time(5)} 3`)).toEqual(range(4, 6));
    expect(await texts(one, `AROUND #lobby ${id(1)} 4`)).toContain("m1");
    expect(await texts(one, `AROUND #lobby ${id(10)} 4`)).toContain("m10");
  });

  ircTest("BETWEEN returns messages in either direction", async ({ one, id, time }) => {
    expect(await texts(one, `BETWEEN #lobby ${id(2)} ${id(6)} 10`)).toEqual(range(3, 5));
    expect(await texts(one, `BETWEEN #lobby ${id(2)} ${id(9)} 2`)).toEqual(range(3, 4));
    expect(await texts(one, `BETWEEN #lobby ${id(9)} ${id(2)} 2`)).toEqual(range(7, 8));
    expect(await texts(one, `BETWEEN #lobby ${time(9)} ${time(2)} 2`)).toEqual(range(7, 8));
    expect(await texts(one, `BETWEEN #lobby ${time(2)} ${id(6)} 10`)).toEqual(range(3, 5));
    expect(await texts(one, `BETWEEN #lobby ${id(2)} ${time(6)} 10`)).toEqual(range(3, 5));
    expect(await texts(one, `BETWEEN #lobby ${id(9)} ${time(2)} 2`)).toEqual(range(7, 8));
    expect(await texts(one, `BETWEEN #lobby ${time(9)} ${id(2)} 2`)).toEqual(range(7, 8));
  });

  ircTest(
    "TARGETS lists conversations by their newest message",
    async ({ irc, ben, one, time }) => {
      await irc.site.wait(ben.post("psst", "@ana"));
      await one.until("psst");
      const lines = await one.ask(
        `CHATHISTORY TARGETS timestamp=1970-01-01T00:00:00Z timestamp=2100-01-01T00:00:00Z 10`,
      );
      expect(lines[0]).toMatch(/BATCH \+\S+ draft\/chathistory-targets$/);
      expect(untagged(lines.slice(1, -1))).toEqual([
        expect.stringMatching(/^:chat CHATHISTORY TARGETS #lobby \d{4}-\S+Z$/),
        expect.stringMatching(/^:chat CHATHISTORY TARGETS ben \d{4}-\S+Z$/),
      ]);
      const listed = async (times: string) =>
        (await one.ask(`CHATHISTORY TARGETS ${times} 10`)).filter((line) =>
          line.includes("TARGETS"),
        );
      expect(await listed(`${time(1)} ${time(9)}`)).toEqual([]);
      const all = await listed(`${time(9)} timestamp=2100-01-01T00:00:00Z`);
      expect(all.map((line) => line.split(" ").at(-2))).toEqual(["#lobby", "ben"]);
    },
  );

  test("TARGETS omits a room that the account leaves meanwhile", async () => {
    const leaving = Promise.withResolvers<void>();
    let isHeld = false;
    const reading = async () => {
      if (isHeld) await leaving.promise;
    };
    const irc = await IrcSite.open({ reading });
    const ana = await irc.member("ana");
    const one = await irc.client("ana");
    await one.ask("PRIVMSG #lobby :x", "JOIN #lab", "PRIVMSG #lab :x");
    isHeld = true;
    one.send("CHATHISTORY TARGETS timestamp=1970-01-01T00:00:00Z timestamp=2100-01-01T00:00:00Z 9");
    await ana.request("leave", { room: "lab" });
    await irc.site.quiet();
    leaving.resolve();
    const answer = (await one.sync()).join("\n");
    expect(answer).toContain(" TARGETS #lobby ");
    expect(answer).not.toMatch(/ TARGETS #lab |FAIL/);
  });

  ircTest("works for direct conversations in both directions", async ({ irc, ben, one, two }) => {
    await irc.site.wait(ben.post("psst", "@ana"));
    await one.ask("PRIVMSG ben :yes?");
    const shown = untagged(await one.ask("CHATHISTORY LATEST BEN * 10"));
    expect(shown[0]).toEndWith(" chathistory BEN");
    expect(shown.slice(1, -1)).toEqual([
      ":ben!ben@chat PRIVMSG ana :psst",
      ":ana!ana@chat PRIVMSG ben :yes?",
    ]);
    expect(untagged(await two.ask("CHATHISTORY LATEST ana * 10")).slice(1, -1)).toEqual(
      shown.slice(1, -1),
    );
  });

  ircTest("of an account without a conversation is empty", async ({ irc, one }) => {
    await irc.member("cleo");
    expect(await texts(one, "LATEST cleo * 10")).toEqual([]);
  });

  test.each([
    ["LATEST", "INVALID_PARAMS|NEED_MORE_PARAMS"],
    ["LATEST #lobby", "INVALID_PARAMS|NEED_MORE_PARAMS"],
    ["LATEST #lobby *", "INVALID_PARAMS|NEED_MORE_PARAMS"],
    ["LATEST #lobby * x", "INVALID_PARAMS"],
    ["LATEST #lobby * -1", "INVALID_PARAMS"],
    ["BEFORE #lobby * 10", "INVALID_PARAMS"],
    ["BEFORE #lobby msgid=nonsense 10", "INVALID_PARAMS|INVALID_MSGID|UNKNOWN_MSGID"],
    ["BEFORE #lobby timestamp=yesterday 10", "INVALID_PARAMS"],
    ["BEFORE #lobby timestamp=2027-99-99T99:99:99.000Z 10", "INVALID_PARAMS"],
    ["BETWEEN #lobby msgid=a 10", "INVALID_PARAMS"],
    ["NONSENSE #lobby * 10", "INVALID_PARAMS|UNKNOWN_COMMAND"],
    ["LATEST #none * 10", "INVALID_TARGET"],
    ["LATEST nobody * 10", "INVALID_TARGET"],
    ["LATEST :#a b * 10", "INVALID_PARAMS|INVALID_TARGET"],
    ["TARGETS a b 10", "INVALID_PARAMS"],
    ["TARGETS", "INVALID_PARAMS|NEED_MORE_PARAMS"],
  ])("refuses %p", async (query, code) => {
    const { one } = await start();
    expect(await one.ask(`CHATHISTORY ${query}`)).toEqual([
      expect.stringMatching(new RegExp(`^:chat FAIL CHATHISTORY (${code}) `)),
    ]);
  });

  ircTest("is refused for rooms that the user is not in", async ({ ben, one }) => {
    await ben.request("join", { room: "lab", create: true });
    expect(await one.ask("CHATHISTORY LATEST #lab * 10")).toEqual([
      expect.stringContaining("FAIL CHATHISTORY INVALID_TARGET LATEST #lab :"),
    ]);
  });

  ircTest("contains edited texts, and no erased messages", async ({ irc, ben, one }) => {
    const { seq } = await irc.site.wait(ben.post("helo"));
    const oops = await irc.site.wait(ben.post("oops"));
    await ben.request("edit", { seq, text: "helloo" });
    await ben.request("edit", { seq, text: "hello" });
    await ben.request("erase", { seq: oops.seq });
    await irc.site.wait(ben.post("last"));
    await one.until(":last");
    expect(await texts(one, "LATEST #lobby * 3")).toEqual(
      expect.arrayContaining(["hello", "last"]),
    );
    expect((await texts(one, "LATEST #lobby * 20")).join()).not.toMatch(/oops|helo,|✎/);
  });

  ircTest("contains events only for clients that request them", async ({ one, two }) => {
    await one.ask("JOIN #lab", "TOPIC #lab :news", "PRIVMSG #lab :x");
    await two.ask("JOIN #lab", "PART #lab :bye");
    const plain = await one.ask("CHATHISTORY LATEST #lab * 10");
    expect(untagged(plain.slice(1, -1))).toEqual([":ana!ana@chat PRIVMSG #lab :x"]);
    one.send("CAP REQ :draft/event-playback");
    await one.until(" ACK ");
    const events = await one.ask("CHATHISTORY LATEST #lab * 10");
    expect(
      untagged(events.slice(1, -1)).map((line) => line.split(" ").slice(0, 3).join(" ")),
    ).toEqual([
      ":ana!ana@chat JOIN #lab",
      ":ana!ana@chat TOPIC #lab",
      ":ana!ana@chat PRIVMSG #lab",
      ":ben!ben@chat JOIN #lab",
      ":ben!ben@chat PART #lab",
    ]);
  });

  test("nests messages of several lines", async () => {
    const { irc, ben, one } = await start(`${MODERN} draft/multiline`);
    await irc.site.wait(ben.post("a\nb"));
    const lines = await one.ask("CHATHISTORY LATEST #lobby * 1");
    expect(untagged(lines)).toEqual([
      expect.stringMatching(/BATCH \+\S+ chathistory #lobby$/),
      expect.stringMatching(/BATCH \+\S+ draft\/multiline #lobby$/),
      ":ben!ben@chat PRIVMSG #lobby :a",
      ":ben!ben@chat PRIVMSG #lobby :b",
      expect.stringMatching(/BATCH -\S+$/),
      expect.stringMatching(/BATCH -\S+$/),
    ]);
  });

  ircTest("returns at most 1,000 messages, and at most 256 KiB", async ({ irc, ben, one }) => {
    for (let i = 0; i < 1_005; i++) await irc.site.wait(ben.post(`x${i}`));
    await irc.site.quiet();
    expect(await texts(one, "LATEST #lobby * 5000")).toHaveLength(1_000);
    for (let i = 0; i < 20; i++) await irc.site.wait(ben.post("y".repeat(65_536)));
    await irc.site.quiet();
    const lines = await one.ask("CHATHISTORY LATEST #lobby * 1000");
    const bytes = lines.reduce((total, line) => total + line.length, 0);
    expect(bytes).toBeGreaterThan(65_536);
    expect(bytes).toBeLessThan(2 * 256 * 1_024);
  });

  ircTest("is one labelled response", async ({ one }) => {
    const lines = await one.ask("@label=h CHATHISTORY LATEST #lobby * 2");
    expect(lines[0]).toStartWith("@label=h :chat BATCH +");
    expect(lines[0]).toContain(" chathistory #lobby");
    expect(lines).toHaveLength(4);
    expect(await one.ask("@label=h CHATHISTORY LATEST #none * 2")).toEqual([
      expect.stringMatching(/^@label=h :chat FAIL CHATHISTORY INVALID_TARGET /),
    ]);
  });

  test("needs the capability", async () => {
    const { one } = await start("batch");
    expect(await one.ask("CHATHISTORY LATEST #lobby * 2")).toEqual([
      expect.stringContaining(" 421 ana CHATHISTORY :"),
    ]);
  });
});

/** Messages of one millisecond, and their times as ana's client shows them. */
async function startBurst(count: number) {
  const irc = await IrcSite.open();
  const [ana, ben] = [await irc.member("ana"), await irc.member("ben")];
  const one = await irc.client("ana");
  await irc.site.time.advance(10_000);
  const posts = Array.from({ length: count }, (_, i) => ben.post(`m${i + 1}`));
  for (const post of posts) await irc.site.wait(post);
  await one.until(new RegExp(`:m${count}$`));
  const at = one.lines.flatMap((line) => /time=([^;]+).* :m\d+$/.exec(line)?.[1] ?? []);
  const time = (i: number) => `timestamp=${at[i - 1]}`;
  return { irc, ana, ben, one, time };
}

describe("messages of one millisecond", () => {
  const burstTest = fixtureTest(() => startBurst(8));

  burstTest("are shown at distinct times, live and in the history", async ({ one, time }) => {
    const shown = range(1, 8).map((_, i) => time(i + 1));
    expect(new Set(shown).size).toBe(8);
    const lines = await one.ask("CHATHISTORY LATEST #lobby * 8");
    expect(lines.flatMap((line) => /time=([^;]+)/.exec(line)?.[1] ?? [])).toEqual(
      shown.map((text) => text.replace("timestamp=", "")),
    );
  });

  burstTest("follow and precede each other's times", async ({ one, time }) => {
    for (const i of [1, 2, 5, 8]) {
      expect(await texts(one, `AFTER #lobby ${time(i)} 50`)).toEqual(range(i + 1, 8));
      expect(await texts(one, `LATEST #lobby ${time(i)} 50`)).toEqual(range(i + 1, 8));
      expect(await texts(one, `BEFORE #lobby ${time(i)} 50`)).toEqual(range(1, i - 1));
      expect(await texts(one, `AFTER #lobby ${time(i)} 2`)).toEqual(
        range(i + 1, Math.min(8, i + 2)),
      );
      expect(await texts(one, `AROUND #lobby ${time(i)} 1`)).toEqual([`m${i}`]);
    }
    expect(await texts(one, `BETWEEN #lobby ${time(2)} ${time(6)} 50`)).toEqual(range(3, 5));
    expect(await texts(one, `BETWEEN #lobby ${time(6)} ${time(2)} 2`)).toEqual(range(4, 5));
  });

  burstTest("are not all read when the first is", async ({ one, time }) => {
    one.send("CAP REQ :draft/read-marker");
    await one.until(" ACK ");
    const [line] = await one.ask(`MARKREAD #lobby ${time(3)}`);
    expect(line).toBe(`:chat MARKREAD #lobby ${time(3)}`);
  });

  test("are complete when paged by time, however many they are", async () => {
    const { one, irc } = await startBurst(20);
    const found: string[] = [];
    for (let at = "2100-01-01T00:00:00.000Z"; ; ) {
      const lines = await one.ask(`CHATHISTORY BEFORE #lobby timestamp=${at} 3`);
      const page = lines.flatMap((line) => / :(m\d+)$/.exec(line)?.[1] ?? []);
      if (page.length === 0) break;
      found.unshift(...page);
      at = /time=([^;]+)/.exec(lines[1] ?? "")?.[1] ?? "";
    }
    expect(found).toEqual([...range(1, 20)]);
    await irc.site.stop();
  });
});

describe("playback", () => {
  ircTest("shows the unread messages once to clients without CHATHISTORY", async ({ irc, ben }) => {
    await irc.site.wait(ben.post("psst\nagain", "@ana"));
    const client = await irc.client("ana", "server-time");
    const shown = client.lines.filter((line) => line.includes(" PRIVMSG "));
    expect(shown.every((line) => line.startsWith("@time="))).toBe(true);
    expect(untagged(shown).map((line) => line.replace(/^.* :/, ""))).toEqual([
      ...range(1, 10),
      ...["psst", "again"],
    ]);
    client.send("QUIT");
    await client.untilClosed();
    const next = await irc.client("ana", "server-time");
    expect(next.lines.join("\n")).not.toContain(" PRIVMSG ");
  });

  ircTest("shows times in the text without server-time", async ({ irc, ben }) => {
    await irc.site.wait(ben.post("a\nb"));
    await irc.site.time.advance(3_600_000);
    await irc.site.wait(ben.post("c"));
    const client = await irc.client("ana", "");
    expect(client.lines.filter((line) => line.includes(" PRIVMSG ")).slice(-3)).toEqual([
      ":ben!ben@chat PRIVMSG #lobby :[08:00] a",
      ":ben!ben@chat PRIVMSG #lobby :[08:00] b",
      ":ben!ben@chat PRIVMSG #lobby :[09:00] c",
    ]);
  });

  ircTest("nests no batch, which WeeChat 4 would show last", async ({ irc, ben }) => {
    await irc.site.wait(ben.post("three"));
    await irc.site.wait(ben.post("multi\nfour"));
    await irc.site.wait(ben.post("five"));
    const caps = "batch server-time message-tags draft/multiline";
    const client = await irc.client("ana", caps);
    const opened = client.lines.findIndex((line) => line.includes(" chathistory #lobby"));
    const shown = client.lines.slice(opened + 1).filter((line) => /BATCH|PRIVMSG/.test(line));
    expect(
      untagged(shown)
        .map((line) => line.replace(/^.* :?/, ""))
        .slice(-5),
    ).toEqual([...["three", "multi", "four", "five"], expect.stringMatching(/^-b/)]);
    expect(shown.join("\n")).not.toContain("draft/multiline");
    expect(shown.filter((line) => line.includes("batch=b"))).toHaveLength(shown.length - 1);
    await irc.site.wait(ben.post("live\nlines"));
    expect((await client.news()).join("\n")).toContain(" draft/multiline #lobby");
  });

  ircTest("shows at most 50 messages per room", async ({ irc, ben }) => {
    for (let i = 0; i < 60; i++) await irc.site.wait(ben.post(`x${i}`));
    const client = await irc.client("ana", "");
    const shown = client.lines.filter((line) => line.includes(" PRIVMSG "));
    expect(shown).toHaveLength(50);
    expect(shown.at(-1)).toEndWith("x59");
    const notice = ":chat NOTICE ana :#lobby: only the last 50 of your unread messages follow";
    expect(client.lines).toContain(notice);
  });

  ircTest(
    "shows earlier messages that call the user, and a call on the hand",
    async ({ irc, ben }) => {
      await irc.site.wait(ben.post("x @ana", "lobby", undefined, { mentions: ["ana"] }));
      for (let i = 0; i < 60; i++) await irc.site.wait(ben.post(`x${i}`));
      const client = await irc.client("ana", "");
      const shown = client.lines.filter((line) => line.includes(" PRIVMSG "));
      expect(shown).toHaveLength(51);
      expect(shown[0]).toEndWith("x @ana");
      expect(client.lines).toContain(":chat NOTICE ana :#lobby: 1 earlier message for you");
      client.lose();
      await irc.site.quiet();
      const again = await irc.client("ana", "");
      expect(again.lines.filter((line) => line.includes(" PRIVMSG "))).toEqual([]);
    },
  );

  ircTest("reports unread messages beyond 256 KiB", async ({ irc, ben }) => {
    (await irc.client("ana", "")).lose();
    await irc.site.quiet();
    for (let i = 0; i < 20; i++) await irc.site.wait(ben.post(`x${i} ${"x".repeat(60_000)}`));
    const client = await irc.client("ana", "");
    const shown = client.lines.filter((line) => / x\d+\b/.test(line));
    expect(shown.at(-1)).toMatch(/ x19\b/);
    expect(shown.length).toBeLessThan(20);
    const count = `only the last ${shown.length} of your unread messages follow`;
    expect(client.lines).toContain(`:chat NOTICE ana :#lobby: ${count}`);
  });

  ircTest(
    "counts own messages among the 50, but not among the unread",
    async ({ irc, ana, ben }) => {
      (await irc.client("ana", "")).lose();
      await irc.site.quiet();
      for (let i = 0; i < 49; i++) await irc.site.wait(ben.post(`x${i}`));
      await irc.site.wait(ana.post("sent by a script"));
      const complete = await irc.client("ana", "");
      expect(playedBack(complete)).toHaveLength(50);
      expect(complete.lines.filter((line) => line.includes("only the last"))).toEqual([]);
      complete.lose();
      await irc.site.quiet();
      for (let i = 0; i < 50; i++) await irc.site.wait(ben.post(`y${i}`));
      await irc.site.wait(ana.post("sent by a script"));
      const client = await irc.client("ana", "");
      expect(playedBack(client)).toHaveLength(50);
      const notice = ":chat NOTICE ana :#lobby: only the last 49 of your unread messages follow";
      expect(client.lines).toContain(notice);
    },
  );

  test("plays back every unread message between own messages from other devices", async () => {
    const { irc, ana, ben } = await start();
    (await irc.client("ana", "")).lose();
    await irc.site.quiet();
    await irc.site.wait(ben.post("missed 1"));
    await irc.site.wait(ana.post("sent by a script"));
    await irc.site.wait(ben.post("missed 2"));
    const client = await irc.client("ana", "");
    expect(playedBack(client)).toEqual(["missed 1", "sent by a script", "missed 2"]);
    expect(client.lines.filter((line) => line.includes("only the last"))).toEqual([]);
  });

  test("does not repeat what the client has confirmed by an answered PING", async () => {
    const { irc, ben } = await start();
    const client = await irc.client("ana", "");
    await irc.site.wait(ben.post("received"));
    const ping = await client.until(/^PING /);
    client.send(ping.replace("PING", "PONG"));
    await client.sync();
    await irc.site.time.advance(1_000);
    await irc.site.wait(ben.post("perhaps lost"));
    await client.until("perhaps lost");
    client.lose();
    await irc.site.quiet();
    await irc.site.wait(ben.post("missed"));
    const next = await irc.client("ana", "");
    expect(playedBack(next)).toEqual(["perhaps lost", "missed"]);
  });

  test("does not repeat what a client received before the server stopped", async () => {
    const { irc, ben } = await start();
    const client = await irc.client("ana", "");
    await irc.site.wait(ben.post("received"));
    await client.until("received");
    await irc.restart();
    const cleo = await irc.member("cleo");
    await irc.site.wait(cleo.post("missed"));
    const next = await irc.client("ana", "");
    expect(playedBack(next)).toEqual(["missed"]);
  });

  ircTest("does not repeat what a client showed before its QUIT", async ({ irc, ben }) => {
    const client = await irc.client("ana", "");
    await irc.site.wait(ben.post("shown"));
    const ping = await client.until(/^PING received-/);
    client.send(ping.replace("PING", "PONG"), "QUIT :bye");
    expect(await client.untilClosed()).toBe("ERROR :quit: bye");
    await irc.site.wait(ben.post("missed"));
    const next = await irc.client("ana", "");
    expect(playedBack(next)).toEqual(["missed"]);
  });

  test("asks for the confirmation of the first message in the same write", async () => {
    const { irc, ben } = await start();
    const client = await irc.client("ana", "");
    await client.news();
    await irc.site.wait(ben.post("first"));
    await client.until("first");
    const at = client.lines.findIndex((line) => line.endsWith("first"));
    expect(client.lines[at + 1]).toMatch(/^PING received-/);
    await irc.site.wait(ben.post("second"));
    await client.until("second");
    expect(client.lines.at(-1)).toEndWith("second");
  });

  ircTest("survives a crash of the server after the confirmation", async ({ irc, ben }) => {
    const client = await irc.client("ana", "");
    await irc.site.wait(ben.post("confirmed"));
    client.send((await client.until(/^PING /)).replace("PING", "PONG"));
    await client.sync();
    await irc.site.time.advance(READ_POSITIONS_SAVE_INTERVAL_MS + 50);
    await irc.crash();
    const cleo = await irc.member("cleo");
    await irc.site.wait(cleo.post("missed"));
    expect(playedBack(await irc.client("ana", ""))).toEqual(["missed"]);
  });

  test("omits messages from before a join whose read position a crash has lost", async () => {
    const { irc, ben } = await start();
    await ben.request("join", { room: "lab", create: true });
    await irc.site.wait(ben.post("before the first join", "lab"));
    const client = await irc.client("ana", "");
    await client.ask("JOIN #lab");
    await irc.site.wait(ben.post("shown", "lab"));
    await client.until("shown");
    await ben.request("kick", { room: "lab", user: "ana" });
    await client.until(" KICK #lab ana ");
    await irc.site.time.advance(READ_POSITIONS_SAVE_INTERVAL_MS + 50);
    await irc.site.wait(ben.post("while ana was out", "lab"));
    expect(playedBack({ lines: await client.ask("JOIN #lab") })).toEqual([]);
    await irc.site.wait(ben.post("after the join", "lab"));
    await irc.crash();
    const next = await irc.client("ana", "");
    expect(playedBack(next).filter((text) => !range(1, 10).includes(text))).toEqual([
      "after the join",
    ]);
  });

  ircTest("omits messages from before a join with nothing after it", async ({ irc }) => {
    const dora = await irc.member("dora");
    for (let i = 0; i < 60; i++) await irc.site.wait(dora.post(`x${i}`));
    await irc.member("eve");
    await irc.crash();
    for (const _ of ["once", "again"]) {
      const client = await irc.client("eve", "");
      expect(playedBack(client)).toEqual([]);
      expect(client.lines.join("\n")).not.toContain("unread messages");
    }
  });

  test("JOIN of a room that the account is in leaves its messages unread", async () => {
    const { irc, ana, ben } = await start();
    await irc.site.wait(ben.post("unread"));
    const unread = async () => (await ana.request("rooms", {})).rooms[0]?.unread;
    const before = await unread();
    expect(before).toBeGreaterThan(0);
    const client = await irc.client("ana");
    await client.ask("JOIN #lobby");
    expect(await unread()).toBe(before);
  });

  test("asks a client that reports its read position for no confirmation", async () => {
    const { irc, ben } = await start();
    const [modern, old] = [await irc.client("ana"), await irc.client("ana", "")];
    for (let i = 0; i < 40; i++) {
      await irc.site.wait(ben.post(`x${i}`));
      await irc.site.time.advance(1_000);
    }
    expect(modern.lines.filter((line) => line.startsWith("PING"))).toEqual([]);
    expect(old.lines.some((line) => line.startsWith("PING"))).toBe(true);
  });

  ircTest("survives a restart of the server", async ({ irc, ben, one }) => {
    await one.ask("PRIVMSG #lobby :before");
    await irc.restart();
    expect(one.isClosed).toBe(true);
    const again = await irc.site.again(ben, "ben");
    await irc.site.wait(again.post("after", "lobby", "CCCCCCCCCCC"));
    const client = await irc.client("ana", "");
    const shown = client.lines.filter((line) => line.includes(" PRIVMSG "));
    expect(shown.at(-1)).toEndWith("after");
    const modern = await irc.client("ana");
    expect(await texts(modern, "LATEST #lobby * 2")).toEqual(["before", "after"]);
  });
});

describe("MARKREAD", () => {
  const CAPS = `${MODERN} draft/read-marker`;

  test("is sent on joining, before the end of the names", async () => {
    const { irc, one } = await start(CAPS);
    const commands = one.lines.map((line) => untagged([line])[0]?.split(" ")[1]);
    expect(commands.indexOf("MARKREAD")).toBeGreaterThan(commands.indexOf("JOIN"));
    expect(commands.indexOf("MARKREAD")).toBeLessThan(commands.indexOf("366"));
    const lines = await one.ask("JOIN #lab");
    const marker = lines.findIndex((line) => line.includes("MARKREAD #lab "));
    expect(marker).toBeGreaterThan(0);
    expect(marker).toBeLessThan(lines.findIndex((line) => line.includes(" 366 ")));
    expect(irc.gateway.transport).toBe("irc");
  });

  test("is unknown for conversations that do not exist", async () => {
    const { one } = await start(CAPS);
    const at = "timestamp=2027-01-15T08:00:00.000Z";
    const lines = await one.ask("MARKREAD #none", "MARKREAD nobody", `MARKREAD nobody ${at}`);
    expect(lines).toEqual([
      ":chat MARKREAD #none *",
      ":chat MARKREAD nobody *",
      ":chat MARKREAD nobody *",
    ]);
  });

  test("is known below any number of unread messages", async () => {
    const irc = await IrcSite.open();
    const ana = await irc.member("ana");
    const ben = await irc.member("ben");
    await irc.site.wait(ana.post("read"));
    await irc.site.quiet();
    const { head } = ben.records.at(-1) ?? expect.unreachable();
    await ben.request("read", { room: ben.roomId(), n: head.n ?? 0 });
    for (const others of [0, 1, 250, 250]) {
      await irc.site.wait(Promise.all(Array.from({ length: others }, () => ana.post("new"))));
      const client = await irc.client("ben", CAPS);
      const time = `timestamp=${new Date(head.time).toISOString()}`;
      expect(await client.ask("MARKREAD #lobby")).toEqual([`:chat MARKREAD #lobby ${time}`]);
    }
  });

  test("moves forward for all connections, never backward", async () => {
    const { irc, ana, one, time } = await start(CAPS);
    const phone = await irc.client("ana", CAPS);
    expect(await one.ask("MARKREAD #lobby")).toEqual([
      expect.stringMatching(/^:chat MARKREAD #lobby (\*|timestamp=\S+Z)$/),
    ]);
    expect(await one.ask(`MARKREAD #lobby ${time(4)}`)).toEqual([
      `:chat MARKREAD #lobby ${time(4)}`,
    ]);
    await phone.until(`:chat MARKREAD #lobby ${time(4)}`);
    expect(await one.ask(`MARKREAD #lobby ${time(2)}`)).toEqual([
      `:chat MARKREAD #lobby ${time(4)}`,
    ]);
    await ana.request("read", { room: ana.roomId(), n: ana.records.at(-1)?.head.n ?? 0 });
    await one.until(`:chat MARKREAD #lobby ${time(10)}`);
    expect(await one.news()).toEqual([]);
    expect(await phone.news()).toHaveLength(1);
  });

  test.each([
    ["MARKREAD", "NEED_MORE_PARAMS"],
    ["MARKREAD nobody yesterday", "INVALID_PARAMS"],
    ["MARKREAD #lobby yesterday", "INVALID_PARAMS"],
    ["MARKREAD #lobby msgid=x-1", "INVALID_PARAMS"],
    ["MARKREAD #lobby timestamp=x", "INVALID_PARAMS"],
    ["MARKREAD #lobby *", "INVALID_PARAMS"],
  ])("refuses %p", async (line, code) => {
    const { one } = await start(CAPS);
    expect(await one.ask(line)).toEqual([
      expect.stringMatching(new RegExp(`^:chat FAIL MARKREAD (${code}) `)),
    ]);
  });
});
