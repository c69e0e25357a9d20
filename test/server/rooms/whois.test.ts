import { expect, test } from "bun:test";
import { siteWith } from "../site.ts";
import { operating, TOKEN } from "../site-lab.ts";

test("reports an account's age, presence and role", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const since = site.clock.unixMs();
  const ben = await site.member("Ben");
  const profile = await ana.request("whois", { user: "bEN" });
  expect(profile).toMatchObject({ user: "Ben", online: true, role: "member", rooms: ["lobby"] });
  expect(profile.since).toBeWithin(since, site.clock.unixMs() + 1);
  await ben.request("logout", {});
  expect(await ana.request("whois", { user: "ben" })).toMatchObject({ online: false });
  expect(await ben.refusal("whois", { user: "ana" })).toBe("not-logged-in");
});

test("lists only common rooms and no conversations", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  await ana.request("join", { room: "own", create: true });
  await ana.request("join", { room: "vault", create: true, sealed: true });
  await ana.request("join", { room: "dev", create: true });
  await ben.request("join", { room: "dev" });
  await ben.request("join", { room: "away", create: true });
  await site.wait(ana.post("hi", "@ben"));
  const roomsOf = async (asker: typeof ana, user: string) =>
    (await asker.request("whois", { user })).rooms;
  expect(await roomsOf(ben, "ana")).toEqual(["dev", "lobby"]);
  expect(await roomsOf(ana, "ben")).toEqual(["dev", "lobby"]);
  expect(await roomsOf(ana, "ana")).toEqual(["dev", "lobby", "own", "vault"]);
  await ben.request("leave", { room: "dev" });
  expect(await roomsOf(ana, "ben")).toEqual(["lobby"]);
});

test("does not find removed accounts, and finds renamed ones by both names", async () => {
  const { ana, olga } = await siteWith(["ana", "eve", "olga"], { operatorToken: TOKEN });
  await operating(olga);
  await olga.request("grant", { user: "olga", on: true });
  expect(await ana.request("whois", { user: "olga" })).toMatchObject({ role: "operator" });
  await olga.request("rename", { user: "eve", to: "eva" });
  expect(await ana.request("whois", { user: "eve" })).toMatchObject({ user: "eva" });
  await olga.request("remove", { user: "eva" });
  expect(await ana.refusal("whois", { user: "eva" })).toBe("user-unknown");
  expect(await ana.refusal("whois", { user: "no name" })).toBe("name-invalid");
});
