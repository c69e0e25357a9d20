import { expect } from "bun:test";
import { GUESSES_FREE } from "../../src/base/limits.ts";
import { parseServerAddress } from "../../src/wire/invite.ts";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";

/** The form where a user logs in. */

const browser = sharedBrowser();

pageTest("a wrong password that is held back says why, counts down, and says no more", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(String(served.listening["web"]));
  const refused = ana.page.locator(".fault-line:not(:empty)");
  const held = ana.page.getByText(/^Too many wrong passwords from here/);
  const guess = async (roomPassword: string) => {
    await ana.field("Room password").fill(roomPassword);
    await ana.button("Enter").click();
  };
  await ana.field("Name").fill("ana");
  for (let wrong = 0; wrong < GUESSES_FREE + 2; wrong++) {
    await guess(`wrong ${wrong}`);
    await refused.waitFor();
  }
  // The next one waits for four seconds.
  await ana.page.evaluate(`
    globalThis.shown = [];
    new MutationObserver(() => {
      const line = document.querySelector('p.hint[aria-hidden="true"]');
      const seconds = line?.textContent.match(/The answer comes in (\\d+) s\\.$/)?.[1];
      if (seconds !== undefined && shown.at(-1) !== +seconds) shown.push(+seconds);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });`);
  await guess("wrong again");
  await held.first().waitFor();
  // Heard once, not each second.
  const spoken = ana.page.getByRole("status").filter({ hasText: "Too many wrong passwords" });
  const said = await spoken.textContent();
  expect(said).toMatch(/^Too many wrong passwords from here\. The answer comes in \d s\.$/);
  const counted = () => ana.page.evaluate<number[]>("shown");
  await until("it counts down", async () => (await counted()).length > 1);
  expect(await spoken.textContent()).toBe(said);
  await refused.waitFor();
  expect(await held.count()).toBe(0);
  const seconds = await counted();
  expect(seconds).toEqual([...seconds].sort((one, other) => other - one));
  expect(seconds.at(-1)).toBeGreaterThan(0);
  // The right one enters at once, or says why it waits: in any case it enters.
  await guess(parseServerAddress(served.invite).secret ?? "");
  await ana.box.waitFor();
  expect(await held.count()).toBe(0);
});
