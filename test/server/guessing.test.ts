import { expect, test } from "bun:test";
import {
  GUESS_DELAY_FIRST_MS,
  GUESS_DELAY_MAX_MS,
  GUESSES_DELAYED_PER_ADDRESS_MAX,
  GUESSES_FREE,
  PASSWORD_CHECKS_MAX,
  PASSWORD_CHECKS_QUEUED_MAX,
  SHARED_GUESSES_PER_MINUTE,
} from "../../src/base/limits.ts";
import type { Guest } from "./guest.ts";
import { Site, siteWith } from "./site.ts";
import { heldPasswords, siteTest } from "./site-lab.ts";

siteTest("delays right and wrong guesses by name and by address", async (site) => {
  await site.member("ana", "pass");
  const started = site.clock.now();
  for (let i = 0; i < 3; i++) {
    const guest = await site.greeted(`10.1.0.${i}`);
    await guest.refused("login", guest.passwordLogin("ana", `wrong ${i}`));
  }
  expect(site.clock.now() - started).toBeLessThan(GUESS_DELAY_FIRST_MS);
  const last = await site.greeted("10.1.0.99");
  const before = site.clock.now();
  await last.request("login", last.passwordLogin("ana", "pass"));
  expect(site.clock.now() - before).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
  const next = await site.greeted("10.1.0.100");
  const after = site.clock.now();
  await next.request("login", next.passwordLogin("ana", "pass"));
  expect(site.clock.now() - after).toBeLessThan(100);
});

siteTest("delays a wrong password once, for the account or the address", async (site) => {
  await site.member("ana", "pass");
  const wrong = async (name: string, address = "10.4.0.1") => {
    const guest = await site.greeted(address);
    const before = site.clock.now();
    await guest.refused("login", guest.passwordLogin(name, "wrong"));
    const [delay, ...more] = guest.all("guess-delay");
    expect(more).toEqual([]);
    return { delay, ms: site.clock.now() - before };
  };
  for (let i = 0; i < GUESSES_FREE; i++) expect((await wrong("ana")).delay).toBeUndefined();
  for (const seconds of [1, 2, 4]) {
    const { delay, ms } = await wrong("ana");
    expect(delay).toMatchObject({ waitMs: seconds * GUESS_DELAY_FIRST_MS, of: "address" });
    expect(ms).toBeGreaterThanOrEqual(seconds * GUESS_DELAY_FIRST_MS);
    expect(ms).toBeLessThan(seconds * GUESS_DELAY_FIRST_MS + 500);
  }
  expect((await wrong("ana", "10.4.0.2")).delay).toMatchObject({ of: "account" });
});

siteTest("announces the same delay for right and wrong secrets", async (site) => {
  await site.member("ana", "pass");
  const announcedDelay = async (name: string, password: string) => {
    const guest = await site.greeted("10.4.1.1");
    await site.wait(guest.send("login", guest.passwordLogin(name, password)).catch(() => {}));
    return guest.all("guess-delay").map(({ waitMs, of }) => ({ waitMs, of }));
  };
  for (let i = 0; i < GUESSES_FREE; i++) await announcedDelay(`nobody${i}`, "wrong");
  const first = { waitMs: GUESS_DELAY_FIRST_MS, of: "address" as const };
  expect(await announcedDelay("ana", "pass")).toEqual([first]);
  expect(await announcedDelay("nobody", "wrong")).toEqual([first]);
  expect(await announcedDelay("ana", "wrong")).toEqual([
    { ...first, waitMs: 2 * GUESS_DELAY_FIRST_MS },
  ]);
});

siteTest("does not delay a right password from the same address", async (site) => {
  await site.member("ana", "pass");
  for (let i = 0; i < 5; i++) {
    const guest = await site.greeted("10.9.0.1");
    await guest.refused("login", guest.passwordLogin(`nobody${i}`, "wrong"));
  }
  const neighbour = await site.greeted("10.9.0.1");
  const before = site.clock.now();
  await neighbour.request("login", neighbour.passwordLogin("ana", "pass"));
  expect(site.clock.now() - before).toBeLessThan(100);
  const guesser = await site.greeted("10.9.0.1");
  await guesser.refused("login", guesser.passwordLogin("nobody", "wrong"));
  expect(site.clock.now() - before).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
});

