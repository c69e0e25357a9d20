import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Worker } from "playwright-core";
import { toBase64Url } from "../../src/base/bytes.ts";
import { PUSH_TTL_S } from "../../src/base/limits-page.ts";
import { makeCertificate } from "../../src/crypto/certificate.ts";
import { PushReceiver, readVapid } from "../crypto/push-receiver.ts";
import { Sandbox } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { windowedChromiumPath } from "../installed.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { PHONE, pageAddress } from "./fixtures.ts";
import { HeadlessUser } from "./headless-user.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

/** Trusts self-signed certificates; otherwise no service worker runs. */
const browser = sharedBrowser(["--ignore-certificate-errors"], windowedChromiumPath);
const server = new PageServer({ args: ["--push", "ana@example.org"] }, browser);

const LISTEN = `{
  globalThis.shown = [];
  globalThis.closedTexts = [];
  globalThis.asked = 0;
  const Own = globalThis.Notification;
  if (Own !== undefined) globalThis.Notification = class extends Own {
    constructor(title, options) {
      super(title, options);
      globalThis.shown.push(title + ": " + options.body);
      globalThis.newest = this;
    }
    close() {
      super.close();
      globalThis.closedTexts.push(this.body);
    }
    static requestPermission() {
      globalThis.asked += 1;
      return super.requestPermission();
    }
  };
  globalThis.badges = [];
  navigator.setAppBadge = async (count) => void globalThis.badges.push(count);
  navigator.clearAppBadge = async () => void globalThis.badges.push(0);
  globalThis.sounds = 0;
  const Audio = globalThis.AudioContext;
  globalThis.AudioContext = class extends Audio {
    constructor() {
      super();
      globalThis.sounds += 1;
    }
  };
}`;

function notifications({ page }: Visit): Promise<readonly string[]> {
  return page.evaluate<string[]>("shown");
}

async function setVisible({ page }: Visit, isLooking: boolean): Promise<void> {
  const state = isLooking ? "visible" : "hidden";
  await page.evaluate(`{
    Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }`);
}

pageTest("notifies of mentions and direct messages once the user has enabled it", async () => {
  const ben = await server.headlessUser("ben");
  await using ana = await server.visit({ initScript: LISTEN });
  await ana.context.grantPermissions(["notifications"], { origin: new URL(ana.page.url()).origin });
  await ana.logIn("ana");
  await setVisible(ana, false);
  await ben.post("@ana before you have asked");
  await ana.waitForMessage("before you have asked");
  expect([await notifications(ana), await ana.page.evaluate<number>("asked")]).toEqual([[], 0]);
  await setVisible(ana, true);
  await until("the icon is plain again", () => ana.page.evaluate("badges.at(-1) === 0"));
  await ana.button(/Account and settings/).click();
  const settings = ana.dialog("Account and settings");
  const box = settings.getByLabel("Notify me about mentions and direct messages");
  await box.click();
  await until("it is on", () => box.isChecked());
  await ana.page.keyboard.press("Escape");
  expect(await ana.page.evaluate<number>("asked")).toBe(1);
  await ben.post("@ana you look at it");
  await ana.waitForMessage("you look at it");
  await setVisible(ana, false);
  await ben.post("nobody's name");
  await ben.post("@ana are you there?");
  await ben.post("a secret", "@ana");
  const received = await until("both are shown", async () => {
    const all = await notifications(ana);
    return all.length >= 2 ? all : undefined;
  });
  expect(received).toEqual(["ben in #lobby: @ana are you there?", "ben in @ben: a secret"]);
  await until("the title counts", async () => /^\(\d\)/.test(await ana.page.title()));
});

