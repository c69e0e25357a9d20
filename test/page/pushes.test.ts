import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Worker } from "playwright-core";
import { toBase64Url } from "../../src/base/bytes.ts";
import { PUSH_TTL_S } from "../../src/base/limits-page.ts";
import { makeCertificate } from "../../src/crypto/certificate.ts";
import { PushReceiver, readVapid } from "../crypto/push-receiver.ts";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** Messages for a page that is closed: from the server through a push service to the browser. */

/** One that trusts the server's certificate, and one that only goes on with it. */
const browser = sharedBrowser(["--ignore-certificate-errors"]);
const doubting = sharedBrowser();

interface Came {
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** A push service on this machine, which a server trusts by `NODE_EXTRA_CA_CERTS`. */
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

/** What stands for the browser's own push service, which these tests must not reach. */
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

function box(visit: Visit) {
  const settings = visit.dialog("Account and settings");
  return settings.getByLabel("Tell me when this page is closed, too");
}

const SHOWN = `registration.getNotifications().then((all) =>
  all.map(({ title, body, tag, data }) => ({ title, body, isTagged: tag !== "", at: data.at })))`;

function shown(worker: Worker): Promise<Record<string, unknown>[]> {
  return worker.evaluate<Record<string, unknown>[]>(SHOWN);
}

pageTest("a message for a closed page comes by push, and a click opens its room", async () => {
  await using sandbox = new Sandbox();
  const push = await pushService(sandbox);
  const receiver = new PushReceiver();
  const served = await sandbox.serve({
    args: ["--push", "ana@example.org", "--push-private"],
    env: { NODE_EXTRA_CA_CERTS: push.ca },
  });
  const ben = await Talker.open(served, "ben");
  await using ana = await browser.visit(pageAddress(served), {
    before: pushManager(push.endpoint, receiver),
  });
  const { context, page } = ana;
  const { origin } = new URL(page.url());
  await context.grantPermissions(["notifications"], { origin });
  await ana.enter("ana");
  await ana.button(/Account and settings/).click();
  await box(ana).click();
  await until("it is on", () => box(ana).isChecked());
  expect(await ana.barriers()).toEqual([]);
  await ana.keepPicture("pushes-settings");
  const signer = await page.evaluate<number[]>("asked");
  const [worker = await context.waitForEvent("serviceworker")] = context.serviceWorkers();
  expect(worker.url()).toBe(`${origin}/worker.js?lang=en`);

  // The page is closed, and another one of the same browser looks on.
  const devtools = await context.newCDPSession(page);
  const registrations: string[] = [];
  devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations: all }) => {
    registrations.push(...all.map(({ registrationId }) => registrationId));
  });
  await devtools.send("ServiceWorker.enable");
  await until("the worker is known", async () => registrations.length > 0);
  await page.goto(`${origin}/healthz`);
  await ben.says("@ana come down", "lobby");
  const { path, headers, body } = await until("a push", async () => push.came[0]);
  expect([path, headers.get("ttl")]).toEqual(["/p/ana", String(PUSH_TTL_S)]);
  const { sub, key } = readVapid(headers.get("authorization") ?? "");
  expect([sub, key]).toEqual(["mailto:ana@example.org", toBase64Url(Uint8Array.from(signer))]);
  const text = receiver.open(body);
  expect(JSON.parse(text)).toMatchObject({ at: "lobby", from: "ben", text: "@ana come down" });

  const deliver = (data: string) => {
    const [registrationId = ""] = registrations;
    return devtools.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data });
  };
  await deliver(text);
  const told = { title: "ben \u00b7 lobby", body: "@ana come down", isTagged: true, at: "lobby" };
  await until("it is shown", async () => (await shown(worker)).length === 1);
  expect(await shown(worker)).toEqual([told]);
  // Of the same room it takes the first one's place.
  await deliver(JSON.stringify({ ...JSON.parse(text), text: "and \u202e now", count: 3 }));
  await until("it is replaced", async () => (await shown(worker))[0]?.["body"] !== told.body);
  expect(await shown(worker)).toMatchObject([{ body: "(3) and <U+202E> now" }]);
  await deliver('{"tag":"sealed"}');
  await until("both are shown", async () => (await shown(worker)).length === 2);
  const sealed = (await shown(worker)).find(({ at }) => at === "");
  expect(sealed).toMatchObject({ title: "chat", body: "A new message" });
  await deliver("no JSON at all");
  await until("it is shown, too", async () => (await shown(worker)).length === 3);

  // A click: nothing is open, and then something is.
  const click = `(async () => {
    globalThis.opened = [];
    clients.openWindow = async (path) => void globalThis.opened.push(path);
    const all = await registration.getNotifications();
    const notification = all.find(({ data }) => data.at === "lobby");
    const event = new NotificationEvent("notificationclick", { notification });
    dispatchEvent(event);
  })()`;
  const pages = "clients.matchAll({ includeUncontrolled: true, type: 'window' })";
  await page.goto("about:blank");
  await until("no page is open", () =>
    worker.evaluate<boolean>(`${pages}.then((all) => all.length === 0)`),
  );
  await worker.evaluate(click);
  const opened = () => worker.evaluate<string[]>("opened");
  await until("a page is opened", async () => (await opened()).length === 1);
  expect(await opened()).toEqual(["/#/lobby"]);
  await deliver(JSON.stringify({ tag: "r", at: "lobby", from: "ben", text: "again" }));
  await until("it is shown again", async () =>
    (await shown(worker)).some(({ body: words }) => words === "again"),
  );
  await page.goto(`${origin}/#/lobby`);
  await ana.box.waitFor();
  await until("what was told is put away", async () => (await shown(worker)).length === 0);
  await deliver(JSON.stringify({ tag: "r", at: "@ben", from: "ben", text: "here" }));
  await until("it is shown at last", async () => (await shown(worker)).length === 1);
  await worker.evaluate(click.replace('"lobby"', '"@ben"'));
  await ana.page.getByRole("heading", { name: "@ben", level: 1 }).waitFor();

  // Signed out, nothing is left of it.
  await ana.button(/Account and settings/).click();
  await until("it is on", () => box(ana).isChecked());
  await ana.button("Log out").click();
  await ana
    .dialog(/Log out/)
    .getByRole("button", { name: "Log out" })
    .click();
  await ana.button("Enter as ana").waitFor();
  const left = "navigator.serviceWorker.getRegistrations().then((all) => all.length)";
  await until("the worker is gone", async () => (await page.evaluate<number>(left)) === 0);
  expect(await page.evaluate("localStorage.getItem('test.push')")).toBe(null);
  ben.tab.close();
  await push.server.stop(true);
});

