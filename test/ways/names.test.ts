import { expect } from "bun:test";
import { type Fault, unlessFault } from "../../src/base/fault.ts";
import { parseRoom } from "../../src/base/names.ts";
import { parseUserName } from "../../src/cli/flags.ts";
import { parseSearch } from "../../src/ui/search-query.ts";
import type { Guest } from "../server/guest.ts";
import { IrcSite } from "../server/irc/irc-site.ts";
import { Site } from "../server/site.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

type InterfaceName = "page" | "full screen" | "line mode";

const TOKEN = "operator's token";
/** Ways to write ben, whose account was benny before. */
const PEOPLE = ["ben", "@ben", "BEN", "@Ben", "benny", "@benny"];
const ROOMS = ["den", "#den", "DEN", "#Den"];
const BOXES = ["work@ana", "#work@ana", "WORK@Ana", "#Work@ANA"];
const ADDRESSES = ["10.0.0.1/den", "chat://chat.example/den?fp=x#s", "https://chat.example/#/den"];
const TIMES = { nowUnixMs: 0, offsetMinutes: () => 0 };

async function renamedSite() {
  const site = await Site.open({ operatorToken: TOKEN });
  const olga = await site.member("olga");
  await olga.request("operate", { token: TOKEN });
  const benny = await site.member("benny");
  await olga.request("rename", { user: "benny", to: "ben" });
  return { site, olga, ben: await site.again(benny, "ben") };
}

/** Kicks ben from a room, asks about him and writes to him, by each of his names. */
async function findsPerson(name: InterfaceName): Promise<void> {
  const { site, ben } = await renamedSite();
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  const codes: string[] = [];
  const expected: string[] = [];
  await opened.type("/join den");
  for (const form of PEOPLE) {
    await ben.request("join", { room: "den" });
    for (const line of [`/kick ${form}`, `/whois ${form}`, `/msg ${form} hi`, "/join den"]) {
      codes.push(`${line}: ${await opened.type(line)}`);
      expected.push(`${line}: done`);
    }
  }
  expect(codes).toEqual(expected);
  const texts = ben.records.flatMap(({ head, body }) => (body?.["text"] === "hi" ? head.seq : []));
  expect(new Set(texts).size).toBe(PEOPLE.length);
}

async function findsRoom(name: InterfaceName): Promise<void> {
  const site = await Site.open();
  const ben = await site.member("ben");
  await ben.request("join", { room: "den", create: true });
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  for (const form of ROOMS) {
    await opened.type("/join lobby");
    expect([await opened.type(`/join ${form}`), opened.target]).toEqual(["done", "den"]);
  }
  await ben.request("join", { room: "work", create: true });
  await ben.request("rules", { room: "work", post: "private" });
  await opened.type("/join work");
  expect(await opened.type("/msg work@ana my answer")).toBe("done");
  for (const form of BOXES) {
    await opened.type("/join lobby");
    expect([await opened.type(`/join ${form}`), opened.target]).toEqual(["done", "work@ana"]);
  }
  const refusal = name === "page" ? "usage" : "name-invalid";
  for (const form of ADDRESSES) expect(await opened.type(`/join ${form}`)).toBe(refusal);
}

/** In a conversation, commands of rooms mean the room that was open before. */
async function meansLastRoom(name: InterfaceName): Promise<void> {
  const site = await Site.open();
  const ben = await site.member("ben");
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  await opened.type("/join den");
  await ben.request("join", { room: "den" });
  await opened.type("/msg ben");
  expect([opened.target, await opened.type("/kick ben")]).toEqual(["@ben", "done"]);
  expect(await site.wait(ben.post("still in", "den").catch(({ code }: Fault) => code))).toBe(
    "not-member",
  );
}

/** A command sends the name as it was typed, without its sign. */
async function findsPersonByRequest(): Promise<void> {
  const { olga } = await renamedSite();
  for (const form of PEOPLE) {
    const { user } = await olga.request("whois", { user: parseUserName(form) });
    expect(user).toBe("ben");
  }
}

