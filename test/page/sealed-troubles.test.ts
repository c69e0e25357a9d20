import { expect } from "bun:test";
import { Relay } from "../e2e/relay.ts";
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
  const invitation = ben.invitation("the encrypted room #surprise");
  await invitation.waitFor();
  await ana.button("Members and encryption").click();
  const who = ana.dialog("Members and encryption");
  await who.getByText(/1 browser · Not verified · invited/).waitFor();
  await who.getByRole("button", { name: "Remove ben" }).click();
  await ana.button("Remove from room").click();
  await who.getByText("ben", { exact: true }).waitFor({ state: "detached" });
  await who.getByRole("button", { name: "Close" }).click();
  await who.waitFor({ state: "detached" });
  await ana.send("a cake for ben");
  await ana.waitUntilSent();
  await invitation.waitFor({ state: "detached" });
  await ben.send("/join surprise");
  await ben.page.getByText("is encrypted, and you are not a member").waitFor();
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
  await ben.search("secret");
  await ben.page.getByText("Nothing has “secret”").waitFor();
});

pageTest(
  "keeps nothing of an edited message that is erased while the page is offline",
  async () => {
    await using relay = await Relay.open(server.served.port);
    const ana = await devices.window("ana");
    const cleo = await devices.logIn("cleo", { via: relay });
    await createSealedRoom(ana, "notes");
    await inviteUser(ana, "cleo", cleo, "notes");
    await cleo.send("own-secret");
    await ana.waitForMessage("own-secret");
    await cleo.chooseFromMenu("own-secret", "Edit");
    await cleo.composer.fill("own-latest-secret");
    await cleo.composer.press("Enter");
    await ana.waitForMessage("own-latest-secret (edited)");
    relay.cut();
    await cleo.page.getByText(/^Can't reach the server/).waitFor();
    await ana.chooseFromMenu("own-latest-secret", /^Delete/);
    await ana.button("Delete").last().click();
    await ana.message("secret").waitFor({ state: "detached" });
    relay.mend();
    await cleo.waitUntilConnected();
    await cleo.message("Message deleted by ana").waitFor();
    expect(await cleo.message("secret").count()).toBe(0);
    await cleo.search("secret");
    await cleo.page.getByText("Nothing has “secret”").waitFor();
    await cleo.page.reload();
    await cleo.room("notes").click();
    await cleo.message("Message deleted").waitFor();
    expect(await cleo.message("secret").count()).toBe(0);
  },
);
