import { expect } from "bun:test";
import { join } from "node:path";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** What the page tells somebody who does not look at it; and that there is a newer one. */

const browser = sharedBrowser();

/** Writes down what is asked and shown; the browser's own does it. */
const LISTEN = `{
  globalThis.shown = [];
  globalThis.asked = 0;
  const Own = globalThis.Notification;
  if (Own !== undefined) globalThis.Notification = class extends Own {
    constructor(title, options) {
      super(title, options);
      globalThis.shown.push(title + ": " + options.body);
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

function shown({ page }: Visit): Promise<readonly string[]> {
  return page.evaluate<string[]>("shown");
}

/** As when another tab lies over it. */
async function look({ page }: Visit, isLooking: boolean): Promise<void> {
  const state = isLooking ? "visible" : "hidden";
  await page.evaluate(`{
    Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }`);
}

pageTest("mentions and direct messages are told of, once somebody has asked for it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await Talker.open(served, "ben");
  await using ana = await browser.visit(pageAddress(served), { before: LISTEN });
  await ana.context.grantPermissions(["notifications"], { origin: new URL(ana.page.url()).origin });
  await ana.enter("ana");
  await look(ana, false);
  await ben.says("@ana before you have asked");
  await ana.sees("before you have asked");
  expect([await shown(ana), await ana.page.evaluate<number>("asked")]).toEqual([[], 0]);
  await look(ana, true);
  await until("the icon is plain again", () => ana.page.evaluate("badges.at(-1) === 0"));
  const badges = await ana.page.evaluate<number>("badges.length");
  await ben.fills(600, (n) => `@ana while you look ${n}.`);
  await ana.sees("while you look 599.");
  expect(await ana.page.evaluate<number>("badges.length")).toBe(badges);
  await ana.button(/Account and settings/).click();
  const settings = ana.dialog("Account and settings");
  const box = settings.getByLabel("Tell me of mentions and direct messages");
  // While the browser asks, it is not on yet.
  await ana.page.evaluate(`{
    globalThis.ask = Notification.requestPermission;
    Notification.requestPermission = () => new Promise(() => undefined);
  }`);
  await box.click();
  expect(await box.isChecked()).toBe(false);
  await ana.page.evaluate("{ Notification.requestPermission = ask; }");
  await box.click();
  await until("it is on", () => box.isChecked());
  await ana.page.keyboard.press("Escape");
  expect(await ana.page.evaluate<number>("asked")).toBe(1);
  await ben.says("@ana you look at it");
  await ana.sees("you look at it");
  await look(ana, false);
  await ben.says("nobody's name");
  await ben.says("@ana are you there?");
  await ben.says("a secret", "@ana");
  const told = await until("both are told", async () => {
    const all = await shown(ana);
    return all.length >= 2 ? all : undefined;
  });
  expect(told).toEqual(["ben in lobby: @ana are you there?", "ben in @ben: a secret"]);
  await until("the title counts", async () => /^\(\d\)/.test(await ana.page.title()));
  await look(ana, true);
  ben.tab.close();
});

pageTest("what waits stands in the icon, and sounds where somebody has asked for it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await Talker.open(served, "ben");
  await using ana = await browser.visit(pageAddress(served), { before: LISTEN });
  const { page } = ana;
  await ana.enter("ana");
  const icon = () => page.evaluate<string>("document.querySelector('link[rel=icon]').href");
  const plain = await icon();
  expect(plain).toMatch(/\/assets\/icon-\w+\.svg$/);
  await look(ana, false);
  await ben.says("nobody's name");
  const dot = await until("a dot stands in it", async () => {
    const now = await icon();
    return now === plain ? undefined : now;
  });
  expect(dot).toStartWith("data:image/png;base64,");
  expect(await page.title()).toBe("lobby");
  await ben.says("a secret", "@ana");
  await until("the title counts", async () => (await page.title()) === "(1) lobby");
  await until("the icon has the number", async () => ![plain, dot].includes(await icon()));
  expect(await page.evaluate<number>("sounds")).toBe(0);
  await look(ana, true);
  await ana.button(/Account and settings/).click();
  const box = ana.dialog("Account and settings").getByLabel("Play a sound for them");
  await box.click();
  await until("one hears what it is like", async () => (await page.evaluate("sounds")) === 1);
  const isQuiet =
    "navigator.locks.query().then(({ held }) => held.every(({ name }) => name !== 'chat sound'))";
  await until("it has sounded", () => page.evaluate<boolean>(isQuiet));
  await page.keyboard.press("Escape");
  await look(ana, false);
  await ben.says("another one", "@ana");
  await ben.says("and one more", "@ana");
  await until("it counts", async () => (await page.title()) === "(3) lobby");
  await until("it sounds", async () => (await page.evaluate("sounds")) === 2);
  await look(ana, true);
  await ana.room("@ben").click();
  await ana.sees("and one more");
  await until("nothing waits", async () => (await icon()) === plain);
  expect(await page.evaluate<number[]>("badges")).toContain(3);
  expect((await page.evaluate<number[]>("badges")).at(-1)).toBe(0);
  ben.tab.close();
});

/** Its page is made when it starts, and is another one than that of the compiled program. */
async function fromSource(sandbox: Sandbox, port: number): Promise<void> {
  const main = join(import.meta.dir, "../../src/main.ts");
  const at = ["--host", "127.0.0.1", "--port", String(port), "--data", sandbox.path("data")];
  const program = sandbox.start([main, "serve", ...at, "--json"], { program: process.execPath });
  await program.json("listening");
}

pageTest("a server that was brought up to date tells the pages that are open", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const banner = ana.page.getByText("A newer version is here.");
  await served.program.signal("SIGTERM");
  await ana.page.getByText(/^Offline/).waitFor();
  expect(await banner.count()).toBe(0);
  await fromSource(sandbox, served.port);
  await ana.back();
  await banner.waitFor();
  await ana.says("it works still");
  await ana.sees("it works still");
  await ana.settled();
  await ana.button("Reload").click();
  await banner.waitFor({ state: "detached" });
  await ana.sees("it works still");
});
