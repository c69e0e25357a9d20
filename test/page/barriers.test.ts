import { writeFileSync } from "node:fs";
import { until } from "../e2e/deadline.ts";
import { Sandbox, type Served } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { expectNoBarrier, LOOKS } from "./looks.ts";
import { pageAddress, photo } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** Every screen, as whoever sees little, hears it, or uses no mouse meets it. */

const browser = sharedBrowser();

/** The name of a screen, and how one gets there and back. */
type Screen = readonly [name: string, open: (visit: Visit) => Promise<unknown>];

const press = (key: string) => (visit: Visit) => visit.page.keyboard.press(key);
const click = (selector: string) => (visit: Visit) => visit.page.locator(selector).click();

/** What stands over the room: opened, looked at, closed by Esc. */
const OVER: readonly Screen[] = [
  ["search", press("Control+Shift+F")],
  ["going to a room", press("Control+k")],
  ["the account", click(".me-button")],
  ["saved messages", click(".side-foot .icon-button >> nth=0")],
  ["an invite", click(".side-foot .icon-button >> nth=1")],
  ["the list of rooms", click(".side-title .icon-button >> nth=0")],
  ["joining a room", click(".side-title .icon-button >> nth=1")],
  ["the menu of the room", click(".room-head [aria-haspopup=menu]")],
  ["a picture, large", click("button.picture")],
];

/** A room with all that one may meet in it. */
async function furnish(sandbox: Sandbox, served: Served, visit: Visit): Promise<void> {
  const ben = await Talker.open(served, "ben");
  await ben.says("hello, @olga: https://chat.example/ is near");
  await ben.tab.ask("topic", { room: "lobby", topic: "what a room may hold" });
  const box = visit.page.locator(".composer textarea");
  await visit.sees("is near");
  await box.fill("one's own words");
  await box.press("Enter");
  await visit.sees("one's own words");
  writeFileSync(sandbox.path("photo.png"), photo(320, 200));
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "xxxxxxxx" };
  await sandbox
    .home("tom")
    .with(env)
    .json(["send-file", sandbox.path("photo.png"), "--to", "lobby"]);
  await visit.page.locator("button.picture").waitFor();
}

/** Where it is narrow, the rooms are in a drawer. */
async function drawer(visit: Visit): Promise<void> {
  const button = visit.page.locator(".room-head .only-narrow").first();
  const isOpen = (await visit.page.locator(".has-drawer").count()) > 0;
  if (!isOpen && (await button.isVisible())) await button.click();
}

/** By Esc, as often as it takes. */
async function closed({ page }: Visit): Promise<void> {
  const over = page.locator("dialog[open], .menu, #search-text, .has-drawer");
  await until("nothing stands over the room", async () => {
    if ((await over.count()) === 0) return true;
    await page.keyboard.press("Escape");
    return false;
  });
}

async function enter(visit: Visit, name: string): Promise<void> {
  await visit.page.locator("#enter-name").fill(name);
  await visit.page.keyboard.press("Enter");
  await visit.page.locator(".composer textarea").waitFor();
}

for (const [look, options] of LOOKS) {
  pageTest(`no barrier that a machine finds on any screen, ${look}`, async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using olga = await browser.visit(String(served.listening["operatorLink"]), options);
    await olga.page.locator("#enter-name").waitFor();
    await expectNoBarrier(olga, look, "coming in");
    await enter(olga, "olga");
    await furnish(sandbox, served, olga);
    await expectNoBarrier(olga, look, "a room");
    // A row that moves while it is pointed at, as others are measured, hides its buttons again.
    await until("the menu of a message is open", async () => {
      await olga.page.locator("article.message").first().hover();
      const more = olga.page.locator(".tools-more");
      await more.click({ timeout: 2_000 }).catch(() => undefined);
      return (await olga.page.locator(".menu").count()) > 0;
    });
    await expectNoBarrier(olga, look, "the menu of a message");
    await olga.page.keyboard.press("Escape");
    for (const [name, open] of OVER) {
      if (/account|saved|invite|rooms|joining/.test(name)) await drawer(olga);
      await open(olga);
      await olga.page.locator("dialog[open], .menu, #search-text").first().waitFor();
      await expectNoBarrier(olga, look, name);
      await closed(olga);
    }
    await drawer(olga);
    await expectNoBarrier(olga, look, "the rooms");
    await olga.page.locator(".side-head .icon-button").nth(1).click();
    for (const tab of [
      "log",
      "server",
      "accounts",
      "rooms",
      "files",
      "clients",
      "transfers",
      "bans",
      "invites",
    ]) {
      await olga.page.locator(`#tab-${tab}`).click();
      await olga.page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
      await expectNoBarrier(olga, look, tab);
    }
  });
}

pageTest("a fault and a broken line are no barrier either", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await enter(ana, "ana");
  await ana.says("/nothing of that kind");
  await ana.button("Send as text").waitFor();
  await expectNoBarrier(ana, "light", "a command that is none");
  await ana.says("/kick stranger");
  await ana.page.locator(".toast").first().waitFor();
  await expectNoBarrier(ana, "light", "a fault");
  await ana.box.fill("");
  await served.program.signal("SIGKILL");
  await ana.page.getByText(/^Offline/).waitFor();
  await ana.says("/me waits");
  await ana.says("waits as well");
  await expectNoBarrier(ana, "light", "offline");
});
