import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { createSealedRoom, Devices } from "./sealed-devices.ts";

const server = new PageServer();
const devices = new Devices(server);

pageTest("shows a restored history in all tabs once one has accepted it", async () => {
  const { sandbox } = server;
  const { data, port, program } = server.served;
  const ana = await devices.window("ana");
  await createSealedRoom(ana, "vault");
  await ana.send("kept");
  await ana.waitUntilSent();
  const other = await ana.tab();
  await other.room("vault").click();
  await other.waitForMessage("kept");
  const backup = sandbox.path("backup");
  await sandbox.home("olga").json(["backup", backup, "--data", data]);
  await ana.send("lost one");
  await ana.send("lost two");
  await ana.waitUntilSent();
  await other.waitForMessage("lost two");
  await other.chooseFromMenu("lost two", "Reply");
  await other.composer.fill("typed in the other tab");
  await ana.room("lobby").click();
  await ana.composer.fill("typed here");
  await program.signal("SIGTERM");
  await sandbox.home("olga").json(["restore", backup, "--data", data, "--accept-rollback"]);
  await sandbox.serve({ port, args: ["--posts-per-second", "1000000"] });

  const alarm = { name: "This server's history has been altered" };
  await ana.page.getByRole("heading", alarm).waitFor();
  await other.page.getByRole("heading", alarm).waitFor();
  await ana.button("The owner confirmed it…").click();
  await ana.button("Accept and reload").click();
  await other.page.getByRole("heading", alarm).waitFor({ state: "detached" });
  await other.waitForMessage("kept");
  const drafted = () => other.composer.inputValue();
  await until("the draft", async () => (await drafted()) === "typed in the other tab");
  await ana.room("vault").click();
  await ana.send("new one");
  await ana.send("new two");
  await other.waitForMessage("new two");
  await other.composer.press("Control+Enter");
  await ana.waitForMessage("typed in the other tab");
  for (const tab of [ana, other]) {
    expect(await tab.page.getByText("lost").count()).toBe(0);
    expect(await tab.page.getByRole("heading", alarm).count()).toBe(0);
    expect(await tab.page.locator(".banner-warning").count()).toBe(0);
  }
  await ana.room("lobby").click();
  expect(await ana.composer.inputValue()).toBe("typed here");
});
