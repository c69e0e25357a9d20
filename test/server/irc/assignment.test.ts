import { expect, test } from "bun:test";
import { ircPair } from "./irc-site.ts";

test("sends a message in an assignment room to the author's box alone", async () => {
  const { irc, ana, ben, one, two } = await ircPair();
  const eve = await irc.member("eve");
  const three = await irc.client("eve");
  await ana.request("join", { room: "lab", create: true });
  await ana.request("rules", { room: "lab", post: "private" });
  await irc.site.quiet();
  await two.ask("JOIN #lab");
  await three.ask("JOIN #lab");
  expect([...two.lines].join("\n")).toContain(
    "#lab: only you and the moderators see what you write here",
  );
  await one.news();
  await two.ask("PRIVMSG #lab :my secret essay");
  await irc.site.quiet();
  expect(ben.room("lab@ben")).toBeDefined();
  expect((await one.news()).join("\n")).toMatch(/PRIVMSG #lab@ben :my secret essay/);
  expect((await two.news()).join("\n")).not.toMatch(/PRIVMSG #lab /);
  await one.ask("PRIVMSG #lab@ben :well done");
  expect((await two.news()).join("\n")).toContain("PRIVMSG #lab@ben :well done");
  await one.ask("PRIVMSG #lab :the next task");
  await irc.site.quiet();
  const seen = [...three.lines, ...(await three.news())].join("\n");
  expect(seen).toContain("PRIVMSG #lab :the next task");
  for (const hidden of ["lab@ben", "essay", "well done"]) expect(seen).not.toContain(hidden);
  for (const line of [
    "JOIN #lab@ben",
    "PRIVMSG #lab@ben :hello",
    "CHATHISTORY LATEST #lab@ben * 10",
    "NAMES #lab@ben",
    "WHO #lab@ben",
    "TOPIC #lab@ben",
    "MODE #lab@ben",
    "KNOCK #lab@ben",
  ]) {
    const answer = (await three.ask(line)).join("\n");
    expect([line, answer]).not.toEqual([line, expect.stringMatching(/essay|well done|ana|:ben!/)]);
  }
  expect(eve.room("lab@ben")).toBeUndefined();
});

test("asks again before a message has other readers than its author expected", async () => {
  const { irc, ana, one, two } = await ircPair();
  const refusal = (readers: string) =>
    `:chat 404 ben #lab :not sent: ${readers} would read this now; send it again after 5 seconds`;
  const set = async (post: "private" | "everyone") => {
    await ana.request("rules", { room: "lab", post });
    await irc.site.quiet();
  };
  await ana.request("join", { room: "lab", create: true });
  await set("private");
  await two.ask("JOIN #lab");
  await two.ask("PRIVMSG #lab :my essay");
  await set("everyone");
  await one.news();
  const paste = ["one", "two", "three"].map((text) => `PRIVMSG #LAB :${text}`);
  const refused = await two.ask(
    ...paste,
    "NOTICE #lab :four",
    "PRIVMSG #lab :\u0001ACTION five\u0001",
  );
  const everyone = refusal("everyone in the channel");
  expect(refused.filter((line) => line.toLowerCase().includes("404 ben #lab"))).toEqual([
    ...paste.map(() => everyone.replace("#lab", "#LAB")),
    everyone,
  ]);
  expect((await one.news()).join("\n")).not.toMatch(/PRIVMSG|NOTICE/);
  await irc.site.time.advance(5_000);
  await two.ask("PRIVMSG #lab :for everyone", "PRIVMSG #lab :and this");
  expect((await one.news()).join("\n")).toMatch(/#lab :for everyone\n.*#lab :and this$/);

  await set("private");
  expect(await two.ask("PRIVMSG #lab :for everyone")).toContain(refusal("only the moderators"));
  await irc.site.time.advance(5_000);
  await two.ask("PRIVMSG #lab :for the moderators");
  expect((await one.news()).join("\n")).toMatch(/#lab@ben :for the moderators/);

  await ana.request("grant", { room: "lab", user: "ben", on: true });
  await irc.site.quiet();
  expect(await two.ask("PRIVMSG #lab :my work")).toContain(everyone);
});
