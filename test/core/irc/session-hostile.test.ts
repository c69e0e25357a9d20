import { expect } from "bun:test";
import fc from "fast-check";
import { cutText, utf8Encode } from "../../../src/base/bytes.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { HOSTILE_TEXTS } from "../../hostile-texts.ts";
import { sampleSize } from "../../samples.ts";
import { IrcClient } from "../../server/irc/irc-client.ts";
import { siteTest } from "../../server/site-lab.ts";

const CAPS =
  "message-tags server-time echo-message batch labeled-response standard-replies away-notify " +
  "account-tag extended-join draft/chathistory draft/event-playback draft/multiline " +
  "draft/message-redaction draft/read-marker draft/channel-rename extended-monitor";
const COMMANDS = [
  ...["ADMIN", "AUTHENTICATE", "AWAY", "BATCH", "CAP", "CHATHISTORY", "HELP", "INFO", "INVITE"],
  ...[
    "ISON",
    "JOIN",
    "KICK",
    "LIST",
    "LUSERS",
    "MARKREAD",
    "MODE",
    "MONITOR",
    "MOTD",
    "NAMES",
    "SILENCE",
  ],
  ...["NICK", "NOTICE", "PART", "PASS", "PING", "PONG", "PRIVMSG", "REDACT", "RENAME", "TAGMSG"],
  ...["TIME", "TOPIC", "USER", "USERHOST", "VERSION", "WHO", "WHOIS", "WHOWAS", "OPER", "NOPE"],
];
const WORDS = [
  ...["", "*", "#", "#lobby", "#lab", "#nope", "ana", "ben", "nobody", "a b", ":a", ": ", ",", "+"],
  ...["-", "+k", "+b", "+o", "+m", "+b m:ben!*@*", "ana,ben,#lobby", "LS", "REQ", "END", "302"],
  ...["PLAIN", "AAAA", "+ ", "LATEST", "BEFORE", "AROUND", "BETWEEN", "TARGETS", "msgid=x-1", "0"],
  ...["timestamp=2027-01-15T08:00:00.000Z", "timestamp=x", "9007199254740993", "-1", "1e9"],
  ...["+a", "draft/multiline", "\x01ACTION x\x01", "\x01VERSION\x01", "\x01", "\x02**", "\u202e"],
  ...["x".repeat(300), "é".repeat(150), "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "%tcnf,1", "r-x-1", "__proto__", "constructor"],
];
const TAGS = [
  ...["label=a", "label", "label=\\s\\:\\r\\n", "batch=a", "batch", "+typing=active", "+typing=x"],
  ...["+draft/reply=x", "+draft/react=a", "+reply=r-x-1;+draft/react=\\r\\n", "+draft/unreact=a"],
  ...["draft/multiline-concat", "time=x", `+x=${"y".repeat(4_000)}`],
];

const line = fc
  .record({
    tags: fc.option(fc.subarray(TAGS, { minLength: 1, maxLength: 3 }), { nil: [], freq: 3 }),
    command: fc.constantFrom(...COMMANDS),
    params: fc.array(fc.constantFrom(...WORDS), { maxLength: 4 }),
    last: fc.option(fc.oneof(fc.constantFrom(...WORDS), fc.string()), { nil: undefined }),
  })
  .map(({ tags, command, params, last }) => {
    const words = [...params.filter((word) => !/^:|^$| /.test(word))];
    const end = last === undefined ? [] : [`:${last}`];
    return [...(tags.length === 0 ? [] : [`@${tags.join(";")}`]), command, ...words, ...end];
  })
  .map((words) => words.join(" "));
/** Valid commands with any text. */
const STARTS = [
  ...["PRIVMSG #lobby :", "PRIVMSG ben :", "NOTICE #lobby,ben :", "PRIVMSG #lobby :\x01ACTION "],
  ...[
    "JOIN #lab",
    "JOIN #lab ",
    "TOPIC #lab :",
    "PART #lab :",
    "KICK #lab ben :",
    "INVITE ben #lab",
  ],
  ...["RENAME #lab #lab2 :", "RENAME #lab2 #lab :", "MODE #lab +k ", "MODE #lab +b m:ben!*@*"],
  ...["MODE #lab +o ben", "MODE #lab -o ben", "MODE #lab -b m:ben!*@*", "AWAY :", "AWAY"],
  ...[
    "MONITOR + ben,",
    "WHO #lobby %",
    "CHATHISTORY LATEST #lobby * 9",
    "CHATHISTORY LATEST ben * ",
  ],
  ...[
    "MARKREAD #lobby timestamp=2027-01-15T08:00:00.000Z",
    "MARKREAD #lobby ",
    "WHOIS ben",
    "LIST ",
  ],
  ...["BATCH +a draft/multiline #lobby", "@batch=a PRIVMSG #lobby :", "BATCH -a", "REDACT #lobby "],
];
const text = fc.oneof(fc.constantFrom(...WORDS), fc.string(), fc.string({ unit: ANY_CHARACTER }));
const started = fc
  .tuple(fc.constantFrom(...STARTS), text)
  .map(([start, end]) => utf8Encode(/[: ]$/.test(start) ? `${start}${end}` : start));
const anyLine = fc.oneof(
  { weight: 9, arbitrary: line.map(utf8Encode) },
  { weight: 9, arbitrary: started },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) },
);

