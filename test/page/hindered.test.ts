import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { PREVIEW_BYTES_MAX } from "../../src/base/limits-page.ts";
import { pageTest } from "./browser.ts";
import { photo } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

const throwing = (...names: readonly string[]) =>
  names
    .map(
      (name) => `Object.defineProperty(window, "${name}", {
        get() { throw new DOMException("blocked", "SecurityError"); },
      });`,
    )
    .join("\n");

const LOCKS_DENIED = `if (navigator.locks !== undefined) navigator.locks.request = () =>
  Promise.reject(new DOMException("denied", "SecurityError"));
window.BroadcastChannel = class { constructor() {
  throw new DOMException("denied", "SecurityError");
} };`;

/** Scripts that hinder the page, which still signs in, posts and receives. */
const HINDRANCES = {
  "all storage throws":
    throwing("localStorage", "sessionStorage", "indexedDB", "caches") + LOCKS_DENIED,
  // As in Firefox, if it blocks cookies.
  "only opening a database throws": `IDBFactory.prototype.open = () => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };`,
  "local storage is full": `Storage.prototype.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };`,
  "no observers": "delete window.ResizeObserver; delete window.IntersectionObserver;",
  "what the page can do without throws": `{
    const refuse = () => { throw new DOMException("refused", "SecurityError"); };
    for (const name of ["serviceWorker", "wakeLock", "mediaDevices", "mediaSession", "storage"])
      Object.defineProperty(Navigator.prototype, name, { get: refuse });
    for (const name of ["visualViewport", "Notification"])
      Object.defineProperty(window, name, { get: refuse });
    for (const name of ["ResizeObserver", "Worker", "AudioContext"])
      window[name] = class { constructor() { refuse(); } };
    for (const name of ["pushState", "replaceState", "go"]) History.prototype[name] = refuse;
    Navigator.prototype.setAppBadge = Navigator.prototype.clearAppBadge = refuse;
    document.hasFocus = refuse;
  }`,
  "no WebSocket": "window.WebSocket = class { constructor() { throw new Error('no'); } };",
  "no service worker, notifications and locks": `delete Navigator.prototype.serviceWorker;
    delete window.Notification; delete Navigator.prototype.locks; delete window.PushManager;
    delete window.BroadcastChannel; delete Navigator.prototype.clipboard;`,
} as const;

/** Hindrances without a stored account key, so that the form asks for a password. */
const WITHOUT_KEY: ReadonlySet<string> = new Set([
  "all storage throws",
  "only opening a database throws",
] satisfies (keyof typeof HINDRANCES)[]);

for (const [index, [name, initScript]] of Object.entries(HINDRANCES).entries()) {
  pageTest(`signs in, posts and opens the settings if ${name}`, async () => {
    const ana = await server.visit({ initScript });
    await ana.logIn(`ana${index}`, WITHOUT_KEY.has(name) ? { password: "a long password" } : {});
    await ana.send(`${name}: hello`);
    await ana.waitUntilSent();
    await ana.waitForMessage(`${name}: hello`);
    await (await ana.openSettings()).waitFor();
    await ana.context.close();
    expect(ana.violations).toEqual([]);
  });
}

pageTest(
  "without subtle crypto, signs in by password, and says why it makes no account",
  async () => {
    const password = "a long password";
    await (await server.logIn("otto", { password })).context.close();
    const initScript = 'Object.defineProperty(crypto, "subtle", { value: undefined });';
    await using otto = await server.visit({ initScript });
    await otto.submitLogin("somebody", { password });
    await otto.page.getByText("This browser cannot create an account key").waitFor();
    await otto.logIn("otto", { password });
    await otto.send("by password");
    await otto.waitUntilSent();
  },
);

pageTest("says that a part of the page can't be loaded, and offers a reload", async () => {
  await using ana = await server.visit({ refused: "**/assets/chat-page-*" });
  await ana.submitLogin("nora");
  await ana.newAccountQuestion.waitFor();
  await ana.confirmNewAccount();
  await ana.page.getByText("A part of the page can't be loaded").waitFor();
  await ana.button("Reload").waitFor();
});

pageTest("says the same of a part whose request is never answered", async () => {
  await using ana = await server.visit({ refused: "**/assets/nothing-*" });
  await ana.page.clock.install();
  await ana.page.route("**/assets/chat-page-*", () => undefined);
  await ana.reload();
  await ana.submitLogin("noah");
  await ana.newAccountQuestion.waitFor();
  await ana.confirmNewAccount();
  await ana.page.getByText("Loading…").waitFor();
  await ana.page.clock.fastForward(31_000);
  await ana.page.getByText("A part of the page can't be loaded").waitFor();
});

