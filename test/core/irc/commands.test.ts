import { describe, expect, test } from "bun:test";
import { IrcSite } from "../../server/irc/irc-site.ts";

async function start(caps = "") {
  const irc = await IrcSite.open();
  await irc.member("ana");
  return { irc, client: await irc.client("ana", caps) };
}

describe("a command", () => {
  test("may have any case", async () => {
    const { client } = await start();
    expect(await client.ask("pInG x")).toEqual([":chat PONG chat x"]);
  });

  test.each([
    ["NONSENSE", "NONSENSE"],
    ["x".repeat(33), "X".repeat(32)],
    ["constructor", "CONSTRUCTOR"],
    ["001 ana", "001"],
  ])("%p is unknown", async (line, name) => {
    const { client } = await start();
    expect(await client.ask(line)).toEqual([`:chat 421 ana ${name} :unknown command`]);
  });

  test.each([
    ["BATCH +a draft/multiline #lobby", "batch"],
    ["CHATHISTORY LATEST #lobby * 1", "draft/chathistory"],
    ["MARKREAD #lobby", "draft/read-marker"],
    ["REDACT #lobby x", "draft/message-redaction"],
    ["TAGMSG #lobby", "message-tags"],
  ])("%p is known only with %s", async (line, capability) => {
    const { irc, client } = await start();
    const [name] = line.split(" ");
    const unknown = `:chat 421 ana ${name} :unknown command`;
    expect(await client.ask(line)).toEqual([unknown]);
    const modern = await irc.client("ana", capability);
    expect(await modern.ask(line)).not.toContain(unknown);
  });

  test.each([
    ...["AUTHENTICATE", "INVITE ben", "ISON", "JOIN", "KICK #lobby", "MODE", "MONITOR", "NICK"],
    ...["PART", "PASS", "PING", "RENAME #lobby", "TOPIC", "USER a b c", "USERHOST", "WHOIS"],
  ])("%p lacks a parameter", async (line) => {
    const { client } = await start();
    const [name] = line.split(" ");
    expect(await client.ask(line)).toEqual([`:chat 461 ana ${name} :not enough parameters`]);
  });
});

describe("AWAY before the log-in", () => {
  test("applies to the account with draft/pre-away", async () => {
    const { irc, client } = await start();
    (await irc.member("ben")).hangUp();
    const early = irc.connect();
    expect(await early.ask("AWAY :lunch")).toEqual([":chat 451 * :log in first"]);
    expect(await early.ask("CAP REQ draft/pre-away", "AWAY :lunch")).toContain(
      ":chat 306 * :you are marked as away",
    );
    await early.logIn("ben", "sesame-ben");
    expect(await client.ask("WHOIS ben")).toContain(":chat 301 ana ben lunch");
  });
});