const LINE = /^(@[!-~\u0080-\u{10ffff}]{1,8189} )?(:[^ ]+ )?([A-Z]+|\d{3})( [^\r\n\0]*)?$/u;

function expectLines(client: IrcClient, from = 0): number {
  for (const received of client.lines.slice(from)) expect(received).toMatch(LINE);
  return client.lines.length;
}

/** Each line must be answered or ignored: none may stop the server or appear as another line. */
siteTest("survives any lines before the log-in", async (site) => {
  const gateway = site.server.openIrc();
  await fc.assert(
    fc.asyncProperty(fc.array(anyLine, { maxLength: 8 }), async (lines) => {
      const client = new IrcClient(site, gateway);
      for (const bytes of lines) client.sendBytes(Uint8Array.of(...bytes, 0x0d, 0x0a));
      await site.quiet();
      expectLines(client);
      client.lose();
      await site.quiet();
    }),
    { numRuns: sampleSize(200, 2_000) },
  );
});

siteTest("survives any lines of a member", async (site) => {
  const gateway = site.server.openIrc();
  await site.member("ana", "sesame-ana");
  await site.member("ben", "sesame-ben");
  const ben = new IrcClient(site, gateway);
  await ben.logIn("ben", "sesame-ben", CAPS);
  let ana = new IrcClient(site, gateway);
  await ana.logIn("ana", "sesame-ana", CAPS);
  let checked = 0;
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyLine, { maxLength: 8 }), async (lines) => {
      if (ana.isClosed) {
        ana = new IrcClient(site, gateway);
        await ana.logIn("ana", "sesame-ana", CAPS);
        seen = 0;
      }
      for (const bytes of lines) ana.sendBytes(Uint8Array.of(...bytes, 0x0d, 0x0a));
      await site.quiet();
      if (!ana.isClosed) await ana.sync();
      seen = expectLines(ana, seen);
      checked = expectLines(ben, checked);
      await ben.sync();
    }),
    { numRuns: sampleSize(200, 2_000) },
  );
});

siteTest("shows hostile texts of other users as harmless lines", async (site) => {
  const gateway = site.server.openIrc();
  const ana = await site.member("ana", "sesame-ana");
  await site.member("ben", "sesame-ben");
  const ben = new IrcClient(site, gateway);
  await ben.logIn("ben", "sesame-ben", CAPS);
  const plain = new IrcClient(site, gateway);
  await plain.logIn("ben", "sesame-ben");
  let counter = 0;
  const post = (body: object) =>
    ana.request("post", { outbox: "AAAAAAAAAAA", counter: ++counter, to: "lobby", body } as never);
  const { seq: re } = (await post({ text: "react to this" })) as { seq: number };
  for (const hostile of Object.values(HOSTILE_TEXTS)) {
    const text = hostile.toWellFormed();
    if (text === "") continue;
    const react = cutText(text, 64);
    await post({ text });
    await post({ text, action: true });
    await post({ text: "", react, re });
    await ana.request("topic", { room: "lobby", topic: cutText(text, 512) } as never);
  }
  await ben.sync();
  await plain.sync();
  // A client that missed the messages, and one that fetches them.
  await site.member("eve", "sesame-eve");
  const late = new IrcClient(site, gateway);
  await late.logIn("ben", "sesame-ben");
  const fetching = new IrcClient(site, gateway);
  await fetching.logIn("eve", "sesame-eve", CAPS);
  await fetching.ask("CHATHISTORY LATEST #lobby * 1000", "TOPIC #lobby", "LIST");
  const clients = [ben, plain, late, fetching];
  for (const client of clients) expectLines(client);
  const shown = clients
    .flatMap(({ lines }) => lines)
    .filter((received) => / (PRIV|TAG)MSG /.test(received));
  expect(shown.length).toBeGreaterThan(5 * Object.keys(HOSTILE_TEXTS).length);
  for (const received of shown) {
    const [tags = "", rest = received] = /^(@\S+) (.*)$/su.exec(received)?.slice(1) ?? [];
    expect(`${tags.slice(0, 20)}${utf8Encode(rest).length <= 510}`).toEndWith("true");
    expect(received).not.toMatch(/[\0\x03-\x08\x0a-\x10\x12-\x1c\x1f\x7f-\x9f]/);
  }
});
