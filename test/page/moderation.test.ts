import { expect } from "bun:test";
import { parseServerAddress } from "../../src/wire/invite.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";

/** What a moderator does to the members of a room. */

const browser = sharedBrowser();

pageTest("a moderator mutes, makes a moderator and kicks, each after a question", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const web = `${served.listening["web"]}#invite=${parseServerAddress(served.invite).secret}`;
  await using ana = await browser.visit(web);
  await using ben = await browser.visit(web);
  await ana.enter("ana");
  await ben.enter("ben");
  // Who makes a room moderates it.
  await ana.says("/join lab");
  await ana.button("Create").click();
  await ana.room("lab").waitFor();
  await ben.says("/join lab");
  await ana.page.getByText("ben joined").waitFor();
  const act = async (entry: string, title: string) => {
    await ana.button("Actions for ben").click();
    await ana.entry(entry).click();
    const question = ana.dialog(title);
    await question.getByRole("button", { name: entry, exact: true }).click();
    await question.waitFor({ state: "detached" });
  };
  await act("Mute", "Mute ben in lab?");
  await ana.page.getByText("ana muted ben").waitFor();
  await act("Make a moderator", "Let ben moderate lab?");
  await ana.page.getByText("ana made ben a moderator").waitFor();
  await act("Take moderation back", "Take moderation of lab back from ben?");
  await act("Kick out of the room", "Kick ben out of lab?");
  await ana.page.getByText("ana kicked ben").waitFor();
  expect(await ana.page.locator(".toast").count()).toBe(0);
});