pageTest("closes the notifications of mentions that are erased or edited away", async () => {
  const pim = await server.headlessUser("pim");
  await using nia = await server.visit({ initScript: LISTEN });
  await nia.context.grantPermissions(["notifications"], { origin: new URL(nia.page.url()).origin });
  await nia.logIn("nia");
  await nia.openSettings();
  await nia.page.getByLabel("Notify me about mentions and direct messages").click();
  await nia.page.keyboard.press("Escape");
  await setVisible(nia, false);
  const rude = await pim.post("@nia rude words");
  const wrong = await pim.post("@nia wrong person");
  const title = (start: RegExp) =>
    until("the title follows", async () => start.test(await nia.page.title()));
  await title(/^\(2\)/);
  await pim.tab.ask("erase", { seq: rude });
  await title(/^\(1\)/);
  await pim.tab.ask("edit", { seq: wrong, text: "@ben this one" });
  await title(/^[^(]/);
  expect((await notifications(nia)).length).toBe(2);
  const closed = await nia.page.evaluate<string[]>("closedTexts");
  expect(closed).toEqual(["@nia rude words", "@nia wrong person"]);
  await nia.button("Activity").click();
  await nia.heading("Activity").waitFor();
  await pim.post("to you alone", "@nia");
  await title(/^\(1\)/);
  await nia.page.evaluate("newest.onclick()");
  await nia.message("to you alone").waitFor();
  await nia.heading("Activity").waitFor({ state: "detached" });
});

pageTest("treats keywords like mentions once the user has set them", async () => {
  const lea = await server.headlessUser("lea");
  await using kim = await server.logIn("kim", { initScript: LISTEN });
  const settings = await kim.openSettings();
  const field = settings.getByLabel("Keywords");
  await field.fill("Bus,  field trip");
  await settings.getByRole("button", { name: "Save" }).click();
  await until("they are stored", async () => (await field.inputValue()) === "bus, field trip");
  await kim.page.keyboard.press("Escape");
  await setVisible(kim, false);
  await lea.post("a busy day");
  await lea.post("the Field Trip is tomorrow");
  await kim.waitForMessage("Field Trip");
  await until("the title counts", async () => /^\(1\)/.test(await kim.page.title()));
  const marked = kim.page.locator(".is-calling");
  expect(await marked.allInnerTexts()).toEqual([expect.stringContaining("Field Trip")]);
});

pageTest("ends a status at a time, and lists unread rooms first", async () => {
  await using ula = await server.logIn("ula");
  const max = await server.headlessUser("max");
  await max.tab.ask("join", { room: "alpha", create: true });
  await ula.send("/join alpha");
  await ula.room("alpha").waitFor();
  const settings = await ula.openSettings();
  await settings.getByLabel("Status beside your name").fill("in a lesson 📚");
  await settings.getByLabel("Show it for").selectOption({ label: "1 h" });
  await settings.getByRole("button", { name: "Save" }).click();
  const end = settings.getByLabel("Show it for");
  await end.locator("option", { hasText: /^until/ }).waitFor({ state: "attached" });
  await until("others see it", async () => {
    const { status } = await max.tab.ask("whois", { user: "ula" });
    return status === "in a lesson 📚";
  });
  await settings.getByLabel("List unread rooms first").click();
  await ula.page.keyboard.press("Escape");
  await max.post("hello");
  const rooms = ula.page.locator("nav .room-name");
  await until("the lobby is first", async () =>
    /lobby.*alpha/s.test((await rooms.allInnerTexts()).join()),
  );
});

pageTest("runs the worker before sign-in", async () => {
  const count = "navigator.serviceWorker.getRegistrations().then((all) => all.length)";
  await using eve = await server.visit();
  await until("it runs", async () => (await eve.page.evaluate<number>(count)) === 1);
});

pageTest("opens without the server, and by itself once it answers", async () => {
  await using relay = await Relay.open(server.served.port);
  await using eli = await server.logIn("eli", { via: relay });
  await eli.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)");
  await eli.page.evaluate('location.hash = "#/lobby"');
  relay.cut();
  await eli.reload();
  await eli.page.getByRole("heading", { name: "Can't reach the server. Retrying…" }).waitFor();
  relay.mend();
  await eli.composer.waitFor();
  expect(await eli.page.evaluate<string>("location.hash")).toBe("#/lobby");
});

const WAKE_LOCK = `{
  globalThis.locks = [];
  Object.defineProperty(navigator, "wakeLock", { value: {
    request: async (kind) => {
      globalThis.locks.push(kind);
      return { release: async () => void globalThis.locks.push("released") };
    },
  } });
}`;

