import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox, type Served } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { expectNoBarrier, LOOKS } from "./looks.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** Messages that are to be found again, and who has read one's own. */

const browser = sharedBrowser();
const HOSTILE =
  "Plan: \u202eevil\u0007 <b>see</b> https://example.org/plan and bring your own chair";

async function choose(visit: Visit, text: string, entry: string | RegExp): Promise<void> {
  await visit.message(text).first().hover();
  await visit.message(text).first().locator(".tools-more").click();
  await visit.entry(entry).click();
}

/** In a room that she has made, and moderates. */
async function inDen(served: Served): Promise<Visit> {
  const ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("/join den");
  await ana.button("Create").click();
  await ana.room("den").waitFor();
  return ana;
}

pageTest(
  "a moderator pins, all find it behind the room's head, and it leads to its place",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using ana = await inDen(served);
    const ben = await Talker.open(served, "ben");
    await ben.tab.ask("join", { room: "den" });
    await ben.says(HOSTILE, "den");
    await ben.says("and cake", "den");
    await ana.sees("bring your own chair");
    await choose(ana, "bring your own chair", "Pin");
    await choose(ana, "and cake", "Pin");
    await ana.page.getByText("ana pinned a message").first().waitFor();
    // The message itself says so, too.
    const marks = ana.page.locator("article.message .pinned");
    await ana.message("and cake").locator(".pinned").getByText("pinned").waitFor();
    expect(await marks.count()).toBe(2);
    await ana.keepPicture("pinned");
    for (let i = 0; i < 60; i++) await ben.says(`so much more ${i}`, "den");
    for (const [at, [look, options]] of LOOKS.entries()) {
      await using eve = await browser.visit(pageAddress(served), options);
      const name = eve.page.locator("#enter-name");
      await name.fill(`eve${at}`);
      await name.press("Enter");
      await eve.box.or(eve.page.locator(".composer textarea")).first().waitFor();
      await eve.page.locator(".composer textarea").fill("/join den");
      await eve.page.keyboard.press("Enter");
      await eve.sees("so much more 59");
      const button = eve.page
        .locator(".room-head .icon-button")
        .filter({ has: eve.page.locator("path[d^='M9 4h6']") });
      await button.click();
      const list = eve.page.locator("dialog .pins li");
      await list.first().waitFor();
      expect(await list.allTextContents()).toEqual([
        expect.stringContaining("and cake"),
        expect.stringContaining("bring your own chair"),
      ]);
      await expectNoBarrier(eve, look, "what is pinned");
      await eve.keepPicture(`pins-${look.replaceAll(" ", "-")}`);
      await list.last().locator("a").click();
      await eve.message("bring your own chair").locator(".pinned").waitFor();
      await expectNoBarrier(eve, look, "a pinned message");
      await eve.keepPicture(`pinned-${look.replaceAll(" ", "-")}`);
      await eve.page.locator("dialog").waitFor({ state: "detached" });
    }
    // Taken out in the list, and by erasing the message.
    await ana.button("Pinned messages: 2").click();
    const pins = ana.page.locator("dialog .pins li");
    await pins.first().getByRole("button").click();
    await pins.nth(1).waitFor({ state: "detached" });
    expect(await pins.count()).toBe(1);
    await ana.page.keyboard.press("Escape");
    await ana.button("Pinned messages: 1").waitFor();
  },
);

pageTest(
  "who has read stands below one's own last message, once a moderator has said so",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using ana = await inDen(served);
    await using ben = await browser.visit(pageAddress(served), { width: 390, height: 844 });
    await ben.enter("ben");
    await ben.says("/join den");
    await ben.page.getByText("joined").first().waitFor();
    await ana.says("before it");
    await ben.sees("before it");
    expect(await ana.page.locator(".readers").count()).toBe(0);
    await ana.button("Actions for den").click();
    await ana.entry("Who has read").click();
    await ana.dialog("Who has read").waitFor();
    await expectNoBarrier(ana, "light", "who has read, asked");
    await ana.keepPicture("receipts-dialog");
    const shows = ana.field("Show authors here who has read their last message");
    expect(await shows.isChecked()).toBe(false);
    await shows.click();
    await ben.page.getByText("ana lets authors here see who has read").waitFor();
    await until("the switch shows its state", () => shows.isChecked());
    await ana.page.keyboard.press("Escape");
    await ana.says("who reads this?");
    await ben.sees("who reads this?");
    const line = ana.message("who reads this?").locator(".readers");
    const names = line.getByRole("button", { name: "Read by 1" });
    await names.waitFor();
    await names.click();
    await line.getByText("ben").waitFor();
    await expectNoBarrier(ana, "light", "who has read");
    await ana.keepPicture("readers");
    expect(await ana.page.locator(".readers").count()).toBe(1);
    // Who does not moderate is not offered it.
    await ben.button("Actions for den").click();
    await ben
      .entry("Leave the room")
      .or(ben.entry(/^Leave/))
      .first()
      .waitFor();
    expect(await ben.entry("Who has read").count()).toBe(0);
  },
);
