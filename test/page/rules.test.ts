import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const PICTURES = process.env["RULES_PICTURES"];

async function picture({ page }: Visit, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

async function openRules(visit: Visit) {
  await visit.send("/rules");
  return visit.dialog("Rules of #class");
}

// First, because later tests limit who may create rooms.
pageTest("keeps a refused message across a reload, until it is discarded", async () => {
  const ben = await server.headlessUser("refuser");
  const pupil = await server.window("pupil");
  await ben.tab.ask("join", { room: "slowly", create: true });
  await ben.tab.ask("rules", { room: "slowly", slow: 600 });
  await pupil.send("/join slowly");
  await pupil.heading("#slowly").waitFor();
  await pupil.send("the first one");
  await pupil.waitForMessage("the first one");
  await pupil.send("one too many");
  const refused = pupil.page.locator(".is-pending", { hasText: "one too many" });
  await refused.getByText("not sent").waitFor();
  const asks = () =>
    pupil.page.evaluate<boolean>("!dispatchEvent(new Event('beforeunload', { cancelable: true }))");
  expect(await asks()).toBe(true);
  await pupil.page.reload();
  await refused.getByText("not sent").waitFor();
  await refused.getByRole("button", { name: "Discard" }).click();
  await refused.waitFor({ state: "detached" });
  expect(await asks()).toBe(false);
  await pupil.page.reload();
  await pupil.waitForMessage("the first one");
  expect(await refused.count()).toBe(0);
});

pageTest("sets the rules of a room, and tells members what they may do", async () => {
  const ben = await server.headlessUser("ben");
  const ana = await server.window("ana");
  const pupil = await server.window("pupil");
  await ana.createRoom("class");
  await ben.tab.ask("join", { room: "class" });
  await pupil.send("/join class");
  await pupil.heading("#class").waitFor();
  await pupil.send("a question");
  expect(await pupil.button("Add a topic").count()).toBe(0);

  const form = await openRules(ana);
  await form.getByLabel("Posting").selectOption({ label: "moderators" });
  await form.getByLabel("Slow mode").fill("abc");
  await form.getByRole("button", { name: "Save" }).click();
  await form.locator("#rule-slow-fault").waitFor();
  await form.getByLabel("Slow mode").fill("");
  await expectAccessible(ana, "light", "rules");
  await picture(ana, "rules-form");
  await form.getByRole("button", { name: "Save" }).click();
  await form.waitFor({ state: "detached" });
  await pupil.page.getByText("Only moderators can post here.").waitFor();
  expect(await pupil.page.locator(".composer").count()).toBe(0);
  await pupil.page.getByText("let only moderators post").waitFor();
  await expectAccessible(pupil, "light", "only moderators");
  await picture(pupil, "only-moderators");

  await ana.send("/grant ben");
  await ana.page.getByText("made ben a moderator").waitFor();
  const again = await openRules(ana);
  await ben.tab.ask("rules", { room: "class", topic: "everyone" });
  await pupil.button("Add a topic").waitFor();
  await again.getByLabel("Posting").selectOption({ label: "everyone" });
  await again.getByLabel("Slow mode").fill("600");
  await again.getByLabel("Joining").selectOption({ label: "by approval" });
  await again.getByRole("button", { name: "Save" }).click();
  await pupil.page.locator(".composer").waitFor();
  await pupil.send("one");
  await pupil.waitForMessage("one");
  await pupil.page.getByText(/^Slow mode: you can post again in \d+ seconds\.$/).waitFor();
  await pupil.send("two");
  await pupil.page
    .locator(".refused")
    .getByText(/Slow mode/)
    .waitFor();
  await picture(pupil, "slow-mode");
  const shown = await openRules(pupil);
  await shown.getByText("by approval").waitFor();
  await shown.getByText("Topic").locator("..").getByText("everyone").waitFor();
  expect(await shown.getByRole("button", { name: "Save" }).count()).toBe(0);
  await picture(pupil, "rules-shown");
});

pageTest("lists requests to join for moderators, who accept or decline them", async () => {
  const ana = await server.window("amy");
  const guest = await server.window("guest");
  await ana.createRoom("club");
  await ana.send("/rules join approval");
  await ana.page.getByText("let people join by approval").waitFor();
  await guest.startNew("Browse rooms");
  await guest.finder.fill("club");
  await guest.results.getByText("approval needed").waitFor();
  await guest.results.getByRole("button", { name: "Ask to join" }).click();
  const asking = guest.dialog("#club");
  await asking.getByText("A moderator must approve new members.").waitFor();
  await asking.getByRole("button", { name: "Ask to join" }).click();
  await asking.getByText(/^You asked today at \d\d:\d\d\.$/).waitFor();
  await picture(guest, "asked");
  await guest.page.keyboard.press("Escape");
  await ana.page.getByText("guest asks to join.").waitFor();
  await expectAccessible(ana, "light", "request to join");
  await picture(ana, "knock");
  await ana.button("Accept guest").click();
  await ana.page.getByText("guest asks to join.").waitFor({ state: "detached" });
  const invitation = guest.invitation("amy invited you to #club");
  await invitation.getByRole("button", { name: "Join" }).click();
  await guest.heading("#club").waitFor();
});

pageTest("asks before a message notifies everyone, and names the number of people", async () => {
  const [ben, cleo] = [await server.headlessUser("bea"), await server.headlessUser("cleo")];
  const ana = await server.window("ada");
  const dan = await server.window("dan");
  await ana.createRoom("team");
  for (const user of [ben, cleo]) await user.tab.ask("join", { room: "team" });
  await dan.send("/join team");
  await dan.heading("#team").waitFor();
  await dan.room("lobby").click();
  const question = ana.dialog("Notify everyone");
  // The names of emoji arrive when the question is already open.
  const [asked, released] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
  await ana.page.route("**/assets/emoji-*", async (route) => {
    asked.resolve(route.request().url());
    await released.promise;
    await route.continue();
  });
  await ana.send("@everyone read this :smi");
  await question.waitFor();
  const module = await asked.promise;
  released.resolve();
  await ana.page.evaluate(`import(${JSON.stringify(module)}).then(() =>
    new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))`);
  expect(await ana.page.locator(".suggestions").count()).toBe(0);
  await question.getByRole("button", { name: "Cancel" }).click();
  await ana.send("@everyone read this");
  await question.getByText("Notify 3 people in this room?").waitFor();
  await picture(ana, "everyone");
  await question.getByRole("button", { name: "Cancel" }).click();
  expect(await ana.page.locator("textarea").inputValue()).toBe("@everyone read this");
  await ana.page.keyboard.press("Enter");
  await question.getByRole("button", { name: "Notify" }).click();
  await ana.waitForMessage("@everyone read this");
  await dan.room("team").getByText("1 unread, 1 mention").waitFor();
  await until("the draft is sent", async () => {
    return (await ana.page.locator("textarea").inputValue()) === "";
  });
});

pageTest("adds newcomers to a room that an operator has chosen", async () => {
  const teacher = await server.operator("teacher");
  await teacher.createRoom("news");
  await teacher.send("/rules");
  const form = teacher.dialog("Rules of #news");
  await form.getByLabel("Newcomers").selectOption({ label: "are added" });
  await form.getByRole("button", { name: "Save" }).click();
  await form.waitFor({ state: "detached" });
  const newcomer = await server.window("newcomer");
  await newcomer.room("news").click();
  await newcomer.heading("#news").waitFor();
  await newcomer.send("/rules");
  const facts = newcomer.dialog("Rules of #news");
  expect(await facts.getByText("are added").count()).toBe(1);
  await newcomer.page.keyboard.press("Escape");
  await facts.waitFor({ state: "detached" });
});

pageTest("shows the rules of the server before one acts", async () => {
  const teacher = await server.window("teacher");
  const pupil = await server.window("newcomer");
  await server.headlessUser("gus");
  await teacher.button("Server administration").click();
  await teacher.page.getByRole("tab", { name: "Health" }).click();
  await teacher.button("Change the rules").click();
  const form = teacher.dialog("Rules of the server");
  await form.getByLabel("Direct messages from and to").selectOption({ label: "moderators" });
  await form.getByLabel("Creating rooms").selectOption({ label: "operators" });
  await form.getByLabel("Sending files").selectOption({ label: "operators" });
  await expectAccessible(teacher, "light", "rules of the server");
  await picture(teacher, "server-rules");
  await form.getByRole("button", { name: "Save" }).click();
  await form.waitFor({ state: "detached" });
  await pupil.button("Attach").waitFor({ state: "detached" });
  await pupil.button("New").click();
  await pupil.menuItem("Browse rooms").waitFor();
  expect(await pupil.menuItem("Create room").count()).toBe(0);
  await pupil.page.keyboard.press("Escape");
  await pupil.send("/msg @gus hello?");
  await pupil
    .message("hello?")
    .getByText("not sent: On this server, direct messages are only possible")
    .waitFor();
  const closed = pupil.page.locator(".composer-closed", {
    hasText: "Direct messages are only possible from and to moderators.",
  });
  await closed.waitFor();
  expect(await pupil.page.locator(".composer").count()).toBe(0);
  await picture(pupil, "direct-limited");
  await pupil.room("lobby").click();
  await pupil.send("/msg @teacher hello?");
  await pupil.heading("@teacher").waitFor();
  await pupil.waitForMessage("hello?");
  expect(await pupil.page.getByText("Direct messages are only possible").count()).toBe(0);
});

pageTest("keeps the draft in a conversation that takes no messages for a while", async () => {
  const teacher = await server.window("teacher");
  const pupil = await server.window("newcomer");
  const guy = await server.headlessUser("guy");
  const rule = async (direct: string) => {
    await teacher.button("Change the rules").click();
    const form = teacher.dialog("Rules of the server");
    await form.getByLabel("Direct messages from and to").selectOption({ label: direct });
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
  };
  await rule("everyone");
  await guy.post("when?", "@newcomer");
  await pupil.room("@guy").click();
  await pupil.waitForMessage("when?");
  await pupil.composer.fill("see you at");
  await rule("moderators");
  const closed = pupil.page.locator(".composer-closed");
  await closed.waitFor();
  await pupil.button("Actions for @guy").click();
  await pupil.page.getByRole("menuitem").first().waitFor();
  expect(await pupil.menuItem("Encrypt conversation").count()).toBe(0);
  await pupil.page.keyboard.press("Escape");
  await pupil.reload();
  await closed.getByText("Direct messages are only possible from and to moderators.").waitFor();
  await rule("everyone");
  await closed.waitFor({ state: "detached" });
  expect(await pupil.composer.inputValue()).toBe("see you at");
});
