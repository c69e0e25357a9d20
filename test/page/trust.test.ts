import { expect } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SharedServer } from "../e2e/shared-server.ts";
import { until } from "../event.ts";
import { requires, windowedChromiumPath } from "../installed.ts";
import { Browser, type VisitOptions } from "./browser.ts";
import { localPage, PHONE, secretOf } from "./fixtures.ts";
import { HeadlessUser } from "./headless-user.ts";
import { createSealedRoom } from "./sealed-devices.ts";
import type { Visit } from "./visit.ts";

const NAME = "chat.example";
const FLAGS = [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`];
const { test, beforeAll, afterAll } = requires("chromium", "certutil");
const server = new SharedServer({ args: ["--public", NAME] }, { beforeAll, afterAll });
const trusting = new Browser(FLAGS, windowedChromiumPath);
const other = new Browser(FLAGS, windowedChromiumPath);
beforeAll(async () => {
  trusting.trust(rootPath());
  await Promise.all([trusting.start(), other.start()]);
});
afterAll(async () => {
  await Promise.all([trusting.stop(), other.stop()]);
});

const rootPath = () => join(server.served.data, "ca.crt");
const trustedOrigin = () => `https://${NAME}:${server.served.port}`;
const inviteHash = () => `#invite=${secretOf(server.served)}`;

/** Opens the page at its address, where each browser warns. */
function visit(browser: Browser, hash: string, options: VisitOptions = {}): Promise<Visit> {
  const origins = [trustedOrigin()];
  const address = `${localPage(server.served)}${hash}`;
  return browser.visit(address, { certificate: "refused", origins, ...options });
}

function trustDialog(user: Visit, title = "Trust this server") {
  return user.dialog(title);
}

async function installErrors({ context, page }: Visit): Promise<readonly string[]> {
  const devtools = await context.newCDPSession(page);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  await devtools.detach();
  // Each test has its own incognito window.
  return installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito");
}

/** A phone that also notes the title of each notification. */
const WATCHED_PHONE = `${PHONE}{
  const { showNotification } = globalThis.ServiceWorkerRegistration?.prototype ?? {};
  if (showNotification !== undefined)
    ServiceWorkerRegistration.prototype.showNotification = async function (title, options) {
      await showNotification.call(this, title, options);
      globalThis.shownTitle = title;
    };
}`;

const RUNS_WORKER = `navigator.serviceWorker.getRegistration("/").then(
  (registration) => registration?.active != null)`;

test("leads to the name, where the page notifies and is installable", async () => {
  const ben = await HeadlessUser.open(server.served, "ben");
  await using ana = await visit(trusting, inviteHash(), { initScript: WATCHED_PHONE });
  const { page, context } = ana;
  await ana.button("Trust this server").click();
  const dialog = trustDialog(ana);
  await dialog.getByText(/^It works/).waitFor();
  const { fingerprint256 } = new X509Certificate(readFileSync(rootPath()));
  expect(await dialog.getByText(fingerprint256).count()).toBe(1);
  await dialog.getByRole("link", { name: `Continue at ${NAME}` }).click();
  await page.waitForURL(`${trustedOrigin()}/**`);
  await context.grantPermissions(["notifications"], { origin: trustedOrigin() });
  // The invite moves along.
  await ana.logIn("ana");
  await until("the worker runs", () => page.evaluate<boolean>(RUNS_WORKER));
  expect(await installErrors(ana)).toEqual([]);
  const settings = await ana.openSettings();
  await settings.getByText(/^Notifications appear while this page is open, until/).waitFor();
  const setting = settings.getByLabel("Notify me about mentions and direct messages");
  await setting.click();
  await until("it is on", () => setting.isChecked());
  await settings.getByRole("button", { name: "Trust this server" }).click();
  await dialog.getByText(/^It works/).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.evaluate(`{
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }`);
  await ben.post("between us", "@ana");
  await until("a notification is displayed", () =>
    page.evaluate<boolean>("globalThis.shownTitle === 'ben in @ben'"),
  );
  ben.tab.close();
});

test("says what is missing in a browser without the root, which still chats", async () => {
  await using cid = await visit(other, inviteHash(), { initScript: WATCHED_PHONE });
  await cid.logIn("cid");
  await cid.send("clicked through");
  await cid.waitForMessage("clicked through");
  const settings = await cid.openSettings();
  const untrusted = settings.getByText(/^Sounds and badges work here, but notifications require/);
  await untrusted.waitFor();
  expect(await cid.page.evaluate<boolean>(RUNS_WORKER).catch(() => false)).toBe(false);
  await settings.getByRole("button", { name: "Trust this server" }).first().click();
  const dialog = trustDialog(cid);
  await dialog.getByText(/^Not yet/).waitFor();
  expect(await dialog.getByText("Steps on Android").count()).toBe(1);
  expect(await dialog.getByText("Or run this command").count()).toBe(0);
  expect(await cid.accessibilityViolations()).toEqual([]);
  await dialog.getByRole("button", { name: "Check" }).click();
  await dialog.getByText(/^Not yet/).waitFor();
  expect(await dialog.getByRole("link", { name: /^Continue/ }).count()).toBe(0);
});

test("opens at #trust before sign-in, also after a reload, in the browser's language", async () => {
  await using dora = await visit(other, "#trust", { language: "id", width: 820 });
  const dialog = trustDialog(dora, "Percayai server ini");
  await dialog.getByText(/^Belum/).waitFor();
  await dora.page.reload();
  await dialog.getByText(/^Belum/).waitFor();
  const command = `chat trust root 127.0.0.1:${server.served.port}`;
  expect(await dora.page.locator("#trust-command").inputValue()).toBe(command);
  const details = dialog.locator("details");
  expect(await details.count()).toBe(6);
  expect(await dora.overflow()).toBe(0);
  expect(await dora.accessibilityViolations()).toEqual([]);
  await dora.page.keyboard.press("Escape");
  await until("the address is plain", async () => !dora.page.url().includes("#"));
  await dora.page.goto(`${localPage(server.served)}trust`);
  await dialog.waitFor();
});

test("notices the root when the user returns", async () => {
  await using eva = await visit(trusting, "#trust", {
    initScript: `{
      const { fetch } = globalThis;
      globalThis.isInstalled = false;
      globalThis.fetch = (url, ...rest) =>
        String(url).startsWith("https://${NAME}") && !globalThis.isInstalled
          ? Promise.reject(new TypeError("Failed to fetch"))
          : fetch(url, ...rest);
    }`,
  });
  const dialog = trustDialog(eva);
  await dialog.getByText(/^Not yet/).waitFor();
  await eva.page.evaluate("globalThis.isInstalled = true, dispatchEvent(new Event('focus'))");
  await dialog.getByText(/^It works/).waitFor();
});

test("hands the account, drafts and encrypted rooms over to the page at the name", async () => {
  await using gus = await visit(trusting, inviteHash());
  await gus.logIn("gus");
  await gus.send("at the address");
  await createSealedRoom(gus, "vault");
  await gus.send("before the move");
  await gus.waitUntilSent();
  await gus.composer.fill("half a secret & #more%");
  await gus.room("lobby").click();
  const settings = await gus.openSettings();
  await settings.getByRole("button", { name: "Trust this server" }).click();
  await trustDialog(gus)
    .getByRole("button", { name: `Continue at ${NAME}` })
    .click();
  const opened = gus.context.waitForEvent("page");
  await gus.dialog("Link a new device").getByRole("link", { name: trustedOrigin() }).click();
  const page = await opened;
  await page.getByRole("button", { name: "Use it and sign in" }).click();
  await page.locator("article.message", { hasText: "at the address" }).waitFor();
  expect(await page.locator(".me-button .room-name").textContent()).toBe("gus");
  expect(new URL(page.url()).origin).toBe(trustedOrigin());
  await gus.page.getByText("The device is linked to your account.").waitFor();
  await gus.page.keyboard.press("Escape");
  await gus.page.keyboard.press("Escape");
  await gus.page.keyboard.press("Escape");

  await page.locator('.room-line[data-target="vault"]').click();
  const composer = page.locator(".composer textarea");
  await until("the draft has arrived", async () => {
    return (await composer.inputValue()) === "half a secret & #more%";
  });
  await page.reload();
  await until("the draft is stored", async () => {
    return (await composer.inputValue()) === "half a secret & #more%";
  });
  await gus.room("vault").click();
  await gus.composer.fill("");
  await gus.send("after the move");
  await page.locator("article.message", { hasText: "after the move" }).waitFor();
  // The page at the address hands it over.
  await page.locator("article.message", { hasText: "before the move" }).waitFor();
});
