import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import {
  ACCOUNTS_PER_ADDRESS_HOUR_MAX,
  ACCOUNTS_PER_INVITER_HOUR_MAX,
  INVITE_ADDRESSES_MAX,
  INVITE_USES_MAX,
  INVITES_MAX,
  INVITES_PER_ACCOUNT_MAX,
  INVITES_PER_HOUR_MAX,
  INVITES_RESERVED,
  MODERATION_PAGE_MAX,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { banDraft, inviteDraft } from "../../../src/core/rooms/policy.ts";
import type { DiskFile } from "../../../src/io/disk/disk.ts";
import { Invites } from "../../../src/server/auth/invites.ts";
import { changedDisk } from "../../worlds/changed-disk.ts";
import type { Guest } from "../guest.ts";
import { type Site, siteWith } from "../site.ts";

const TOKEN = "operator-token";
const PASSWORD = "room-password";

async function closed(): Promise<{ site: Site; ana: Guest }> {
  const { site, ana } = await siteWith(["ana"], { operatorToken: TOKEN, roomPassword: PASSWORD });
  return { site, ana };
}

async function operator(): Promise<{ site: Site; ana: Guest }> {
  const { site, ana } = await closed();
  await ana.request("operate", { token: TOKEN });
  return { site, ana };
}

async function register(site: Site, name: string, secret: string): Promise<Guest> {
  const guest = await site.greeted();
  await guest.request("admit", { secret });
  await guest.request("register", guest.registration(name));
  return guest;
}

async function turnedAway(site: Site, secret: string) {
  const guest = await site.greeted();
  return guest.refused("admit", { secret });
}

test("includes the server's current addresses in an invite", async () => {
  const { site, ana } = await operator();
  expect(await ana.request("invite", {})).not.toHaveProperty("places");
  const places = Array.from({ length: INVITE_ADDRESSES_MAX + 1 }, (_, i) => {
    return { host: `192.168.1.${i}`, port: 2428 };
  });
  site.server.setAddresses(() => places);
  expect((await ana.request("invite", {})).places).toEqual(places.slice(0, INVITE_ADDRESSES_MAX));
  expect(await ana.request("addresses", {})).toEqual({
    places: places.slice(0, INVITE_ADDRESSES_MAX),
  });
  expect(await ana.request("invite", { post: "lobby" })).not.toHaveProperty("places");
});

test("limits the accounts per invite, even across a restart", async () => {
  const { site, ana } = await closed();
  const { token, invite } = await ana.request("invite", { uses: 2 });
  expect(token).toMatch(/^t[A-Za-z0-9_-]{22}$/);
  const guest = await site.greeted();
  await guest.request("admit", { secret: token });
  expect(await guest.refusal("register", guest.registration("ana"))).toBe("name-taken");
  await guest.request("register", guest.registration("ben"));
  await site.restart();
  const again = await site.again(ana, "ana");
  const invites = [{ invite, by: "ana", usesLeft: 1 }];
  expect(await again.request("invites", {})).toEqual({ invites });
  await register(site, "eve", token);
  const fault = await turnedAway(site, token);
  expect([fault.code, fault.message]).toEqual(["not-allowed", "this invite has been used up"]);
  const guess = `${token.slice(0, -1)}${token.endsWith("A") ? "Q" : "A"}`;
  expect((await turnedAway(site, guess)).code).toBe("room-password-wrong");
  expect(await again.request("invites", {})).toEqual({ invites: [] });
});

test("allows one account per invite by default and stores no plain token", async () => {
  const { site, ana } = await closed();
  const { token } = await ana.request("invite", {});
  expect((await ana.request("invites", {})).invites[0]?.usesLeft).toBe(1);
  const bytes = Buffer.from(site.disk.fileAt("/d/accounts/000000000001.jsonl").visible);
  expect(bytes.includes(token)).toBe(false);
});

test("accepts as many clients at the same time as an invite has uses", async () => {
  const { site, ana } = await siteWith(["ana"], {
    roomPassword: PASSWORD,
    disk: (disk, clock) => {
      const sync = async (file: DiskFile) => {
        await new Promise<void>((resolve) => clock.after(10, resolve));
        await file.sync();
      };
      return changedDisk(disk, { sync });
    },
  });
  for (const uses of [1, 6]) {
    const { token } = await ana.request("invite", { uses });
    const guests: Guest[] = [];
    for (let i = 0; i <= uses; i++) {
      const guest = await site.greeted();
      await guest.request("admit", { secret: token });
      guests.push(guest);
    }
    const registrations = guests.map((guest, i) =>
      guest.send("register", guest.registration(`new${uses}x${i}`)),
    );
    const outcomes = await site.wait(Promise.allSettled(registrations));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(uses);
  }
});

test("counts a use of an invite before the account exists, despite crashes", async () => {
  const seen = new Set<string>();
  for (let calls = 1; calls < 12; calls++) {
    const { site, ana } = await closed();
    const { token } = await ana.request("invite", { uses: 1 });
    const guest = await site.greeted();
    await guest.request("admit", { secret: token });
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

test("rejects expired and revoked invites", async () => {
  const { site, ana } = await closed();
  const expires = site.clock.unixMs() + 10_000;
  const one = await ana.request("invite", { uses: 5, expires });
  const other = await ana.request("invite", { uses: 5 });
  const guest = await site.greeted();
  await guest.request("admit", { secret: other.token });
  await ana.request("invite-revoke", { invite: other.invite });
  expect((await guest.refused("register", guest.registration("ben"))).message).toBe(
    "this invite was revoked",
  );
  expect((await turnedAway(site, other.token)).message).toBe("this invite was revoked");
  expect(await ana.refusal("invite-revoke", { invite: other.invite })).toBe("not-found");
  await site.time.advance(10_001);
  expect((await turnedAway(site, one.token)).message).toBe("this invite has expired");
  expect(await ana.request("invites", {})).toEqual({ invites: [] });
});

test("keeps an invite valid while its creator is a member or an operator", async () => {
  const { site, ana } = await operator();
  await ana.request("join", { room: "lab", create: true, password: "sesame" });
  const ben = await register(site, "ben", PASSWORD);
  await ben.request("join", { room: "lab", password: "sesame" });
  const { token } = await ben.request("invite", { room: "lab", uses: 5 });
  const { token: elsewhere } = await ben.request("invite", { uses: 5 });
  const early = await register(site, "early", token);
  const admitted = await site.greeted();
  await admitted.request("admit", { secret: token });
  const eve = await site.member("eve");
  await ana.request("kick", { room: "lab", user: "ben" });
  const sentence = "this invite is not valid now";
  expect((await turnedAway(site, token)).message).toBe(sentence);
  expect((await admitted.refused("register", admitted.registration("kim"))).message).toBe(sentence);
  expect(await early.refusal("join", { room: "lab" })).toBe("room-password-wrong");
  expect((await eve.refused("join", { room: "lab", password: token })).message).toBe(sentence);
  await register(site, "kim", elsewhere);
  await ana.request("grant", { user: "ben", on: true });
  await eve.request("join", { room: "lab", password: token });
  await ana.request("grant", { user: "ben", on: false });
  await ben.request("join", { room: "lab", password: "sesame" });
  await early.request("join", { room: "lab" });
});

test("lists an invite to its creator, operators and moderators of its room", async () => {
  const { site, ana } = await closed();
  await ana.request("join", { room: "lab", create: true, password: "sesame" });
  const [ben, eve] = [await site.member("ben"), await site.member("eve")];
  await ben.request("join", { room: "lab", password: "sesame" });
  const { invite, token } = await ben.request("invite", { room: "lab" });
  const other = await ben.request("invite", {});
  const listed = [{ invite, by: "ben", usesLeft: 1, room: "lab" }];
  expect(await ana.request("invites", {})).toEqual({ invites: listed });
  expect(await eve.request("invites", {})).toEqual({ invites: [] });
  expect(await eve.refusal("invite-revoke", { invite })).toBe("not-found");
  await ana.request("invite-revoke", { invite });
  expect((await turnedAway(site, token)).message).toBe("this invite was revoked");
  await eve.request("operate", { token: TOKEN });
  expect((await eve.request("invites", {})).invites).toMatchObject([{ invite: other.invite }]);
  await eve.request("invite-revoke", { invite: other.invite });
});

test("lists invites and bans in pages", async () => {
  const { site, ana } = await operator();
  const by = site.registry.find(checkName("ana"))?.id ?? ("u" as never);
  const count = MODERATION_PAGE_MAX + 1;
  const drafts = Array.from({ length: count }, (_, i) => [
    inviteDraft({ id: `i${i}`, by, hash: `${i}`.padStart(43, "0"), usesLeft: 1 }),
    banDraft({ address: `10.0.${i >> 8}.${i & 255}`, reason: "r".repeat(512) }, by, true),
  ]).flat();
  await site.wait(Promise.all(drafts.map((draft) => site.accounts.append(draft))));
  const invites = await ana.request("invites", {});
  const bans = await ana.request("bans", {});
  const rest = [
    await ana.request("invites", { after: invites.next ?? 0 }),
    await ana.request("bans", { after: bans.next ?? 0 }),
  ] as const;
  expect([invites.invites.length, bans.bans.length]).toEqual([
    MODERATION_PAGE_MAX,
    MODERATION_PAGE_MAX,
  ]);
  expect(rest).toMatchObject([{ invites: [{ invite: `i${count - 1}` }] }, { bans: [{}] }]);
  expect(rest.map(({ next }) => next)).toEqual([undefined, undefined]);
});

test("limits new invites per account and hour", async () => {
  const { site, ana } = await closed();
  const ben = await site.member("ben");
  for (let i = 0; i < INVITES_PER_HOUR_MAX; i++) {
    const { invite } = await ana.request("invite", {});
    await ana.request("invite-revoke", { invite });
  }
  const { code, message } = await ana.refused("invite", {});
  expect([code, message]).toEqual(["too-many", expect.stringContaining("new invites per hour")]);
  await ben.request("invite", {});
  await site.time.advance((60 * 60_000) / INVITES_PER_HOUR_MAX);
  await ana.request("invite", {});
  expect(await ana.refusal("invite", {})).toBe("too-many");
  await ana.request("operate", { token: TOKEN });
  await ana.request("invite", {});
});

test("accepts an invite to a locked room in place of the room password", async () => {
  const { site, ana } = await closed();
  await ana.request("join", { room: "lab", create: true, password: "sesame" });
  const ben = await site.member("ben");
  expect(await ben.refusal("invite", { room: "lab" })).toBe("not-member");
  const { token } = await ana.request("invite", { room: "lab" });
  const eve = await register(site, "eve", token);
  await eve.request("join", { room: "lab" });
  await ben.request("passwd", { password: "bens" });
  await eve.request("logout", {});
  await eve.request("login", eve.passwordLogin("ben", "bens"));
  expect(await eve.refusal("join", { room: "lab" })).toBe("room-password-wrong");
  expect(await ben.refusal("join", { room: "lab" })).toBe("room-password-wrong");
});

test("lets an existing account join a locked room once by invite", async () => {
  const { site, ana } = await closed();
  await ana.request("join", { room: "lab", create: true, password: "sesame" });
  await ana.request("join", { room: "keys", create: true, password: "sesame" });
  const [ben, eve] = [await site.member("ben"), await site.member("eve")];
  const { token } = await ana.request("invite", { room: "lab" });
  const wrong = await ben.refused("join", { room: "keys", password: token });
  expect(wrong.code).toBe("room-password-wrong");
  await ben.request("join", { room: "lab", password: token });
  const late = await eve.refused("join", { room: "lab", password: token });
  expect([late.code, late.message]).toEqual(["not-allowed", "this invite has been used up"]);
});

test("limits invites per account and per server", async () => {
  const { site, ana } = await closed();
  expect(await ana.refusal("invite", { uses: INVITE_USES_MAX + 1 })).toBe("too-many");
  await ana.request("invite", { uses: INVITE_USES_MAX });
  const requests = Array.from({ length: INVITES_PER_ACCOUNT_MAX + 2 }, () =>
    ana.send("invite", {}),
  );
  const outcomes = await site.wait(Promise.allSettled(requests));
  expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(3);
  await site.time.advance(60 * 60_000);
  await ana.request("operate", { token: TOKEN });
  await ana.request("invite", { uses: INVITE_USES_MAX + 1 });
  const by = "uother" as UserId;
  let made = INVITES_PER_ACCOUNT_MAX + 1;
  const fill = (upTo: number) => {
    for (; made < upTo; made++) {
      const { body, ...head } = inviteDraft({ id: `i${made}`, by, hash: `${made}` });
      site.registry.policy.apply({ head } as never, body as never);
    }
  };
  fill(INVITES_MAX - INVITES_RESERVED);
  const ben = await site.member("ben");
  expect((await ben.refused("invite", {})).message).toBe(
    "9000 invites are active, which is the limit",
  );
  await ana.request("invite", {});
  fill(INVITES_MAX - 1);
  expect(await ana.refusal("invite", {})).toBe("too-many");
});

test("limits accounts per address and inviter, except guests of operators", async () => {
  const { site, ana } = await operator();
  const ben = await site.member("ben");
  const invites = [ben, ben, ana].map((by) => by.request("invite", { uses: INVITE_USES_MAX }));
  const [used, spare, vouched] = (await site.wait(Promise.all(invites))).map((one) => one.token);
  const admitted = async (host: string, secret = PASSWORD) => {
    const guest = await site.greeted(host);
    await guest.request("admit", { secret });
    return guest;
  };
  const message = async (guest: Guest, name: string) =>
    (await guest.refused("register", guest.registration(name))).message;
  const registerMany = async (secret: string | undefined, from: number, to: number) => {
    let many = await admitted("10.0.0.3", secret);
    for (let i = from; i < to; i++) {
      // A link may send so many requests at once.
      if (i % 500 === 0) many = await admitted("10.0.0.3", secret);
      await many.request("register", many.registration(`p${i}`));
      await many.request("logout", {});
    }
  };
  await registerMany(used, 0, ACCOUNTS_PER_INVITER_HOUR_MAX);
  await registerMany(undefined, ACCOUNTS_PER_INVITER_HOUR_MAX, ACCOUNTS_PER_ADDRESS_HOUR_MAX);
  const near = await admitted("10.0.0.3");
  // Asking whether a name is free counts as no account.
  const question = { ...near.registration("near"), password: "" };
  expect(await near.refusal("register", question)).toBe("usage");
  expect(await message(near, "near")).toContain("and address");
  expect(await message(near, "p1")).toContain("taken");
  expect(await message(await admitted("10.0.0.4", spare), "far")).toContain("this member");
  const own = await admitted("10.0.0.4");
  await own.request("register", own.registration("far"));
  const guest = await admitted("10.0.0.3", vouched);
  await guest.request("register", guest.registration("near"));
});

test("lets a posting token post to one room without admitting accounts", async () => {
  const { site, ana } = await operator();
  await ana.request("join", { room: "lab", create: true });
  const ben = await site.member("ben");
  await ben.request("join", { room: "lab" });
  expect(await ben.refusal("invite", { post: "lab" })).toBe("not-allowed");
  expect(await ana.refusal("invite", { post: "lab", room: "lab" })).toBe("usage");
  const { token, invite } = await ana.request("invite", { post: "lab", uses: 1 });
  expect((await ana.request("invites", {})).invites).toEqual([{ invite, by: "ana", post: "lab" }]);
  const invites = site.server.services.find((service) => service instanceof Invites);
  const room = ana.room("lab")?.room;
  expect(String(invites?.programInvite(token)?.post)).toBe(String(room));
  expect(invites?.programInvite("tAAAAAAAAAAAAAAAAAAAAAA")).toBeUndefined();
  expect((await turnedAway(site, token)).code).toBe("room-password-wrong");
  const { token: other } = await ana.request("invite", {});
  expect(invites?.programInvite(other)).toBeUndefined();
  await ana.request("invite-revoke", { invite });
  expect(invites?.programInvite(token)).toBeUndefined();
});

test("requires an invite when registration is closed", async () => {
  const { site, ana } = await operator();
  expect(await ana.request("registration", {})).toEqual({ closed: false });
  expect(await ana.request("registration", { closed: true })).toEqual({ closed: true });
  const guest = await site.greeted();
  await guest.request("admit", { secret: PASSWORD });
  expect(await guest.refusal("register", guest.registration("ben"))).toBe("not-allowed");
  const { token } = await ana.request("invite", { uses: 1 });
  const ben = await register(site, "ben", token);
  await site.restart();
  await site.again(ben, "ben");
  await register(site, "root", TOKEN);
  const back = await site.again(ana, "ana");
  expect(await back.refusal("registration", { closed: false })).toBe("not-allowed");
  await back.request("operate", { token: TOKEN });
  await back.request("registration", { closed: false });
  await guest.site.member("eve");
});
