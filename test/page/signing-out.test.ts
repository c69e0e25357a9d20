import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { Finger } from "./finger.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

/** Everything that a page can read of what the browser has stored. */
const WHOLE_STORAGE = `(async () => {
  const found = [document.title, location.href, document.cookie, history.state];
  for (const storage of [localStorage, sessionStorage])
    for (let i = 0; i < storage.length; i++)
      found.push(storage.key(i), storage.getItem(storage.key(i)));
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  for (const { name } of await indexedDB.databases()) {
    const database = await asked(indexedDB.open(name));
    for (const table of database.objectStoreNames) {
      const store = database.transaction(table).objectStore(table);
      const [keys, values] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())]);
      for (const [i, key] of keys.entries()) found.push(name + "/" + table + "/" + key, values[i]);
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const response = await cache.match(request);
      found.push(name + " " + request.url, (await response?.text()) ?? "");
    }
  }
  const workers = await navigator.serviceWorker.getRegistrations();
  for (const worker of workers) found.push(worker.scope);
  return found.map((value) => typeof value === "string" ? value : JSON.stringify(value));
})()`;

async function signOut(visit: Visit): Promise<void> {
  await visit.openSettings();
  await visit.button("Sign out").click();
}

pageTest("forgets everything on a shared computer, in one tap", async () => {
  await using ana = await server.logIn("zelda", { password: "correct horse" });
  await ana.send("words of zelda");
  await ana.waitUntilSent();
  await ana.send("/join mathematics-zelda");
  await ana.dialog("Create room").getByRole("button", { name: "Create" }).click();
  await ana.heading("#mathematics-zelda").waitFor();
  await ana.composer.fill("half of zelda");
  const stored = () => ana.page.evaluate<string[]>(WHOLE_STORAGE);
  const isStored = async (part: string) => (await stored()).some((row) => row.includes(part));
  await ana.room("lobby").click();
  await (await server.headlessUser("writer")).postMany(40, (n) => `line ${n}`);
  await ana.waitForMessage("line 39");
  await ana.page.locator(".timeline .list").press("Home");
  await until("the place is stored", () => isStored("chat.places"));
  await until("the draft is stored", () => isStored("half of zelda"));
  await signOut(ana);
  const question = ana.dialog("Sign out in this browser?");
  await question.getByRole("button", { name: "Sign out" }).click();
  await ana.field("Password of zelda").fill("wrong password");
  await ana.page.getByLabel("Shared computer: forget me when I sign out").check();
  await ana.button("Sign in").click();
  await ana.page.getByText("Incorrect password.").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.enterPassword("correct horse");
  await ana.composer.waitFor();
  await ana.room("mathematics-zelda").click();
  await until("the draft is back", async () =>
    (await ana.composer.inputValue()).includes("half of zelda"),
  );
  await signOut(ana);
  await ana.page.getByText("Signed out and forgotten here. Who is next?").waitFor();
  const rows = await stored();
  expect(rows.filter((row) => /zelda|mathematics/i.test(row))).toEqual([]);
  // The identity of the server, the choice of a shared computer, and this start's own device key.
  const tables = rows.filter((row) => /^chat[ a-z]*\//.test(row));
  expect(tables.sort()).toEqual(["chat/keys/device", "chat/places/server", "chat/places/shared"]);
  await ana.reload();
  await ana.field("Name").waitFor();
  expect(await ana.page.getByText("Who is next?").count()).toBe(0);
});

pageTest("changes the account in two taps, and keeps it over a reload", async () => {
  await using ana = await server.logIn("yara", { password: "correct horse" });
  const settings = await ana.openSettings();
  await settings.getByRole("button", { name: "Add an account" }).click();
  await ana.field("Password of yara").waitFor();
  await ana.button("Use another name").click();
  await ana.logIn("xenia", { password: "another horse" });
  const other = await ana.tab();
  await other.composer.waitFor();
  await other.page.locator(".me-button").click();
  const sheet = other.dialog(/^Accounts in this browser/);
  await sheet.getByRole("button", { name: /^xenia/ }).waitFor();
  expect(await other.accessibilityViolations()).toEqual([]);
  await sheet.getByRole("button", { name: /^yara/ }).click();
  const own = (visit: Visit, name: string) =>
    visit.page.locator(".me-button .room-name", { hasText: name }).waitFor();
  await own(other, "yara");
  for (const [visit, name] of [
    [other, "yara"],
    [ana, "xenia"],
  ] as const) {
    await visit.reload();
    await own(visit, name);
  }
  // A click on a notification of the other account, of which no tab is open.
  await other.page.evaluate(`navigator.serviceWorker.dispatchEvent(new MessageEvent("message", {
    data: { kind: "open", at: "lobby", room: "", user: "xenia" },
  }))`);
  await own(other, "xenia");
  await other.heading("#lobby").waitFor();
  await other.page.close();
});

pageTest("changes the account by a long press and a tap on a phone", async () => {
  await using ana = await server.logIn("wanda", {
    width: 390,
    height: 844,
    isPhone: true,
    password: "correct horse",
  });
  await ana.button(/^Open the list of rooms/).tap();
  await ana.page.locator(".place-tab", { hasText: "You" }).tap();
  await ana.page.locator(".place-row", { hasText: "Add an account" }).tap();
  await ana.button("Use another name").tap();
  await ana.logIn("vera", { password: "another horse" });
  await ana.button(/^Open the list of rooms/).tap();
  const tab = ana.page.locator(".place-tab", { hasText: "You" });
  const finger = await Finger.of(ana);
  await finger.touch(tab);
  const sheet = ana.dialog(/^Accounts in this browser/);
  await sheet.waitFor();
  await finger.lift();
  expect(await sheet.locator(".account-row").allInnerTexts()).toEqual([
    "vera\nvera, in this tab",
    "wanda\nwanda",
    "Add an account",
    "Account and settings",
    "Sign out vera",
  ]);
  await sheet.getByRole("button", { name: /^wanda/ }).tap();
  await sheet.waitFor({ state: "detached" });
  await ana.button(/^Open the list of rooms/).tap();
  await tab.tap();
  await ana.page.locator(".me-button .room-name", { hasText: "wanda" }).waitFor();
  expect(await ana.page.locator(".place-row", { hasText: "Add an account" }).count()).toBe(0);
});
