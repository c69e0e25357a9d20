import { describe, expect, test } from "bun:test";
import { fixtureTest } from "../../fixture-test.ts";
import type { IrcClient } from "../../server/irc/irc-client.ts";
import { IrcSite } from "../../server/irc/irc-site.ts";

async function start(welcome?: string) {
  const irc = await IrcSite.open(welcome === undefined ? {} : { welcome });
  await irc.member("ana");
  return { irc, client: await irc.client("ana") };
}

const ircTest = fixtureTest(() => start());

ircTest("PING returns its parameter", async ({ client }) => {
  expect(await client.ask("PING :a b", "PING :", "PING a b")).toEqual([
    ":chat PONG chat :a b",
    ":chat PONG chat :",
    ":chat PONG chat a",
  ]);
});

ircTest("QUIT closes the connection with the reason", async ({ irc, client }) => {
  client.send("QUIT :see you", "PING x");
  expect(await client.untilClosed()).toBe("ERROR :quit: see you");
  const other = await irc.client("ana");
  other.send("QUIT");
  expect(await other.untilClosed()).toBe("ERROR quit");
});

describe("MOTD", () => {
  test("is the welcome text, whose controls are removed", async () => {
    const { client } = await start("Be kind.\n\nNo \u001b[31mred\u0007.");
    expect(await client.ask("MOTD")).toEqual([
      ":chat 375 ana :- site -",
      ":chat 372 ana :- Be kind.",
      ":chat 372 ana :- ",
      ":chat 372 ana :- No [31mred.",
      ":chat 376 ana :end of the message of the day",
    ]);
  });

  ircTest("is missing without a welcome text", async ({ client }) => {
    expect(await client.ask("MOTD")).toEqual([":chat 422 ana :there is no message of the day"]);
  });
});

ircTest("VERSION, TIME, LUSERS, ADMIN and INFO describe the server", async ({ irc, client }) => {
  await irc.member("ben");
  expect(await client.ask("VERSION", "TIME", "LUSERS", "ADMIN", "INFO")).toEqual([
    ":chat 351 ana chat-0 chat :",
    expect.stringMatching(/^:chat 391 ana chat :\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/),
    ":chat 251 ana :There are 2 users and 0 invisible on 1 servers",
    ":chat 255 ana :I have 2 clients and 0 servers",
    ":chat 265 ana :Current local users 2",
    ":chat 266 ana :Current global users 2",
    ":chat 256 ana chat :administrative information",
    ":chat 257 ana :ask an operator of this server; list them with WHO",
    ":chat 371 ana :chat 0, IRC gateway",
    ":chat 374 ana :end of INFO",
  ]);
});

describe("HELP", () => {
  ircTest("names commands that exist", async ({ client }) => {
    const lines = await client.ask("HELP");
    expect(lines[0]).toStartWith(":chat 704 ana index :");
    expect(lines.at(-1)).toBe(":chat 706 ana index :end of HELP");
    expect(await client.ask("HELP index")).toEqual(lines);
    const named = lines.join(" ").match(/\b[A-Z]{4,}\b/g) ?? [];
    const commands = named.filter((word) => word !== "HELP");
    expect(commands.length).toBeGreaterThan(15);
    await expectKnown(client, commands);
  });

  ircTest("names the subject that the user asked for", async ({ client }) => {
    const lines = await client.ask("HELP join");
    expect(lines[0]).toStartWith(":chat 704 ana join :");
    expect(lines.at(-1)).toBe(":chat 706 ana join :end of HELP");
  });

  ircTest("is refused for other subjects", async ({ client }) => {
    expect(await client.ask("HELP OPER", "HELP :")).toEqual([
      ":chat 524 ana OPER :no help on this subject",
      ":chat 524 ana * :no help on this subject",
    ]);
  });
});

async function expectKnown(client: IrcClient, commands: readonly string[]): Promise<void> {
  client.send("CAP REQ :message-tags draft/chathistory draft/read-marker draft/message-redaction");
  await client.sync();
  for (const command of commands) {
    expect((await client.ask(command)).join()).not.toContain(" 421 ");
  }
}
