import { expect, test } from "bun:test";
import {
  GUESS_DELAY_FIRST_MS,
  GUESS_DELAY_MAX_MS,
  GUESSES_FREE,
  SHARED_GUESSES_PER_MINUTE,
} from "../../../src/base/limits.ts";
import { heldPasswords } from "../site-lab.ts";
import { Sites } from "./sites.ts";

test("counts guesses of a password across all servers", async () => {
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
  await last.request("login", last.passwordLogin("ana", "pass"));
  expect(clock.now() - before).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
  for (const other of [0, 1]) {
    const next = await sites.site(other).greeted("10.1.0.100");
    const after = clock.now();
    await next.request("login", next.passwordLogin("ana", "pass"));
    expect(clock.now() - after).toBeLessThan(100);
  }
});

test("counts guesses at all servers while they are checked", async () => {
  const { passwords, waiting } = heldPasswords();
  const sites = await Sites.open(2, { passwords });
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
});

test("counts guesses per address and per shared password across all servers", async () => {
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
});

test("refuses a log-in temporarily while other servers do not answer", async () => {
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
  await sites.site(1).byPassword("ana", "pass", "10.1.0.2");
});
