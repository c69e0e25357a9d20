import { expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { DAY_MS } from "../../../src/base/time.ts";
import { type Store, TABLES } from "../../../src/web/browser/indexed-db.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { rejection } from "../../rejection.ts";
import { Site } from "../../server/site.ts";
import { Browser, opened, type Tab } from "../browser/browser.ts";

const openTest = fixtureTest(opened);

async function refusal({ chat, browser }: Tab, user: string, password?: string): Promise<string> {
  const entering = browser.site.wait(chat.enter({ user, ...(password && { password }) }));
  return ((await rejection(entering)) as Fault).code;
}

/** Tab of a further account in this browser. */
async function another(browser: Browser, user: string, password?: string): Promise<Tab> {
  const before = await browser.tab();
  await before.chat.addAccount();
  const tab = await browser.tab({ reloads: before });
  before.kill();
  await browser.site.wait(tab.chat.enter({ user, ...(password && { password }) }));
  await tab.caughtUp();
  return tab;
}

/** Keys and values of all tables. */
async function stored(store: Store): Promise<string[]> {
  const rows: string[] = [];
  for (const table of TABLES)
    for (const [key, value] of await store.all(table, ""))
      rows.push(`${table} ${key} ${JSON.stringify(value)}`);
  return rows;
}

openTest("asks for the password after signing out, in each tab", async ({ site, browser, ana }) => {
  const second = await browser.tab();
  await second.loggedIn("ana");
  ana.chat.actions.setDraft("lobby", { text: "half" });
  await site.wait(ana.chat.logout());
  await second.until("out", () => second.chat.model.me === undefined);
  const restarted = await browser.tab({ reloads: second });
  const fresh = await browser.tab();
  for (const tab of [ana, second, restarted, fresh]) {
    expect(tab.chat.model.me).toBeUndefined();
    expect(tab.chat.signedOut).toBeUndefined();
    expect(tab.chat.opensByKey("ANA")).toBe(false);
    expect(await refusal(tab, "ana")).toBe("login-refused");
    expect(await refusal(tab, "ana", "wrong password")).toBe("login-refused");
    expect(tab.chat.model.me).toBeUndefined();
  }
  await site.wait(fresh.chat.enter({ user: "ana", password: "secret" }));
  await fresh.until("the draft", () => fresh.chat.model.drafts.get("lobby")?.text === "half");
  await site.restartAfterCrash();
  await fresh.until("again", () => fresh.chat.model.isCaughtUp);
});

openTest("asks for the password after signing out offline", async ({ site, browser, ana }) => {
  ana.isFrozen = true;
  ana.cut();
  await ana.connectionIs("offline");
  await site.wait(ana.chat.logout());
  ana.isFrozen = false;
  const next = await browser.tab({ reloads: ana });
  expect(next.chat.model.me).toBeUndefined();
  expect(await refusal(next, "ana")).toBe("login-refused");
  await site.wait(next.chat.enter({ user: "ana", password: "secret" }));
});

openTest("a face opens no account that has a password", async ({ site, browser, ana }) => {
  const third = await another(browser, "kid", "of kid xx");
  await site.wait(third.chat.logout());
  expect(ana.chat.model.me).toBe("ana");
  expect([third.chat.opensByKey("ana"), third.chat.opensByKey("kid")]).toEqual([false, false]);
  expect(await refusal(third, "ana")).toBe("login-refused");
  await site.wait(third.chat.enter({ user: "ana", password: "secret" }));
});

openTest("each tab keeps its account over a reload", async ({ site, browser, ana }) => {
  const other = await another(browser, "ben", "another one");
  expect(other.chat.knownAccounts.map(({ user }) => user)).toEqual(["ben", "ana"]);
  expect(ana.chat.model.me).toBe("ana");
  for (const [tab, user] of [
    [ana, "ana"],
    [other, "ben"],
  ] as const) {
    await tab.close();
    const again = await browser.tab({ reloads: tab });
    await again.loggedIn(user);
  }
  const fresh = await browser.tab();
  await fresh.loggedIn("ben");
  await fresh.chat.changeAccount("ana");
  const changed = await browser.tab({ reloads: fresh });
  await changed.loggedIn("ana");
  await site.wait(changed.chat.logout());
  expect((await rejection(fresh.chat.changeAccount("ana"))) as Fault).toMatchObject({
    code: "not-logged-in",
  });
});

openTest("opens the account of a notification, if it is signed in", async (fixture) => {
  const { site, browser, ana } = fixture;
  const other = await another(browser, "ben", "another one");
  await site.wait(ana.chat.logout());
  await site.wait(other.chat.logout());
  await site.wait(other.chat.enter({ user: "ben", password: "another one" }));
  for (const account of ["ana", "carl", "toString"]) {
    const tab = await browser.tab({ account });
    await tab.loggedIn("ben");
    expect(tab.chat.signedOut).toBeUndefined();
  }
  await site.wait(ana.chat.enter({ user: "ana", password: "secret" }));
  const notified = await browser.tab({ account: "Ben", reloads: ana });
  await notified.loggedIn("ben");
});

openTest("two sign-ins at once end in the right tabs", async ({ site, browser }) => {
  const [one, two] = [await browser.tab(), await browser.tab()];
  for (const tab of [one, two]) await tab.chat.addAccount();
  const tabs = [await browser.tab({ reloads: one }), await browser.tab({ reloads: two })] as const;
  await site.wait(
    Promise.all([
      tabs[0].chat.enter({ user: "cleo", password: "of cleo x" }),
      tabs[1].chat.enter({ user: "dora", password: "of dora x" }),
    ]),
  );
  expect(tabs.map(({ chat }) => chat.model.me)).toEqual(["cleo", "dora"]);
  for (const tab of tabs) await tab.chat.changeAccount(tab.chat.model.me ?? "");
  const again = await browser.tab({ reloads: tabs[0] });
  await again.loggedIn("cleo");
});

openTest("forgetting leaves nothing of the account", async ({ site, browser, ana }) => {
  await site.wait(ana.chat.actions.setDisplayName("Ana Ruíz"));
  await ana.until("named", () => ana.chat.model.displayNames.get("ana") === "Ana Ruíz");
  ana.chat.actions.setDraft("lobby", { text: "half a secret" });
  const second = await browser.tab();
  await second.loggedIn("ana");
  const other = await another(browser, "bela", "of bela x");
  expect((await stored(browser.store)).filter((row) => /ana|secret/i.test(row))).not.toEqual([]);
  await site.wait(ana.chat.logout(true));
  await site.quiet();
  expect([ana.reloads, second.reloads, other.reloads]).toEqual([1, 1, 0]);
  const left = (await stored(browser.store)).filter((row) => /\bana\b|Ruíz|secret/i.test(row));
  // Rows of another member may name her as an author.
  expect(left.filter((row) => !row.includes(" bela "))).toEqual([]);
  expect([ana.tabAccount, second.tabAccount, browser.lastDrafts]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(other.chat.model.me).toBe("bela");
  expect(other.chat.knownAccounts.map(({ user }) => user)).toEqual(["bela"]);
  await site.wait(other.chat.logout(true));
  await site.quiet();
  const rows = await stored(browser.store);
  const names = rows.map((row) => row.split(" ").slice(0, 2).join(" "));
  expect(names.sort()).toEqual(["places server", "places shared"]);
  const next = await browser.tab();
  expect(next.chat.knownAccounts).toEqual([]);
  await site.wait(next.chat.enter({ user: "ana", password: "secret" }));
});

openTest("an account is forgotten without its password", async ({ site, browser, ana }) => {
  await site.wait(ana.chat.logout());
  await site.wait(ana.chat.forgetAccountOf("Ana"));
  expect(ana.reloads).toBe(1);
  expect((await stored(browser.store)).filter((row) => row.includes("ana"))).toEqual([]);
});

test("an account without a password is closed on its only device", async () => {
  const site = await Site.open();
  const browser = new Browser(site);
  const kid = await browser.member("kid");
  expect(kid.chat.hasPassword).toBe(false);
  await site.wait(kid.chat.logout());
  expect(await refusal(kid, "kid")).toBe("login-refused");
  const other = await new Browser(site).member("kid2");
  await site.wait(other.chat.logout(true));
  const next = await new Browser(site).tab();
  expect(await refusal(next, "kid2")).toBe("login-refused");
});

test("knows when the account gets a password", async () => {
  const site = await Site.open();
  const browser = new Browser(site);
  const kid = await browser.member("kid");
  await site.wait(kid.chat.passwd("a new password"));
  expect([kid.chat.hasPassword, kid.chat.opensByKey("kid")]).toEqual([true, false]);
});

openTest("a browser with several accounts counts as shared", async ({ browser, ana }) => {
  expect(ana.chat.isShared).toBe(false);
  const other = await another(browser, "ben", "of ben xx");
  expect(other.chat.isShared).toBe(true);
  other.chat.setShared(false);
  expect(other.chat.isShared).toBe(false);
  expect((await browser.tab()).chat.isShared).toBe(false);
});

openTest("does not count as shared a week after the other account", async ({ browser }) => {
  const { store } = browser;
  const ben = await another(browser, "ben", "of ben xx");
  expect(ben.chat.isShared).toBe(true);
  await ben.close();
  for (const [key, value] of await store.all("places", "known ")) {
    const { user, signedInUnixMs } = value as { user: string; signedInUnixMs: number };
    if (user !== "ana") continue;
    const earlier = { ...Object(value), signedInUnixMs: signedInUnixMs - 7 * DAY_MS };
    await store.write([{ table: "places", key, value: earlier }]);
  }
  const next = await browser.tab();
  await next.loggedIn("ben");
  expect(next.chat.knownAccounts.map(({ user }) => user).sort()).toEqual(["ana", "ben"]);
  expect(next.chat.isShared).toBe(false);
});

openTest("an account that an older page has signed out is out", async ({ browser, ana }) => {
  const { store } = browser;
  await ana.close();
  for (const [key] of await store.all("places", "known "))
    await store.write([{ table: "places", key, value: undefined }]);
  const value = { user: "ana", hasLeft: true };
  await store.write([{ table: "places", key: "last", value }]);
  const next = await browser.tab();
  expect(next.chat.opensByKey("ana")).toBe(false);
  expect(await refusal(next, "ana")).toBe("login-refused");
});

openTest("signs in by display name", async ({ site, ana }) => {
  await site.wait(ana.chat.actions.setDisplayName("Ana Ruíz"));
  const { chat } = await new Browser(site).tab();
  const typed = { user: "Ana-Ruiz", displayName: "Ana Ruíz" };
  const confirmNew = () => Promise.resolve(false);
  const wrong = site.wait(chat.enter({ ...typed, password: "wrong password", confirmNew }));
  expect(["login-refused", "user-unknown"]).toContain(((await rejection(wrong)) as Fault).code);
  await site.wait(chat.enter({ ...typed, password: "secret", confirmNew }));
  expect(chat.model.me).toBe("ana");
  expect(chat.knownAccounts.map(({ user }) => user)).toEqual(["ana"]);
});

openTest("the account of a display name mixes with no other of this browser", async (context) => {
  const { site, browser, ana } = context;
  const lena = await new Browser(site).member("lena", "of lena x");
  await site.wait(lena.chat.actions.setDisplayName("Ана"));
  ana.chat.actions.setDraft("lobby", { text: "of ana" });
  await site.wait(ana.chat.logout());
  const typed = { user: "Ana", displayName: "Ана" };
  await site.wait(ana.chat.enter({ ...typed, password: "of lena x" }));
  await ana.caughtUp();
  expect([ana.chat.model.me, ana.chat.model.drafts.size]).toEqual(["lena", 0]);
  expect(ana.chat.knownAccounts.map(({ user }) => user)).toEqual(["lena", "ana"]);
  const next = await browser.tab({ reloads: ana });
  await next.loggedIn("lena");
});

test("a wrong password opens nothing, although this browser has the key", async () => {
  const site = await Site.open();
  const browser = new Browser(site);
  const kid = await browser.member("kid");
  const other = await another(browser, "max", "of max xx");
  await site.wait(other.chat.logout());
  expect(other.chat.opensByKey("kid")).toBe(true);
  expect(await refusal(other, "kid", "wrong password")).toBe("login-refused");
  await site.wait(other.chat.enter({ user: "kid" }));
  expect([kid.chat.model.me, other.chat.model.me]).toEqual(["kid", "kid"]);
});