pageTest("keeps the screen on while the page is visible", async () => {
  await using fay = await server.logIn("fay", { initScript: WAKE_LOCK });
  const setting = (await fay.openSettings()).getByLabel("Keep the screen on");
  await setting.click();
  const locks = (expected: string) =>
    until(expected, () => fay.page.evaluate<boolean>(`locks.join() === "${expected}"`));
  await locks("screen");
  await setVisible(fay, false);
  await setVisible(fay, true);
  await locks("screen,screen");
  await setting.click();
  await locks("screen,screen,released");
  await fay.reload();
  await fay.composer.waitFor();
  expect(await fay.page.evaluate<string[]>("locks")).toEqual([]);
});

pageTest("hides the setting for the screen where the browser can't keep it on", async () => {
  await using gil = await server.logIn("gil", {
    initScript: 'Object.defineProperty(navigator, "wakeLock", { value: undefined })',
  });
  const settings = await gil.openSettings();
  await settings.getByLabel("Language").waitFor();
  expect(await settings.getByLabel("Keep the screen on").count()).toBe(0);
});

pageTest("shows unread messages in the icon, and plays a sound where enabled", async () => {
  const cid = await server.headlessUser("cid");
  await using dora = await server.logIn("dora", { initScript: LISTEN });
  const { page } = dora;
  const icon = () => page.evaluate<string>("document.querySelector('link[rel=icon]').href");
  const plain = await icon();
  expect(plain).toMatch(/\/assets\/icon-\w+\.svg$/);
  await setVisible(dora, false);
  await cid.post("nobody's name");
  const dot = await until("a dot stands in it", async () => {
    const now = await icon();
    return now === plain ? undefined : now;
  });
  expect(dot).toStartWith("data:image/png;base64,");
  expect(await page.title()).toBe("lobby");
  await cid.post("a secret", "@dora");
  await until("the title counts", async () => (await page.title()) === "(1) lobby");
  await until("the icon has the number", async () => ![plain, dot].includes(await icon()));
  expect(await page.evaluate<number>("sounds")).toBe(0);
  await setVisible(dora, true);
  await (await dora.openSettings()).getByLabel("Play a sound").click();
  await until("one hears what it is like", async () => (await page.evaluate("sounds")) === 1);
  await page.keyboard.press("Escape");
  await setVisible(dora, false);
  await cid.post("another one", "@dora");
  await cid.post("and one more", "@dora");
  await until("it counts", async () => (await page.title()) === "(3) lobby");
  await setVisible(dora, true);
  await dora.room("@cid").click();
  await dora.waitForMessage("and one more");
  await until("the number is gone", async () => (await icon()) === dot);
  await dora.waitUntilRead("@cid");
  // The settings have covered the message in the lobby.
  await dora.room("lobby").click();
  await until("nothing waits", async () => (await icon()) === plain);
  expect(await page.evaluate<number[]>("badges")).toContain(3);
});

interface Came {
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

async function pushService(sandbox: Sandbox) {
  const pair = await makeCertificate(["localhost"]);
  const came: Came[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: pair.certPem, key: pair.keyPem },
    async fetch(request) {
      const body = new Uint8Array(await request.arrayBuffer());
      came.push({ path: new URL(request.url).pathname, headers: request.headers, body });
      return new Response(null, { status: 201 });
    },
  });
  const ca = sandbox.path("push-ca.pem");
  writeFileSync(ca, pair.certPem);
  return { server, came, ca, endpoint: `https://localhost:${server.port}/p/ana` };
}

/** Replaces the browser's push service, which tests must not contact. */
function pushManager(endpoint: string, { key, auth }: PushReceiver): string {
  return `{
    const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
    const keys = ${JSON.stringify({ p256dh: key.toBase64(), auth: auth.toBase64() })};
    const made = {
      endpoint: ${JSON.stringify(endpoint)},
      getKey: (name) => bytes(keys[name]),
      unsubscribe: async () => localStorage.removeItem("test.push") === undefined,
    };
    const prototype = globalThis.PushManager?.prototype ?? {};
    prototype.getSubscription = async () => (localStorage.getItem("test.push") ? made : null);
    prototype.subscribe = async (options) => {
      globalThis.asked = [...new Uint8Array(options.applicationServerKey)];
      localStorage.setItem("test.push", "1");
      return made;
    };
  }`;
}

function pushCheckbox(visit: Visit) {
  const settings = visit.dialog("Account and settings");
  return settings.getByLabel("Notify me when this page is closed");
}

