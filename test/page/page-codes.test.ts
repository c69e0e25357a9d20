import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { secretOf } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

/** Everything that outlives the code in the browser: addresses, stores and caches. */
const TRACES = `(async () => {
  const open = (name) => new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const rows = (database, table) => new Promise((resolve) => {
    const request = database.transaction(table).objectStore(table).getAll();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve([]);
  });
  const stores = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await open(name);
    for (const table of database.objectStoreNames) {
      stores.push(name, table, await rows(database, table));
    }
    database.close();
  }
  const cached = [];
  for (const name of await caches.keys()) {
    for (const { url } of await (await caches.open(name)).keys()) cached.push(url);
  }
  return {
    address: location.href,
    entries: navigation.entries().map(({ url }) => url),
    referrer: document.referrer,
    title: document.title,
    local: JSON.stringify({ ...localStorage }),
    session: JSON.stringify({ ...sessionStorage }),
    stores: JSON.stringify(stores),
    cached,
  };
})()`;

/** Names of the traces that contain the secret. */
async function tracesOf({ page }: Visit, secret: string): Promise<string[]> {
  const traces = await page.evaluate<Record<string, unknown>>(TRACES);
  return Object.keys(traces).filter((name) => JSON.stringify(traces[name]).includes(secret));
}

function requestsWith(visit: Visit, secret: string): string[] {
  const found: string[] = [];
  visit.context.on("request", (request) => {
    const headers = JSON.stringify(request.headers());
    if (`${request.url().split("#")[0]}${headers}`.includes(secret)) found.push(request.url());
  });
  return found;
}

async function checkAddress(visit: Visit, secret: string): Promise<void> {
  await visit.page.getByRole("heading").first().waitFor();
  // For a reload of this tab.
  expect(await tracesOf(visit, secret)).toEqual(["session"]);
  const tab = await visit.tab();
  expect(await tracesOf(tab, secret)).toEqual([]);
  await tab.page.close();
  await visit.page.reload();
  await visit.page.getByRole("heading").first().waitFor();
  expect(await tracesOf(visit, secret)).toEqual(["session"]);
  await visit.page.goBack();
  expect(visit.page.url()).toBe("about:blank");
  await visit.page.goForward();
  expect(visit.page.url()).not.toContain(secret);
}

pageTest("keeps an invite of an address in its tab only", async () => {
  const secret = secretOf(server.served);
  await using ana = await server.visit();
  const requests = requestsWith(ana, secret);
  await checkAddress(ana, secret);
  await ana.logIn("ana");
  expect(await tracesOf(ana, secret)).toEqual(["session"]);
  expect(requests).toEqual([]);
});

pageTest("leaves no trace of a reset link, which works once", async () => {
  await using ben = await server.logIn("ben");
  const olga = server.home("olga");
  const { out } = await olga.run(["admin", "reset", "ben", "--json"]);
  const { web, code } = JSON.parse(out) as { readonly web: string; readonly code: string };
  await using phone = await server.browser.visit(web);
  const requests = requestsWith(phone, code);
  await checkAddress(phone, code);
  const setPassword = async (visit: Visit, password: string) => {
    await visit.field("New password").fill(password);
    await visit.field("Repeat new password").fill(password);
    await visit.button("Set password and sign in").click();
  };
  await phone.page.getByText("Choose a password for ben. The code works once.").waitFor();
  const kim = await server.window("kim");
  const mixed = await kim.tab();
  await mixed.page.goto("about:blank");
  await mixed.page.goto(web);
  await mixed.page.getByText("Choose a password for ben. The code works once.").waitFor();
  await mixed.page.getByText("You are signed in here as kim.").waitFor();
  await mixed.page.close();
  await setPassword(phone, "another one");
  await phone.composer.waitFor();
  expect(await tracesOf(phone, code)).toEqual([]);
  expect(requests).toEqual([]);
  await using other = await server.browser.visit(web);
  await other.page
    .getByText(/^This code has been used/)
    .first()
    .waitFor();
  expect(await ben.page.title()).not.toContain(code);
});
