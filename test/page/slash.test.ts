import { expect } from "bun:test";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { expectNoBarrier } from "./looks.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";

/** Commands of the composer, as the terminal has them. */

const browser = sharedBrowser();

pageTest("a room is made with the password that was typed behind its name", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("/join den s3cretive");
  const dialog = ana.dialog("Create room");
  const field = dialog.locator("#create-password");
  expect(await field.inputValue()).toBe("s3cretive");
  await ana.button("Create").click();
  await ana.room("den").waitFor();
  const ben = await Talker.open(served, "ben");
  const refused = (password?: string) =>
    ben.tab
      .ask("join", { room: "den", ...(password === undefined ? {} : { password }) })
      .then(() => "in")
      .catch((fault: { readonly code?: string }) => fault.code);
  expect(await refused()).toBe("room-password-wrong");
  // Another one is said to be wrong, at its field.
  await using cleo = await browser.visit(pageAddress(served));
  await cleo.enter("cleo");
  await cleo.says("/join den secret");
  const wrong = cleo.dialog("Join den");
  await wrong.locator("#join-password-fault").waitFor();
  await wrong.locator("#join-password").fill("s3cretive");
  await wrong.getByRole("button", { name: "Join", exact: true }).click();
  await cleo.room("den").waitFor();
  expect(await refused("s3cretive")).toBe("in");
});

pageTest("what the terminal's commands do with messages, people and rooms", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("/join lab");
  await ana.button("Create").click();
  await ana.room("lab").waitFor();
  const ben = await Talker.open(served, "ben");
  await ben.tab.ask("join", { room: "lab" });
  await ben.says("which day?", "lab");
  await ana.sees("which day?");
  await ana.says("/reply on monday");
  await ana.message("on monday").locator(".quote").getByText("which day?").waitFor();
  await ana.says("/edit on tuesday");
  await ana.message("on tuesday").getByText("(edited)").waitFor();
  // Also what is still under way: the server answers late.
  await ana.says("an even later one");
  await ana.says("/edit on wednesday");
  await ana.message("on wednesday").getByText("(edited)").waitFor();
  expect(await ana.message("on tuesday").count()).toBe(1);
  await ana.says("/react 👍");
  await ana.message("which day?").locator(".reaction").waitFor();
  await ana.says("/pin");
  await ana.message("which day?").locator(".pinned").waitFor();
  await ana.says("/save");
  await ana.says("/saved");
  await ana.dialog("Saved messages").getByText("which day?").waitFor();
  await ana.page.keyboard.press("Escape");
  await ana.says("/erase");
  await ana.dialog("Erase this message for everybody?").waitFor();
  await ana.page.keyboard.press("Escape");

  await ana.says("/mute ben 10m");
  await ana.page.getByText(/ana muted ben until/).waitFor();
  const box = ana.page.locator(".composer textarea");
  await ana.says("/mute ben soon");
  await ana.page.getByText(/Write \/mute NAME \[TIME\]: .*10m/).waitFor();
  expect(await box.inputValue()).toBe("/mute ben soon");
  await box.fill("");
  await ana.says("/unmute ben");
  await ana.page.getByText("ana let ben speak again").waitFor();
  await ana.says("/ignore ben");
  await ana.says("/ignored");
  const ignored = ana.dialog("People you ignore");
  await ignored.getByText("ben").waitFor();
  await expectNoBarrier(ana, "light", "whom one ignores");
  await ana.keepPicture("ignored");
  await ignored.getByRole("button", { name: "Stop ignoring ben" }).click();
  await ignored.getByText("You ignore nobody.").waitFor();
  await ana.page.keyboard.press("Escape");

  // It shows the topic, and does not clear it.
  await ana.says("/topic about days");
  await ana.page.locator(".room-head").getByText("about days").waitFor();
  await ana.says("/topic");
  const topic = ana.dialog("Change topic");
  expect(await topic.locator("#topic").inputValue()).toBe("about days");
  await ana.page.keyboard.press("Escape");
  // Another room than the one that is open, which stays.
  await ana.says("/leave lobby");
  await ana.room("lobby").waitFor({ state: "detached" });
  expect(await ana.page.locator(".room-head").textContent()).toContain("lab");
  await ana.says("/msg #lab to a room");
  await ana.message("to a room").waitFor();
  await ana.says("/msg @ben to a person");
  await ana.room("@ben").waitFor();
  await ana.says("/leave");
  await ana.room("@ben").waitFor({ state: "detached" });
});

pageTest("in Indonesian devices are named in it, and commands are explained", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const phone = { width: 390, height: 844, language: "id-ID" };
  await using ana = await browser.visit(pageAddress(served), phone);
  const name = ana.page.locator("#enter-name");
  await name.fill("ana");
  await name.press("Enter");
  const box = ana.page.getByRole("textbox", { name: "Tulis pesan" });
  await box.fill("/set");
  await box.press("Enter");
  await ana.page.locator(".device strong").getByText("Chrome di Linux").waitFor();
  await expectNoBarrier(ana, "in Indonesian", "settings");
  await ana.keepPicture("settings-id");
  await ana.page.keyboard.press("Escape");
  await box.fill("/help");
  await box.press("Enter");
  await ana.page.getByText("/mute NAME [TIME]").waitFor();
  expect(await ana.barriers()).toEqual([]); // The key that is called Enter is so in all languages.
  await ana.keepPicture("help-id");
});