async function findsRoomByRequest(): Promise<void> {
  const site = await Site.open();
  const ben = await site.member("ben");
  await ben.request("join", { room: "den", create: true });
  for (const form of ADDRESSES) {
    const read = unlessFault(() => parseRoom(form));
    expect(read).toBeUndefined();
  }
  for (const form of ROOMS) {
    const { users } = await ben.request("who", { room: parseRoom(form) });
    expect(users.map(({ user }) => user)).toEqual(["ben"]);
  }
}

async function findsPersonOverIrc(): Promise<void> {
  const irc = await IrcSite.open();
  await irc.operator("olga");
  await irc.member("ben");
  const client = await irc.client("olga");
  for (const form of ["ben", "BEN", "Ben"]) {
    expect((await client.ask(`WHOIS ${form}`)).join("\n")).toContain(" 311 olga ben ");
  }
}

async function findsRoomOverIrc(): Promise<void> {
  const irc = await IrcSite.open();
  const ben = await irc.member("ben");
  await ben.request("join", { room: "den", create: true });
  const client = await irc.client("ben");
  for (const form of ["#den", "#DEN"]) {
    expect((await client.ask(`NAMES ${form}`)).join("\n")).toMatch(/ 353 ben . #den :.*ben/);
  }
}

/** A sign in the path is encoded, because # begins the fragment of an address. */
async function findsRoomOverHttp(): Promise<void> {
  const site = await Site.open({ operatorToken: TOKEN });
  const ben = await site.member("ben");
  await ben.request("operate", { token: TOKEN });
  await ben.request("join", { room: "den", create: true });
  const { token } = await ben.request("invite", { post: "den", read: "den" });
  const headers = { authorization: `Bearer ${token}` };
  for (const form of ROOMS) {
    const path = `/rooms/${encodeURIComponent(form)}`;
    for (const init of [{}, { method: "POST", body: "x" }]) {
      const { status } = await site.wait(site.fetch(path, { headers, ...init }));
      expect([form, status]).toEqual([form, 200]);
    }
  }
}

/** ben is in the room hall, which was den before, and has the display name Great Hall. */
async function renamedRoom() {
  const site = await Site.open({ operatorToken: TOKEN });
  const ben = await site.member("ben");
  await ben.request("operate", { token: TOKEN });
  await ben.request("join", { room: "den", create: true });
  return { site, ben };
}

async function rename(ben: Guest): Promise<void> {
  await ben.request("rename", { room: "den", to: "hall", title: "Great Hall" });
}

async function refusesFormerName(name: InterfaceName): Promise<void> {
  const { site, ben } = await renamedRoom();
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  await opened.type("/join den");
  await rename(ben);
  await site.quiet();
  expect(await opened.type("/msg #den by the former name")).toBe("room-unknown");
  expect(await opened.type("/msg #HALL by the present one")).toBe("done");
  await site.quiet();
  const texts = ben.records.flatMap(({ body }) => body?.["text"] ?? []);
  expect(texts).toEqual(["by the present one"]);
}

async function refusesFormerNameOverIrc(): Promise<void> {
  const irc = await IrcSite.open();
  const olga = await irc.operator("olga");
  await olga.request("join", { room: "den", create: true });
  const client = await irc.client("olga");
  await olga.request("rename", { room: "den", to: "hall" });
  expect((await client.ask("PRIVMSG #den :hi")).join("\n")).toMatch(
    / 403 olga #den :'den' is now called 'hall'/,
  );
}

async function refusesFormerNameOverHttp(): Promise<void> {
  const { site, ben } = await renamedRoom();
  const { token } = await ben.request("invite", { post: "den", read: "den" });
  await rename(ben);
  const headers = { authorization: `Bearer ${token}` };
  const post = { method: "POST", headers, body: "x" };
  const refused = await site.wait(site.fetch("/rooms/den", post));
  expect([refused.status, await refused.text()]).toEqual([
    404,
    expect.stringContaining("'den' is now called 'hall'"),
  ]);
  expect((await site.wait(site.fetch("/rooms/hall", post))).status).toBe(200);
  const json = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ attachments: [{ text: "built" }] });
  const hook = { method: "POST", headers: json, body };
  expect((await site.wait(site.fetch("/rooms/den", hook))).status).toBe(200);
}

