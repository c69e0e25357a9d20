import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";

/** What is a number beside a room, and what need not be seen. */

const browser = sharedBrowser();

pageTest("unread are words of others, and a setting hides who joins and leaves", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await Talker.open(served, "ben");
  await ben.tab.ask("join", { room: "attic", create: true });
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("/join attic");
  const joined = ana.page.locator(".timeline").getByText(/joined/);
  await joined.first().waitFor();
  const cleo = await Talker.open(served, "cleo");
  await cleo.says("a word");
  await cleo.tab.ask("topic", { room: "lobby", topic: "bugs" });
  await ana.room("lobby").getByText("1 unread").waitFor();
  await cleo.says("and one more");
  await ana.room("lobby").getByText("2 unread").waitFor();
  await ana.room("lobby").click();
  await ana.sees("and one more");
  await until("somebody has joined", async () => (await joined.count()) > 0);
  const quiet = () =>
    ana.dialog("Account and settings").getByLabel("Do not show who joins and leaves");
  await ana.button(/Account and settings/).click();
  await quiet().click();
  await ana.page.keyboard.press("Escape");
  await until("nobody is seen to join", async () => (await joined.count()) === 0);
  await ana.page.reload();
  await ana.sees("and one more");
  expect(await joined.count()).toBe(0);
  await ana.button(/Account and settings/).click();
  expect(await quiet().isChecked()).toBe(true);
  await quiet().click();
  await ana.page.keyboard.press("Escape");
  await until("they are seen again", async () => (await joined.count()) > 0);
});
