import { expect, test } from "bun:test";
import { cardExpiry } from "../../../src/base/card-day.ts";
import { RESET_MS, RESET_MS_MAX, WRONG_SECRETS_MAX } from "../../../src/base/limits.ts";
import { DAY_MS, HOUR_MS } from "../../../src/base/time.ts";
import { findResetCode, newResetCode } from "../../../src/core/reset-codes.ts";
import { fixtureTest } from "../../fixture-test.ts";
import type { Guest } from "../guest.ts";
import { type Site, siteWith } from "../site.ts";

const TOKEN = "operator-token";

async function sandbox(): Promise<{ site: Site; olga: Guest; ana: Guest }> {
  const { site, olga } = await siteWith(["olga"], { operatorToken: TOKEN });
  await olga.request("operate", { token: TOKEN });
  const ana = await site.member("ana");
  await ana.request("passwd", { password: "lost" });
  return { site, olga, ana };
}

async function recovered(site: Site, token: string, password = "found"): Promise<Guest> {
  const guest = await site.greeted();
  expect(await guest.request("recover", { token, password })).toEqual({ user: "ana" });
  return guest;
}

const siteTest = fixtureTest(sandbox);

siteTest("sets one new password by a reset code", async ({ site, olga, ana }) => {
  const { token, user, expires } = await olga.request("reset", { user: "ANA" });
  expect([user, expires]).toEqual(["ana", site.clock.unixMs() + RESET_MS]);
  expect(findResetCode(token)).toBe(token);
  await ana.request("display-name", { text: "Ana B." });
  const asking = await site.greeted();
  const owner = { user: "ana", displayName: "Ana B." };
  expect(await asking.request("recover-user", { token })).toEqual(owner);
  expect(await asking.request("recover-user", { token })).toEqual(owner);
  expect(await asking.refusal("recover-user", { token: `${token}x` })).toBe("code-wrong");
  const guest = await recovered(site, token);
  expect(await guest.refusal("recover-user", { token })).toBe("code-wrong");
  await guest.request("login", guest.passwordLogin("ana", "found"));
  const other = await site.greeted();
  expect(await other.refusal("recover", { token, password: "again" })).toBe("code-wrong");
  expect(await other.refusal("login", other.passwordLogin("ana", "lost"))).toBe("login-refused");
  expect(ana.ended).toBeUndefined();
  const bytes = Buffer.from(site.disk.fileAt("/d/accounts/000000000001.jsonl").visible);
  expect(bytes.includes(token)).toBe(false);
  expect(bytes.includes("hash of lost")).toBe(false);
});

siteTest("signs out all devices by a reset code if requested", async ({ site, olga, ana }) => {
  const second = await site.again(ana, "ana");
  const { token } = await olga.request("reset", { user: "ana", signOut: true });
  await site.restart();
  const thief = await site.again(ana, "ana");
  const guest = await recovered(site, token);
  expect((await thief.untilEnded()).fault?.code).toBe("login-refused");
  expect(second.ended).toBeDefined();
  const back = await site.greeted(undefined, ana.keys);
  expect(await back.refusal("login", back.signedLogin("ana"))).toBe("login-refused");
  await guest.request("login", guest.passwordLogin("ana", "found"));
  expect((await guest.request("devices", {})).devices).toHaveLength(1);
});

siteTest("keeps a reset code valid across a restart until it expires", async ({ site, olga }) => {
  const now = site.clock.unixMs();
  for (const expires of [now, now + RESET_MS_MAX + DAY_MS + 1]) {
    expect(await olga.refusal("reset", { user: "ana", expires })).toBe("usage");
  }
  const { token } = await olga.request("reset", { user: "ana", expires: now + RESET_MS_MAX });
  await site.restart();
  await site.time.jump(RESET_MS_MAX - 1_000);
  const guest = await site.greeted();
  site.skewMs += 1_000;
  expect(await guest.refusal("recover", { token, password: "late" })).toBe("code-wrong");
});

siteTest("shortens a code of a client whose clock is ahead", async ({ site, olga }) => {
  const now = site.clock.unixMs();
  const hours = 3 * HOUR_MS;
  const card = cardExpiry(now + hours);
  const made = await olga.request("enrol", { user: "zoe", expires: now + hours + RESET_MS_MAX });
  expect(made.expires).toBe(now + RESET_MS_MAX);
  const { expires } = await olga.request("enrol", { user: "yan", expires: card });
  expect(expires).toBe(Math.min(card, now + RESET_MS_MAX));
});