pageTest(
  "where a browser allows no pushes, the settings say why; without them nothing",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve({ args: ["--push", "ana@example.org"] });
    // Not what any browser says of this page: it is on this machine, which all of them trust.
    await using ana = await browser.visit(pageAddress(served), {
      before: "Object.defineProperty(globalThis, 'isSecureContext', { value: false });",
    });
    await ana.enter("ana");
    await ana.button(/Account and settings/).click();
    await ana.page.getByText(/whose certificate they trust/).waitFor();
    expect(await box(ana).count()).toBe(0);
    expect(await ana.barriers()).toEqual([]);
    await using cleo = await doubting.visit(pageAddress(served), { language: "id", isDark: true });
    await cleo.context.grantPermissions(["notifications"]);
    await cleo.page.getByLabel("Nama", { exact: true }).fill("cleo");
    await cleo.page.getByRole("button", { name: "Masuk", exact: true }).click();
    await cleo.page.locator(".me-button").click();
    await cleo.page.getByLabel("Beri tahu saya juga bila halaman ini tertutup").click();
    await cleo.page.getByText(/sertifikat yang dipercayainya/).waitFor();
    await cleo.keepPicture("pushes-untrusted");
    const plain = await sandbox.serve({ data: "other" });
    await using dan = await browser.visit(pageAddress(plain));
    await dan.enter("dan");
    await dan.button(/Account and settings/).click();
    await dan.page.getByLabel("Play a sound for them").waitFor();
    await dan.field("New password").waitFor();
    expect(await box(dan).count()).toBe(0);
  },
);
