import { expect } from "bun:test";
import { IrcSite } from "../server/irc/irc-site.ts";
import { siteWith } from "../server/site.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

const TOKEN = "operator's token";

/** Names that each line of an IRC client mentions. */
async function mentionsIn(...lines: readonly string[]): Promise<readonly unknown[]> {
  const irc = await IrcSite.open();
  await irc.member("ana");
  const ben = await irc.member("ben");
  const client = await irc.client("ben");
  for (const line of lines) client.send(`PRIVMSG #lobby :${line}`);
  client.send("PING end");
  await client.until("PONG");
  await irc.site.quiet();
  return ben.records.flatMap(({ head, body }) =>
    head.kind === "text" ? [body?.["mentions"]] : [],
  );
}

/** A program's message mentions people, and not everyone, which the rules of a room may refuse. */
async function callsByProgram(type: string, body: string): Promise<void> {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { operatorToken: TOKEN });
  await ben.request("operate", { token: TOKEN });
  const { token } = await ben.request("invite", { post: "lobby" });
  const headers = { authorization: `Bearer ${token}`, "content-type": type };
  const { status } = await site.wait(site.fetch("/rooms/lobby", { method: "POST", headers, body }));
  await site.quiet();
  const posted = ana.records.at(-1)?.body;
  expect([status, posted?.["mentions"], posted?.["everyone"]]).toEqual([
    200,
    ["ana", "everyone"],
    undefined,
  ]);
}

const FORMATS = ["\x02", "\x1d", "\x1f", "\x1e", "\x11", "\x16", "\x034"];

testRule("a name that calls alerts, however it is written", "be alerted", {
  page: heldBy(
    "core/model/update.test.ts",
    "notifies of mentions unless read, visible or during catch-up",
  ),
  "page: notification": heldBy(
    "page/attention.test.ts",
    "notifies of mentions and direct messages once the user has enabled it",
  ),
  push: heldBy("server/push/service.test.ts", "pushes only mentions in a conversation"),
  "full screen": heldBy(
    "core/model/update.test.ts",
    "notifies of mentions unless read, visible or during catch-up",
  ),
  "line mode": heldBy(
    "core/model/update.test.ts",
    "notifies of mentions unless read, visible or during catch-up",
  ),
  "join --json": exempt("each text carries its mentions, and the script decides"),
  "history --follow --exec": exempt("a script chooses its messages by --from and --grep"),
  IRC: async () => {
    const inside = FORMATS.map((code) => `${code}ana${code}: build failed`);
    const around = FORMATS.map((code) => `${code}ana:${code} build failed`);
    const all = ["ana: build failed", "@ana build failed", ...inside, ...around];
    const without = ["anaconda: a snake", "ana build failed", "** ana"];
    expect(await mentionsIn(...all)).toEqual(all.map(() => ["ana"]));
    expect(await mentionsIn(...without)).toEqual(without.map(() => undefined));
  },
  "encrypted room": heldBy("client/sealed/unread.test.ts", "notifies of mentions and replies"),
  conversation: heldBy("server/push/service.test.ts", "pushes only mentions in a conversation"),
  thread: heldBy("client/sealed/unread.test.ts", "notifies of mentions and replies"),
  "caption of a file": heldBy("core/model/item.test.ts", "finds mentions in a caption"),
  "edited text": heldBy("core/model/item.test.ts", "finds mentions in an edited caption"),
  HTTP: () => callsByProgram("text/plain", "@ana build failed, @everyone"),
  webhook: () => callsByProgram("application/json", '{"text":"@ana build failed, @everyone"}'),
});
