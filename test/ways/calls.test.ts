import { expect } from "bun:test";
import { IrcSite } from "../server/irc/irc-site.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

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
});
