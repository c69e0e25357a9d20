import { expect, test } from "bun:test";
import { ID_BYTES, userId } from "../../../src/base/ids.ts";
import {
  FILE_BYTES_MAX,
  HELLO_TIMEOUT_MS,
  LOGIN_TIMEOUT_MS,
  SESSIONS_PER_ACCOUNT_MAX,
  UDP_MEMBER_CONNECTIONS_MAX,
  UDP_SESSIONS_PER_ACCOUNT_MAX,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { type Guest, type Keys, newKeys } from "../guest.ts";
import { overUdpAtServer } from "../memory-udp.ts";
import { Site, siteWith } from "../site.ts";
import { siteTest } from "../site-lab.ts";

test("signs the greeting for this link and states what registration requires", async () => {
  const site = await Site.open({ roomPassword: "secret", welcome: "Be kind." });
  const guest = await site.connect();
  const welcome = await guest.greet([7, 3]);
  expect(guest.isProven).toBe(true);
  expect(welcome).toMatchObject({ version: 3, needs: "password", text: "Be kind." });
  expect(welcome.certificate).toEqual(guest.link.certificateHash);
  expect(welcome.limits).toEqual({
    messageBytes: 1_052_672,
    textBytes: 65_536,
    fileBytes: FILE_BYTES_MAX,
  });
  const other = await site.greeted();
  expect(other.welcome?.nonce).not.toEqual(welcome.nonce);
  guest.welcome = other.welcome;
  expect(guest.isProven).toBe(false);
  guest.welcome = welcome;
  guest.nonce.fill(1);
  expect(guest.isProven).toBe(false);
});

siteTest("ends the link without a common version", async (site) => {
  const guest = await site.connect();
  guest.greet([2, 4]).catch(() => undefined);
  const { fault } = await guest.untilEnded();
  expect(fault?.code).toBe("version-unsupported");
  expect(site.server.clientCount).toBe(0);
});

siteTest("closes a client that sends no hello or does not log in", async (site) => {
  const silent = await site.connect();
  const lingering = await site.greeted();
  await site.time.advance(HELLO_TIMEOUT_MS + 2_000);
  expect(silent.ended?.fault?.code).toBe("timeout");
  expect(lingering.ended).toBeUndefined();
  for (let i = 0; i < LOGIN_TIMEOUT_MS / 10_000; i++) {
    lingering.raw(Uint8Array.fromHex("81a46b696e64a470696e67")); // A ping.
    await site.time.advance(10_000);
  }
  expect(lingering.ended?.fault?.code).toBe("timeout");
});

test("requires the server password for registration", async () => {
  const site = await Site.open({ roomPassword: "secret" });
  const guest = await site.greeted();
  expect(await guest.refusal("register", guest.registration("ana"))).toBe("room-password-wrong");
  expect(await guest.refusal("admit", { secret: "wrong" })).toBe("room-password-wrong");
  await guest.request("admit", { secret: "secret" });
  const answer = await guest.request("register", guest.registration("ana"));
  expect(answer.user).toBe("ana");
});

test("closes the link after three wrong passwords in a row", async () => {
  const site = await Site.open({ roomPassword: "secret" });
  const guest = await site.greeted();
  for (const secret of ["a", "b", "secret", "c", "d"]) {
    await guest.request("admit", { secret }).catch(() => undefined);
  }
  expect(guest.ended).toBeUndefined();
  expect(await guest.refusal("admit", { secret: "e" })).toBe("room-password-wrong");
  expect((await guest.untilEnded()).fault?.code).toBe("room-password-wrong");
  expect((await site.greeted()).ended).toBeUndefined();
});

test("refuses a password that lost bytes everywhere, and counts no guess", async () => {
  const misread = "pass\u{fffd}\u{fffd}\u{fffd}\u{fffd}";
  const site = await Site.open({ roomPassword: "secret" });
  const guest = await site.greeted();
  for (let i = 0; i < 8; i++) {
    expect(await guest.refusal("admit", { secret: misread })).toBe("usage");
    expect(await guest.refusal("login", guest.passwordLogin("ana", misread))).toBe("usage");
  }
  await guest.request("admit", { secret: "secret" });
  await guest.request("register", guest.registration("ana", "password"));
  const change = { password: "other password", current: misread };
  expect(await guest.refusal("passwd", change)).toBe("usage");
  await guest.request("join", { room: "keys", create: true, password: "for the room" });
  const ben = await site.greeted();
  await ben.request("admit", { secret: "secret" });
  await ben.request("register", ben.registration("ben"));
  expect(await ben.refusal("join", { room: "keys", password: misread })).toBe("usage");
  expect(ben.ended).toBeUndefined();
});

siteTest("assigns a name to one account regardless of case, even concurrently", async (site) => {
  const [one, two] = [await site.greeted(), await site.greeted()];
  const results = await Promise.allSettled([
    one.send("register", one.registration("Ana")),
    site.wait(two.send("register", two.registration("aNA"))),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(await two.refusal("register", two.registration("ANA"))).toBe("name-taken");
  await two.request("register", two.registration("ben"));
});

siteTest("quotes a name cut in the middle of a character as valid UTF-8", async (site) => {
  const guest = await site.greeted();
  const registration = { ...guest.registration("ana"), user: `${"x".repeat(39)}😀` };
  expect(await guest.refusal("register", registration)).toBe("name-invalid");
  expect(guest.ended).toBeUndefined();
});

siteTest("requires a certificate for the name, the server and both keys", async (site) => {
  const guest = await site.greeted();
  const good = guest.registration("ana");
  const other = newKeys();
  const flipped = good.deviceCert.map((byte, i) => (i === 3 ? byte ^ 1 : byte));
  for (const wrong of [
    { user: "Ana" },
    { deviceKey: other.device.publicKey },
    { accountKey: other.account.publicKey },
    { deviceCert: flipped },
    { deviceCert: new Uint8Array(0) },
  ]) {
    expect(await guest.refusal("register", { ...good, ...wrong })).toBe("frame-malformed");
  }
  await guest.request("register", good);
});

siteTest("writes the password to disk before its account", async (site) => {
  await site.member("ana", "pass");
  const kinds: string[] = [];
  for await (const { head } of site.accounts.read(1)) kinds.push(head.kind);
  expect(kinds).toEqual(["password", "account"]);
});

siteTest("refuses an empty password and leaves the name free", async (site) => {
  const guest = await site.greeted();
  expect(await guest.refusal("register", guest.registration("ana", ""))).toBe("usage");
  await guest.request("register", guest.registration("ana", "x"));
});

test("accepts a device signature only for one link and name", async () => {
  const { site, ana } = await siteWith(["ana"]);
  await site.member("ben");
  const [one, two] = [await site.greeted("", ana.keys), await site.greeted("", ana.keys)];
  const replayed = { ...two.signedLogin("ana"), signature: one.signedLogin("ana").signature };
  const refusals = [
    await two.refused("login", replayed as never),
    await two.refused("login", two.signedLogin("ben")),
    await two.refused("login", two.signedLogin("nobody")),
    await two.refused("login", { ...two.signedLogin("ana"), user: "Ana" }),
    await two.refused("login", {
      ...two.signedLogin("ana"),
      deviceKey: newKeys().device.publicKey,
    }),
  ];
  expect(refusals.map(({ code }) => code)).toEqual(Array(5).fill("login-refused"));
  expect(new Set(refusals.map(({ message }) => message)).size).toBe(1);
  await two.request("login", two.signedLogin("ana"));
  await one.request("login", one.signedLogin("ana"));
});

test("stores a post that follows the log-in, unless the log-in is refused", async () => {
  const { site, ana } = await siteWith(["ana"]);
  const body = { text: "early" };
  const post = { outbox: "AAAAAAAAAAA", counter: 1, to: "lobby", body } as const;
  for (const isOwn of [true, false]) {
    const guest = await site.greeted("", isOwn ? ana.keys : newKeys());
    expect(guest.welcome?.early).toBe(true);
    const sent = [guest.send("login", guest.signedLogin("ana")), guest.send("post", post)];
    const outcomes = await site.wait(Promise.allSettled<object>(sent));
    if (isOwn) expect(outcomes).toMatchObject([{}, { value: { seq: expect.any(Number) } }]);
    const codes = outcomes.map((outcome) => ("reason" in outcome ? outcome.reason.code : "fine"));
    const refused = ["login-refused", "not-logged-in"];
    expect(codes).toEqual(isOwn ? ["fine", "fine"] : refused);
  }
  const { records } = await ana.request("history", { target: "lobby", grep: "early", limit: 9 });
  expect(records.length).toBe(1);
});

siteTest("answers an unknown name like a wrong password", async (site) => {
  await site.member("ana", "pass");
  await site.member("ben");
  const guest = await site.greeted();
  const wrong = await guest.refused("login", guest.passwordLogin("ana", "wrong"));
  const unknown = await guest.refused("login", guest.passwordLogin("nobody", "wrong"));
  const other = await site.greeted("10.0.0.9");
  const empty = await other.refused("login", guest.passwordLogin("ben", ""));
  const answers = [wrong, unknown, empty].map((one) => `${one.code} ${one.message} ${one.remedy}`);
  expect(new Set(answers).size).toBe(1);
  expect(wrong.code).toBe("login-refused");
  const none = { user: "ana", deviceKey: guest.keys.device.publicKey };
  expect(await guest.refusal("login", none)).toBe("frame-malformed");
});

siteTest("limits concurrent log-ins of an account", async (site) => {
  site.isTight = true;
  const ana = await site.member("ana");
  const guests: Guest[] = [];
  for (let i = 1; i < SESSIONS_PER_ACCOUNT_MAX + 3; i++) {
    guests.push(await site.greeted(`10.7.0.${i}`, ana.keys));
  }
  const logins = guests.map((guest) => guest.send("login", guest.signedLogin("ana")));
  const outcomes = await site.wait(Promise.allSettled(logins));
  const refused = outcomes.filter(({ status }) => status === "rejected");
  expect(refused).toMatchObject([...Array(3)].map(() => ({ reason: { code: "too-many" } })));
});

siteTest("limits an account's sessions over UDP, each of which may hold memory", async (site) => {
  const ana = await site.member("ana");
  const overUdp = async () => {
    const guest = await site.connect("10.7.0.1", ana.keys);
    overUdpAtServer(guest.link);
    await guest.greet();
    return guest;
  };
  const sessions: Guest[] = [];
  for (let i = 0; i < UDP_SESSIONS_PER_ACCOUNT_MAX; i++) {
    const guest = await overUdp();
    await guest.request("login", guest.signedLogin("ana"));
    sessions.push(guest);
  }
  const last = await overUdp();
  expect(await last.refused("login", last.signedLogin("ana"))).toMatchObject({
    code: "too-many",
    message: "ana has reached the limit of 5 sessions over UDP",
  });
  const other = await site.greeted("10.7.0.1", ana.keys);
  await other.request("login", other.signedLogin("ana"));
  await sessions[0]?.request("logout", {});
  await last.request("login", last.signedLogin("ana"));
});

siteTest("shares the connections over UDP between accounts", async (site) => {
  interface Member {
    readonly name: string;
    readonly keys: Keys;
    readonly guests: Guest[];
  }
  const accounts: Member[] = [];
  const overUdp = async ({ keys, guests }: Member) => {
    const guest = await site.connect("10.7.0.1", keys);
    overUdpAtServer(guest.link);
    await guest.greet();
    guests.push(guest);
    return guest;
  };
  const logIn = async (account: Member) => {
    const guest = await overUdp(account);
    await guest.request("login", guest.signedLogin(account.name));
  };
  const join = async (name: string) => {
    const { keys } = await site.member(name);
    const account: Member = { name, keys, guests: [] };
    accounts.push(account);
    return account;
  };
  const greedy = await join("greedy");
  for (let i = 0; i < UDP_SESSIONS_PER_ACCOUNT_MAX; i++) await logIn(greedy);
  for (let i = UDP_SESSIONS_PER_ACCOUNT_MAX; i < UDP_MEMBER_CONNECTIONS_MAX; i++) {
    await logIn(await join(`user${i}`));
  }
  const isOpen = ({ ended }: Guest) => ended === undefined;
  expect(accounts.every(({ guests }) => guests.every(isOpen))).toBeTrue();
  await logIn(await join("next"));
  expect((await greedy.guests[0]?.untilEnded())?.fault?.code).toBe("too-many");
  for (let i = 2; i < UDP_SESSIONS_PER_ACCOUNT_MAX; i++) await logIn(await join(`last${i}`));
  await site.quiet();
  expect(accounts.map(({ guests }) => guests.filter(isOpen).length)).toEqual(accounts.map(() => 1));
  const late = await overUdp(await join("late"));
  expect(await late.refused("login", late.signedLogin("late"))).toMatchObject({
    code: "too-many",
    remedy: "connect over TCP",
  });
});

siteTest("keeps the link at log-out, for another log-in", async (site) => {
  const ana = await site.member("ana", "pass");
  await ana.request("logout", {});
  expect(await ana.refusal("who", {})).toBe("not-logged-in");
  for (let i = 0; i < 10; i++) {
    await ana.request("login", ana.signedLogin("ana"));
    await ana.request("logout", {});
  }
  await ana.request("login", ana.signedLogin("ana"));
  const { users } = await ana.request("who", { room: "lobby" });
  expect(users).toEqual([{ user: "ana", online: true, role: "member" }]);
});

siteTest("forgets the device at log-out on all its links, if requested", async (site) => {
  const ana = await site.member("ana", "pass");
  const same = await site.again(ana, "ana");
  await ana.request("logout", { forget: true });
  expect((await same.untilEnded()).fault?.code).toBe("login-refused");
  expect(await ana.refusal("login", ana.signedLogin("ana"))).toBe("login-refused");
  await ana.request("login", ana.passwordLogin("ana", "pass"));
});

test("refuses to forget the last credential, even of two devices at once", async () => {
  const { site, ana } = await siteWith(["ana"]);
  expect(await ana.refusal("logout", { forget: true })).toBe("last-credential");
  await ana.request("passwd", { password: "pass" });
  const phone = await site.byPassword("ana", "pass");
  expect(await phone.refusal("passwd", { password: "", current: "pass" })).toBe("usage");
  await phone.request("logout", { forget: true });
  await ana.request("logout", { forget: true });

  const ben = await site.member("ben");
  const tablet = await site.greeted();
  const account = [...site.registry.all()].find(({ name }) => name === "ben");
  if (account === undefined) throw new Error("ben is unknown");
  const draft = site.registry.deviceDraft(account, tablet.keys.device.publicKey);
  if (draft !== undefined) await site.wait(site.accounts.append(draft));
  await tablet.request("login", tablet.signedLogin("ben"));
  site.isTight = true;
  const results = await site.wait(
    Promise.allSettled([
      ben.send("logout", { forget: true }),
      tablet.send("logout", { forget: true }),
    ]),
  );
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(account.devices.size).toBe(1);
});

siteTest("joins the lobby at log-in if the registration was interrupted", async (site) => {
  const guest = await site.greeted();
  site.trouble = (call, path) =>
    call === "write" && path.includes("history") ? "ENOSPC" : undefined;
  expect(await guest.refusal("register", guest.registration("ana"))).toBe("store-full");
  site.trouble = () => undefined;
  expect(await guest.refusal("register", guest.registration("ana"))).toBe("name-taken");
  await guest.request("login", guest.signedLogin("ana"));
  expect((await guest.until("room")).name).toBe("lobby");
  await site.wait(guest.post("here"));
});

siteTest("refuses to register a reserved name, in any case", async (site) => {
  for (const name of ["server", "Operator", "ADMIN", "everyone", "here", "__proto__"]) {
    const guest = await site.greeted();
    const fault = await guest.refused("register", guest.registration(name));
    expect([name, fault.code]).toEqual([name, "name-invalid"]);
    expect(fault.message).toContain("reserved");
  }
  expect(site.registry.size).toBe(0);
});

siteTest("accepts a reserved name that an older version registered", async (site) => {
  const keys = newKeys();
  const old = site.registry.accountDraft(userId(new Uint8Array(ID_BYTES)), {
    name: checkName("Admin"),
    accountKey: keys.account.publicKey,
    deviceKey: keys.device.publicKey,
    deviceCert: new Uint8Array(8),
  });
  await site.wait(site.accounts.append(old));
  await site.restart();
  const admin = await site.greeted(undefined, keys);
  expect((await admin.request("login", admin.signedLogin("admin"))).user).toBe("Admin");
  const other = await site.greeted();
  expect(await other.refusal("register", other.registration("admin"))).toBe("name-taken");
  expect(await other.refusal("register", other.registration("here"))).toBe("name-invalid");
});

test("requires the current password to set another", async () => {
  const { site, ana } = await siteWith(["ana"]);
  await ana.request("passwd", { password: "first" });
  for (const current of [undefined, "", "guess"]) {
    const fields = { password: "second", ...(current === undefined ? {} : { current }) };
    expect(await ana.refusal("passwd", fields)).toBe("login-refused");
  }
  await ana.request("passwd", { password: "second", current: "first" });
  await site.byPassword("ana", "second");
});

test.each(["secret", undefined])(
  "registers an operator's name only with the operator's token, server password %p",
  async (roomPassword) => {
    const site = await Site.open({ operatorToken: "token", ...(roomPassword && { roomPassword }) });
    const guest = await site.greeted();
    if (roomPassword !== undefined) await guest.request("admit", { secret: roomPassword });
    expect(await guest.refusal("register", guest.registration("admin"))).toBe("name-invalid");
    const operator = await site.greeted();
    await operator.request("admit", { secret: "token" });
    expect(await operator.refusal("register", operator.registration("server"))).toBe(
      "name-invalid",
    );
    await operator.request("register", operator.registration("admin"));
    await site.stop();
  },
);
