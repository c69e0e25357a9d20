import { expect, test } from "bun:test";
import { siteWith } from "../site.ts";
import { operating, TOKEN } from "../site-lab.ts";

test("reports an account's age, presence and role", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const since = site.clock.unixMs();
  const ben = await site.member("Ben");
  const told = await ana.ask("whois", { user: "bEN" });
  expect(told).toMatchObject({ user: "Ben", online: true, role: "member", rooms: ["lobby"] });
  expect(told.since).toBeWithin(since, site.clock.unixMs() + 1);
  await ben.ask("logout", {});
  expect(await ana.ask("whois", { user: "ben" })).toMatchObject({ online: false });
  expect(await ben.refusal("whois", { user: "ana" })).toBe("not-logged-in");
});

test("lists only common rooms and no conversations", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  await ana.ask("join", { room: "own", create: true });
  await ana.ask("join", { room: "vault", create: true, sealed: true });
  await ana.ask("join", { room: "dev", create: true });
  await ben.ask("join", { room: "dev" });
  await ben.ask("join", { room: "away", create: true });
  await site.wait(ana.say("hi", "@ben"));
  const roomsOf = async (asker: typeof ana, user: string) =>
    (await asker.ask("whois", { user })).rooms;
  expect(await roomsOf(ben, "ana")).toEqual(["dev", "lobby"]);
  expect(await roomsOf(ana, "ben")).toEqual(["dev", "lobby"]);
  expect(await roomsOf(ana, "ana")).toEqual(["dev", "lobby", "own", "vault"]);
  await ben.ask("leave", { room: "dev" });
  expect(await roomsOf(ana, "ben")).toEqual(["lobby"]);
});

test("does not find removed accounts, and finds renamed ones by both names", async () => {
  const { ana, olga } = await siteWith(["ana", "eve", "olga"], { operatorToken: TOKEN });
  await operating(olga);
  expect(await ana.ask("whois", { user: "olga" })).toMatchObject({ role: "member" });
  await olga.ask("grant", { user: "olga", on: true });
  expect(await ana.ask("whois", { user: "olga" })).toMatchObject({ role: "operator" });
  await olga.ask("rename", { user: "eve", to: "eva" });
  expect(await ana.ask("whois", { user: "eve" })).toMatchObject({ user: "eva" });
  await olga.ask("remove", { user: "eva" });
  expect(await ana.refusal("whois", { user: "eva" })).toBe("user-unknown");
  expect(await ana.refusal("whois", { user: "no name" })).toBe("name-invalid");
});
