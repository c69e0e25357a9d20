import { expect, test } from "bun:test";
import { ircPair } from "./irc-site.ts";

test("shows a group as a secret channel that only its members find", async () => {
  const { irc, ana, one, two } = await ircPair();
  await irc.member("eve");
  await irc.member("kim");
  const three = await irc.client("eve");
  const four = await irc.client("kim");
  const { name } = await ana.request("conversation", { users: ["ben", "kim"] });
  await irc.site.quiet();
  const channel = `#${name}`;
  expect((await two.news()).join("\n")).toContain(`JOIN ${channel}`);
  expect((await two.ask(`MODE ${channel}`)).join("\n")).toMatch(/ 324 ben \S+ \+\w*s/);
  expect((await four.ask(`TOPIC ${channel}`)).join("\n")).toContain(" :ana, ben, kim");
  await two.ask(`PRIVMSG ${channel} :our plan`);
  await irc.site.quiet();
  expect((await one.news()).join("\n")).toContain(`PRIVMSG ${channel} :our plan`);
  await two.ask(`TOPIC ${channel} :Trip`);
  await irc.site.quiet();
  expect((await four.news()).join("\n")).toContain(`TOPIC ${channel} :Trip`);
  const hidden = /our plan|Trip|:ana!|:kim!/;
  for (const line of [
    `JOIN ${channel}`,
    `PRIVMSG ${channel} :hello`,
    `CHATHISTORY LATEST ${channel} * 10`,
    `NAMES ${channel}`,
    `WHO ${channel}`,
    `TOPIC ${channel}`,
    `TOPIC ${channel} :mine`,
    `MODE ${channel}`,
    `MODE ${channel} +m`,
    `KICK ${channel} ben`,
    `INVITE eve ${channel}`,
    `KNOCK ${channel}`,
    "LIST",
    "WHOIS kim",
  ]) {
    const answer = (await three.ask(line)).join("\n");
    expect([line, hidden.test(answer), line.includes(channel) || !answer.includes(name)]).toEqual([
      line,
      false,
      true,
    ]);
  }
  await irc.site.quiet();
  expect(ana.room(name)?.people).toHaveLength(2);
  await two.ask(`INVITE eve ${channel}`);
  await irc.site.quiet();
  expect((await three.news()).join("\n")).toContain(`JOIN ${channel}`);
  expect((await four.news()).join("\n")).toContain(`:eve!`);
  await three.ask(`PART ${channel}`);
  expect((await three.ask(`JOIN ${channel}`)).join("\n")).toMatch(/ 403 /);
});

test("PART from a group names who began it, and SILENCE prevents a second time", async () => {
  const { irc, ana, two } = await ircPair();
  await irc.member("kim");
  const { name } = await ana.request("conversation", { users: ["ben", "kim"] });
  await irc.site.quiet();
  const left = (await two.ask(`PART #${name}`)).join("\n");
  expect(left).toContain("to keep ana from adding you again: /SILENCE +ana");
  expect(await two.ask("SILENCE +nobody")).toEqual([expect.stringContaining(" 401 ben +nobody")]);
  await two.ask("SILENCE +ana!*@*");
  expect(await two.ask("SILENCE")).toEqual([
    ":chat 271 ben ana!*@*",
    expect.stringContaining(" 272 ben "),
  ]);
  expect(await ana.refusal("invite-user", { room: name, user: "ben" })).toBe("not-allowed");
  await two.ask("SILENCE -ana");
  expect(await two.ask("SILENCE")).toHaveLength(1);
  await ana.request("invite-user", { room: name, user: "ben" });
});
