import { expect, test } from "bun:test";
import {
  DEVICE_LABEL_BYTES_MAX,
  IRC_PASSWORDS_PER_ACCOUNT_MAX,
  SESSIONS_PER_ACCOUNT_MAX,
} from "../../../src/base/limits.ts";
import type { Passwords } from "../../../src/server/auth/login.ts";
import { fixtureTest } from "../../fixture-test.ts";
import type { Guest } from "../guest.ts";
import { Site, siteWith } from "../site.ts";

const TOKEN = "operator-token";

async function ircClient(site: Site, host = "10.0.0.5"): Promise<Guest> {
  const guest = await site.connect(host);
  Object.defineProperty(site.farEnd(guest), "transport", { value: "irc" });
  await guest.greet();
  return guest;
}

async function loggedIn(site: Site, password: string, host?: string): Promise<Guest> {
  const guest = await ircClient(site, host);
  await guest.request("login", guest.passwordLogin("ana", password));
  await guest.until("caught-up");
  return guest;
}

async function refusal(site: Site, password: string, user = "ana"): Promise<string> {
  const guest = await ircClient(site, "10.0.0.6");
  return guest.refusal("login", guest.passwordLogin(user, password));
}

async function operatorSite(): Promise<{ site: Site; olga: Guest; ana: Guest }> {
  const { site, olga } = await siteWith(["olga"], { operatorToken: TOKEN });
  await olga.request("operate", { token: TOKEN });
  return { site, olga, ana: await site.member("ana", "word") };
}

function accountsLog(site: Site): string {
  return Buffer.from(site.disk.fileAt("/d/accounts/000000000001.jsonl").visible).toString();
}

const anaTest = fixtureTest(() => siteWith(["ana"]));

anaTest("names the first listener for clients on other machines", async ({ site, ana }) => {
  const tls = async () => (await ana.request("irc-passwords", {})).tls;
  const gateway = site.server.openIrc();
  const listener = (port: number) => ({ port, stop: async () => {} });
  gateway.add(listener(6_667));
  expect(await tls()).toBeUndefined();
  const certificate = new Uint8Array(32).fill(7);
  gateway.add(listener(6_697), certificate);
  gateway.add(listener(6_698), certificate);
  expect(await tls()).toEqual({ port: 6_697, certificate });
});

anaTest("logs an IRC client in with an IRC password and adds no device", async ({ site, ana }) => {
  const created = await ana.request("irc-password", { label: " WeeChat " });
  expect(created.user).toBe("ana");
  expect(created.password).toMatch(/^i[A-Za-z0-9_-]{22}$/);
  expect(accountsLog(site)).not.toContain(created.password);
  const irc = await loggedIn(site, created.password);
  await site.wait(irc.post("hello"));
  await site.quiet();
  expect(ana.texts()).toEqual(["hello"]);
  expect((await ana.request("devices", {})).devices).toHaveLength(1);
  const { passwords } = await ana.request("irc-passwords", {});
  expect(passwords).toEqual([
    { id: created.id, label: "WeeChat", since: expect.any(Number), online: true },
  ]);
});

test("keeps IRC passwords across a restart and shows clients to operators", async () => {
  const { site, olga, ana } = await operatorSite();
  const { password } = await ana.request("irc-password", {});
  await site.restart();
  await loggedIn(site, password);
  const operator = await site.again(olga, "olga");
  await operator.request("operate", { token: TOKEN });
  const { clients } = await operator.request("clients", {});
  expect(clients.map(({ user, transport }) => [user, transport])).toContainEqual(["ana", "irc"]);
});

anaTest("revokes one IRC password and closes only its sessions", async ({ site, ana }) => {
  const [one, two] = [
    await ana.request("irc-password", { label: "secret label" }),
    await ana.request("irc-password", {}),
  ];
  const [first, second] = [await loggedIn(site, one.password), await loggedIn(site, two.password)];
  await ana.request("irc-password-revoke", { id: one.id });
  expect((await first.untilEnded()).fault?.code).toBe("login-refused");
  expect([second.ended, ana.ended]).toEqual([undefined, undefined]);
  expect(accountsLog(site)).not.toContain("secret label");
  expect(await ana.refusal("irc-password-revoke", { id: one.id })).toBe("not-found");
  expect(await refusal(site, one.password)).toBe("login-refused");
  await site.restart();
  expect(await refusal(site, one.password)).toBe("login-refused");
  await loggedIn(site, two.password);
});

