import { expect } from "bun:test";
import type { Guest } from "../server/guest.ts";
import { IrcSite } from "../server/irc/irc-site.ts";
import { Site, siteWith } from "../server/site.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
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

const NAMES = "@ben @cleo @nur @benny: look";

/** Names of the two people whom messages call: ben, who is a member, and cleo, who is not. */
async function calledOf(people: Readonly<Record<string, Guest>>): Promise<string[]> {
  const called: string[] = [];
  for (const [name, person] of Object.entries(people)) {
    const { calls } = await person.request("inbox", {});
    called.push(...calls.map(({ reason }) => `${reason} ${name}`));
  }
  return called;
}

async function hall(site: Site) {
  const [ben, cleo] = [await site.member("ben"), await site.member("cleo")];
  await ben.request("join", { room: "hall", create: true });
  return { ben, cleo };
}

async function callsFrom(name: string): Promise<void> {
  const site = await Site.open();
  const people = await hall(site);
  const ana = await (INTERFACES[name] ?? expect.unreachable())(site);
  await ana.type("/join hall");
  await ana.type(NAMES);
  await site.quiet();
  expect(await calledOf(people)).toEqual(["mention ben"]);
  await ana.close();
}

async function callsFromIrc(): Promise<void> {
  const irc = await IrcSite.open();
  const people = await hall(irc.site);
  await irc.member("ana");
  const ana = await irc.client("ana");
  ana.send("JOIN #hall", `PRIVMSG #hall :${NAMES}`, "PING end");
  await ana.until("PONG");
  await irc.site.quiet();
  expect(await calledOf(people)).toEqual(["mention ben"]);
}

async function callsFromToken(type: string, body: string): Promise<void> {
  const { site, ana } = await siteWith(["ana"], { operatorToken: TOKEN });
  const people = await hall(site);
  await ana.request("join", { room: "hall" });
  await ana.request("operate", { token: TOKEN });
  const { token } = await ana.request("invite", { post: "hall" });
  const headers = { authorization: `Bearer ${token}`, "content-type": type };
  await site.wait(site.fetch("/rooms/hall", { method: "POST", headers, body }));
  await site.quiet();
  expect(await calledOf(people)).toEqual(["mention ben"]);
}

/** A post as `chat send` and older programs make it, which list no mentions themselves. */
async function callsFromText(to: string, fields: object = {}): Promise<string[]> {
  const { site, ana } = await siteWith(["ana"]);
  const people = await hall(site);
  await ana.request("join", { room: "hall" });
  const { seq } = await site.wait(ana.post("root", "hall"));
  const body = "thread" in fields ? { ...fields, re: seq } : fields;
  await site.wait(ana.post(NAMES, to, undefined, body));
  await site.quiet();
  return calledOf(people);
}

testRule("a name calls the member whose it is, and nobody else", "send a text", {
  page: () => callsFrom("page"),
  "full screen": () => callsFrom("full screen"),
  "line mode": () => callsFrom("line mode"),
  send: async () => expect(await callsFromText("hall")).toEqual(["mention ben"]),
  "piped send": async () => expect(await callsFromText("hall")).toEqual(["mention ben"]),
  IRC: callsFromIrc,
  HTTP: () => callsFromToken("text/plain", NAMES),
  webhook: () => callsFromToken("application/json", JSON.stringify({ text: NAMES })),
  import: exempt("an imported message was read elsewhere, and calls nobody"),
  "encrypted room": heldBy("client/sealed/unread.test.ts", "names only members in mentions"),
  conversation: async () => expect(await callsFromText("@cleo")).toEqual([]),
  thread: async () => {
    expect(await callsFromText("hall", { thread: true })).toEqual(["mention ben"]);
  },
});

testRule("a call that was read on one device counts on none", "count unread messages", {
  page: heldBy("core/model/reading.test.ts", "reads a call that was seen behind a gap"),
  "page: title and badge": heldBy(
    "core/model/reading.test.ts",
    "reads a call that was seen behind a gap",
  ),
  "page: Activity": heldBy("core/model/reading.test.ts", "reads a call that was seen behind a gap"),
  "full screen": heldBy("core/model/reading.test.ts", "reads a call that was seen behind a gap"),
  "line mode": exempt("it prints every message in order, so that no gap arises"),
  rooms: heldBy("server/rooms/calls.test.ts", "counts a call that was read behind a gap on no"),
  "rooms --json": heldBy(
    "server/rooms/calls.test.ts",
    "counts a call that was read behind a gap on no",
  ),
  "join --json": exempt("its lines tell the read position, and count no calls"),
  "IRC read marker": exempt("the marker of IRC is one time, which stops before the gap"),
  push: heldBy("server/push/service.test.ts", "skips a call that was read behind a gap"),
  thread: heldBy("core/model/reading.test.ts", "does not read a call in a thread with the"),
  "linked device": heldBy(
    "server/rooms/calls.test.ts",
    "counts a call that was read behind a gap on no",
  ),
});
