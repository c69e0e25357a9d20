import { expect } from "bun:test";
import type { Locator } from "playwright-core";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { expectAccessible } from "./theme.ts";

const server = new PageServer();
const PHONE = { width: 390, height: 844, isPhone: true };

/** Reports whether nothing covers the middle of the button, and its label has one line. */
async function isPressable(button: Locator): Promise<boolean> {
  await button.click({ trial: true });
  const { width = 0, height = 0 } = (await button.boundingBox()) ?? {};
  return width >= height;
}

pageTest("shows an earlier invitation on a phone, in the list and in Activity", async () => {
  const ana = await server.headlessUser("ana");
  await ana.tab.ask("display-name", { text: "Ana Ruíz" });
  for (const room of ["essay", "poem"]) await ana.tab.ask("join", { room, create: true });
  await using phone = await server.logIn("eve", PHONE);
  await phone.page.goto("about:blank");
  for (const room of ["essay", "poem"]) await ana.tab.ask("invite-user", { room, user: "eve" });
  await phone.page.goto(server.address);
  const list = phone.page.getByRole("navigation", { name: "Rooms" });
  const section = list.getByRole("region", { name: "Invitations" });
  await section.getByText("Ana Ruíz invited you to #essay.").waitFor();
  await section.getByText("Ana Ruíz invited you to #poem.").waitFor();
  expect(await isPressable(section.getByRole("button", { name: "Join #poem" }))).toBe(true);
  await expectAccessible(phone, "light", "invitations");
  const activity = phone.page.getByRole("button", { name: /^Activity , 2 unread/ });
  await activity.tap();
  await phone.page.getByRole("button", { name: "Requests 2", exact: true }).waitFor();
  await phone.invitation("#essay").getByRole("button", { name: "Join" }).tap();
  await phone.heading("#essay").waitFor();
  const banner = phone.page.locator(".banner-invitation");
  expect(await isPressable(banner.getByRole("button", { name: "Join #poem" }))).toBe(true);
  expect(await phone.overflow()).toBe(0);
});

pageTest("shows an announcement over the list of rooms on a phone", async () => {
  const announce = ["admin", "announce", "Room 12 closes at 5", "--data", server.served.data];
  await server.sandbox.home("admin").json(announce);
  await using phone = await server.logIn("kim", PHONE);
  await phone.page.goBack();
  const banner = phone.page.locator(".banner").filter({ hasText: "Room 12 closes at 5" });
  expect(await isPressable(banner.getByRole("button", { name: "Dismiss" }))).toBe(true);
  await banner.getByRole("button", { name: "Dismiss" }).tap();
  await banner.waitFor({ state: "detached" });
});