test("only operators manage IRC passwords of other accounts", async () => {
  const { site, olga, ana } = await operatorSite();
  expect(await ana.refusal("irc-password", { user: "olga" })).toBe("not-allowed");
  expect(await ana.refusal("irc-passwords", { user: "olga" })).toBe("not-allowed");
  expect(await ana.refusal("irc-password-revoke", { user: "olga", id: 1 })).toBe("not-allowed");
  expect(await olga.refusal("irc-password", { user: "nobody" })).toBe("user-unknown");
  const { user, id, password } = await olga.request("irc-password", { user: "ANA" });
  expect(user).toBe("ana");
  const irc = await loggedIn(site, password);
  await olga.request("irc-password-revoke", { user: "ana", id });
  await irc.untilEnded();
  expect((await olga.request("irc-passwords", { user: "ana" })).passwords).toEqual([]);
});

test("the decisions name IRC passwords that operators create, even revoked ones", async () => {
  const { olga, ana } = await operatorSite();
  await ana.request("irc-password", {});
  const { id } = await olga.request("irc-password", { user: "ana" });
  await olga.request("irc-password-revoke", { user: "ana", id });
  const { events } = await olga.request("decisions", {});
  const created = events.filter(({ decision }) => decision === "irc-password");
  expect(created.map(({ by, whom }) => [by, whom])).toEqual([["olga", "ana"]]);
});

anaTest("limits the number of IRC passwords and the length of their labels", async ({ ana }) => {
  const label = "x".repeat(DEVICE_LABEL_BYTES_MAX);
  for (let i = 0; i < IRC_PASSWORDS_PER_ACCOUNT_MAX; i++)
    await ana.request("irc-password", { label });
  const { message, code } = await ana.refused("irc-password", {});
  expect([code, message]).toEqual(["too-many", "an account can have at most 16 IRC passwords"]);
  const [oldest] = (await ana.request("irc-passwords", {})).passwords;
  await ana.request("irc-password-revoke", { id: oldest?.id ?? 0 });
  expect(await ana.refusal("irc-password", { label: `${label}x` })).toBe("too-large");
  await ana.request("irc-password", {});
});

test("signing an account out closes its IRC sessions and revokes its IRC passwords", async () => {
  const { site, olga, ana } = await operatorSite();
  const { password } = await ana.request("irc-password", {});
  const clients = [await loggedIn(site, password), await loggedIn(site, "word")];
  await olga.request("sign-out", { user: "ana" });
  for (const client of clients)
    expect((await client.untilEnded()).fault?.code).toBe("login-refused");
  expect(await refusal(site, password)).toBe("login-refused");
  const back = await loggedIn(site, "word");
  expect((await back.request("irc-passwords", {})).passwords).toEqual([]);
});

test("a reset code that signs out revokes IRC passwords, and another does not", async () => {
  const { site, olga, ana } = await operatorSite();
  const { password } = await ana.request("irc-password", {});
  const guest = await site.greeted();
  const first = await olga.request("reset", { user: "ana" });
  await guest.request("recover", { token: first.token, password: "next" });
  await loggedIn(site, password);
  const { token } = await olga.request("reset", { user: "ana", signOut: true });
  await guest.request("recover", { token, password: "newest" });
  expect(await refusal(site, password)).toBe("login-refused");
  expect(await refusal(site, "next")).toBe("login-refused");
  await loggedIn(site, "newest");
});

test("removing an account closes its IRC sessions and blanks their labels", async () => {
  const { site, olga, ana } = await operatorSite();
  const { password } = await ana.request("irc-password", { label: "secret label" });
  const irc = await loggedIn(site, password);
  await olga.request("remove", { user: "ana" });
  expect((await irc.untilEnded()).fault?.code).toBe("login-refused");
  expect(accountsLog(site)).not.toContain("secret label");
  expect(await refusal(site, password)).toBe("login-refused");
});

