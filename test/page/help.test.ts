import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const password = "correct horse battery";
const PHONE = { isPhone: true, width: 390, height: 844 };
const RAISE = "Touch Raise hand in the strip";

async function picture({ page }: Visit, name: string): Promise<void> {
  const folder = process.env["HELP_PICTURES"];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}

function place({ page }: Visit) {
  return page.getByRole("main", { name: "Help" });
}

function hashOf({ page }: Visit): Promise<string> {
  return page.evaluate<string>("location.hash");
}

pageTest("Help answers a question in any words on a phone", async () => {
  await using ana = await server.logIn("ana", { password, ...PHONE });
  await ana.send("/help");
  const help = place(ana);
  const field = help.getByLabel("What do you want to do?");
  await help.getByRole("button", { name: "How do I raise my hand?", exact: true }).click();
  await help.getByText(RAISE).waitFor();
  await picture(ana, "phone-answer");
  // One answer is open at a time.
  await help.getByRole("button", { name: "What did I miss?", exact: true }).first().click();
  await help.getByText("lists what calls you").waitFor();
  expect(await help.getByText(RAISE).isVisible()).toBe(false);
  expect(await ana.accessibilityViolations()).toEqual([]);
  expect(await ana.overflow()).toBe(0);
  await field.fill("turn off NOTIFICATIONS");
  await help.getByRole("button", { name: "How do I make a room quiet?" }).first().waitFor();
  expect(await help.getByRole("button", { name: "What did I miss?" }).count()).toBe(0);
  await field.fill("zzz");
  await help.getByText("No answer has “zzz”").waitFor();
  await ana.page.goBack();
  await help.waitFor({ state: "detached" });
  // From the user's own place, Back leads there again.
  await ana.button(/^Open the list of rooms/).click();
  await ana.page.getByRole("button", { name: /^You/ }).click();
  await ana.button("Help").click();
  await help.waitFor();
  await help.getByRole("button", { name: "Back", exact: true }).click();
  await ana.button("Help").waitFor();
});

pageTest("Help is a place with an address, beside the list of rooms", async () => {
  const ana = await server.window("tini");
  await ana.send("/join essays --assignment");
  await ana.dialog("Create room").getByRole("button", { name: "Create" }).click();
  await ana.heading(/essays/).waitFor();
  const bela = await server.window("bela");
  await bela.send("/join essays");
  await bela.heading("essays").waitFor();
  await bela.page.evaluate("location.hash = '#help/handIn'");
  const help = place(bela);
  await help.getByRole("heading", { name: "How do I hand in my work?" }).waitFor();
  await picture(bela, "laptop-answer");
  expect(await hashOf(bela)).toBe("#help/handIn");
  expect(await help.locator(".answer-steps > li").count()).toBe(3);
  expect(await bela.accessibilityViolations()).toEqual([]);
  await help.getByRole("button", { name: "Who can read what I write?" }).click();
  await help.getByRole("button", { name: "Room details" }).waitFor();
  expect(await hashOf(bela)).toBe("#help/whoReads");
  // Its address opens it again, also after a reload.
  await bela.page.reload();
  await help.getByRole("heading", { name: "Who can read what I write?" }).waitFor();
  await help.getByRole("button", { name: "How do I hand in my work?" }).click();
  await help.getByRole("button", { name: "Open essays" }).click();
  await help.waitFor({ state: "detached" });
  await bela.heading("essays").waitFor();
  expect(await hashOf(bela)).toBe("#/essays");
  // Back, Escape and a room of the list close it.
  await bela.page.evaluate("location.hash = '#help'");
  await help.waitFor();
  await bela.page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
  await bela.page.evaluate("location.hash = '#help/keys'");
  await help.getByText("Ctrl+Shift+F").waitFor();
  await bela.room("lobby").click();
  await help.waitFor({ state: "detached" });
  await bela.heading("lobby").waitFor();
});

pageTest("Help asks a moderator, and has keys and commands for experts", async () => {
  const ana = await server.window("tini");
  await ana.createRoom("garden");
  const bela = await server.window("bela");
  await bela.send("/join garden");
  await bela.heading("garden").waitFor();
  await bela.send("/help");
  const help = place(bela);
  await help.getByRole("button", { name: "Somebody is unkind. What can I do?" }).first().click();
  await help.getByRole("button", { name: "Ask tini" }).click();
  await bela.heading("tini").waitFor();
  expect(await bela.composer.inputValue()).toBe("Somebody is unkind. What can I do?");
  await bela.composer.fill("");
  await bela.send("/help join");
  await help.getByText("/join ROOM").first().waitFor();
  await help.getByRole("button", { name: "All commands" }).click();
  await help.getByText("/topic").first().waitFor();
  await picture(bela, "laptop-experts");
  expect(await bela.accessibilityViolations()).toEqual([]);
  await help.getByRole("button", { name: "Keys" }).click();
  await help.getByText("Ctrl+Shift+F").waitFor();
  expect(await bela.accessibilityViolations()).toEqual([]);
  await help.getByRole("button", { name: "Close", exact: true }).click();
  await help.waitFor({ state: "detached" });
});
