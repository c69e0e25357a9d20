import { describe, expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { untagged } from "../../server/irc/irc-client.ts";
import { ircPair, ircTest, MODERN } from "../../server/irc/irc-site.ts";

function idOf(line = ""): string {
  return /msgid=([^; ]+)/.exec(line)?.[1] ?? "";
}

describe("PRIVMSG", () => {
  ircTest("reaches all clients of the room, with one id", async ({ irc, ana, one, two }) => {
    const phone = await irc.client("ana");
    const [echo = ""] = await one.ask("PRIVMSG #LOBBY :hello *you*");
    expect(echo).toMatch(
      /^@time=\S+;msgid=\S+;account=ana :ana!ana@chat PRIVMSG #lobby :hello \x1dyou\x1d$/,
    );
    const seen = await two.until(" PRIVMSG ");
    expect(idOf(seen)).toBe(idOf(echo));
    expect(await phone.until(" PRIVMSG ")).toBe(echo);
    expect(ana.texts()).toEqual(["hello *you*"]);
    expect(await one.news()).toEqual([]);
  });

  test("is not echoed without the capability", async () => {
    const { irc, one, two } = await ircPair("");
    const phone = await irc.client("ana", "");
    expect(await one.ask("PRIVMSG #lobby :hello")).toEqual([]);
    expect(await two.until(" PRIVMSG ")).toBe(":ana!ana@chat PRIVMSG #lobby :hello");
    await phone.until(":ana!ana@chat PRIVMSG #lobby :hello");
  });

  ircTest("reaches a user, and the author's other connections", async ({ irc, ben, one, two }) => {
    const phone = await irc.client("ana");
    expect(untagged(await one.ask("PRIVMSG BEN :psst"))).toEqual([
      ":ana!ana@chat PRIVMSG ben :psst",
    ]);
    expect(untagged([await two.until("PRIVMSG")])).toEqual([":ana!ana@chat PRIVMSG ben :psst"]);
    expect(untagged([await phone.until("PRIVMSG")])).toEqual([":ana!ana@chat PRIVMSG ben :psst"]);
    await irc.site.wait(ben.post("answer", "@ana"));
    expect(untagged([await one.until("PRIVMSG")])).toEqual([":ben!ben@chat PRIVMSG ana :answer"]);
    expect(untagged([await two.until("answer")])).toEqual([":ben!ben@chat PRIVMSG ana :answer"]);
  });

  test.each([
    ["twice with echo-message", MODERN, 2],
    ["once without", "message-tags labeled-response batch", 1],
  ])("reaches the user's own account %s, and other connections once", async (_, caps, count) => {
    const { irc, ana, one } = await ircPair(caps);
    const phone = await irc.client("ana", caps);
    const note = ":ana!ana@chat PRIVMSG ana :note";
    expect(untagged(await one.ask("PRIVMSG ana :note"))).toEqual(Array(count).fill(note));
    expect(untagged(await phone.news())).toEqual([note]);
    const labelled = await one.ask("@label=x PRIVMSG ana :again");
    expect(untagged(labelled.filter((line) => line.includes("PRIVMSG")))).toHaveLength(count);
    expect(labelled.filter((line) => line.includes("label=x"))).toHaveLength(1);
    expect(ana.texts()).toEqual(["note", "again"]);
    expect(new Set(labelled.map(idOf).filter((id) => id !== "")).size).toBe(1);
  });

  ircTest("has up to 4 targets", async ({ one }) => {
    await one.ask("JOIN #a", "JOIN #b", "JOIN #c");
    const lines = await one.ask("PRIVMSG #a,#b,#c,ben :x");
    expect(lines.filter((line) => line.includes("PRIVMSG"))).toHaveLength(4);
    expect(await one.ask("PRIVMSG #a,#b,#c,ben,#lobby :x")).toEqual([
      expect.stringContaining(" 407 ana "),
    ]);
  });

  test.each([
    ["PRIVMSG", "411"],
    ["PRIVMSG #lobby", "412"],
    ["PRIVMSG #lobby :", "412"],
    ["PRIVMSG #none :x", "403"],
    ["PRIVMSG nobody :x", "401"],
    ["PRIVMSG :no body x", "412"],
    ["PRIVMSG @lobby :x", "401"],
    ["PRIVMSG $$* :x", "401"],
    ["PRIVMSG , :x", "401"],
    ["PRIVMSG #lobby :\x02\x02", "412"],
    ["PRIVMSG #lobby :\x0304", "412"],
  ])("refuses %p", async (line, numeric) => {
    const { one, two } = await ircPair();
    const lines = await one.ask(line);
    expect(lines.length).toBeGreaterThan(0);
    for (const reply of lines) expect(reply).toContain(` ${numeric} ana `);
    expect(await two.news()).toEqual([]);
  });

  ircTest("is refused to those who are not in the room", async ({ one, two }) => {
    await one.ask("JOIN #lab");
    expect(await two.ask("PRIVMSG #lab :x")).toEqual([expect.stringContaining(" 404 ben #lab :")]);
    expect(await one.news()).toEqual([]);
  });

  test("reports that the other user is away, and delivers the message", async () => {
    const { irc, ben, one, two } = await ircPair();
    ben.hangUp();
    await irc.site.quiet();
    await two.ask("AWAY :at lunch");
    expect(untagged(await one.ask("PRIVMSG ben :hi"))).toContain(":chat 301 ana ben :at lunch");
    expect(untagged(await one.ask("PRIVMSG #lobby :hi"))).toHaveLength(1);
    await two.ask("AWAY");
    expect(untagged(await one.ask("PRIVMSG ben :hi"))).toHaveLength(1);
    two.lose();
    await irc.site.quiet();
    expect((await one.ask("PRIVMSG ben :hi")).join()).toMatch(/ 301 ana ben :.*delivered/);
  });

  ircTest("keeps the order of many posts, also to several targets", async ({ one, two }) => {
    one.send(
      ...Array.from({ length: 200 }, (_, i) => `PRIVMSG ${i % 7 === 0 ? "ben" : "#lobby"} :${i}`),
    );
    await one.sync();
    const seen = [...(await two.news())].flatMap((line) => /:(\d+)$/.exec(line)?.[1] ?? []);
    expect(seen).toHaveLength(200);
    const inLobby = seen.filter((text) => Number(text) % 7 !== 0);
    expect(inLobby).toEqual([...inLobby].sort((a, b) => Number(a) - Number(b)));
  });
});

describe("NOTICE", () => {
  ircTest("is a text that alerts nobody", async ({ ana, one, two }) => {
    expect(untagged(await one.ask("NOTICE #lobby :beep ben"))).toEqual([
      ":ana!ana@chat NOTICE #lobby :beep ben",
    ]);
    await two.until(":ana!ana@chat NOTICE #lobby :beep ben");
    expect(ana.records.at(-1)?.body).toEqual({ text: "beep ben", notice: true });
  });

  ircTest("never causes a reply", async ({ one }) => {
    const lines = ["NOTICE", "NOTICE #lobby", "NOTICE #none :x", "NOTICE nobody :x"];
    expect(await one.ask(...lines, "NOTICE ben :\x01VERSION x\x01")).toEqual([]);
    expect(await one.ask("@label=a NOTICE #none :x")).toEqual(["@label=a :chat ACK"]);
  });
});

describe("CTCP", () => {
  ircTest("ACTION is an action in both directions", async ({ irc, ana, ben, one, two }) => {
    expect(untagged(await one.ask("PRIVMSG #lobby :\x01ACTION waves\x01"))).toEqual([
      ":ana!ana@chat PRIVMSG #lobby :\x01ACTION waves\x01",
    ]);
    await two.until(":\x01ACTION waves\x01");
    expect(ana.records.at(-1)).toMatchObject({ head: { kind: "action" }, body: { text: "waves" } });
    await irc.site.wait(
      ben.request("post", {
        outbox: "BBBBBBBBBBB",
        counter: 1,
        to: "lobby",
        body: { text: "sits\ndown", action: true },
      }),
    );
    await one.until(":\x01ACTION sits down\x01");
    await one.ask("PRIVMSG #lobby :\x01ACTION has no end");
    await two.until(":\x01ACTION has no end\x01");
  });

  test.each(["VERSION", "PING 1", "DCC SEND x 1 2 3", "CLIENTINFO", ""])(
    "refuses %p",
    async (request) => {
      const { one, two } = await ircPair();
      expect(await one.ask(`PRIVMSG ben :\x01${request}\x01`)).toEqual([
        expect.stringMatching(/FAIL PRIVMSG \S+ :/),
      ]);
      expect(await two.news()).toEqual([]);
    },
  );

  ircTest("cannot be forged by a native client", async ({ irc, ben, one }) => {
    for (const text of [
      "\x01VERSION\x01",
      "x\r\nKICK #lobby ana",
      "\x01ACTION x\x01",
      "a\0b\x7f\x9b",
    ]) {
      await irc.site.wait(ben.post(text));
    }
    const lines = await one.news();
    expect(lines.join("\n")).not.toMatch(/\x01|^KICK/m);
    expect(lines.length).toBeGreaterThan(3);
  });
});

describe("texts of native clients", () => {
  test("are split at lines and at 512 bytes, with one id on the first", async () => {
    const { irc, ben, one } = await ircPair();
    const long = `first\n\n${"ä😀 ".repeat(200)}`;
    await irc.site.wait(ben.post(long));
    const lines = await one.news();
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => idOf(line) !== "")).toEqual([lines[0] ?? ""]);
    const texts = lines.map((line) => line.replace(/^.*? PRIVMSG #lobby :/, ""));
    expect(texts.join("").replaceAll(/\s/g, "")).toBe(long.replaceAll(/\s/g, ""));
  });

  test("are one batch for clients with multiline", async () => {
    const { irc, ben, one } = await ircPair(`${MODERN} draft/multiline`);
    await irc.site.wait(ben.post(`first\n\n${"word ".repeat(150)}\nlast`));
    const lines = await one.news();
    const id = /BATCH \+(\S+) draft\/multiline #lobby$/.exec(lines[0] ?? "")?.[1] ?? "";
    expect(idOf(lines[0])).not.toBe("");
    expect(lines.at(-1)).toEndWith(`BATCH -${id}`);
    const inner = lines.slice(1, -1);
    expect(inner.every((line) => line.startsWith(`@batch=${id}`))).toBe(true);
    const text = inner.reduce((all, line) => {
      const part = line.replace(/^.*? PRIVMSG #lobby :/, "");
      return all === "" || line.includes("draft/multiline-concat") ? all + part : `${all}\n${part}`;
    }, "");
    expect(text.trimEnd()).toBe(
      `first\n\n${"word ".repeat(150).trimEnd()}\nlast`.replace("word\nlast", "word \nlast"),
    );
  });

  test("of only blank lines or codes produce no invalid line", async () => {
    const { irc, ben, one } = await ircPair(`${MODERN} draft/multiline`);
    for (const text of ["\n\n", "\u200b\n ", "```\n\n```", "> \n> ", "****", "\u202e\n\u202e"]) {
      await irc.site.wait(ben.post(text)).catch(() => undefined);
    }
    expect(untagged(await one.news()).slice(0, 1)).not.toContain(":ben!ben@chat PRIVMSG #lobby :");
  });
});

describe("draft/multiline", () => {
  const CAPS = `${MODERN} draft/multiline`;

  test("joins the lines of a batch to one message", async () => {
    const { ana, one, two } = await ircPair(CAPS);
    const lines = await one.ask(
      "BATCH +1 draft/multiline #lobby",
      "@batch=1 PRIVMSG #lobby :hello",
      "@batch=1 PRIVMSG #lobby :",
      "@batch=1 PRIVMSG #lobby :how are ",
      "@batch=1;draft/multiline-concat PRIVMSG #lobby :you?",
      "BATCH -1",
    );
    expect(ana.texts()).toEqual(["hello\n\nhow are you?"]);
    expect(lines.filter((line) => line.includes("BATCH"))).toHaveLength(2);
    await two.until("BATCH +");
  });

  test("answers a labelled batch once, after its end", async () => {
    const { one } = await ircPair(CAPS);
    const lines = await one.ask(
      "@label=z BATCH +1 draft/multiline #lobby",
      "@batch=1 PRIVMSG #lobby :a",
      "@batch=1 PRIVMSG #lobby :b",
      "BATCH -1",
    );
    expect(lines.filter((line) => line.includes("label=z"))).toHaveLength(1);
    expect(lines[0]).toContain("label=z");
    expect(lines[0]).toContain("BATCH +");
  });

  test("keeps notices", async () => {
    const { ana, one } = await ircPair(CAPS);
    await one.ask(
      "BATCH +1 draft/multiline #lobby",
      "@batch=1 NOTICE #lobby :a",
      "@batch=1 NOTICE #lobby :b",
      "BATCH -1",
    );
    expect(ana.records.at(-1)?.body).toMatchObject({ text: "a\nb", notice: true });
  });

  test("accepts 500 lines and 64 KiB, and drops all of a larger batch", async () => {
    const { ana, one, two } = await ircPair(CAPS);
    const batch = (...texts: readonly string[]) =>
      one.ask(
        "BATCH +1 draft/multiline #lobby",
        ...texts.map((text) => `@batch=1 PRIVMSG #lobby :${text}`),
        "BATCH -1",
      );
    await batch(...Array.from({ length: 500 }, () => "x"));
    expect(ana.texts().map((text) => text.length)).toEqual([999]);
    expect(await batch(...Array.from({ length: 501 }, () => "x"))).toEqual([
      expect.stringMatching(/FAIL BATCH MULTILINE_MAX_LINES 500 :/),
    ]);
    const lines = Array.from({ length: 163 }, () => "y".repeat(400));
    await batch(...lines, "y".repeat(65_536 - 163 * 401));
    expect(ana.texts().map((text) => text.length)).toEqual([999, 65_536]);
    expect(await batch(...lines, "y".repeat(65_537 - 163 * 401), "z", "z")).toEqual([
      expect.stringMatching(/FAIL BATCH MULTILINE_MAX_BYTES 65536 :/),
    ]);
    expect(ana.texts()).toHaveLength(2);
    expect((await two.news()).join()).not.toContain(":z");
  });

  test.each([
    [
      "another target",
      ["BATCH +1 draft/multiline #lobby", "@batch=1 PRIVMSG ben :x", "BATCH -1"],
      "MULTILINE_INVALID_TARGET",
    ],
    [
      "only blank lines",
      ["BATCH +1 draft/multiline #lobby", "@batch=1 PRIVMSG #lobby :", "BATCH -1"],
      "MULTILINE_INVALID",
    ],
    ["no lines", ["BATCH +1 draft/multiline #lobby", "BATCH -1"], "MULTILINE_INVALID"],
    [
      "an empty continued line",
      [
        "BATCH +1 draft/multiline #lobby",
        "@batch=1 PRIVMSG #lobby :x",
        "@batch=1;draft/multiline-concat PRIVMSG #lobby :",
        "BATCH -1",
      ],
      "MULTILINE_INVALID",
    ],
    ["an unknown type", ["BATCH +1 netsplit a b"], "\\S+"],
    ["no target", ["BATCH +1 draft/multiline"], "MULTILINE_INVALID"],
    ["an empty id", ["BATCH + draft/multiline #lobby"], "MULTILINE_INVALID"],
  ])("refuses a batch with %s", async (_, lines, code) => {
    const { ana, one } = await ircPair(CAPS);
    expect(await one.ask(...lines)).toEqual([
      expect.stringMatching(new RegExp(`^:chat FAIL BATCH ${code} `)),
    ]);
    expect(ana.texts()).toEqual([]);
  });

  test("refuses lines of a batch that is not open, and keeps the open one", async () => {
    const { ana, one } = await ircPair(CAPS);
    expect(
      await one.ask("BATCH +1 draft/multiline #lobby", "@batch=9 PRIVMSG #lobby :x", "BATCH -9"),
    ).toEqual([":chat FAIL BATCH MULTILINE_INVALID :the line is not in an open batch"]);
    await one.ask("@batch=1 PRIVMSG #lobby :y", "BATCH -1");
    expect(ana.texts()).toEqual(["y"]);
  });

  test("reports an invalid line at once with the batch's label, and only once", async () => {
    const { ana, one } = await ircPair(CAPS);
    const refused = await one.ask(
      "@label=L1 BATCH +1 draft/multiline #lobby",
      ...Array.from({ length: 501 }, () => "@batch=1 PRIVMSG #lobby :x"),
    );
    expect(refused).toEqual([
      "@label=L1 :chat FAIL BATCH MULTILINE_MAX_LINES 500 :the message is too long",
    ]);
    expect(await one.ask("@batch=1 PRIVMSG #lobby :x", "BATCH -1")).toEqual([]);
    expect(ana.texts()).toEqual([]);
  });
});

describe("long lines", () => {
  ircTest("are refused if they do not fit once the sender is added", async ({ one, two }) => {
    const room = 510 - ":ana!ana@chat PRIVMSG #lobby :".length;
    expect(await one.ask(`PRIVMSG #lobby :${"x".repeat(room)}`)).toHaveLength(1);
    await two.until(`:${"x".repeat(room)}`);
    expect(await one.ask(`PRIVMSG #lobby :${"x".repeat(room + 1)}`)).toEqual([
      expect.stringContaining(" 417 ana :"),
    ]);
    expect(await one.ask(`PRIVMSG #lobby :${"x".repeat(500)}`)).toEqual([
      expect.stringContaining(" 417 ana :"),
    ]);
  });

  test("are refused beyond 4,094 bytes of tags, and without an end beyond 8 KiB", async () => {
    const { one } = await ircPair();
    const tags = `@+a=${"x".repeat(4_091)}`;
    expect(tags.length).toBe(4_095);
    expect(await one.ask(`${tags} PRIVMSG #lobby :fits`)).toEqual([
      expect.stringContaining(":fits"),
    ]);
    expect(await one.ask(`@${"x"}${tags.slice(1)} PRIVMSG #lobby :no`)).toEqual([
      expect.stringContaining(" 417 ana :"),
    ]);
    one.sendBytes(utf8Encode("x".repeat(20_000)));
    expect(await one.news()).toEqual([expect.stringContaining(" 417 ana :")]);
    expect(await one.ask("", "PRIVMSG #lobby :next")).toEqual([expect.stringContaining(":next")]);
  });

  ircTest("of invalid UTF-8 are refused", async ({ one }) => {
    one.sendBytes(Uint8Array.from([...utf8Encode("PRIVMSG #lobby :"), 0xff, 0x0d, 0x0a]));
    expect(await one.news()).toEqual([expect.stringMatching(/FAIL \S+ INVALID_UTF8 :/)]);
  });

  ircTest("that are not understood are answered", async ({ one }) => {
    for (const line of ["PRIVMSG #lobby :nul\0nul", "PRIVMSG #lobby :a\rb", "a:b", "@a=b", ":ana"])
      expect(await one.ask(line)).toEqual([expect.stringMatching(/^:chat 421 ana \* :the line /)]);
  });
});

describe("edits, erasures and reactions", () => {
  ircTest("an edit refers to the message", async ({ irc, ben, one }) => {
    const { seq } = await irc.site.wait(ben.post("helo"));
    const id = idOf(await one.until("helo"));
    await ben.request("edit", { seq, text: "hello" });
    const line = await one.until("PRIVMSG");
    expect(line).toContain(`+draft/reply=${id}`);
    expect(line).toEndWith(":ben!ben@chat PRIVMSG #lobby :✎ hello");
  });

  ircTest("a reply refers to the message in both directions", async ({ ana, one, two }) => {
    const [first] = await one.ask("PRIVMSG #lobby :question");
    await two.until("question");
    const [answer = ""] = await two.ask(`@+draft/reply=${idOf(first)} PRIVMSG #lobby :answer`);
    const tags = `+reply=${idOf(first)};+draft/reply=${idOf(first)} `;
    expect(answer).toContain(tags);
    expect(await one.until("answer")).toContain(tags);
    expect(ana.records.at(-1)?.body?.["re"]).toBe(Number(idOf(first).split("-").at(-1)));
    await two.ask(`@+reply=${idOf(first)} PRIVMSG #lobby :again`);
    expect(ana.records.at(-1)?.body?.["re"]).toBeDefined();
  });

  test.each(["", "x", "nothing-1", "ORIGIN-999999", "ORIGIN-0", "a\\r\\nb"])(
    "posts a reply to the unknown message %p as a text",
    async (id) => {
      const { one } = await ircPair();
      const [line] = await one.ask("PRIVMSG #lobby :x");
      const origin = idOf(line).replace(/-\d+$/, "");
      const tag = id.replace("ORIGIN", origin);
      const [answer = ""] = await one.ask(`@+draft/reply=${tag} PRIVMSG #lobby :y`);
      expect(answer).toEndWith("PRIVMSG #lobby :y");
      expect(answer).not.toContain("+draft/reply");
    },
  );

  ircTest("posts a reply to a message of another room as a text", async ({ one, two }) => {
    await one.ask("JOIN #secret");
    const [line] = await one.ask("PRIVMSG #secret :x");
    const [answer = ""] = await two.ask(`@+draft/reply=${idOf(line)} PRIVMSG #lobby :y`);
    expect(answer).toEndWith("PRIVMSG #lobby :y");
  });

  test("reactions of ignored users are not shown", async () => {
    const { irc, ben, one, two } = await ircPair(MODERN);
    await irc.site.wait(ben.request("ignore", { user: "ana", on: true }));
    await two.sync();
    const [line] = await one.ask("PRIVMSG #lobby :good news");
    await one.ask(`@+draft/react=👍;+draft/reply=${idOf(line)} TAGMSG #lobby`);
    await one.ask("TOPIC #lobby :shown");
    expect(await two.news()).toEqual([expect.stringContaining("TOPIC #lobby :shown")]);
  });

  test("a reaction is added and removed in both directions", async () => {
    const { irc, ana, ben, one, two } = await ircPair(`${MODERN} draft/message-redaction`);
    const [line] = await one.ask("PRIVMSG #lobby :good news");
    const id = idOf(line);
    const [echo = ""] = await two.ask(`@+draft/react=👍;+draft/reply=${id} TAGMSG #lobby`);
    expect(echo).toContain(`+draft/reply=${id};+draft/react=👍 :ben!ben@chat TAGMSG #lobby`);
    await one.until("TAGMSG");
    expect(ana.records.at(-1)).toMatchObject({ head: { kind: "reaction" }, body: { react: "👍" } });
    const removal = await two.ask(`@+draft/unreact=👍;+draft/reply=${id} TAGMSG #lobby`);
    expect(ana.records.at(-1)?.head.kind).toBe("erase");
    const shown = new RegExp(
      `^@.*\\+draft/reply=${id};\\+draft/unreact=👍 :ben!ben@chat TAGMSG #lobby$`,
    );
    expect(removal).toEqual([expect.stringMatching(shown)]);
    expect(await one.news()).toEqual(removal);
    const plain = await irc.client("ana", "");
    await irc.site.wait(
      ben.request("post", {
        outbox: "CCCCCCCCCCC",
        counter: 1,
        to: "lobby",
        body: { text: "", react: "🎉", re: Number(id.split("-").at(-1)) },
      }),
    );
    await one.until("🎉");
    expect(await plain.news()).toEqual([]);
  });

  ircTest("a hostile reaction stays in its tag", async ({ one, two }) => {
    const [line] = await one.ask("PRIVMSG #lobby :x");
    await two.until(":x");
    await two.ask(`@+draft/react=a\\r\\nKICK\\s#lobby\\:;+draft/reply=${idOf(line)} TAGMSG #lobby`);
    for (const shown of await one.news())
      expect(shown).toMatch(/^@\S+ :ben!ben@chat TAGMSG #lobby$/);
  });

  test("REDACT erases own messages, and shows erasures", async () => {
    const { irc, ana, one, two } = await ircPair(`${MODERN} draft/message-redaction`);
    const plain = await irc.client("ben", "");
    const [line] = await one.ask("PRIVMSG #lobby :oops");
    const id = idOf(line);
    await two.until("oops");
    await plain.until("oops");
    expect(await one.ask(`REDACT #lobby ${id} :typo`)).toEqual([
      expect.stringMatching(/^@time=\S+Z;account=ana :ana!ana@chat REDACT #lobby \S+$/),
    ]);
    expect(untagged(await two.news())[0]).toStartWith(`:ana!ana@chat REDACT #lobby ${id}`);
    expect(await plain.news()).toEqual([":ana!ana@chat NOTICE #lobby :deleted a message"]);
    expect(ana.records.at(-1)?.head.kind).toBe("erase");
    expect((await two.ask("CHATHISTORY LATEST #lobby * 10")).join()).not.toContain("oops");
  });

  test("REDACT refuses what the user may not erase, or cannot see", async () => {
    const { one, two } = await ircPair(`${MODERN} draft/message-redaction`);
    await one.ask("JOIN #secret");
    const [hidden] = await one.ask("PRIVMSG #secret :x");
    const [own] = await two.ask("PRIVMSG #lobby :y");
    const [line] = await one.ask("PRIVMSG #lobby :mine");
    await two.until("mine");
    const refused = async (target: string, id: string, code: string) =>
      expect(await two.ask(`REDACT ${target} ${id}`)).toEqual([
        expect.stringContaining(`FAIL REDACT ${code} ${target} `),
      ]);
    await refused("#lobby", idOf(line), "REDACT_FORBIDDEN");
    await refused("#lobby", idOf(hidden), "UNKNOWN_MSGID");
    await refused("#secret", idOf(hidden), "INVALID_TARGET");
    await refused("#lobby", "nonsense", "UNKNOWN_MSGID");
    await refused("#none", idOf(own), "INVALID_TARGET");
    await two.ask("JOIN #other", "PRIVMSG ana :psst");
    await refused("#other", idOf(own), "UNKNOWN_MSGID");
    await refused("ana", idOf(own), "UNKNOWN_MSGID");
  });

  test("REDACT works in direct conversations", async () => {
    const { one, two } = await ircPair(`${MODERN} draft/message-redaction`);
    const [line] = await one.ask("PRIVMSG ben :psst");
    await two.until("psst");
    await one.ask(`REDACT ben ${idOf(line)}`);
    expect(untagged(await two.news())[0]).toStartWith(`:ana!ana@chat REDACT ben ${idOf(line)}`);
  });
});

describe("typing", () => {
  ircTest("is shown in both directions", async ({ ana, one, two }) => {
    expect(await one.ask("@+typing=active TAGMSG #lobby")).toEqual([]);
    expect(untagged([await two.until("TAGMSG")])).toEqual([":ana!ana@chat TAGMSG #lobby"]);
    await one.ask("@+typing=done TAGMSG #lobby");
    expect(await two.until("TAGMSG")).toContain("+typing=done");
    ana.send("typing", { room: ana.roomId(), on: true });
    expect(await two.until("TAGMSG")).toContain("+typing=active");
    expect(await one.ask("@+typing=active TAGMSG #none", "@+unknown=1 TAGMSG #lobby")).toEqual([]);
  });
});

describe("ignored users", () => {
  ircTest("are not shown", async ({ ana, one, two }) => {
    await ana.request("ignore", { user: "ben", on: true });
    await two.ask("PRIVMSG #lobby :spam", "PRIVMSG ana :spam");
    expect((await one.news()).join()).not.toContain("spam");
  });
});
