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
