import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";

/** What fingers do: they hover over nothing, and scroll up while others talk. */

const browser = sharedBrowser();
const PHONE = { width: 390, height: 844, isPhone: true };
const LINES = 60;

pageTest(
  "a message that is touched shows what may be done with it, and only that one",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    const ben = await Talker.open(served, "ben");
    await using pia = await browser.visit(pageAddress(served), PHONE);
    await pia.enter("pia");
    for (const text of ["first", "second", "third"]) await ben.says(text);
    await pia.sees("third");
    // A mouse, which a phone has not, would show them where it rests.
    await pia.page.mouse.move(1, 1);
    const tools = pia.page.locator(".tools");
    for (const text of ["first", "third", "second"]) {
      await pia.message(text).getByText(text).tap();
      await pia.message(text).locator(".tools").waitFor();
      await until("those of the others are gone", async () => (await tools.count()) === 1);
    }
    await pia.button("Actions for the message of ben").tap();
    await pia.entry("React with 🎉").tap();
    await pia.message("second").getByRole("button", { name: "🎉 1: pia" }).waitFor();
    ben.tab.close();
  },
);

pageTest("whoever reads above is told how much came since", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await Talker.open(served, "ben");
  await using pia = await browser.visit(pageAddress(served), PHONE);
  await pia.enter("pia");
  await ben.fills(LINES, (n) => `line ${n}.`);
  await pia.sees(`line ${LINES - 1}.`);
  const list = pia.page.locator(".timeline .list");
  const newest = pia.button("Jump to newest");
  await until("the page stays above", async () => {
    await list.evaluate((element) => element.scrollBy(0, -1_500));
    return (await newest.count()) === 1;
  });
  await ben.says("one");
  await pia.button("1 unread below").waitFor();
  await ben.says("two");
  await pia.button("2 unread below").waitFor();
  expect(await newest.isVisible()).toBe(true);
  await pia.keepPicture("unread-below");
  await pia.button("2 unread below").tap();
  await pia.sees("two");
  await pia.button(/below$|^Jump to newest/).waitFor({ state: "detached" });
  ben.tab.close();
});
