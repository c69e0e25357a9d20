import { describe, expect, test } from "bun:test";
import { concatBytes, utf8Encode } from "../../../src/base/bytes.ts";
import { untagged } from "../../server/irc/irc-client.ts";
import { ircPair, ircTest, MODERN } from "../../server/irc/irc-site.ts";

const INVALID = Uint8Array.from([0xff, 0x0d, 0x0a]);

describe("labels", () => {
  ircTest("come back with a single reply, an error and an echo", async ({ one, two }) => {
    expect(await one.ask("@label=a PING x")).toEqual(["@label=a :chat PONG chat x"]);
    expect(await one.ask("@label=b NONSENSE")).toEqual([
      expect.stringMatching(/^@label=b :chat 421 ana NONSENSE :/),
    ]);
    const [echo = "", ...rest] = await one.ask("@label=c PRIVMSG #lobby :x");
    expect(echo).toMatch(/^@label=c;time=\S+ :ana!ana@chat PRIVMSG #lobby :x$/);
    expect(rest).toEqual([]);
    expect((await two.news()).join()).not.toContain("label");
  });

  ircTest("are acknowledged if there is no reply", async ({ irc, one }) => {
    expect(await one.ask("@label=a PONG x")).toEqual(["@label=a :chat ACK"]);
    const malformed = ":chat 421 ana * :the line has no command";
    expect(await one.ask("@label=b @x", "@label=c")).toEqual([malformed, malformed]);
    const silent = await irc.client("ana", "batch labeled-response");
    expect(await silent.ask("@label=d PRIVMSG #lobby :x")).toEqual(["@label=d :chat ACK"]);
  });

  ircTest("come back with a batch of several replies", async ({ one }) => {
    const lines = await one.ask("@label=a WHO #lobby");
    expect(lines[0]).toMatch(/^@label=a :chat BATCH \+(\S+) labeled-response$/);
    const id = /\+(\S+)/.exec(lines[0] ?? "")?.[1];
    expect(lines.slice(1, -1).every((line) => line.startsWith(`@batch=${id} :chat 3`))).toBe(true);
    expect(lines.at(-1)).toBe(`:chat BATCH -${id}`);
    expect(lines).toHaveLength(5);
  });

  test("cover all of a JOIN, and a failed one", async () => {
    const { one } = await ircPair(`${MODERN} draft/read-marker`);
    const lines = await one.ask("@label=j JOIN #lab");
    expect(lines[0]).toStartWith("@label=j :chat BATCH +");
    expect(untagged(lines.slice(1, -1))).toEqual([
      ":ana!ana@chat JOIN #lab ana ana",
      expect.stringMatching(/^:chat MARKREAD #lab /),
      ":chat 353 ana = #lab :@ana",
      ":chat 366 ana #lab :end of the list",
    ]);
    expect(lines.slice(1, -1).every((line) => /[@;]batch=/.test(line))).toBe(true);
    expect(await one.ask("@label=k JOIN nothing")).toEqual([
      expect.stringMatching(/^@label=k :chat 403 /),
    ]);
    expect(await one.ask("@label=l JOIN #lab")).toEqual(["@label=l :chat ACK"]);
  });

  test.each([
    ["TOPIC #lab :news", ":ana!ana@chat TOPIC #lab :news"],
    ["MODE #lab +b m:ben!*@*", ":ana!ana@chat MODE #lab +b m:ben!*@*"],
    ["KICK #lab ben :x", ":ana!ana@chat KICK #lab ben :x"],
    ["PART #lab :x", ":ana!ana@chat PART #lab :x"],
  ])("come back with the result of %p", async (command, shown) => {
    const { one, two } = await ircPair();
    await one.ask("JOIN #lab");
    await two.ask("JOIN #lab");
    await one.news();
    const lines = await one.ask(`@label=a ${command}`);
    expect(lines.map((line) => line.replace(/;?(time|msgid|account)=[^; ]+/g, ""))).toEqual([
      `@label=a ${shown}`,
    ]);
  });

  ircTest("do not cover what others do meanwhile", async ({ irc, ben, one }) => {
    await irc.site.wait(ben.post("first"));
    await one.until("first");
    for (let i = 0; i < 20; i++) {
      void ben.post(`theirs ${i}`);
      one.send(
        `@label=${i} CHATHISTORY LATEST #lobby * 1`,
        `@label=x${i} PRIVMSG #lobby :mine ${i}`,
      );
    }
    await irc.site.time.advance(5_000);
    const lines = await one.sync();
    const inBatch = lines.filter((line) => /^@batch=|;batch=/.test(line)).length;
    expect(inBatch).toBe(20);
    const echoes = lines.filter((line) => /label=x\d+[; ]/.test(line));
    expect(echoes.map((line) => line.replace(/^.* :/, ""))).toEqual(
      Array.from({ length: 20 }, (_, i) => `mine ${i}`),
    );
    const theirs = lines.filter((line) => line.includes(":theirs") && !line.includes("batch="));
    expect(theirs).toHaveLength(20);
    expect(theirs.every((line) => !line.includes("label="))).toBe(true);
  });

  test.each([
    ["#lobby", "#lobby"],
    ["#lobby,#lab", "#lobby"],
    ["ben", "ana"],
  ])("keep echoes to %p in the order of the room", async (mine, theirs) => {
    const { irc, one, two } = await ircPair();
    await one.ask("JOIN #lab");
    await one.news();
    for (let i = 0; i < 20; i++) {
      one.send(`@label=${i} PRIVMSG ${mine} :mine ${i}`);
      two.send(`PRIVMSG ${theirs} :theirs ${i}`);
    }
    await irc.site.time.advance(5_000);
    const lines = (await one.sync()).filter((line) => line.includes(" PRIVMSG "));
    const seqs = lines.map((line) => Number(/msgid=\S+?-(\d+)[; ]/.exec(line)?.[1]));
    expect(seqs).toHaveLength(mine.includes(",") ? 60 : 40);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  });

  test("come back with the refusal of a line that is not UTF-8", async () => {
    const { one } = await ircPair(`${MODERN} draft/multiline`);
    await one.ask("@label=a BATCH +1 draft/multiline #lobby", "@batch=1 PRIVMSG #lobby :x");
    for (const tags of ["@label=b", "@batch=1;label=c"]) {
      one.sendBytes(concatBytes(utf8Encode(`${tags} PRIVMSG #lobby :`), INVALID));
    }
    const refusal = ":chat FAIL * INVALID_UTF8 :the line is not UTF-8";
    expect(await one.news()).toEqual([`@label=b ${refusal}`, `@label=c ${refusal}`]);
    expect(await one.ask("BATCH -1")).toEqual([
      expect.stringMatching(/^@label=a;.* PRIVMSG #lobby :x$/),
    ]);
  });

  ircTest("need the capability, and have up to 64 characters", async ({ irc, one }) => {
    const plain = await irc.client("ana", "batch");
    expect(await plain.ask("@label=a PING x")).toEqual([":chat PONG chat x"]);
    const [line = ""] = await one.ask(`@label=${"x".repeat(65)} PING x`);
    expect(line.length).toBeLessThan(100);
    expect(await one.ask("@label=a\\:\\sb PING x")).toEqual(["@label=a\\:\\sb :chat PONG chat x"]);
  });
});

ircTest("an unknown command with an underscore is refused", async ({ one }) => {
  expect(await one.ask("@label=u NO_SUCH_COMMAND x")).toEqual([
    expect.stringMatching(/^@label=u :chat 421 ana NO_SUCH_COMMAND :/),
  ]);
});

ircTest("sends FAIL without standard-replies where a specification defines it", async ({ irc }) => {
  const client = await irc.client("ana", "draft/message-redaction draft/read-marker");
  expect(await client.ask("REDACT #lobby x", "MARKREAD", "JOIN 0")).toEqual([
    expect.stringContaining("FAIL REDACT UNKNOWN_MSGID #lobby x :"),
    expect.stringContaining("FAIL MARKREAD NEED_MORE_PARAMS :"),
    expect.stringContaining(" NOTICE ana :"),
  ]);
});
