import { expect, test } from "bun:test";
import { JOINED_ROOMS_MAX } from "../../../src/base/limits.ts";
import { ISUPPORT_TOKENS } from "../../../src/core/irc/information.ts";
import type { IrcClient } from "../../server/irc/irc-client.ts";
import { IrcSite, MODERN } from "../../server/irc/irc-site.ts";

/** Token, a command whose reply shows that it is implemented, and the reply. */
const PROOFS: readonly (readonly [token: string, line: string, reply: string | RegExp])[] = [
  ["AWAYLEN=200", `AWAY :${"x".repeat(201)}`, " 306 "],
  ["BOT=B", "MODE ana +B", ":ana!ana@chat MODE ana +B"],
  ["CASEMAPPING=ascii", "TOPIC #LAB", " 331 ana #lab "],
  [`CHANLIMIT=#:${JOINED_ROOMS_MAX}`, "JOIN #one", " 366 ana #one "],
  ["CHANMODES=b,k,,imnt", "MODE #lab", " 324 ana #lab +nt"],
  ["CHANNELLEN=33", `JOIN #${"x".repeat(32)}`, ` 366 ana #${"x".repeat(32)} `],
  ["CHANNELLEN=33", `JOIN #${"x".repeat(33)}`, " 403 "],
  ["CHANTYPES=#", "JOIN &lab", " 403 "],
  ["CHATHISTORY=1000", "CHATHISTORY LATEST #lab * 1000", "BATCH -"],
  ["EXTBAN=,m", "MODE #lab +b m:ben!*@*", "MODE #lab +b m:ben!*@*"],
  [
    "CLIENTTAGDENY=*,-draft/react,-draft/reply,-draft/unreact,-react,-reply,-typing,-unreact",
    "@+x=1 PRIVMSG #lab :hi",
    /^@[^ +]* :ana!ana@chat PRIVMSG #lab :hi$/,
  ],
  ["KICKLEN=512", `KICK #lab ben :${"x".repeat(400)}`, /KICK #lab ben :x{400}$/],
  ["KNOCK", "KNOCK #lab", " 482 ana #lab "],
  ["MAXLIST=b:1000", "MODE #lab +b", " 368 ana #lab "],
  ["MODES=1", "MODE #lab +oo ana ben", " 472 ana +oo "],
  ["MONITOR=100", "MONITOR + ben", " 730 ana ben!"],
  [
    "MSGREFTYPES=msgid,timestamp",
    "CHATHISTORY AFTER #lab timestamp=2027-01-15T08:00:00.000Z 1",
    "BATCH -",
  ],
  ["NICKLEN=32", `WHOIS ${"n".repeat(32)}`, ` 311 ana ${"n".repeat(32)} `],
  ["PREFIX=(o)@", "NAMES #lab", "@ana"],
  ["SAFELIST", "LIST", " 323 "],
  ["SAFERATE", "PING x", "PONG"],
  ["SILENCE=256", "SILENCE", " 272 ana "],
  [
    "TARGMAX=KICK:1,LIST:,NAMES:1,NOTICE:4,PRIVMSG:4,TAGMSG:4",
    "PRIVMSG ben,ben,ben,ben,ben :x",
    " 407 ",
  ],
  ["TOPICLEN=512", `TOPIC #lab :${"x".repeat(400)}`, /TOPIC #lab :x{400}$/],
  ["UTF8ONLY", "PING x", "PONG"],
  ["WHOX", "WHO #lab %n", " 354 ana "],
];

test("each token is implemented", async () => {
  const irc = await IrcSite.open();
  for (const name of ["ana", "ben", "n".repeat(32)]) await irc.member(name);
  const ben = await irc.client("ben");
  const ana = await irc.client("ana");
  await ana.ask("JOIN #lab");
  await ben.ask("JOIN #lab");
  for (const [, line, reply] of PROOFS) {
    const lines = await ana.ask(line);
    expect(lines).toContainEqual(
      typeof reply === "string" ? expect.stringContaining(reply) : expect.stringMatching(reply),
    );
  }
  expect([...new Set(PROOFS.map(([token]) => token))]).toEqual([...ISUPPORT_TOKENS]);
});

test("an absence has at most 200 bytes", async () => {
  const irc = await IrcSite.open();
  (await irc.member("ana")).hangUp();
  const ana = await irc.client("ana");
  expect(await ana.ask(`AWAY :${"é".repeat(101)}`, "WHOIS ana")).toContain(
    `:chat 301 ana ana ${"é".repeat(100)}`,
  );
});

test("the tokens fit their lines for the longest name", async () => {
  const irc = await IrcSite.open();
  const name = "n".repeat(32);
  await irc.member(name);
  const client = irc.connect();
  await client.logIn(name, `sesame-${name}`, MODERN);
  expect(tokens(client)).toEqual(["NETWORK=site", ...ISUPPORT_TOKENS]);
});

function tokens(client: IrcClient): readonly string[] {
  const lines = client.lines.filter((line) => line.includes(" 005 "));
  return lines.flatMap((line) => {
    const [, text = ""] = / 005 \S+ (.*) :are supported by this server$/.exec(line) ?? [];
    const words = text.split(" ");
    // RFC 1459: a line has up to 15 parameters.
    expect(words.length).toBeLessThanOrEqual(13);
    return words;
  });
}
