import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { expectNoBarrier, LOOKS } from "./looks.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** Who else is typing. */

const browser = sharedBrowser();

/** Where the last message and the composer stand. */
function places({ page }: Visit): Promise<string> {
  return page.evaluate<string>(`JSON.stringify(["article.message", ".composer-row"].map(
    (what) => [...document.querySelectorAll(what)].at(-1).getBoundingClientRect()))`);
}

pageTest("others see that one writes, in a line that moves nothing, until it is sent", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const cleo = await Talker.open(served, "cleo");
  await cleo.says("hello");
  await using ben = await browser.visit(pageAddress(served));
  await ben.enter("ben");
  await ben.sees("hello");
  for (const [look, options] of LOOKS) {
    await using ana = await browser.visit(pageAddress(served), options);
    const name = ana.page.locator("#enter-name");
    await name.fill(`ana${LOOKS.findIndex(([one]) => one === look)}`);
    await name.press("Enter");
    await ana.sees("hello");
    const before = await places(ana);
    await ben.box.pressSequentially("I am");
    const line = ana.page.locator(".typing");
    await line.waitFor();
    expect(await line.textContent()).toStartWith("ben ");
    expect(await places(ana)).toBe(before);
    expect(await ana.page.locator("[aria-live] .typing").count()).toBe(0);
    await expectNoBarrier(ana, look, "somebody is typing");
    await ana.keepPicture(`typing-${look.replaceAll(" ", "-")}`);
    await ben.box.fill("");
    await line.waitFor({ state: "detached" });
  }
  // Who has switched it off neither tells nor sees it.
  await using dan = await browser.visit(pageAddress(served));
  await dan.enter("dan");
  await dan.button(/Account and settings/).click();
  const choice = dan.page.getByRole("checkbox", { name: /^Show others when I write/ });
  await choice.uncheck();
  await dan.page.keyboard.press("Escape");
  await dan.box.pressSequentially("quietly");
  await ben.box.pressSequentially("and I");
  await ben.box.press("Enter");
  await dan.sees("and I");
  expect(await dan.page.locator(".typing").count()).toBe(0);
  expect(await ben.page.locator(".typing").count()).toBe(0);
});