/** A display name is no target: the refusal has the name to type. */
async function refusesTitle(name: InterfaceName): Promise<void> {
  const { site, ben } = await renamedRoom();
  await rename(ben);
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  for (const line of ["/join Great Hall", "/join GreatHall", "/join great-hall"])
    expect([line, await opened.type(line)]).toEqual([line, "name-taken"]);
  expect([await opened.type("/join hall"), opened.target]).toEqual(["done", "hall"]);
}

async function refusesTitleByRequest(): Promise<void> {
  const { site, ben } = await renamedRoom();
  await rename(ben);
  const ana = await site.member("ana");
  const { code, remedy } = await ana.refused("who", { room: "great-hall" });
  expect([code, remedy]).toEqual(["room-unknown", "'Great Hall' has the name hall: /join hall"]);
}

async function refusesTitleOverIrc(): Promise<void> {
  const irc = await IrcSite.open();
  const olga = await irc.operator("olga");
  await olga.request("join", { room: "hall", create: true, title: "Great Hall" });
  const client = await irc.client("olga");
  expect((await client.ask("JOIN #great-hall")).join("\n")).toContain("is the display name");
}

testRule("nobody posts into a room by its former name", "name a room", {
  page: () => refusesFormerName("page"),
  "full screen": () => refusesFormerName("full screen"),
  "line mode": () => refusesFormerName("line mode"),
  command: heldBy("e2e/room-titles.test.ts", "refuses to post by a former name"),
  "admin command": heldBy(
    "commands/admin/import-plan.test.ts",
    "a former name of a room never swallows a new class",
  ),
  IRC: refusesFormerNameOverIrc,
  HTTP: refusesFormerNameOverHttp,
});

testRule("what looks like a room's display name is refused with its name", "name a room", {
  page: exempt("the page asks before it creates a room, and lists the one of that display name"),
  "full screen": () => refusesTitle("full screen"),
  "line mode": () => refusesTitle("line mode"),
  command: refusesTitleByRequest,
  "admin command": refusesTitleByRequest,
  IRC: refusesTitleOverIrc,
  HTTP: exempt("an address has the name that the token was made for, and no other"),
});

testRule("a room with a display name is listed by it for people", "list something", {
  page: heldBy("page/room-titles.test.ts", "shows the display name of a room"),
  "full screen": heldBy("cli/screen/view/room-titles.test.ts", "shows the display name of a room"),
  "line mode": heldBy("e2e/room-titles.test.ts", "shows the display name of a room"),
  "join --json": heldBy("e2e/room-titles.test.ts", "shows the display name of a room"),
  command: heldBy("e2e/room-titles.test.ts", "shows the display name of a room"),
  "command --json": heldBy("e2e/room-titles.test.ts", "shows the display name of a room"),
  IRC: exempt("a channel is listed by the name that one joins, with its topic"),
});

testRule("in a conversation, the room that was open last is meant", "name a room", {
  page: () => meansLastRoom("page"),
  "full screen": () => meansLastRoom("full screen"),
  "line mode": () => meansLastRoom("line mode"),
  command: exempt("a command has no open conversation, and names its room"),
  "admin command": exempt("a command has no open conversation, and names its room"),
  IRC: exempt("an IRC client writes the channel into each line"),
  HTTP: exempt("the address of each request has the room"),
});

testRule("a person is named by the account or its former name, in any case", "name a person", {
  "page: text": exempt("a text calls who has the name now; it is not looked up"),
  "page: fields": () => findsPerson("page"),
  "full screen": () => findsPerson("full screen"),
  "line mode": () => findsPerson("line mode"),
  command: findsPersonByRequest,
  "admin command": findsPersonByRequest,
  "class list": heldBy(
    "commands/admin/class-list.test.ts",
    "keeps a name that an account cannot have",
  ),
  IRC: findsPersonOverIrc,
  "search filter": () => {
    for (const form of ["ben", "@ben"])
      expect(parseSearch(`from:${form} x`, { ...TIMES, open: undefined })?.from).toBe("ben");
  },
});

testRule("a room is named with or without its sign, in any case", "name a room", {
  page: () => findsRoom("page"),
  "full screen": () => findsRoom("full screen"),
  "line mode": () => findsRoom("line mode"),
  command: findsRoomByRequest,
  "admin command": findsRoomByRequest,
  IRC: findsRoomOverIrc,
  HTTP: findsRoomOverHttp,
});
