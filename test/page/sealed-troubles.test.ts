import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { createSealedRoom, Devices, inviteUser } from "./sealed-devices.ts";

const server = new PageServer();
const devices = new Devices(server);

pageTest("shows who is only invited, and removes that user before they join", async () => {
  const ana = await devices.window("ana");
  const ben = await devices.window("ben");
  await createSealedRoom(ana, "surprise");
  await ana.send("/invite ben");
  const banner = ben.page.locator(".banner").filter({ hasText: "the encrypted room #surprise" });
  await banner.waitFor();
  await ana.button("Members and encryption").click();
  const who = ana.dialog("Members and encryption");
  await who.getByText(/1 browser · Not verified · invited/).waitFor();
  await who.getByRole("button", { name: "Remove ben" }).click();
  await ana.button("Remove from room").click();
  await who.getByText("ben", { exact: true }).waitFor({ state: "detached" });
  await ana.page.keyboard.press("Escape");
  await ana.send("a cake for ben");
  await ana.waitUntilSent();
  await banner.waitFor({ state: "detached" });
  await ben.send("/join surprise");
  await ben.page.getByText("You aren't invited to this encrypted room.").waitFor();
  expect(await ben.page.getByText("a cake for ben").count()).toBe(0);
});

pageTest("keeps nothing of an edited message that is erased", async () => {
  const ana = await devices.window("ana");
  const ben = await devices.window("ben");
  await createSealedRoom(ana, "drafts");
  await inviteUser(ana, "ben", ben, "drafts");
  await ana.send("first-secret");
  await ben.waitForMessage("first-secret");
  await ana.chooseFromMenu("first-secret", "Edit");
  await ana.composer.fill("latest-secret");
  await ana.composer.press("Enter");
  await ben.waitForMessage("latest-secret (edited)");
  await ana.chooseFromMenu("latest-secret", /^Delete/);
  await ana.dialog("Delete this message for everyone?").waitFor();
  await ana.button("Delete").last().click();
  await ben.message("latest-secret").waitFor({ state: "detached" });
  await ben.button("Search").first().click();
  await ben.field("Search for").fill("secret");
  await ben.field("Search for").press("Enter");
  await ben.page.getByText("No results.").waitFor();
});