const SHOWN = `registration.getNotifications().then((all) =>
  all.map(({ title, body, tag, data }) => ({ title, body, isTagged: tag !== "", at: data.at })))`;

function shownNotifications(worker: Worker): Promise<Record<string, unknown>[]> {
  return worker.evaluate<Record<string, unknown>[]>(SHOWN);
}

/**
 * Counts completed calls of `showNotification`. Tests poll this count, because `getNotifications`
 * deletes each notification that Chromium has stored but not yet displayed.
 */
const COUNT_SHOWN = `{
  const show = registration.showNotification.bind(registration);
  globalThis.shownCount = 0;
  registration.showNotification = async (...values) => {
    await show(...values);
    globalThis.shownCount += 1;
  };
}`;

pageTest("notifies from a service worker on a phone, which opens the room", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await HeadlessUser.open(served, "ben");
  await using ana = await browser.visit(pageAddress(served), { initScript: PHONE });
  const { context, page } = ana;
  await context.grantPermissions(["notifications"], { origin: new URL(page.url()).origin });
  await ana.logIn("ana");
  await ana.openSettings();
  const setting = ana.page.getByLabel("Notify me about mentions and direct messages");
  await setting.click();
  await until("it is on", () => setting.isChecked());
  await page.keyboard.press("Escape");
  await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
  const [worker = await context.waitForEvent("serviceworker")] = context.serviceWorkers();
  await worker.evaluate(COUNT_SHOWN);
  await setVisible(ana, false);
  // Chromium drops a notification that is listed before it is displayed.
  await page.evaluate(`{
    const { showNotification } = ServiceWorkerRegistration.prototype;
    ServiceWorkerRegistration.prototype.showNotification = async function (...all) {
      await showNotification.apply(this, all);
      globalThis.isNotified = true;
    };
  }`);
  await ben.post("between us", "@ana");
  await until("a notification is displayed", () =>
    page.evaluate<boolean>("globalThis.isNotified === true"),
  );
  await until("a notification", () =>
    page.evaluate<boolean>(`navigator.serviceWorker.ready.then(
    (registration) => registration.getNotifications()).then(([shown]) =>
      shown?.title === "ben in @ben" && shown.body === "between us" && shown.data.at === "@ben")`),
  );
  await page.evaluate(`navigator.serviceWorker.dispatchEvent(
    new MessageEvent("message", { data: { kind: "open", at: "@ben" } }))`);
  await ana.heading("@ben").waitFor();
  ben.tab.close();
});

pageTest("says that notifications on a phone need a trusted certificate", async () => {
  const untrusted = `if (isSecureContext) navigator.serviceWorker.register = () =>
    Promise.reject(new DOMException("An SSL certificate error occurred", "SecurityError"));`;
  await using ana = await server.logIn("ada", { initScript: PHONE + untrusted });
  await ana.openSettings();
  const setting = ana.page.getByLabel("Notify me about mentions and direct messages");
  await setting.click();
  await ana.page.getByText(/^Sounds and badges work here, but notifications require/).waitFor();
  expect(await setting.isChecked()).toBe(false);
  expect(await ana.accessibilityViolations()).toEqual([]);
});

