import { expect } from "bun:test";
import type { Fault } from "../../src/base/fault.ts";
import type { PostBody } from "../../src/wire/messages.ts";
import type { Guest } from "../server/guest.ts";
import { IrcSite } from "../server/irc/irc-site.ts";
import { Site, siteWith } from "../server/site.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

const TOKEN = "operator's token";

function hasReceived(guest: Guest, text: string): boolean {
  return guest.records.some(({ body }) => body?.["text"] === text);
}

/** Types a direct message, which the server permits to operators alone. */
async function isRefused(name: "page" | "full screen" | "line mode"): Promise<void> {
  const site = await Site.open({ operatorToken: TOKEN });
  const [ben, olga] = [await site.member("ben"), await site.member("olga")];
  await olga.request("operate", { token: TOKEN });
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  expect(await opened.type("/msg ben hello")).toBe("done");
  await olga.request("server-rules", { direct: "operators" });
  expect(await opened.type("/msg ben psst")).toBe("not-allowed");
  await opened.close();
  expect([hasReceived(ben, "psst"), hasReceived(ben, "hello")]).toEqual([false, true]);
}

async function isRefusedByIrc(): Promise<void> {
  const irc = await IrcSite.open();
  const olga = await irc.operator("olga");
  await irc.member("ana");
  const ben = await irc.member("ben");
  const client = await irc.client("ana");
  await olga.request("server-rules", { direct: "operators" });
  client.send("PRIVMSG ben :psst");
  client.send("PING end");
  await client.until("PONG");
  await irc.site.quiet();
  expect(hasReceived(ben, "psst")).toBe(false);
  expect(client.lines.join("\n")).toMatch(/ben .*direct messages|direct messages.*ben/i);
}

async function isRefusedAs(body: Partial<PostBody>): Promise<void> {
  const { site, ana, ben, olga } = await siteWith(["ana", "ben", "olga"], { operatorToken: TOKEN });
  await olga.request("operate", { token: TOKEN });
  const { seq } = await site.wait(ana.post("before", "@ben"));
  await olga.request("server-rules", { direct: "operators" });
  const fields = body.thread === true ? { ...body, re: seq } : body;
  const post = ana.post("psst", "@ben", undefined, fields);
  expect(await site.wait(post.catch(({ code }: Fault) => code as never))).toBe(
    "not-allowed" as never,
  );
  expect(hasReceived(ben, "psst")).toBe(false);
}

testRule("a conversation that the server forbids takes no message", "send a text", {
  page: () => isRefused("page"),
  "full screen": () => isRefused("full screen"),
  "line mode": () => isRefused("line mode"),
  send: heldBy(
    "server/rooms/server-rules.test.ts",
    "direct messages only from and to moderators of a common room, or operators",
  ),
  "piped send": heldBy(
    "server/rooms/server-rules.test.ts",
    "direct messages only from and to moderators of a common room, or operators",
  ),
  IRC: isRefusedByIrc,
  HTTP: exempt("the token of a program is for one room, and never for a conversation"),
  webhook: exempt("the address of a webhook is for one room, and never for a conversation"),
  import: exempt("moderators import into rooms, and nobody into a conversation"),
  "encrypted room": exempt(
    "a room has its own rules; conversations are refused before they are read",
  ),
  conversation: () => isRefusedAs({}),
  thread: () => isRefusedAs({ thread: true }),
});
