import { describe, expect, test } from "bun:test";
import {
  ACCOUNTS_PER_ADDRESS_HOUR_MAX,
  ACCOUNTS_PER_INVITER_HOUR_MAX,
  INVITE_PLACES_MAX,
  INVITE_USES_MAX,
  INVITES_MAX,
  INVITES_PER_ACCOUNT_MAX,
  INVITES_PER_HOUR_MAX,
  INVITES_PER_HOUR_OPERATOR_MAX,
  INVITES_PER_OPERATOR_MAX,
  INVITES_RESERVED,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { banDraft, inviteDraft } from "../../../src/core/rooms/policy.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

const TOKEN = "operator-token";
const PASSWORD = "room-password";

async function closed(): Promise<{ site: Site; ana: Guest }> {
  const site = await Site.open({ operatorToken: TOKEN, roomPassword: PASSWORD });
  const ana = await site.member("ana");
  return { site, ana };
}

async function operator(): Promise<{ site: Site; ana: Guest }> {
  const { site, ana } = await closed();
  await ana.ask("operate", { token: TOKEN });
  return { site, ana };
}

/** Comes by this token and registers. */
async function comes(site: Site, name: string, secret: string): Promise<Guest> {
  const guest = await site.greeted();
  await guest.ask("admit", { secret });
  await guest.ask("register", guest.registration(name));
  return guest;
}

async function turnedAway(site: Site, secret: string) {
  const guest = await site.greeted();
  return guest.refused("admit", { secret });
}

describe("an invite", () => {
  test("says where the server is reached, as it is then", async () => {
    const { site, ana } = await operator();
    expect(await ana.ask("invite", {})).not.toHaveProperty("places");
    const places = Array.from({ length: INVITE_PLACES_MAX + 1 }, (_, i) => {
      return { host: `192.168.1.${i}`, port: 2428 };
    });
    site.server.reachedAt(() => places);
    expect((await ana.ask("invite", {})).places).toEqual(places.slice(0, INVITE_PLACES_MAX));
    expect(await ana.ask("invite", { post: "lobby" })).not.toHaveProperty("places");
  });

  test("admits as many as it says, and says so to whoever holds it", async () => {
    const { site, ana } = await closed();
    const { token, invite } = await ana.ask("invite", { uses: 2 });
    expect(token).toMatch(/^t[A-Za-z0-9_-]{22}$/);
    await comes(site, "ben", token);
    expect(await ana.ask("invites", {})).toEqual({ invites: [{ invite, by: "ana", usesLeft: 1 }] });
    await comes(site, "eve", token);
    const fault = await turnedAway(site, token);
    expect([fault.code, fault.message]).toEqual(["not-allowed", "this invite is used up"]);
    const guess = `${token.slice(0, -1)}${token.endsWith("A") ? "Q" : "A"}`;
    expect((await turnedAway(site, guess)).code).toBe("room-password-wrong");
    expect(await ana.ask("invites", {})).toEqual({ invites: [] });
    await site.stop();
  });

  test("of a member admits one, if they say no more; the token is stored nowhere", async () => {
    const { site, ana } = await closed();
    const { token } = await ana.ask("invite", {});
    expect((await ana.ask("invites", {})).invites[0]?.usesLeft).toBe(1);
    const bytes = Buffer.from(site.disk.fileAt("/d/accounts/000000000001.jsonl").shown);
    expect(bytes.includes(token)).toBe(false);
    await site.stop();
  });

  test("is not shared by two who come at once", async () => {
    const { site, ana } = await closed();
    const { token } = await ana.ask("invite", { uses: 1 });
    const guests = [await site.greeted(), await site.greeted()];
    for (const guest of guests) await guest.ask("admit", { secret: token });
    const outcomes = await site.wait(
      Promise.allSettled(
        guests.map((guest, i) => guest.send("register", guest.registration(`new${i}`))),
      ),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await site.stop();
  });

  test("keeps its count over a restart, and over a name that was taken", async () => {
    const { site, ana } = await closed();
    const { token } = await ana.ask("invite", { uses: 2 });
    const guest = await site.greeted();
    await guest.ask("admit", { secret: token });
    expect((await guest.refused("register", guest.registration("ana"))).code).toBe("name-taken");
    await guest.ask("register", guest.registration("ben"));
    await site.restart();
    const again = await site.again(ana, "ana");
    expect((await again.ask("invites", {})).invites[0]?.usesLeft).toBe(1);
    await comes(site, "eve", token);
    expect((await turnedAway(site, token)).message).toContain("used up");
    await site.stop();
  });

  test("is counted before whoever came is there, wherever the machine stops", async () => {
    const seen = new Set<string>();
    for (let calls = 1; calls < 12; calls++) {
      const { site, ana } = await closed();
      const { token } = await ana.ask("invite", { uses: 1 });
      const guest = await site.greeted();
      await guest.ask("admit", { secret: token });
      site.disk.stopAt(site.disk.calls + calls);
      guest.send("register", guest.registration("ben")).catch(() => undefined);
      await site.time.advance(200);
      if (!site.disk.isStopped) {
        seen.add("all was done");
        await site.stop();
        break;
      }
      site.disk.losePower();
      await site.restartAfterCrash();
      const isThere = site.registry.find(checkName("ben")) !== undefined;
      const { usesLeft } = site.registry.policy.invites(0)[0] ?? { usesLeft: 0 };
      if (isThere) expect(usesLeft).toBe(0);
      seen.add(isThere ? "ben is there" : "ben is not there");
    }
    expect([...seen].sort()).toEqual(["all was done", "ben is not there", "ben is there"]);
  });

  test("ends with its time, and when it is taken back", async () => {
    const { site, ana } = await closed();
    const expires = site.clock.unixMs() + 10_000;
    const one = await ana.ask("invite", { uses: 5, expires });
    const other = await ana.ask("invite", { uses: 5 });
    const guest = await site.greeted();
    await guest.ask("admit", { secret: other.token });
    await ana.ask("invite-revoke", { invite: other.invite });
    expect((await guest.refused("register", guest.registration("ben"))).message).toBe(
      "this invite was revoked",
    );
    expect((await turnedAway(site, other.token)).message).toBe("this invite was revoked");
    expect((await ana.refused("invite-revoke", { invite: other.invite })).code).toBe("not-found");
    await site.time.advance(10_001);
    expect((await turnedAway(site, one.token)).message).toBe("this invite has expired");
    expect(await ana.ask("invites", {})).toEqual({ invites: [] });
    await site.stop();
  });

  test("does not hold while its maker is banned", async () => {
    const { site, ana } = await operator();
    const ben = await comes(site, "ben", PASSWORD);
    const { token } = await ben.ask("invite", { uses: 5 });
    await ana.ask("ban", { user: "ben", on: true });
    expect((await turnedAway(site, token)).message).toBe("this invite does not hold now");
    await ana.ask("ban", { user: "ben", on: false });
    const guest = await site.greeted();
    await guest.ask("admit", { secret: token });
    await site.stop();
  });

  test("into a room holds while its maker is a member, or an operator", async () => {
    const { site, ana } = await operator();
    await ana.ask("join", { room: "lab", create: true, password: "sesame" });
    const ben = await comes(site, "ben", PASSWORD);
    await ben.ask("join", { room: "lab", password: "sesame" });
    const { token } = await ben.ask("invite", { room: "lab", uses: 5 });
    const { token: elsewhere } = await ben.ask("invite", { uses: 5 });
    const early = await comes(site, "early", token);
    const admitted = await site.greeted();
    await admitted.ask("admit", { secret: token });
    const eve = await site.member("eve");
    await ana.ask("kick", { room: "lab", user: "ben" });
    const sentence = "this invite does not hold now";
    // Each way in: with the token, with a link that had shown it, and into the room by it.
    expect((await turnedAway(site, token)).message).toBe(sentence);
    expect((await admitted.refused("register", admitted.registration("kim"))).message).toBe(
      sentence,
    );
    expect((await early.refused("join", { room: "lab" })).code).toBe("room-password-wrong");
    expect((await eve.refused("join", { room: "lab", password: token })).message).toBe(sentence);
    await comes(site, "kim", elsewhere);
    await ana.ask("grant", { user: "ben", on: true });
    await eve.ask("join", { room: "lab", password: token });
    await ana.ask("grant", { user: "ben", on: false });
    await ben.ask("join", { room: "lab", password: "sesame" });
    await early.ask("join", { room: "lab" });
    await site.stop();
  });

  test("made by the operator token leads into rooms that its maker is not in", async () => {
    const { site, ana } = await operator();
    const ben = await site.member("ben");
    await ben.ask("join", { room: "lab", create: true, password: "sesame" });
    const { token } = await ana.ask("invite", { room: "lab" });
    await site.restart();
    const eve = await comes(site, "eve", token);
    await eve.ask("join", { room: "lab" });
    await site.stop();
  });

  test("into a room is listed to its moderators, who take it back", async () => {
    const { site, ana } = await closed();
    await ana.ask("join", { room: "lab", create: true, password: "sesame" });
    const ben = await site.member("ben");
    await ben.ask("join", { room: "lab", password: "sesame" });
    const { invite, token } = await ben.ask("invite", { room: "lab" });
    await ben.ask("invite", {});
    const listed = [{ invite, by: "ben", usesLeft: 1, room: "lab" }];
    expect(await ana.ask("invites", {})).toEqual({ invites: listed });
    await ana.ask("invite-revoke", { invite });
    expect((await turnedAway(site, token)).message).toBe("this invite was revoked");
    await site.stop();
  });

  test("of thousands, the list comes in pages, and bans as well", async () => {
    const { site, ana } = await operator();
    const by = site.registry.find(checkName("ana"))?.id ?? ("u" as never);
    const drafts = Array.from({ length: INVITES_MAX - 1 }, (_, i) => [
      inviteDraft({ id: `i${i}`, by, hash: `${i}`.padStart(43, "0"), usesLeft: 1 }),
      banDraft({ address: `10.0.${i >> 8}.${i & 255}`, reason: "r".repeat(512) }, by, true),
    ]).flat();
    await site.wait(Promise.all(drafts.map((draft) => site.accounts.append(draft))));
    const [invites, bans]: [string[], string[]] = [[], []];
    for (let after: number | undefined; ; ) {
      const page = await ana.ask("invites", after === undefined ? {} : { after });
      invites.push(...page.invites.map(({ invite }) => invite));
      after = page.next;
      if (after === undefined) break;
    }
    for (let after: number | undefined; ; ) {
      const page = await ana.ask("bans", after === undefined ? {} : { after });
      bans.push(...page.bans.map(({ address }) => address ?? ""));
      after = page.next;
      if (after === undefined) break;
    }
    expect([invites.length, new Set(invites).size]).toEqual([INVITES_MAX - 1, INVITES_MAX - 1]);
    expect([bans.length, new Set(bans).size]).toEqual([INVITES_MAX - 1, INVITES_MAX - 1]);
    await site.stop();
  });

  test("is made so often an hour, by each account", async () => {
    const { site, ana } = await closed();
    const ben = await site.member("ben");
    for (let i = 0; i < INVITES_PER_HOUR_MAX; i++) {
      const { invite } = await ana.ask("invite", {});
      await ana.ask("invite-revoke", { invite });
    }
    const fault = await ana.refused("invite", {});
    expect([fault.code, fault.message]).toEqual([
      "too-many",
      `you made ${INVITES_PER_HOUR_MAX} invites within an hour, which is the most`,
    ]);
    await ben.ask("invite", {});
    await site.time.advance((60 * 60_000) / INVITES_PER_HOUR_MAX);
    await ana.ask("invite", {});
    expect((await ana.refused("invite", {})).code).toBe("too-many");
    await ana.ask("operate", { token: TOKEN });
    for (let i = 0; i < INVITES_PER_HOUR_OPERATOR_MAX; i++) {
      // As fast as requests are taken; meanwhile a few more are granted.
      if (i % 500 === 499) await site.time.advance(10_000);
      const { invite } = await ana.ask("invite", {});
      await ana.ask("invite-revoke", { invite });
    }
    const granted = Math.ceil((40 * INVITES_PER_HOUR_OPERATOR_MAX) / 3_600);
    const more = Array.from({ length: granted }, () => ana.send("invite", {}));
    await site.wait(Promise.allSettled(more));
    expect((await ana.refused("invite", {})).message).toContain(`${INVITES_PER_HOUR_OPERATOR_MAX}`);
    await site.stop();
  });

  test("is its maker's business, and an operator's", async () => {
    const { site, ana } = await operator();
    const ben = await site.member("ben");
    const { invite } = await ben.ask("invite", {});
    const eve = await site.member("eve");
    expect(await eve.ask("invites", {})).toEqual({ invites: [] });
    expect((await eve.refused("invite-revoke", { invite })).code).toBe("not-found");
    expect((await ana.ask("invites", {})).invites[0]).toMatchObject({ invite, by: "ben" });
    await ana.ask("invite-revoke", { invite });
    await site.stop();
  });

  test("into a locked room stands for its password", async () => {
    const { site, ana } = await closed();
    await ana.ask("join", { room: "lab", create: true, password: "sesame" });
    const ben = await site.member("ben");
    expect((await ben.refused("invite", { room: "lab" })).code).toBe("not-member");
    const { token } = await ana.ask("invite", { room: "lab" });
    const eve = await comes(site, "eve", token);
    await eve.ask("join", { room: "lab" });
    // It is of no use to another account on that link.
    await ben.ask("passwd", { password: "bens" });
    await eve.ask("logout", {});
    await eve.ask("login", eve.passwordLogin("ben", "bens"));
    expect((await eve.refused("join", { room: "lab" })).code).toBe("room-password-wrong");
    expect((await ben.refused("join", { room: "lab" })).code).toBe("room-password-wrong");
    await site.stop();
  });

  test("into a locked room lets an account in that was there before, once", async () => {
    const { site, ana } = await closed();
    await ana.ask("join", { room: "lab", create: true, password: "sesame" });
    await ana.ask("join", { room: "keys", create: true, password: "sesame" });
    const [ben, eve] = [await site.member("ben"), await site.member("eve")];
    const { token } = await ana.ask("invite", { room: "lab" });
    const wrong = await ben.refused("join", { room: "keys", password: token });
    expect(wrong.code).toBe("room-password-wrong");
    await ben.ask("join", { room: "lab", password: token });
    const late = await eve.refused("join", { room: "lab", password: token });
    expect([late.code, late.message]).toEqual(["not-allowed", "this invite is used up"]);
    await site.stop();
  });

  test("at the bounds", async () => {
    const { site, ana } = await closed();
    expect((await ana.refused("invite", { uses: INVITE_USES_MAX + 1 })).code).toBe("too-many");
    await ana.ask("invite", { uses: INVITE_USES_MAX });
    const atOnce = Array.from({ length: INVITES_PER_ACCOUNT_MAX + 2 }, () =>
      ana.send("invite", {}),
    );
    const outcomes = await site.wait(Promise.allSettled(atOnce));
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(3);
    expect((await ana.refused("invite", {})).code).toBe("too-many");
    await site.time.advance(60 * 60_000);
    await ana.ask("operate", { token: TOKEN });
    await ana.ask("invite", { uses: INVITE_USES_MAX + 1 });
    await ana.ask("invite", {});
    const by = site.registry.find(checkName("ana"))?.id ?? ("u" as never);
    const add = (from: number, to: number, maker: typeof by) => {
      const drafts = Array.from({ length: to - from }, (_, i) =>
        inviteDraft({ id: `i${from + i}`, by: maker, hash: `${from + i}` }),
      );
      return site.wait(Promise.all(drafts.map((draft) => site.accounts.append(draft))));
    };
    await add(INVITES_PER_ACCOUNT_MAX + 2, INVITES_PER_OPERATOR_MAX, by);
    const own = await ana.refused("invite", {});
    expect([own.code, own.message]).toEqual([
      "too-many",
      `${INVITES_PER_OPERATOR_MAX} invites of yours are out already`,
    ]);
    const ben = await site.member("ben");
    await ben.ask("invite", {});
    const other = "uother" as typeof by;
    await add(INVITES_PER_OPERATOR_MAX + 1, INVITES_MAX - INVITES_RESERVED, other);
    expect((await ben.refused("invite", {})).message).toBe("9000 invites are out already");
    const eve = await site.member("eve");
    await eve.ask("operate", { token: TOKEN });
    await eve.ask("invite", {});
    await add(INVITES_MAX - INVITES_RESERVED + 1, INVITES_MAX, other);
    const all = await eve.refused("invite", {});
    expect([all.code, all.message]).toEqual(["too-many", `${INVITES_MAX} invites are out already`]);
    await site.stop();
  });
});

describe("registrations in one hour", () => {
  test("are bounded by address and by inviter, except for guests of operators", async () => {
    const { site, ana } = await operator();
    const ben = await site.member("ben");
    const invites = [ben, ben, ana].map((by) => by.ask("invite", { uses: INVITE_USES_MAX }));
    const [used, spare, vouched] = (await site.wait(Promise.all(invites))).map((one) => one.token);
    const admitted = async (host: string, secret = PASSWORD) => {
      const guest = await site.greeted(host);
      await guest.ask("admit", { secret });
      return guest;
    };
    const message = async (guest: Guest, name: string) =>
      (await guest.refused("register", guest.registration(name))).message;
    const many = await admitted("10.0.0.3", used);
    const share = Math.max(ACCOUNTS_PER_ADDRESS_HOUR_MAX, ACCOUNTS_PER_INVITER_HOUR_MAX);
    for (let i = 0; i < share; i++) {
      await many.ask("register", many.registration(`p${i}`));
      await many.ask("logout", {});
    }
    const near = await admitted("10.0.0.3");
    expect(await message(near, "near")).toContain("your address");
    expect(await message(near, "p1")).toContain("taken"); // A name that exists costs nothing.
    expect(await message(await admitted("10.0.0.4", spare), "far")).toContain("this member");
    const own = await admitted("10.0.0.4");
    await own.ask("register", own.registration("far"));
    const guest = await admitted("10.0.0.3", vouched);
    await guest.ask("register", guest.registration("near"));
    await site.stop();
  }, 60_000);
});

describe("an invite to post", () => {
  test("lets a program post to one room, and admits nobody", async () => {
    const { site, ana } = await operator();
    await ana.ask("join", { room: "lab", create: true });
    const ben = await site.member("ben");
    await ben.ask("join", { room: "lab" });
    expect((await ben.refused("invite", { post: "lab" })).code).toBe("not-allowed");
    expect((await ana.refused("invite", { post: "lab", room: "lab" })).code).toBe("usage");
    const { token, invite } = await ana.ask("invite", { post: "lab", uses: 1 });
    expect((await ana.ask("invites", {})).invites).toEqual([{ invite, by: "ana", post: "lab" }]);
    const { invites } = site.server;
    const room = ana.all("room").find(({ name }) => name === "lab")?.room;
    expect(String(invites.programInvite(token)?.post)).toBe(String(room));
    expect(invites.programInvite("tAAAAAAAAAAAAAAAAAAAAAA")).toBeUndefined();
    expect((await turnedAway(site, token)).code).toBe("room-password-wrong");
    const { token: other } = await ana.ask("invite", {});
    expect(invites.programInvite(other)).toBeUndefined();
    await ana.ask("invite-revoke", { invite });
    expect(invites.programInvite(token)).toBeUndefined();
    await site.stop();
  });
});

describe("closed registration", () => {
  test("is for invites alone; accounts log in as before", async () => {
    const { site, ana } = await operator();
    expect(await ana.ask("registration", {})).toEqual({ closed: false });
    expect(await ana.ask("registration", { closed: true })).toEqual({ closed: true });
    const guest = await site.greeted();
    await guest.ask("admit", { secret: PASSWORD });
    expect((await guest.refused("register", guest.registration("ben"))).code).toBe("not-allowed");
    const { token } = await ana.ask("invite", { uses: 1 });
    const ben = await comes(site, "ben", token);
    await site.restart();
    await site.again(ben, "ben");
    // Whoever runs the server is never locked out.
    await comes(site, "root", TOKEN);
    const back = await site.again(ana, "ana");
    expect((await back.refused("registration", { closed: false })).code).toBe("not-allowed");
    await back.ask("operate", { token: TOKEN });
    await back.ask("registration", { closed: false });
    await guest.site.member("eve");
    await site.stop();
  });

  test("asks for an invite where else nobody asks for anything", async () => {
    const site = await Site.open({ operatorToken: TOKEN });
    const ana = await site.member("ana");
    await ana.ask("operate", { token: TOKEN });
    await ana.ask("registration", { closed: true });
    const guest = await site.greeted();
    expect(guest.welcome?.needs).toBe("password");
    expect((await guest.refused("register", guest.registration("ben"))).code).toBe("not-allowed");
    expect((await guest.refused("admit", { secret: "x" })).code).toBe("room-password-wrong");
    const { token } = await ana.ask("invite", {});
    await comes(site, "ben", token);
    await site.stop();
  });
});
