import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";

/** One browser, several windows of it; and the other devices of the same person. */

const browser = sharedBrowser();

pageTest("two tabs of one person: each sends its own words once, both show all", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const other = await ana.tab();
  await other.box.waitFor();
  const words = Array.from({ length: 15 }, (_, i) => `tab word ${i + 1}.`);
  for (const [i, word] of words.entries()) await (i % 2 === 0 ? ana : other).says(word);
  const shown = async (tab: typeof ana) => {
    for (const word of words) await tab.sees(word);
    const unsent = tab.page.locator("article.message .words", { hasText: "sending…" });
    await unsent.first().waitFor({ state: "detached" });
    const texts = await tab.page.locator("article.message .words").allTextContents();
    return texts.filter((text) => text.startsWith("tab word")).sort();
  };
  expect(await shown(ana)).toEqual([...words].sort());
  expect(await shown(other)).toEqual([...words].sort());
  const history = ["history", "--data", served.data, "--room", "lobby"];
  const lines = await sandbox.home("reader").json(history);
  const texts = lines.filter(({ kind }) => kind === "text").map(({ text }) => String(text));
  expect(texts.sort()).toEqual([...words].sort());
});

pageTest("a tab that is closed with something unsent leaves it to the other", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const other = await ana.tab();
  await other.box.waitFor();
  await served.program.signal("SIGKILL");
  await other.page.getByText(/^Offline/).waitFor();
  await other.says("from the tab that closes");
  await other.message("from the tab that closes").getByText("waiting for the connection").waitFor();
  await other.page.close();
  await sandbox.serve({ port: served.port });
  await ana.page.evaluate("dispatchEvent(new Event('focus'))");
  await ana.back();
  await ana.sees("from the tab that closes");
  const history = ["history", "--data", served.data, "--grep", "from the tab"];
  await ana.settled();
  expect(await sandbox.home("reader").json(history)).toHaveLength(1);
});

pageTest("logging out in one tab is logging out in all of them", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const other = await ana.tab();
  await other.box.waitFor();
  await ana.button(/Account and settings/).click();
  await ana.button("Log out").click();
  await ana.dialog("Log out of this browser?").getByRole("button", { name: "Log out" }).click();
  await ana.button("Enter as ana").waitFor();
  await other.button("Enter as ana").waitFor();
  await other.button("Enter as ana").click();
  await other.box.waitFor();
});

pageTest("signing out everywhere else ends the other browser's session at once", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using here = await browser.visit(pageAddress(served));
  await using there = await browser.visit(pageAddress(served), { width: 390, height: 844 });
  await here.enter("ana", { password: "correct horse" });
  await there.enter("ana", { password: "correct horse" });
  await there.says("from the other device");
  await here.sees("from the other device");
  await here.button(/Account and settings/).click();
  await here.button("Sign out all others").click();
  const question = here.dialog("Sign out on all other devices?");
  await question.getByRole("button", { name: "Sign out all others" }).click();
  await question.waitFor({ state: "detached" });
  await there.field("Name").or(there.button("Enter as ana")).first().waitFor();
  expect(await there.page.getByText("from the other device").count()).toBe(0);
  await there.page.reload();
  await there.field("Name").or(there.button("Enter as ana")).first().waitFor();
  await here.page.keyboard.press("Escape");
  await here.says("still here");
  await here.sees("still here");
});
