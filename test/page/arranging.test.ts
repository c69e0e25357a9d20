import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { expectNoBarrier, LOOKS } from "./looks.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** What people set of their rooms for themselves: it is the same on their other devices. */

const browser = sharedBrowser();
const PASSWORD = "correct horse battery";

async function chooses(visit: Visit, target: string, entry: string): Promise<void> {
  await visit.room(target).click({ button: "right" });
  await visit.entry(entry).click();
}

const targets = ({ page }: Visit) =>
  page.evaluate<string[]>(`[...document.querySelectorAll(".room-line")]
    .map((line) => line.dataset.target)`);

pageTest(
  "favourite, muted, unread, hidden, saved: on both devices, and after a reload",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    const ben = await Talker.open(served, "ben");
    await using ana = await browser.visit(pageAddress(served), { width: 1440 });
    await ana.enter("ana", { password: PASSWORD });
    await using phone = await browser.visit(pageAddress(served), { width: 820 });
    await phone.enter("ana", { password: PASSWORD });
    await ana.says("/join zoo");
    await ana.dialog("Create room").getByRole("button", { name: "Create" }).click();
    await ana.room("zoo").waitFor();

    await chooses(ana, "zoo", "Add to favourites");
    await phone.room("zoo").getByText("favourite").waitFor();
    expect(await targets(phone)).toEqual(["zoo", "lobby"]);

    await chooses(ana, "lobby", "Mute…");
    await ana.dialog("Mute #lobby").getByRole("button", { name: "Until I unmute it" }).click();
    await phone.room("lobby").getByText("muted").waitFor();
    await ben.says("nobody is called");
    await ben.says("hello @ana");
    await ana.room("lobby").getByText("2 unread, 1 calls you").waitFor();
    expect(await ana.room("lobby").locator(".count > :first-child").textContent()).toBe("1");
    expect(await ana.page.title()).not.toContain("(");
    await ana.keepPicture("arranging-1440");

    await ana.room("lobby").click();
    await ana.sees("hello @ana");
    await ana.message("hello @ana").hover();
    await ana.message("hello @ana").locator(".tools-more").click();
    await ana.entry("Save for later").click();
    await ana.message("nobody is called").hover();
    await ana.message("nobody is called").locator(".tools-more").click();
    await ana.entry("Mark as unread").click();
    await ana.page.locator("[data-unread]").waitFor();
    await phone.room("lobby").getByText("2 unread").waitFor();
    await phone.room("lobby").click();
    await phone.room("lobby").getByText("2 unread").waitFor({ state: "detached" });
    await ana.room("lobby").getByText("2 unread").waitFor({ state: "detached" });

    await phone.button("Saved messages").click();
    const saved = phone.dialog("Saved messages");
    await saved.getByText("hello @ana").waitFor();
    await phone.keepPicture("saved-820");
    await saved.getByText("hello @ana").click();
    await phone.page.locator("article.is-shown").filter({ hasText: "hello @ana" }).waitFor();

    await ben.says("between us", "@ana");
    await phone.room("@ben").getByText("1 unread").waitFor();
    await chooses(phone, "@ben", "Hide until something is said");
    await ana.room("@ben").waitFor({ state: "detached" });
    await phone.page.reload();
    await phone.room("zoo").getByText("favourite").waitFor();
    expect(await targets(phone)).toEqual(["zoo", "lobby"]);
    await ben.says("still there?", "@ana");
    for (const device of [ana, phone]) await device.room("@ben").getByText("1 unread").waitFor();

    await phone.button("Saved messages").click();
    await saved.getByRole("button", { name: "Remove from saved" }).click();
    await saved.getByText("Nothing is saved.").waitFor();
    ben.tab.close();
  },
);

pageTest("by keys alone, and by a finger that rests on a line", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await Talker.open(served, "ben");
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.says("between us", "@ana");
  await ana.room("@ben").focus();
  await ana.page.keyboard.press("Shift+F10");
  await ana.entry("Mark as read").waitFor();
  await ana.page.keyboard.press("Enter");
  await ana.room("@ben").getByText("1 unread").waitFor({ state: "detached" });
  await ana.page.locator(".room-line:focus").waitFor();
  await ana.page.keyboard.press("Shift+F10");
  await ana.page.keyboard.press("Enter");
  await ana.room("@ben").getByText("1 unread").waitFor();

  await ana.room("@ben").focus();
  await ana.page.keyboard.press("Shift+F10");
  await ana.entry("Hide until something is said").press("Enter");
  await ana.room("@ben").waitFor({ state: "detached" });
  await ana.page.locator(".room-line:focus").waitFor();

  const phone = { width: 390, height: 844, isPhone: true };
  await using pia = await browser.visit(pageAddress(served), phone);
  await pia.enter("pia");
  await pia.button(/^Open the list of rooms/).tap();
  const line = pia.room("lobby");
  const finger = { pointerType: "touch", clientX: 40, clientY: 90, bubbles: true };
  await line.dispatchEvent("pointerdown", finger);
  await pia.entry("Add to favourites").waitFor();
  await line.dispatchEvent("pointerup", finger);
  await line.dispatchEvent("click"); // As some browsers tell it: it opens nothing.
  await pia.keepPicture("arranging-390");
  await pia.entry("Add to favourites").tap();
  await line.getByText("favourite").waitFor();
  await line.dispatchEvent("pointerdown", finger);
  await line.dispatchEvent("pointermove", { ...finger, clientY: 120 });
  await line.dispatchEvent("pointerup", finger);
  await line.tap();
  await pia.box.waitFor();
  expect(await pia.page.getByRole("menu").count()).toBe(0);
  ben.tab.close();
});

for (const [look, options] of LOOKS)
  pageTest(`nothing stands in the way, ${look}`, async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    const ben = await Talker.open(served, "ben");
    await using ana = await browser.visit(pageAddress(served), options);
    const isNarrow = (options.width ?? 1_000) < 700;
    await ana.page.getByRole("textbox").first().fill("ana");
    await ana.page.locator("form button[type=submit]").click();
    await ana.page.locator(".composer textarea").waitFor();
    await ben.says("@ana, keep this");
    await ben.says("between us", "@ana");
    const list = async () => {
      if (isNarrow) await ana.page.locator(".room-head .icon-button").first().click();
    };
    const menu = async (target: string, at: number) => {
      await ana.room(target).click({ button: "right" });
      await ana.page.getByRole("menuitem").nth(at).click();
    };
    await list();
    await menu("lobby", 1);
    await menu("@ben", 2);
    await expectNoBarrier(ana, look, "mute");
    await ana.page.locator(".choices button").last().click();
    await ana.room("@ben").locator(".room-note").waitFor();
    await expectNoBarrier(ana, look, "list");
    await ana.keepPicture(`list-${look}`);
    await ana.room("lobby").click({ button: "right" });
    await expectNoBarrier(ana, look, "menu");
    await ana.page.keyboard.press("Escape");
    await ana.room("lobby").click();
    await ana.page.locator("article").first().hover();
    await ana.page.locator(".tools-more").first().click();
    await ana.page
      .getByRole("menuitem")
      .filter({ has: ana.page.locator('path[d^="M6 4h12"]') })
      .click();
    await list();
    await ana.page.locator(".side-foot .icon-button").first().click();
    await ana.page.locator(".saved-line .list-button").waitFor();
    await expectNoBarrier(ana, look, "saved");
    await ana.keepPicture(`saved-${look}`);
    ben.tab.close();
  });