pageTest("says that the page's own scripts can't be loaded, and offers a reload", async () => {
  await using eve = await server.visit({ refused: "**/assets/index-*.js" });
  await eve.page.getByText("Couldn't load this.").waitFor();
  await eve.button("Reload").waitFor();
});

pageTest("says that a banner and a QR code can't be loaded, and sends photos", async () => {
  await using ida = await server.visit({ refused: "**/assets/{member-banners,qr,scale}-*" });
  await ida.logIn("ida");
  const path = server.sandbox.path("large.png");
  writeFileSync(path, Buffer.concat([photo(600, 400), Buffer.alloc(PREVIEW_BYTES_MAX)]));
  await ida.sendFiles(path);
  await ida.file("large.png").first().waitFor();
  await ida.waitUntilSent();
  await ida.startNew("Invite people");
  const dialog = ida.dialog(/./);
  await dialog.getByRole("button", { name: "Create invite" }).click();
  await dialog.getByText("A part of the page can't be loaded").waitFor();
  expect(await dialog.getByRole("img").count()).toBe(0);
  await ida.page.keyboard.press("Escape");
  const { sandbox, served } = server;
  const admin = ["admin", "announce", "The hall is closed", "--data", served.data];
  await sandbox.home("admin").json(admin);
  const banner = ida.page.locator(".banner").filter({ hasText: "A part of the page" });
  await banner.getByRole("button", { name: "Reload" }).waitFor();
  expect(await ida.accessibilityViolations()).toEqual([]);
});

pageTest("says that the style can't be loaded, and works without it", async () => {
  await using uma = await server.logIn("uma", { refused: "**/assets/chat-*.css" });
  await uma.page.locator(".banner").getByText("A part of the page can't be loaded").waitFor();
  await uma.send("without style");
  await uma.waitUntilSent();
});

pageTest("shows why the page can't start", async () => {
  const initScript = `Object.defineProperty(window, "addEventListener", { value: () => {
    throw new TypeError("this window listens to nothing");
  } });`;
  const ana = await server.visit({ initScript });
  await ana.page.getByRole("heading", { name: "The page doesn't work" }).waitFor();
  await ana.page.getByText("this window listens to nothing").first().waitFor();
  await ana.button("Reload").waitFor();
  await ana.button("Copy details").waitFor();
  await ana.context.close();
});

pageTest("shows why the page can't go on", async () => {
  const initScript = `Intl.Segmenter = class { constructor() {
    throw new TypeError("there are no segments");
  } };`;
  const ana = await server.visit({ initScript });
  await ana.submitLogin("segi");
  await ana.confirmNewAccount();
  await ana.page.getByRole("heading", { name: "The page doesn't work" }).waitFor();
  await ana.page.getByText("there are no segments").first().waitFor();
  await ana.button("Reload").waitFor();
  await ana.context.close();
});

pageTest("says that the browser is too old", async () => {
  const ana = await server.visit({ initScript: "delete Array.prototype.findLast;" });
  await ana.page.getByText("This browser is too old for this page.").waitFor();
  expect(await ana.page.locator("input").count()).toBe(0);
  await ana.context.close();
});

pageTest("works in a browser of 2024", async () => {
  await using gil = await server.logIn("gil", {
    initScript: `
      delete Uint8Array.prototype.toBase64;
      delete Uint8Array.prototype.toHex;
      delete Uint8Array.fromBase64;
      delete Promise.withResolvers;
      delete URL.canParse;`,
  });
  await gil.send("**hello** from 2024: https://example.org/");
  await gil.waitUntilSent();
  await gil.reload();
  await gil.waitForMessage("hello from 2024");
});

pageTest("sends messages while the browser's storage is full", async () => {
  await using finn = await server.logIn("finn", {
    password: "correct horse battery",
    initScript: `for (const name of ["put", "add"]) IDBObjectStore.prototype[name] = () => {
      throw new DOMException("full", "QuotaExceededError");
    };`,
  });
  await finn.page.getByText(/^This browser's storage is full/).waitFor();
  await finn.send("from memory");
  await finn.waitForMessage("from memory");
  await finn.waitUntilSent();
});

pageTest("says that the server administration can't be loaded", async () => {
  await using olga = await server.visit({
    link: String(server.served.listening["operatorLink"]),
    refused: "**/assets/dashboard-*",
  });
  await olga.logIn("olga");
  const toast = olga.page.getByText("Couldn't load this. Check your connection and retry.");
  await Promise.all([toast.waitFor(), olga.button("Server administration").click()]);
  await olga.send("still here");
  await olga.waitForMessage("still here");
});
