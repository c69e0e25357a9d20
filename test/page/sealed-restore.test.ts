import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { createSealedRoom, Devices, inviteTerminal } from "./sealed-devices.ts";

const server = new PageServer();
const devices = new Devices(server);

pageTest("reads new messages of an encrypted room after a restored backup", async () => {
  const { sandbox } = server;
  const { data, port, program } = server.served;
  const ana = await devices.window("ana");
  const ben = await devices.terminal("ben");
  await createSealedRoom(ana, "vault");
  await inviteTerminal(ana, "ben", ben, "vault");
  await ana.send("kept");
  await ben.json("text", { text: "kept" });
  const olga = sandbox.home("olga");
  const backup = sandbox.path("backup");
  await olga.json(["backup", backup, "--data", data]);
  await ana.send("/grant ben");
  await ben.json("group", { from: "ana", added: 0 });
  ben.type("lost");
  await ana.waitForMessage("lost");
  ben.type("/quit");
  await ben.ended(30_000);
  await program.signal("SIGTERM");
  await olga.json(["restore", backup, "--data", data, "--accept-rollback"]);
  const again = await sandbox.serve({ port, args: ["--posts-per-second", "1000000"] });

  await ana.page.getByRole("heading", { name: "This server's history has been altered" }).waitFor();
  await ana.button("The owner confirmed it…").click();
  await ana.button("Accept and reload").click();
  const home = sandbox.home("ben");
  const alarmed = await home.run(["history", "--user", "ben", "--room", "vault"]);
  expect([alarmed.exitCode, alarmed.err]).toEqual([6, expect.anything()]);
  await home.run(["trust", "accept", again.address]);
  const ben2 = await home.join(["--user", "ben"]);
  await ana.room("vault").click();
  await ana.waitForMessage("kept");
  // Her device has deleted the keys of the group that the backup contains, and joins it again.
  await ana.page.getByText("ana added a device").waitFor();
  ben2.type("/join vault", "answer");
  await ana.waitForMessage("answer");
  await ana.send("new");
  await ben2.json("text", { text: "new" });
  expect(await ana.page.getByText("lost", { exact: true }).count()).toBe(0);
  expect(await ana.page.getByText("new key").count()).toBe(0);
});
