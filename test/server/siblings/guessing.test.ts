import { expect, test } from "bun:test";
import {
  GUESS_DELAY_FIRST_MS,
  GUESS_DELAY_MAX_MS,
  GUESSES_FREE,
  GUESSES_HELD_PER_ADDRESS_MAX,
  SHARED_GUESSES_PER_MINUTE,
} from "../../../src/base/limits.ts";
import { Sites } from "./sites.ts";

/** Guesses at the secrets of servers that are one count at all of them. */

test("several servers give no more guesses at a password than one", async () => {
  const sites = await Sites.open(3);
  await sites.site(0).member("ana", "pass");
  for (let i = 0; i < GUESSES_FREE; i++) {
    const guest = await sites.site(i % 3).greeted(`10.1.0.${i}`);
    await guest.refused("login", guest.passwordLogin("ana", `wrong ${i}`));
  }
  const at = sites.site(2);
  const { clock } = at;
  const last = await at.greeted("10.1.0.99");
  const before = clock.now();
  await last.ask("login", last.passwordLogin("ana", "pass"));
  expect(clock.now() - before).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
  // It was right: now everywhere the first ones are free again.
  for (const other of [0, 1]) {
    const next = await sites.site(other).greeted("10.1.0.100");
    const after = clock.now();
    await next.ask("login", next.passwordLogin("ana", "pass"));
    expect(clock.now() - after).toBeLessThan(100);
  }
  await sites.stop();
});

test("guesses at all of them at once count while they are looked at", async () => {
  const waiting: (() => void)[] = [];
  const sites = await Sites.open(2, {
    passwords: {
      hash: (password) => Promise.resolve(password),
      verify: async (password, hash) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        return password === hash;
      },
    },
  });
  await sites.site(0).member("ana", "pass");
  const guesses = [];
  for (let i = 0; i < GUESSES_FREE + 1; i++) {
    const guest = await sites.site(i % 2).greeted(`10.2.0.${i}`);
    guesses.push(guest.send("login", guest.passwordLogin("ana", "wrong")).catch(() => undefined));
    await sites.site(0).quiet();
  }
  expect(waiting).toHaveLength(GUESSES_FREE);
  await sites.site(0).time.advance(GUESS_DELAY_FIRST_MS);
  expect(waiting).toHaveLength(GUESSES_FREE + 1);
  for (const verified of waiting) verified();
  await sites.site(0).wait(Promise.all(guesses));
  await sites.stop();
});

test("beyond so many held answers at all of them, right guesses wait, too", async () => {
  const sites = await Sites.open(2);
  const [one, other] = [sites.site(0), sites.site(1)];
  const { clock } = one;
  await one.member("ana", "pass");
  const wrong = async (name: string) => {
    const guest = await one.greeted("10.9.0.2");
    return guest.send("login", guest.passwordLogin(name, "wrong")).catch(() => undefined);
  };
  for (let i = 0; i < GUESSES_FREE; i++) await one.wait(wrong(`nobody${i}`));
  const login = async () => {
    const guest = await other.greeted("10.9.0.2");
    const before = clock.now();
    await guest.ask("login", guest.passwordLogin("ana", "pass"));
    return clock.now() - before;
  };
  for (let i = 1; i < GUESSES_HELD_PER_ADDRESS_MAX; i++) void wrong(`held${i}`);
  await one.time.advance(10);
  expect(await login()).toBeLessThan(100);
  void wrong("one-more");
  await one.time.advance(10);
  expect(await login()).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
  await one.time.advance(20 * GUESS_DELAY_MAX_MS);
  expect(await login()).toBeLessThan(100);
  await sites.stop();
});

test("those of one address count together, and those at what many share", async () => {
  const sites = await Sites.open(2, { roomPassword: "secret" });
  const { clock } = sites.site(0);
  const guess = async (at: number, host: string, secret: string) => {
    const guest = await sites.site(at).greeted(host);
    const before = clock.now();
    await sites.site(at).wait(guest.send("admit", { secret }).catch(() => undefined));
    return clock.now() - before;
  };
  for (let i = 0; i < GUESSES_FREE; i++) await guess(0, "10.3.0.1", "wrong");
  expect(await guess(1, "10.3.0.1", "wrong")).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
  for (let i = 0; i < SHARED_GUESSES_PER_MINUTE; i++) {
    await guess(i % 2, `10.3.${1 + (i >> 7)}.${i & 127}`, "wrong");
  }
  const held = await guess(1, "10.4.0.1", "secret");
  expect(held).toBeGreaterThan(100);
  expect(held).toBeLessThanOrEqual(GUESS_DELAY_MAX_MS + 100);
  await sites.stop();
});

test("nobody is refused for good while another server may know who it is", async () => {
  const sites = await Sites.open(2);
  await sites.site(0).member("ana", "pass");
  const guest = await sites.site(1).greeted("10.1.0.1");
  sites.isOut = true;
  for (const [name, password] of [
    ["ben", "pass"],
    ["ana", "the next one"],
  ] as const) {
    const fault = await guest.refused("login", guest.passwordLogin(name, password));
    expect(fault).toMatchObject({ code: "no-majority", retryAfterMs: 3_000 });
  }
  sites.isOut = false;
  const fault = await guest.refused("login", guest.passwordLogin("ben", "pass"));
  expect(fault).toMatchObject({ code: "login-refused", retryAfterMs: undefined });
  sites.isOut = true;
  const ana = await sites.site(1).greeted("10.1.0.2");
  await ana.ask("login", ana.passwordLogin("ana", "pass"));
  await sites.stop();
});