pageTest("notifies of a message while the page is closed; a click opens its room", async () => {
  await using sandbox = new Sandbox();
  const push = await pushService(sandbox);
  const receiver = new PushReceiver();
  const served = await sandbox.serve({
    args: ["--push", "ana@example.org", "--push-private"],
    env: { NODE_EXTRA_CA_CERTS: push.ca },
  });
  const ben = await HeadlessUser.open(served, "ben");
  await using ana = await browser.visit(pageAddress(served), {
    initScript: pushManager(push.endpoint, receiver),
  });
  const { context, page } = ana;
  const { origin } = new URL(page.url());
  await context.grantPermissions(["notifications"], { origin });
  await ana.logIn("ana");
  await ana.openSettings();
  await pushCheckbox(ana).click();
  await until("it is on", () => pushCheckbox(ana).isChecked());
  expect(await ana.accessibilityViolations()).toEqual([]);
  const signer = await page.evaluate<number[]>("asked");
  await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
  const [worker = await context.waitForEvent("serviceworker")] = context.serviceWorkers();
  expect(worker.url()).toBe(`${origin}/worker.js?lang=en`);
  await worker.evaluate(COUNT_SHOWN);

  const devtools = await context.newCDPSession(page);
  const registrations: string[] = [];
  devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations: all }) => {
    registrations.push(...all.map(({ registrationId }) => registrationId));
  });
  await devtools.send("ServiceWorker.enable");
  await until("the worker is known", async () => registrations.length > 0);
  await page.goto(`${origin}/healthz`);
  await ben.post("@ana come down", "lobby");
  const { path, headers, body } = await until("a push", async () => push.came[0]);
  expect([path, headers.get("ttl")]).toEqual(["/p/ana", String(PUSH_TTL_S)]);
  const { sub, key } = readVapid(headers.get("authorization") ?? "");
  expect([sub, key]).toEqual(["mailto:ana@example.org", toBase64Url(Uint8Array.from(signer))]);
  const text = receiver.open(body);
  expect(JSON.parse(text)).toMatchObject({ at: "lobby", from: "ben", text: "@ana come down" });

  let deliveredCount = 0;
  const deliver = async (data: string) => {
    const [registrationId = ""] = registrations;
    await devtools.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data });
    deliveredCount += 1;
    await until(
      `notification ${deliveredCount} is shown`,
      async () => (await worker.evaluate<number>("shownCount")) === deliveredCount,
    );
    return shownNotifications(worker);
  };
  const expected = {
    title: "ben \u00b7 lobby",
    body: "@ana come down",
    isTagged: true,
    at: "lobby",
  };
  expect(await deliver(text)).toEqual([expected]);
  const second = JSON.stringify({ ...JSON.parse(text), text: "and \u202e now", count: 3 });
  expect(await deliver(second)).toMatchObject([{ body: "(3) and <U+202E> now" }]);
  const both = await deliver('{"tag":"sealed"}');
  expect(both).toHaveLength(2);
  const sealed = both.find(({ at }) => at === "");
  expect(sealed).toMatchObject({ title: "chat", body: "A new message" });

  const click = `(async () => {
    globalThis.opened = [];
    clients.openWindow = async (path) => void globalThis.opened.push(path);
    const all = await registration.getNotifications();
    const notification = all.find(({ data }) => data.at === "lobby");
    const event = new NotificationEvent("notificationclick", { notification });
    dispatchEvent(event);
  })()`;
  await page.goto("about:blank");
  await until("no page is open", () =>
    worker.evaluate<boolean>(`clients.matchAll({ includeUncontrolled: true, type: 'window' })
      .then((all) => all.length === 0)`),
  );
  await worker.evaluate(click);
  const opened = () => worker.evaluate<string[]>("opened");
  await until("a page is opened", async () => (await opened()).length === 1);
  expect(await opened()).toEqual(["/#as=ana/lobby"]);
  await until("the notification is closed", async () =>
    (await shownNotifications(worker)).every(({ at }) => at !== "lobby"),
  );
  const again = await deliver(
    JSON.stringify({ tag: "r", at: "lobby", from: "ben", text: "again" }),
  );
  expect(again.map(({ body: words }) => words)).toContain("again");
  await page.goto(`${origin}/#as=ana/lobby`);
  await ana.composer.waitFor();
  expect(await page.evaluate<string>("location.hash")).toBe("#/lobby");
  await until(
    "the notifications are closed",
    async () => (await shownNotifications(worker)).length === 0,
  );
  expect(
    await deliver(JSON.stringify({ tag: "r", at: "@ben", from: "ben", text: "here" })),
  ).toHaveLength(1);
  await worker.evaluate(click.replace('"lobby"', '"@ben"'));
  await ana.page.getByRole("heading", { name: "@ben", level: 1 }).waitFor();

  await ana.openSettings();
  await until("it is on", () => pushCheckbox(ana).isChecked());
  await ana.page.keyboard.press("Escape");
  await ana.logOut();
  await until("the subscription has ended", () =>
    page.evaluate<boolean>("localStorage.getItem('test.push') === null"),
  );
  const count = "navigator.serviceWorker.getRegistrations().then((all) => all.length)";
  expect(await page.evaluate<number>(count)).toBe(1);
  ben.tab.close();
  await push.server.stop(true);
});
