import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();
const PHONE = { isDark: true, isPhone: true, width: 390, height: 844 };
const password = "correct horse battery";
const PICTURES = process.env["GROUP_PICTURES"];

pageTest("a group is begun on the page, named, extended and left", async () => {
  await server.headlessUser("ben");
  const cleo = await server.headlessUser("cleo");
  await server.headlessUser("dora");
  await using ana = await server.logIn("ana", { password, width: 1200 });
  await using phone = await server.logIn("ana", { password, ...PHONE });
  const show = async (page: typeof ana.page, name: string) => {
    if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
  };
  await ana.room("lobby").click();
  await ana.startNew("New group");
  const dialog = ana.dialog("New group");
  await dialog.getByLabel("ben").check();
  await dialog.getByLabel("cleo").check();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await show(ana.page, "dialog");
  await dialog.getByRole("button", { name: "Start group" }).click();
  const heading = ana.page.getByRole("heading", { level: 1 });
  await heading.getByText("ben, cleo").waitFor();
  await show(ana.page, "new");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.page.getByRole("button", { name: "Name the group" }).click();
  const naming = ana.dialog("Name the group");
  await naming.getByLabel("Group name").fill("Trip <b>");
  await naming.getByRole("button", { name: "Save" }).click();
  await heading.getByText("Trip <b>").waitFor();
  await ana.page.getByPlaceholder("Message Trip <b>").waitFor();
  const name = new URL(ana.page.url()).hash.slice(2);
  expect(name).toMatch(/^group-[0-9a-f]{16}$/);

  await cleo.tab.ask("invite-user", { room: name, user: "dora" });
  await ana.page.locator(".topic", { hasText: "ben, cleo, dora" }).waitFor();
  await phone.page.goto(`${new URL(phone.page.url()).origin}/#/${name}`);
  await phone.page.getByRole("heading", { level: 1 }).getByText("Trip <b>").waitFor();
  await show(phone.page, "phone");
  expect(await phone.accessibilityViolations()).toEqual([]);

  await show(ana.page, "named");
  await ana.page.getByRole("button", { name: "Actions for Trip <b>" }).click();
  await show(ana.page, "menu");
  await ana.menuItem("Encrypt conversation").click();
  await ana.page.getByText("Trip <b>").last().waitFor();
  await show(ana.page, "seal");
  await ana.dialog("Encrypt conversation").getByRole("button", { name: "Cancel" }).click();
  await ana.page.getByRole("button", { name: "Actions for Trip <b>" }).click();
  await ana.menuItem("Leave room").click();
  await ana.page.getByText("Only a member can add you again.").waitFor();
  await ana.dialog("Leave Trip <b>?").getByRole("button", { name: "Leave room" }).click();
  await ana.page.locator(`[data-target="${name}"]`).waitFor({ state: "detached" });
});
