import { expect, test } from "bun:test";
import type { IrcClient } from "./irc-client.ts";
import { IrcSite } from "./irc-site.ts";

const CHANGE = / NOTICE ana :your account: (.*) at \d{4}-\d\d-\d\dT[\d:.]+Z; if you don't know why/;

const changesIn = (lines: readonly string[]) =>
  lines.flatMap((line) => CHANGE.exec(line)?.[1] ?? []);

async function start() {
  const irc = await IrcSite.open({ signs: true });
  const olga = await irc.operator("olga");
  const ana = await irc.member("ana");
  const logIn = async () => {
    const client = await irc.client("ana");
    await irc.site.quiet();
    return { client, changes: changesIn(client.lines) };
  };
  const addPassword = () => olga.request("irc-password", { user: "ana" });
  return { irc, olga, ana, logIn, addPassword };
}

async function logOut(irc: IrcSite, client: IrcClient): Promise<void> {
  client.lose();
  await irc.site.quiet();
}

test("tells IRC clients at once what others did to the account", async () => {
  const { irc, logIn, addPassword } = await start();
  const clients = [(await logIn()).client, (await logIn()).client];
  await addPassword();
  await irc.site.quiet();
  for (const client of clients) {
    expect(changesIn(client.lines)).toEqual(["IRC password added by olga"]);
  }
  for (const client of clients) await logOut(irc, client);
  expect((await logIn()).changes).toEqual([]);
});

test("tells an IRC client at its next log-in, once, also after a restart", async () => {
  const { irc, olga, ana, logIn, addPassword } = await start();
  const first = await logIn();
  // The first client of an account starts with its newest record.
  expect(first.changes).toEqual([]);
  await logOut(irc, first.client);
  await addPassword();
  await ana.request("bot", { on: true });
  await olga.request("reset", { user: "ana" });
  await irc.restart();
  const second = await logIn();
  expect(second.changes).toEqual(["IRC password added by olga", "password reset by olga"]);
  await logOut(irc, second.client);
  expect((await logIn()).changes).toEqual([]);
});

test("does not tell clients of other accounts, or on a server without checkpoints", async () => {
  const { irc, logIn, addPassword } = await start();
  const other = await irc.client("olga");
  await logIn();
  await addPassword();
  await irc.site.quiet();
  expect(other.lines.filter((line) => line.includes("your account"))).toEqual([]);
  const unsigned = await IrcSite.open();
  const ana = await unsigned.member("ana");
  const client = await unsigned.client("ana");
  await ana.request("irc-password", {});
  await unsigned.site.quiet();
  expect(client.lines.filter((line) => /your account|CANNOT_COMPLETE/.test(line))).toEqual([]);
});
