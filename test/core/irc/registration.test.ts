import { describe, expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { type IrcClient, plain } from "../../server/irc/irc-client.ts";
import { IrcSite } from "../../server/irc/irc-site.ts";

async function start(): Promise<{ irc: IrcSite; client: IrcClient }> {
  const irc = await IrcSite.open();
  await irc.member("ana");
  return { irc, client: irc.connect() };
}

async function sasl(client: IrcClient, ...responses: readonly string[]): Promise<string> {
  client.send("AUTHENTICATE PLAIN");
  await client.until(/^AUTHENTICATE :?\+/);
  client.send(...responses.map((response) => `AUTHENTICATE ${response}`));
  return await client.until(/ 90[0-9] /);
}

const ircTest = fixtureTest(start);

describe("capabilities", () => {
  ircTest(
    "lists values and continues on a second line only for version 302",
    async ({ client }) => {
      const old = await client.ask("CAP LS");
      expect(old).toHaveLength(1);
      expect(old[0]).toContain(" sasl ");
      const modern = await client.ask("CAP LS 302");
      expect(modern[0]).toStartWith(":chat CAP * LS * :");
      expect(modern.at(-1)).toStartWith(":chat CAP * LS :");
      expect(modern.join(" ")).toContain("sasl=PLAIN");
    },
  );

  ircTest("suspends the registration until CAP END", async ({ client }) => {
    await client.ask("CAP LS 302", "NICK ana", "USER ana 0 * :ana");
    expect(await sasl(client, plain("ana", "sesame-ana"))).toContain(" 900 ana ");
    expect((await client.ask()).join()).not.toContain(" 001 ");
    client.send("CAP END");
    await client.until(" 001 ana ");
  });

  ircTest("accepts or refuses the whole of a request", async ({ client }) => {
    expect(await client.ask("CAP REQ :batch nonsense")).toEqual([
      ":chat CAP * NAK :batch nonsense",
    ]);
    expect(await client.ask("CAP LIST")).toEqual([":chat CAP * LIST :"]);
    expect(await client.ask("CAP REQ :batch server-time")).toEqual([
      ":chat CAP * ACK :batch server-time",
    ]);
    expect(await client.ask("CAP REQ :-batch", "CAP LIST")).toEqual([
      ":chat CAP * ACK -batch",
      ":chat CAP * LIST server-time",
    ]);
    expect(await client.ask("CAP NONSENSE")).toEqual([
      expect.stringMatching(/^:chat 410 \* NONSENSE :/),
    ]);
  });
});

describe("SASL", () => {
  ircTest("logs in, and refuses a second log-in", async ({ client }) => {
    expect(await sasl(client, plain("ana", "sesame-ana", "ana"))).toContain(
      " 900 ana ana!ana@chat ana :",
    );
    await client.until(" 903 ");
    expect(await client.ask("AUTHENTICATE PLAIN")).toEqual([expect.stringContaining(" 907 ")]);
  });

  test.each([
    ["bad base64", "!!!!", " 904 "],
    ["base64 of invalid UTF-8", btoa("\0ana\0\xff"), " 904 "],
    ["one field", btoa("ana"), " 904 "],
    ["four fields", btoa("\0ana\0a\0b"), " 904 "],
    ["no name", btoa("\0\0sesame-ana"), " 904 "],
    ["another authorization identity", plain("ana", "sesame-ana", "ben"), " 904 "],
    ["a wrong password", plain("ana", "sesame"), " 904 "],
    ["an unknown account", plain("nobody", "sesame"), " 904 "],
    ["an invalid account", plain("no body\r\nX", "sesame"), " 904 "],
    ["no response", "+", " 904 "],
    ["an abort", "*", " 906 "],
    ["a line of 401 characters", "A".repeat(401), " 905 "],
  ])("refuses %s and allows another attempt", async (_, response, numeric) => {
    const { client } = await start();
    expect(await sasl(client, response)).toContain(numeric);
    expect(await sasl(client, plain("ana", "sesame-ana"))).toContain(" 900 ");
  });

  test("joins the lines of a long response", async () => {
    const irc = await IrcSite.open();
    const password = "p".repeat(1_000);
    await irc.site.member("ana", password);
    const client = irc.connect();
    const response = plain("ana", password);
    const lines = response.match(/.{1,400}/g) ?? [];
    expect(lines.length).toBeGreaterThan(3);
    expect(await sasl(client, ...lines)).toContain(" 900 ");
  });

  ircTest("states the maximum if a password is too long", async ({ client }) => {
    const lines = plain("ana", "p".repeat(1_025)).match(/.{1,400}/g) ?? [];
    const text = "'password' of 'login' is too long (at most 1024)";
    expect(await sasl(client, ...lines)).toBe(`:chat 904 * :${text}`);
  });

  test("ends a response of exactly 400 characters with +", async () => {
    const irc = await IrcSite.open();
    const password = "p".repeat(295);
    await irc.site.member("ana", password);
    const client = irc.connect();
    const response = plain("ana", password);
    expect(response).toHaveLength(400);
    expect(await sasl(client, response, "+")).toContain(" 900 ");
  });

  ircTest("refuses a response that no name and password need", async ({ client }) => {
    const lines = Array.from({ length: 6 }, () => "A".repeat(400));
    expect(await sasl(client, ...lines)).toContain(" 905 ");
  });

  ircTest("names the mechanisms", async ({ client }) => {
    expect(await client.ask("AUTHENTICATE EXTERNAL")).toEqual([
      expect.stringMatching(/^:chat 908 \* PLAIN :/),
      expect.stringContaining(" 904 "),
    ]);
  });

  ircTest("closes the connection after too many wrong passwords", async ({ client }) => {
    for (let i = 0; i < 20 && !client.isClosed; i++) await sasl(client, plain("ana", "no"));
    expect(await client.untilClosed()).toStartWith("ERROR :");
  });
});

describe("PASS", () => {
  test.each([
    ["NAME:PASSWORD", "PASS ana:sesame-ana", "anything"],
    ["the password of the nick", "PASS sesame-ana", "ana"],
  ])("logs in with %s", async (_, pass, nick) => {
    const { client } = await start();
    client.send(pass, `NICK ${nick}`, "USER x 0 * :x");
    await client.until(/ 001 ana :/);
  });

  ircTest("closes the connection after a wrong password", async ({ client }) => {
    client.send("PASS ana:wrong", "NICK ana", "USER x 0 * :x");
    await client.until(" 464 ana :");
    expect(await client.untilClosed()).toStartWith("ERROR :");
  });

  ircTest("is refused after the log-in", async ({ irc }) => {
    const client = await irc.client("ana");
    expect(await client.ask("PASS x", "USER x 0 * :x")).toEqual([
      expect.stringContaining(" 462 ana :"),
      expect.stringContaining(" 462 ana :"),
    ]);
  });
});

describe("nicks", () => {
  ircTest("are the names of accounts", async ({ irc, client }) => {
    await irc.member("ben");
    client.send("PASS ana:sesame-ana", "NICK ben", "USER x 0 * :x");
    await client.until(" 001 ana ");
    expect(client.lines.join("\n")).not.toContain(" NICK ");
    expect(await client.ask("NICK cleo")).toEqual([
      ":chat 433 ana cleo :your nick is your account's name",
    ]);
    expect(await client.ask("NICK ANA")).toEqual([]);
  });

  test.each(["a b", "#ana", "@ana", "a!b", "a,b", "a*", ":", "x".repeat(65)])(
    "refuses %p",
    async (nick) => {
      const { client } = await start();
      const [line] = await client.ask(`NICK :${nick}`);
      expect(line).toMatch(/^:chat 43[12] \* /);
    },
  );

  ircTest("may be taken by several connections at once", async ({ irc }) => {
    const [one, two] = [await irc.client("ana"), await irc.client("ana")];
    await two.ask("PRIVMSG #lobby :hello");
    await one.until(":ana!ana@chat PRIVMSG #lobby :hello");
    two.send("QUIT");
    expect(await two.untilClosed()).toBe("ERROR quit");
    expect(await one.news()).toEqual([]);
  });
});

describe("before the log-in", () => {
  ircTest("requires an account", async ({ client }) => {
    client.send("NICK ana", "USER ana 0 * :ana");
    await client.until(/ACCOUNT_REQUIRED|NOTICE ana :log in/);
    expect(await client.untilClosed()).toStartWith("ERROR :");
  });

  ircTest("refuses all other commands", async ({ client }) => {
    const lines = await client.ask(
      "JOIN #lobby",
      "PRIVMSG #lobby :x",
      "WHO #lobby",
      "NONSENSE",
      "AWAY :x",
    );
    const refused = ":chat 451 * :log in first";
    const unknown = ":chat 421 * NONSENSE :unknown command";
    expect(lines).toEqual([refused, refused, refused, unknown, refused]);
  });

  ircTest("answers PING and QUIT", async ({ client }) => {
    expect(await client.ask("PING :a b")).toEqual([":chat PONG chat :a b"]);
    client.send("QUIT :bye");
    expect(await client.untilClosed()).toBe("ERROR :quit: bye");
  });

  test.each(["GET / HTTP/1.1", "POST /x HTTP/1.0", "OPTIONS * HTTP/1.1"])(
    "closes the connection after %p",
    async (line) => {
      const { client } = await start();
      client.send(line, "Host: x", "NICK ana");
      expect(await client.untilClosed()).toStartWith("ERROR :");
      expect(client.lines).toHaveLength(1);
    },
  );

  ircTest(
    "accepts 8 KiB and closes the connection after one byte more",
    async ({ irc, client }) => {
      client.sendBytes(utf8Encode(`${"x".repeat(254)}\r\n`.repeat(32)));
      await irc.site.quiet();
      expect(client.isClosed).toBe(false);
      client.send("");
      expect(await client.untilClosed()).toStartWith("ERROR :");
    },
  );

  ircTest("closes the connection after 120 seconds", async ({ irc, client }) => {
    await irc.site.time.advance(119_000);
    expect(client.isClosed).toBe(false);
    await irc.site.time.advance(2_000);
    expect(client.isClosed).toBe(true);
    expect(client.lines.at(-1)).toStartWith("ERROR :");
  });

  test("does not keep a connection open for lines that are never complete", async () => {
    const { irc, client } = await start();
    for (let i = 0; i < 121; i++) {
      if (!client.isClosed) client.sendBytes(utf8Encode("x"));
      await irc.site.time.advance(1_000);
    }
    expect(client.isClosed).toBe(true);
  });
});

describe("after the log-in", () => {
  test("sends the burst in the order that clients expect", async () => {
    const irc = await IrcSite.open({ welcome: "Be kind.\n\nBack up at 5." });
    const ben = await irc.member("ben");
    await irc.member("ana");
    await ben.request("topic", { room: "lobby", topic: "news" });
    const client = await irc.client("ana", "");
    const commands = client.lines.map((line) => line.split(" ")[1] ?? "");
    const start = commands.indexOf("001");
    expect(commands.slice(start).filter((command) => command !== "005")).toEqual([
      ...["001", "002", "003", "004", "375", "372", "372", "372", "376"],
      ...["JOIN", "332", "333", "353", "366", "PONG"],
    ]);
  });

  test("pings an idle client, and closes the connection of one that does not answer", async () => {
    const { irc } = await start();
    const [idle, dead] = [await irc.client("ana"), await irc.client("ana")];
    for (let i = 0; i < 5; i++) {
      await irc.site.time.advance(60_000);
      if (idle.lines.at(-1)?.includes("PING") === true) idle.send("PONG :chat");
    }
    expect(idle.isClosed).toBe(false);
    expect(dead.isClosed).toBe(true);
    expect(dead.lines.at(-1)).toContain("ping timeout");
  });

  test("holds what arrives between the log-in and the end of the registration", async () => {
    const { irc, client } = await start();
    const ben = await irc.member("ben");
    await client.ask("CAP LS 302", `CAP REQ :batch server-time away-notify`);
    await client.ask("NICK ana", "USER ana 0 * :ana");
    await sasl(client, plain("ana", "sesame-ana"));
    await client.until(" 903 ");
    for (let i = 1; i <= 1_100; i++) await irc.site.wait(ben.post(`message ${i}`));
    const cleo = await irc.member("cleo");
    cleo.hangUp();
    expect(await client.news()).toEqual([]);
    client.send("CAP END");
    await client.until(" 001 ");
    await client.sync();
    const end = client.lines.findIndex((line) => line.includes(" 366 "));
    const texts = client.lines.flatMap((line) => /:message (\d+)$/.exec(line)?.[1] ?? []);
    expect(texts).toEqual(Array.from({ length: 1_100 }, (_, i) => `${i + 1}`));
    expect(client.lines.findIndex((line) => line.endsWith(":message 1"))).toBeGreaterThan(end);
  });

  test("ends a registration that is open for longer than messages can be held", async () => {
    const { irc, client } = await start();
    const ben = await irc.member("ben");
    await client.ask("CAP LS 302", "NICK ana", "USER ana 0 * :ana");
    await sasl(client, plain("ana", "sesame-ana"));
    await client.until(" 903 ");
    for (let i = 1; i <= 1_010; i++) {
      await irc.site.wait(ben.post(`message ${i}`));
      await irc.site.quiet();
    }
    expect(client.isClosed).toBe(true);
    expect(client.lines.at(-1)).toStartWith("ERROR ");
    expect(client.lines.join("\n")).not.toContain(":message");
  });
});