siteTest("delays right guesses of an address with too many delayed answers", async (site) => {
  await site.member("ana", "pass");
  const wrong = async (name: string) => {
    const guest = await site.greeted("10.9.0.2");
    return guest.send("login", guest.passwordLogin(name, "wrong")).catch(() => undefined);
  };
  for (let i = 0; i < GUESSES_FREE; i++) await site.wait(wrong(`nobody${i}`));
  const login = async () => {
    const guest = await site.greeted("10.9.0.2");
    const before = site.clock.now();
    await guest.request("login", guest.passwordLogin("ana", "pass"));
    return site.clock.now() - before;
  };
  for (let i = 1; i < GUESSES_DELAYED_PER_ADDRESS_MAX; i++) void wrong(`held${i}`);
  await site.time.advance(10);
  expect(await login()).toBeLessThan(100);
  void wrong("one-more");
  await site.time.advance(10);
  expect(await login()).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
});

test("delays guesses of the server password without locking anyone out", async () => {
  const site = await Site.open({
    roomPassword: "right",
    operatorToken: "token",
    skipsIdleTime: true,
  });
  const ana = await site.member("ana", "pass");
  const admit = async (address: string, secret: string) => {
    const guest = await site.greeted(address);
    const before = site.clock.now();
    await site.wait(guest.send("admit", { secret }).catch(() => undefined));
    return site.clock.now() - before;
  };
  for (let i = 0; i < SHARED_GUESSES_PER_MINUTE; i++) await admit(`10.7.0.${i}`, "wrong");
  for (let i = 0; i < 300; i++) {
    const guest = await site.greeted(`10.7.1.${i}`);
    void guest.send("admit", { secret: "wrong" });
  }
  expect(await admit("10.8.0.1", "token")).toBeLessThan(100);
  const { token } = await ana.request("invite", {});
  expect(await admit("10.8.0.2", token)).toBeLessThan(100);
  const known = await site.greeted("10.8.0.3");
  const before = site.clock.now();
  await known.request("login", known.passwordLogin("ana", "pass"));
  await site.again(ana, "ana");
  expect(site.clock.now() - before).toBeLessThan(100);
  const newcomer = await site.greeted("10.8.0.4");
  const requestedAt = site.clock.now();
  await newcomer.request("admit", { secret: "right" });
  const waited = site.clock.now() - requestedAt;
  expect(waited).toBeGreaterThan(GUESS_DELAY_FIRST_MS);
  expect(waited).toBeLessThan(GUESS_DELAY_MAX_MS + 100);
  await newcomer.request("register", newcomer.registration("ben"));
  await site.time.advance(GUESS_DELAY_MAX_MS + 60_000);
  expect(await admit("10.8.0.5", "right")).toBeLessThan(100);
});

test("delays guesses of each room password separately", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { skipsIdleTime: true });
  for (const room of ["vault", "attic"]) {
    await ana.request("join", { room, create: true, password: "right" });
  }
  await ben.request("join", { room: "vault", password: "right" });
  for (let i = 0; i < SHARED_GUESSES_PER_MINUTE + 20; i++) {
    const guest = await site.greeted(`10.7.0.${i}`);
    await guest.request("register", guest.registration(`n${i}`));
    void guest.send("join", { room: "vault", password: "wrong" });
  }
  const eve = await site.greeted("10.8.0.1");
  await eve.request("register", eve.registration("eve"));
  const timed = async (guest: Guest, room: string, password?: string) => {
    const before = site.clock.now();
    await guest.request("join", { room, ...(password === undefined ? {} : { password }) });
    return site.clock.now() - before;
  };
  expect(await timed(eve, "attic", "right")).toBeLessThan(100);
  await ben.request("leave", { room: "vault" });
  expect(await timed(ben, "vault")).toBeLessThan(100);
  expect(await timed(eve, "vault", "right")).toBeGreaterThan(GUESS_DELAY_FIRST_MS);
});