test("invalidates a reset code on the next code or a new password", async () => {
  const { site, olga, ana } = await sandbox();
  const first = await olga.request("reset", { user: "ana" });
  const second = await olga.request("reset", { user: "ana" });
  const guest = await site.greeted();
  expect(await guest.refusal("recover", { token: first.token, password: "x" })).toBe("code-wrong");
  await ana.request("passwd", { password: "remembered", current: "lost" });
  expect(await guest.refusal("recover", { token: second.token, password: "x" })).toBe("code-wrong");
  await guest.request("login", guest.passwordLogin("ana", "remembered"));
});

siteTest("accepts a reset code from one of two simultaneous clients", async ({ site, olga }) => {
  const { token } = await olga.request("reset", { user: "ana" });
  const guests = [await site.greeted(), await site.greeted()];
  const outcomes = await site.wait(
    Promise.allSettled(
      guests.map((guest, i) => guest.send("recover", { token, password: `p${i}` })),
    ),
  );
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

siteTest("names the end of a code to its holder alone", async ({ site, olga, ana }) => {
  const reset = (user: string) => olga.request("reset", { user });
  const [first, second] = [await reset("ana"), await reset("ana")];
  const refusal = async (token: string) => {
    const guest = await site.greeted();
    const { code, message } = await guest.refused("recover-user", { token });
    return `${code}: ${message}`;
  };
  const other = newResetCode(() => new Uint8Array(16).fill(9));
  expect(await refusal(other)).toBe("code-wrong: this server does not know this code");
  const replaced = "code-wrong: a newer code has replaced this one";
  expect(await refusal(first.token)).toBe(replaced);
  const typed = ` ${second.token.toLowerCase().replaceAll("-", " – ")}`;
  await olga.request("rename", { user: "ana", to: "anna" });
  const guest = await site.greeted();
  expect(await guest.request("recover-user", { token: typed })).toEqual({ user: "anna" });
  await guest.request("recover", { token: typed, password: "found" });
  const used = "code-wrong: this code has been used, or the password changed since";
  expect(await refusal(second.token)).toBe(used);
  const third = await reset("anna");
  await site.restart();
  await site.time.jump(RESET_MS);
  expect(await refusal(third.token)).toBe("code-wrong: this code has expired");
  expect([await refusal(first.token), await refusal(second.token)]).toEqual([replaced, used]);
  expect(ana.ended).toBeDefined();
});

siteTest("delays guesses of reset codes like those of passwords", async ({ site }) => {
  const guest = await site.greeted();
  for (let i = 0; i < WRONG_SECRETS_MAX; i++) {
    await guest.refused("recover", { token: `pAAAAAAAAAAAAAAAAAAAAA${i}`, password: "x" });
  }
  expect((await guest.untilEnded()).fault?.code).toBe("code-wrong");
  const next = await site.greeted();
  const before = site.clock.now();
  await next.refused("recover", { token: "", password: "x" });
  expect(site.clock.now() - before).toBeGreaterThanOrEqual(1_000);
});

siteTest("refuses reset codes for banned accounts and empty passwords", async ({ site, olga }) => {
  const { token } = await olga.request("reset", { user: "ana" });
  const guest = await site.greeted();
  expect(await guest.refusal("recover", { token, password: "" })).toBe("usage");
  await olga.request("ban", { user: "ana", on: true });
  expect(await guest.refusal("recover", { token, password: "new" })).toBe("banned");
  await olga.request("ban", { user: "ana", on: false });
  await recovered(site, token);
});

test("uses a reset code atomically despite crashes", async () => {
  const seen = new Set<string>();
  for (let calls = 1; ; calls++) {
    const { site, olga } = await sandbox();
    const { token } = await olga.request("reset", { user: "ana" });
    const guest = await site.greeted();
    site.disk.stopAt(site.disk.calls + calls);
    let isAnswered = false;
    const recovering = guest.send("recover", { token, password: "found" });
    recovering.then(
      () => {
        isAnswered = true;
      },
      () => undefined,
    );
    await site.time.advance(200);
    const isOver = !site.disk.isStopped;
    expect(isAnswered).toBe(isOver);
    site.disk.losePower();
    await site.restartAfterCrash();
    const next = await site.greeted();
    const login = next.request("login", next.passwordLogin("ana", "found"));
    const isSet = await login.then(() => true).catch(() => false);
    if (isAnswered) expect(isSet).toBe(true);
    if (!isSet) await recovered(site, token);
    seen.add(`answered: ${isAnswered}, set: ${isSet}`);
    if (isOver) break;
  }
  expect([...seen].sort()).toEqual([
    "answered: false, set: false",
    "answered: false, set: true",
    "answered: true, set: true",
  ]);
});

siteTest("creates an account whose user signs in with its code", async ({ site, olga, ana }) => {
  expect(await ana.refusal("enrol", { user: "cleo" })).toBe("not-allowed");
  expect(await olga.refusal("enrol", { user: "ANA" })).toBe("name-taken");
  expect(await olga.refusal("enrol", { user: "admin" })).toBe("name-invalid");
  const expires = site.clock.unixMs() + RESET_MS_MAX;
  expect(await olga.refusal("enrol", { user: "cleo", expires: expires + DAY_MS + 1 })).toBe(
    "usage",
  );
  const enrolled = await olga.request("enrol", { user: "cleo", expires });
  expect([enrolled.user, enrolled.expires]).toEqual(["cleo", expires]);
  expect(await olga.refusal("enrol", { user: "cleo" })).toBe("name-taken");
  await site.restart();
  const guest = await site.greeted();
  expect(await guest.refusal("login", guest.passwordLogin("cleo", "found"))).toBe("login-refused");
  const { token } = enrolled;
  expect(await guest.request("recover", { token, password: "found" })).toEqual({ user: "cleo" });
  await guest.request("login", guest.passwordLogin("cleo", "found"));
});

siteTest("two operators create an account of one name once", async ({ site, olga }) => {
  const second = await site.member("otto");
  await second.request("operate", { token: TOKEN });
  const outcomes = await Promise.allSettled([
    olga.request("enrol", { user: "cleo" }),
    second.request("enrol", { user: "Cleo" }),
  ]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

siteTest("takes a code of the client, and no text of another form", async ({ site, olga }) => {
  const code = newResetCode(() => new Uint8Array(16).fill(7));
  const made = await olga.request("enrol", { user: "pupil", code, displayName: "Pupil  P." });
  expect([made.user, made.token]).toEqual(["pupil", code]);
  const { names } = await olga.request("display-names", { users: ["pupil"] });
  expect(names).toEqual([{ user: "pupil", text: "Pupil P." }]);
  const guest = await site.greeted();
  const used = await guest.request("recover", { token: code, password: "secret" });
  expect(used).toEqual({ user: "pupil" });
  const wrong = code.replace(/.$/, (last) => (last === "7" ? "K" : "7"));
  for (const bad of ["", "p", code.toLowerCase(), code.replaceAll("-", ""), wrong, `${code}x`])
    expect(await olga.refusal("reset", { user: "pupil", code: bad })).toBe("usage");
  for (const displayName of ["Pupil P.", "Ana", "server", "Bеn"])
    expect(await olga.refusal("enrol", { user: "other", displayName })).toMatch(/^name-/);
  expect(await olga.refusal("whois", { user: "other" })).toBe("user-unknown");
});

siteTest("accepts a code that was given twice", async ({ site, olga }) => {
  const { token } = await olga.request("reset", { user: "ana" });
  expect((await olga.request("reset", { user: "ana", code: token })).token).toBe(token);
  const guest = await recovered(site, token);
  expect(await guest.refusal("recover-user", { token })).toBe("code-wrong");
  await olga.request("reset", { user: "ana", code: token });
  await recovered(site, token, "found again");
});

siteTest("stores the id of another system for operators alone", async ({ site, olga, ana }) => {
  await olga.request("enrol", { user: "siti", externalId: "0051234567" });
  await olga.request("external-id", { user: "ana", value: "51234567" });
  expect(await olga.refusal("external-id", { user: "ana", value: "0051234567" })).toBe(
    "name-taken",
  );
  expect(await olga.refusal("enrol", { user: "siti2", externalId: "51234567" })).toBe("name-taken");
  expect(await olga.refusal("external-id", { user: "ana", value: "=cmd" })).toBe("name-invalid");
  expect(await ana.refusal("external-id", { user: "ana", value: "1" })).toBe("not-allowed");
  await site.restart();
  const operator = await site.again(olga, "olga");
  await operator.request("operate", { token: TOKEN });
  const idsOf = async () => {
    const { accounts } = await operator.request("accounts", {});
    return accounts.map(({ user, externalId }) => [user, externalId]);
  };
  expect(await idsOf()).toContainEqual(["siti", "0051234567"]);
  await operator.request("remove", { user: "siti" });
  await operator.request("external-id", { user: "ana", value: "0051234567" });
  expect(await idsOf()).toContainEqual(["ana", "0051234567"]);
});