test("a ban closes IRC sessions and refuses IRC passwords", async () => {
  const { site, olga, ana } = await operatorSite();
  const { password } = await ana.request("irc-password", {});
  const irc = await loggedIn(site, password);
  await olga.request("ban", { user: "ana", on: true });
  expect((await irc.untilEnded()).fault?.code).toBe("banned");
  expect(await refusal(site, password)).toBe("banned");
  await olga.request("ban", { user: "ana", on: false });
  await olga.request("ban", { address: "10.0.0.6", on: true });
  const guest = await ircClient(site, "10.0.0.6").catch((error: unknown) => error);
  expect(guest).toBeInstanceOf(Error);
});

anaTest("limits the sessions of IRC clients", async ({ site, ana }) => {
  const { password } = await ana.request("irc-password", {});
  for (let i = 1; i < SESSIONS_PER_ACCOUNT_MAX; i++) await loggedIn(site, password, `10.0.1.${i}`);
  expect(await refusal(site, password)).toBe("too-many");
});

test("verifies an account password once until it changes", async () => {
  const checks: string[] = [];
  const passwords: Passwords = {
    hash: (password) => Promise.resolve(`hash of ${password}`),
    verify: (password, hash) => {
      checks.push(password);
      return Promise.resolve(hash === `hash of ${password}`);
    },
  };
  const site = await Site.open({ passwords });
  const ana = await site.member("ana", "word");
  for (let i = 0; i < 3; i++) await loggedIn(site, "word");
  expect(checks).toEqual(["word"]);
  expect(await refusal(site, "wrong")).toBe("login-refused");
  await ana.request("passwd", { password: "other", current: "word" });
  checks.length = 0;
  expect(await refusal(site, "word")).toBe("login-refused");
  for (let i = 0; i < 2; i++) await loggedIn(site, "other");
  expect(checks).toEqual(["word", "other"]);
  await site.restart();
  await loggedIn(site, "other");
  expect(checks).toEqual(["word", "other", "other"]);
});

anaTest(
  "delays guesses of account passwords but not a valid IRC password",
  async ({ site, ana }) => {
    await ana.request("passwd", { password: "word" });
    const { password } = await ana.request("irc-password", {});
    await loggedIn(site, "word");
    for (let i = 0; i < 12; i++) await refusal(site, `guess ${i}`);
    const elapsed = async (secret: string) => {
      const guest = await ircClient(site, "10.0.0.8");
      const before = site.clock.now();
      await guest.request("login", guest.passwordLogin("ana", secret));
      return site.clock.now() - before;
    };
    expect(await elapsed(password)).toBeLessThan(1_000);
    expect(await elapsed("word")).toBeGreaterThanOrEqual(1_000);
  },
);

test("a retried IRC password that was revoked delays its address, not the account", async () => {
  const { site, ana } = await siteWith(["ana"]);
  await ana.request("passwd", { password: "word" });
  const { password, id } = await ana.request("irc-password", {});
  await ana.request("irc-password-revoke", { id });
  const before = site.clock.now();
  for (let i = 0; i < 12; i++) expect(await refusal(site, password)).toBe("login-refused");
  expect(site.clock.now() - before).toBeGreaterThanOrEqual(1_000);
  const retried = site.clock.now();
  await loggedIn(site, "word");
  expect(site.clock.now() - retried).toBeLessThan(1_000);
});

test.each(["i", "I", "ii"])("accepts an account password of any shape: %s", async (start) => {
  const { site, ana } = await siteWith(["ana"]);
  const password = `${start}${"x".repeat(22)}`;
  await ana.request("passwd", { password });
  await loggedIn(site, password);
  expect(await refusal(site, `${password.slice(0, -1)}y`)).toBe("login-refused");
});

anaTest("answers an unknown user like a wrong password", async ({ site, ana }) => {
  const { password } = await ana.request("irc-password", {});
  expect(await refusal(site, password, "ben")).toBe("login-refused");
  expect(await refusal(site, "")).toBe("login-refused");
  expect(await refusal(site, password.slice(1))).toBe("login-refused");
});

anaTest("forgets no device when an IRC client logs out", async ({ site, ana }) => {
  const { password } = await ana.request("irc-password", {});
  const irc = await loggedIn(site, password);
  expect(await irc.request("logout", { forget: true })).toEqual({});
  expect((await ana.request("devices", {})).devices).toHaveLength(1);
});