test("is not delayed by a member who sets many passwords", async () => {
  let isSlow = false;
  const site = await Site.open({
    passwords: {
      hash: (password) => (isSlow ? new Promise(() => {}) : Promise.resolve(password)),
      verify: (password, hash) => Promise.resolve(password === hash),
    },
  });
  const [eve] = [await site.member("eve"), await site.member("ana", "pass")];
  isSlow = true;
  const wishes = PASSWORD_CHECKS_MAX + PASSWORD_CHECKS_QUEUED_MAX;
  for (let i = 0; i < wishes; i++) void eve.send("passwd", { password: `p${i}` });
  for (let i = 0; i < wishes; i++) {
    void eve.send("join", { room: `room${i}`, create: true, password: "p" });
  }
  await site.quiet();
  await site.byPassword("ana", "pass", "10.3.0.1");
});

test("does not log in a client whose link closes during the check", async () => {
  const { passwords, waiting } = heldPasswords();
  const site = await Site.open({ passwords });
  const ana = await site.member("ana", "pass");
  const guest = await site.greeted();
  guest.send("login", guest.passwordLogin("ana", "pass"));
  await site.until("the check", () => waiting[0]);
  guest.hangUp();
  await site.time.advance(10);
  for (const go of waiting.splice(0)) go();
  await site.time.advance(10);
  const thief = await site.greeted(undefined, guest.keys);
  expect(await thief.refusal("login", thief.signedLogin("ana"))).toBe("login-refused");
  expect(ana.ended).toBeUndefined();
});

test("limits concurrent and queued password checks", async () => {
  const { passwords, waiting } = heldPasswords();
  const site = await Site.open({ passwords });
  const ana = await site.member("ana", "pass");
  const fits = PASSWORD_CHECKS_MAX + PASSWORD_CHECKS_QUEUED_MAX;
  const guests = [];
  for (let i = 0; i <= fits; i++) guests.push(await site.greeted(`10.3.0.${i}`));
  const answers = guests.map((guest, i) => {
    return guest.send("login", guest.passwordLogin(`nobody${i}`, "x")).catch((fault) => fault.code);
  });
  expect(await site.wait(answers.at(-1) ?? Promise.reject())).toBe("too-many");
  expect(waiting).toHaveLength(PASSWORD_CHECKS_MAX);
  await site.again(ana, "ana");
  const codes: unknown[] = [];
  for (const answer of answers) answer.then((code) => codes.push(code));
  await site.until("all answers", () => {
    for (const go of waiting.splice(0)) go();
    return codes.length === answers.length || undefined;
  });
  expect(codes.filter((code) => code === "login-refused")).toHaveLength(fits);
});

test("checks passwords from members' addresses while strangers fill the queue", async () => {
  const { passwords, waiting } = heldPasswords();
  const site = await Site.open({ passwords });
  await site.member("ana", "pass"); // From 10.0.0.2.
  const codes: string[] = [];
  const refused = 26;
  for (let i = 0; i < PASSWORD_CHECKS_MAX + PASSWORD_CHECKS_QUEUED_MAX + refused; i++) {
    const guest = await site.greeted(`10.6.0.${i}`);
    guest
      .send("login", guest.passwordLogin(`nobody${i}`, "wrong"))
      .catch(({ code }) => codes.push(code));
  }
  await site.quiet();
  expect(codes).toEqual(Array(refused).fill("too-many"));
  const stranger = await site.greeted("10.6.1.1");
  expect(await stranger.refusal("login", stranger.passwordLogin("ana", "pass"))).toBe("too-many");
  const member = await site.greeted("10.0.0.2");
  const login = member.send("login", member.passwordLogin("ana", "pass"));
  await site.quiet();
  expect(waiting).toHaveLength(PASSWORD_CHECKS_MAX + 1);
  waiting.at(-1)?.();
  expect(await site.wait(login)).toMatchObject({ user: "ana" });
});
